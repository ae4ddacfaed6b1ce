/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "tape/block.h"

static ad_loop_fn blas_loop;
static void *blas_data;

void ad_matmul_set_loop(ad_loop_fn loop, void *data) {
    blas_loop = loop;
    blas_data = data;
}

/* Returns whether a product has no infinities and NaN.  If so, no zero met one in its
 * computation. */
static int all_finite(const ad_matrix x, const int64_t e[4]) {
    double sum[8] = {0}; /* x - x is 0 unless x is infinite or NaN */
    for (int64_t n = 0; n < e[0]; n++) {
        for (int64_t i = 0; i < e[1]; i++) {
            const double *row = x.at + n * x.batch + i * x.row;
            int64_t j = 0;
            for (; x.column == 1 && j + 8 <= e[3]; j += 8) {
                for (int k = 0; k < 8; k++) sum[k] += row[j + k] - row[j + k];
            }
            for (; j < e[3]; j++) sum[0] += row[j * x.column] - row[j * x.column];
        }
    }
    return sum[0] + sum[1] + sum[2] + sum[3] + sum[4] + sum[5] + sum[6] + sum[7] == 0;
}

/* Used without a BLAS, and where a zero must win over an infinity or NaN. */
static void triple_loop(const int64_t e[4], ad_matrix a, ad_matrix b, ad_matrix c, int guarded) {
    for (int64_t n = 0; n < e[0]; n++) {
        const double *an = a.at + n * a.batch, *bn = b.at + n * b.batch;
        double *cn = c.at + n * c.batch;
        for (int64_t i = 0; i < e[1]; i++) {
            double *row = cn + i * c.row;
            for (int64_t j = 0; j < e[3]; j++) row[j * c.column] = 0;
            for (int64_t k = 0; k < e[2]; k++) {
                double x = an[i * a.row + k * a.column];
                if (guarded && x == 0) continue;
                const double *brow = bn + k * b.row;
                for (int64_t j = 0; j < e[3]; j++) {
                    double y = brow[j * b.column];
                    if (!guarded || y != 0) row[j * c.column] += x * y;
                }
            }
        }
    }
}

int ad_matmul(const int64_t e[4], ad_matrix a, ad_matrix b, ad_matrix c, int guarded) {
    if (blas_loop == NULL) {
        triple_loop(e, a, b, c, 0);
        if (!guarded || all_finite(c, e)) return 0;
        triple_loop(e, a, b, c, 1);
        return 1;
    }
    char *pointers[3] = {(char *)a.at, (char *)b.at, (char *)c.at};
    const intptr_t extents[4] = {(intptr_t)e[0], (intptr_t)e[1], (intptr_t)e[2], (intptr_t)e[3]};
    const intptr_t size = sizeof(double);
    const intptr_t strides[9] = {a.batch * size,  b.batch * size,  c.batch * size,
                                 a.row * size,    a.column * size, b.row * size,
                                 b.column * size, c.row * size,    c.column * size};
    blas_loop(pointers, extents, strides, blas_data);
    if (!guarded || all_finite(c, e)) return 0;
    triple_loop(e, a, b, c, 1);
    return 1;
}
