/* SPDX-License-Identifier: Apache-2.0 */
/* Tangents of the adjoints that the functions of matrices return: the formulas of their pull,
 * differentiated along matrices and adjoints that move (d before a letter). */
#include <string.h>

#include "base/alloc.h"
#include "linalg/lapack.h"

/* c = alpha op(a) op(b) + beta c for square matrices */
static void multiply(size_t n, double alpha, const double *a, int a_turned, const double *b,
                     int b_turned, double beta, double *c) {
    ad_product(n, n, n, alpha, (ad_dense){a, n, a_turned}, (ad_dense){b, n, b_turned}, beta, c, n);
}

/* out (n x n) = -(dz x^T + z dx^T) for z and x of k columns, or its transpose if `turned` */
static void outer(size_t n, size_t k, int turned, const double *z, const double *dz,
                  const double *x, const double *dx, double *out) {
    const double *left[] = {dz, z}, *right[] = {x, dx};
    for (int j = 0; j < 2; j++) {
        const double *a = turned ? right[j] : left[j], *b = turned ? left[j] : right[j];
        ad_product(n, n, k, -1, (ad_dense){a, k, 0}, (ad_dense){b, k, 1}, j, out, n);
    }
}

/* With a^T z = w: a^T dz = dw - da^T z. */
ad_status ad_curve_solve(const ad_linear *l, ad_linear_room *r, const ad_linear_moving *at,
                         double *out) {
    size_t n = l->n, k = l->k, square = n * n, side = n * k;
    size_t before = l->fixed == NULL ? l->batch * square : 0;
    double *z = ad_alloc(side, sizeof *z);
    if (z == NULL) return AD_NO_MEMORY;
    for (size_t b = 0; b < l->batch; b++) {
        double *dz = out + before + b * side;
        memcpy(dz, at->dw + b * side, side * sizeof *dz);
        if (l->fixed == NULL) {
            memcpy(z, at->w + b * side, side * sizeof *z);
            ad_linear_solve_by_lu(l, r, b, 1, k, z);
            ad_product(n, k, n, -1, (ad_dense){at->dx + b * square, n, 1}, (ad_dense){z, k, 0}, 1,
                       dz, k);
        }
        ad_linear_solve_by_lu(l, r, b, 1, k, dz);
        if (l->fixed != NULL) continue;
        outer(n, k, 0, z, dz, at->y + b * side, at->dy + b * side, out + b * square);
    }
    ad_free(z);
    return AD_OK;
}

/* The same for the triangle op(t). */
ad_status ad_curve_triangular(const ad_linear *l, ad_linear_room *r, const ad_linear_moving *at,
                              double *out) {
    size_t n = l->n, k = l->k, square = n * n, side = n * k;
    int turned = (l->flags & AD_LINEAR_TRANSPOSED) != 0;
    unsigned back = l->flags ^ AD_LINEAR_TRANSPOSED;
    double *z = ad_alloc(side, sizeof *z);
    if (z == NULL) return AD_NO_MEMORY;
    for (size_t b = 0; b < l->batch; b++) {
        const double *t = at->x + b * square;
        double *dz = out + l->batch * square + b * side;
        memcpy(z, at->w + b * side, side * sizeof *z);
        memcpy(dz, at->dw + b * side, side * sizeof *dz);
        memcpy(r->work, at->dx + b * square, square * sizeof *dz);
        ad_linear_keep_triangle(l, r->work);
        ad_triangle(back, 0, n, k, t, n, z, k);
        ad_product(n, k, n, -1, (ad_dense){r->work, n, !turned}, (ad_dense){z, k, 0}, 1, dz, k);
        ad_triangle(back, 0, n, k, t, n, dz, k);
        outer(n, k, turned, z, dz, at->y + b * side, at->dy + b * side, out + b * square);
        ad_linear_keep_triangle(l, out + b * square);
    }
    ad_free(z);
    return AD_OK;
}

/* The adjoint is -y^T w y^T. */
ad_status ad_curve_inv(const ad_linear *l, ad_linear_room *r, const ad_linear_moving *at,
                       double *out) {
    size_t n = l->n, square = n * n;
    for (size_t b = 0; b < l->batch * square; b += square) {
        const double *y = at->y + b, *dy = at->dy + b;
        multiply(n, 1, at->w + b, 0, y, 1, 0, r->work);
        multiply(n, -1, dy, 1, r->work, 0, 0, out + b);
        multiply(n, 1, at->dw + b, 0, y, 1, 0, r->work);
        multiply(n, 1, at->w + b, 0, dy, 1, 1, r->work);
        multiply(n, -1, y, 1, r->work, 0, 1, out + b);
    }
    return AD_OK;
}

/* The adjoint is a number s times the transposed inverse t, and dt = -t da^T t.  For determinants y
 * s is w y, for their logarithms w. */
ad_status ad_curve_det(const ad_linear *l, ad_linear_room *r, const ad_linear_moving *at,
                       double *out) {
    size_t n = l->n, square = n * n;
    int logarithm = l->kind == AD_LINEAR_SLOGDET;
    double *half = ad_alloc(square, sizeof *half);
    if (half == NULL) return AD_NO_MEMORY;
    for (size_t b = 0; b < l->batch; b++) {
        const double *t = r->inverse + b * square;
        size_t own = logarithm ? l->batch + b : b;
        double s = logarithm ? at->w[own] : at->w[own] * at->y[own];
        double ds = logarithm ? at->dw[own] : at->dw[own] * at->y[own] + at->w[own] * at->dy[own];
        multiply(n, -s, t, 0, at->dx + b * square, 1, 0, half);
        multiply(n, 1, half, 0, t, 0, 0, out + b * square);
        for (size_t i = 0; i < square; i++) out[b * square + i] += ds * t[i];
    }
    ad_free(half);
    return AD_OK;
}
