/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "base/nonfinite.h"
#include "tape/block.h"

static ad_loop_fn blas_loop;
static void *blas_data;

void ad_matmul_set_loop(ad_loop_fn loop, void *data) {
    blas_loop = loop;
    blas_data = data;
}

/* Returns whether n numbers are finite. */
static int line_is_finite(int64_t n, const double *x, intptr_t step) {
    double sum = 0; /* x - x is 0 unless x is infinite or NaN */
    if (step == 1) return ad_all_finite((size_t)n, x);
    for (int64_t k = 0; k < n; k++) sum += x[k * step] - x[k * step];
    return sum == 0;
}

/* Returns whether a product has no infinities and NaN.  If so, no zero met one in its
 * computation. */
static int all_finite(const ad_matrix x, const int64_t e[4]) {
    const int by_rows = e[3] >= e[1] || (x.column == 1 && e[3] >= 8);
    const int64_t lines = by_rows ? e[1] : e[3], n = by_rows ? e[3] : e[1];
    const intptr_t between = by_rows ? x.row : x.column, along = by_rows ? x.column : x.row;
    int finite = 1;
    for (int64_t k = 0; k < e[0]; k++) {
        const double *line = x.at + k * x.batch;
        for (int64_t i = 0; i < lines; i++) finite &= line_is_finite(n, line + i * between, along);
    }
    return finite;
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

/* out[k * step] = x y[k * y_step] for k < n.  Returns whether all are finite. */
static int scaled(int64_t n, double x, const double *y, intptr_t y_step, double *out,
                  intptr_t step) {
    int finite = 1;
    for (int64_t k = 0, m; k < n; k += m, y += m * y_step, out += m * step) {
        m = n - k < AD_CHUNK ? n - k : AD_CHUNK;
        if (y_step == 1 && step == 1) {
            for (int64_t i = 0; i < m; i++) out[i] = x * y[i];
        } else {
            for (int64_t i = 0; i < m; i++) out[i * step] = x * y[i * y_step];
        }
        finite &= line_is_finite(m, out, step);
    }
    return finite;
}

/* Products of a column and a row each, for which a BLAS takes much longer than they need.  Returns
 * whether all are finite. */
static int outer_products(const int64_t e[4], ad_matrix a, ad_matrix b, ad_matrix c) {
    int finite = 1;
    for (int64_t n = 0; n < e[0]; n++) {
        const double *column = a.at + n * a.batch, *row = b.at + n * b.batch;
        double *to = c.at + n * c.batch;
        for (int64_t i = 0; e[3] >= e[1] && i < e[1]; i++) {
            finite &= scaled(e[3], column[i * a.row], row, b.column, to + i * c.row, c.column);
        }
        for (int64_t j = 0; e[3] < e[1] && j < e[3]; j++) {
            finite &= scaled(e[1], row[j * b.column], column, a.row, to + j * c.column, c.row);
        }
    }
    return finite;
}

int ad_matmul(const int64_t e[4], ad_matrix a, ad_matrix b, ad_matrix c, int guarded) {
    if (guarded && e[2] == 1) { /* a value keeps the signs of zeros that NumPy gives it */
        if (outer_products(e, a, b, c)) return 0;
        triple_loop(e, a, b, c, 1);
        return 1;
    }
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
