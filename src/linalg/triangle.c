/* SPDX-License-Identifier: Apache-2.0 */
/* Triangular solves. */
#include <string.h>

#include "linalg/lapack.h"

void ad_linear_keep_triangle(const ad_linear *l, double *a) {
    int lower = (l->flags & AD_LINEAR_LOWER) != 0, unit = (l->flags & AD_LINEAR_UNIT) != 0;
    for (size_t i = 0; i < l->n; i++) {
        for (size_t j = 0; j < l->n; j++) {
            if ((lower ? j > i : j < i) || (unit && i == j)) a[i * l->n + j] = 0;
        }
    }
}

static ad_status triangular_value(const ad_linear *l, ad_linear_room *r, const double *x,
                                  double *y) {
    size_t n = l->n, square = n * n, side = n * l->k;
    (void)r;
    for (size_t b = 0; b < l->batch && !(l->flags & AD_LINEAR_UNIT); b++) {
        for (size_t k = 0; k < n; k++) {
            if (x[b * square + k * (n + 1)] == 0) return AD_CALL_FAILED;
        }
    }
    memcpy(y, x + l->batch * square, l->batch * side * sizeof *y);
    for (size_t b = 0; b < l->batch; b++) {
        ad_triangle(l->flags, 0, n, l->k, x + b * square, n, y + b * side, l->k);
    }
    return AD_OK;
}

static void triangular_push(const ad_linear *l, ad_linear_room *r, const double *x, const double *y,
                            const double *t, double *out) {
    size_t n = l->n, k = l->k, square = n * n, side = n * k;
    int transposed = (l->flags & AD_LINEAR_TRANSPOSED) != 0;
    memcpy(out, t + l->batch * square, l->batch * side * sizeof *out);
    for (size_t b = 0; b < l->batch; b++) {
        memcpy(r->work, t + b * square, square * sizeof *t);
        ad_linear_keep_triangle(l, r->work);
        ad_product(n, k, n, -1, (ad_dense){r->work, n, transposed}, (ad_dense){y + b * side, k, 0},
                   1, out + b * side, k);
        ad_triangle(l->flags, 0, n, k, x + b * square, n, out + b * side, k);
    }
}

static void triangular_pull(const ad_linear *l, ad_linear_room *r, const double *x, const double *y,
                            const double *w, double *out) {
    size_t n = l->n, k = l->k, square = n * n, side = n * k;
    double *right = out + l->batch * square;
    (void)r;
    memcpy(right, w, l->batch * side * sizeof *w);
    for (size_t b = 0; b < l->batch; b++) {
        const double *z = right + b * side, *own = y + b * side;
        ad_triangle(l->flags ^ AD_LINEAR_TRANSPOSED, 0, n, k, x + b * square, n, right + b * side,
                    k);
        if (l->flags & AD_LINEAR_TRANSPOSED) {
            const double *swap = z;
            z = own;
            own = swap;
        }
        ad_product(n, n, k, -1, (ad_dense){z, k, 0}, (ad_dense){own, k, 1}, 0, out + b * square, n);
        ad_linear_keep_triangle(l, out + b * square);
    }
}

const ad_linear_row ad_linear_triangular = {NULL, triangular_value, triangular_push,
                                            triangular_pull, NULL};
