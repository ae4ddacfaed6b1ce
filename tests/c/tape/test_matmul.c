/* SPDX-License-Identifier: Apache-2.0 */
/* Products of matrices of all thin shapes and memory orders, with zeros that win over infinities. */
#include <math.h>

#include "ad_test.h"
#include "tape/block.h"

enum { MOST = 600 };

/* A matrix in one of the memory orders: by rows, by columns, or with gaps. */
static ad_matrix placed(double *at, int64_t rows, int64_t columns, int order) {
    const intptr_t m = (intptr_t)rows, n = (intptr_t)columns;
    if (order == 0) return (ad_matrix){at, m * n, n, 1};
    if (order == 1) return (ad_matrix){at, m * n, 1, m};
    return (ad_matrix){at, 2 * m * n, 2 * n, 2};
}

static double element(ad_matrix x, int64_t n, int64_t i, int64_t j) {
    return x.at[n * x.batch + i * x.row + j * x.column];
}

static int close_to(double x, double y) {
    return x == y || (x != x && y != y) || fabs(x - y) <= 1e-12 * fabs(y);
}

/* Compares a product with its definition.  Returns the number of elements that differ. */
static int differences(const int64_t e[4], ad_matrix a, ad_matrix b, ad_matrix c, int *marked) {
    int wrong = 0;
    *marked = ad_matmul(e, a, b, c, 1);
    for (int64_t n = 0; n < e[0]; n++) {
        for (int64_t i = 0; i < e[1]; i++) {
            for (int64_t j = 0; j < e[3]; j++) {
                double sum = 0;
                for (int64_t k = 0; k < e[2]; k++) {
                    const double x = element(a, n, i, k), y = element(b, n, k, j);
                    sum += x == 0 || y == 0 ? 0 : x * y;
                }
                wrong += !close_to(element(c, n, i, j), sum);
            }
        }
    }
    return wrong;
}

TEST(products_of_thin_matrices_in_all_orders) {
    static const int64_t sizes[] = {1, 2, 9, 25};
    static double a[4 * MOST], b[4 * MOST], c[4 * 25 * 25 * 2];
    for (int shape = 0; shape < 64; shape++) {
        const int64_t e[4] = {2, sizes[shape % 4], sizes[shape / 4 % 4], sizes[shape / 16]};
        if (e[1] * e[2] > MOST / 2 || e[2] * e[3] > MOST / 2) continue;
        for (int order = 0; order < 27; order++) {
            int marked;
            for (int k = 0; k < 4 * MOST; k++) {
                a[k] = k % 7 == 3 ? 0 : 0.3 + 0.01 * k;
                b[k] = k % 5 == 2 ? 0 : 1.7 - 0.02 * k;
            }
            const ad_matrix x = placed(a, e[1], e[2], order % 3);
            const ad_matrix y = placed(b, e[2], e[3], order / 3 % 3);
            const ad_matrix to = placed(c, e[1], e[3], order / 9);
            CHECK(differences(e, x, y, to, &marked) == 0 && !marked);
            a[0] = 0;
            b[0] = INFINITY; /* meets the zero first of all */
            CHECK(differences(e, x, y, to, &marked) == 0);
            a[0] = NAN;
            CHECK(differences(e, x, y, to, &marked) == 0 && marked);
        }
    }
}

TEST(long_lines_are_checked_in_parts) {
    static double column[1500], row[1], to[1500];
    const int64_t tall[4] = {1, 1500, 1, 1}, wide[4] = {1, 1, 1, 1500};
    row[0] = 2;
    for (int at = 0; at < 1500; at += 499) {
        for (int k = 0; k < 1500; k++) column[k] = k;
        CHECK(ad_matmul(tall, placed(column, 1500, 1, 0), placed(row, 1, 1, 0),
                        placed(to, 1500, 1, 0), 1) == 0);
        CHECK(to[at] == 2.0 * at && to[1499] == 2998);
        column[at] = INFINITY;
        CHECK(ad_matmul(tall, placed(column, 1500, 1, 0), placed(row, 1, 1, 0),
                        placed(to, 1500, 1, 0), 1) == 1);
        CHECK(to[at] == INFINITY && to[(at + 1) % 1500] == 2.0 * ((at + 1) % 1500));
        CHECK(ad_matmul(wide, placed(row, 1, 1, 0), placed(column, 1, 1500, 0),
                        placed(to, 1, 1500, 0), 1) == 1);
        CHECK(to[at] == INFINITY && to[(at + 1) % 1500] == 2.0 * ((at + 1) % 1500));
    }
}
