/* SPDX-License-Identifier: Apache-2.0 */
/* Triangular solves and the Cholesky factor. */
#include <string.h>

#include "linalg/lapack.h"

/* Matrices up to this size are differentiated row by row, larger ones recursively by halves. */
#define FEW_ROWS 32

/* ---------------------------------------------------------------------- triangular solves */

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

/* ------------------------------------------------------------------------------- Cholesky */

static ad_status cholesky_value(const ad_linear *l, ad_linear_room *r, const double *x, double *y) {
    size_t n = l->n, square = n * n;
    ad_int size = (ad_int)n, info = 0;
    for (size_t b = 0; b < l->batch; b++) {
        ad_transpose(n, n, x + b * square, r->work);
        ad_lapack_get()->potrf("L", &size, r->work, &size, &info);
        if (info != 0) return AD_CALL_FAILED;
        ad_transpose(n, n, r->work, y + b * square);
        for (size_t i = 0; i < n; i++) {
            memset(y + b * square + i * (n + 1) + 1, 0, (n - i - 1) * sizeof *y);
        }
    }
    return AD_OK;
}

/* dl = l (lower half of l^-1 da l^-T) */
static void cholesky_push(const ad_linear *l, ad_linear_room *r, const double *x, const double *y,
                          const double *t, double *out) {
    size_t n = l->n, square = n * n;
    double *inner = r->work;
    (void)x;
    for (size_t b = 0; b < l->batch * square; b += square) {
        for (size_t i = 0; i < n; i++) {
            for (size_t j = 0; j <= i; j++) {
                inner[i * n + j] = inner[j * n + i] = t[b + i * n + j];
            }
        }
        ad_triangle(AD_LINEAR_LOWER, 0, n, n, y + b, n, inner, n);
        ad_triangle(AD_LINEAR_LOWER | AD_LINEAR_TRANSPOSED, 1, n, n, y + b, n, inner, n);
        for (size_t i = 0; i < n; i++) {
            inner[i * (n + 1)] *= 0.5;
            memset(inner + i * (n + 1) + 1, 0, (n - i - 1) * sizeof *inner);
        }
        ad_product(n, n, n, 1, (ad_dense){y + b, n, 0}, (ad_dense){inner, n, 0}, 0, out + b, n);
    }
}

/* Turn the adjoint w of the factor's lower triangle into that of the matrix's, in place, row by row
 * from the last one. d is the diagonal element of a row, r the part of the row before it, and c an
 * element below it. */
static void back_by_rows(size_t n, const double *l, double *w, size_t ld) {
    for (size_t j = n; j-- > 0;) {
        const double *r = l + j * ld;
        double d = r[j], *own = w + j * ld;
        for (size_t i = j + 1; i < n; i++) {
            own[j] -= l[i * ld + j] * w[i * ld + j] / d;
            w[i * ld + j] /= d;
        }
        own[j] /= d;
        for (size_t k = 0; k < j; k++) own[k] -= own[j] * r[k];
        for (size_t i = j + 1; i < n; i++) {
            const double c = w[i * ld + j], *below = l + i * ld;
            for (size_t k = 0; k < j; k++) {
                own[k] -= c * below[k];
                w[i * ld + k] -= c * r[k];
            }
        }
        own[j] *= 0.5;
    }
}

/* The same by halves, so that most of the work is products of matrices.  `room` holds one matrix of
 * the size of the lower half.  Elements above the diagonal of w are arbitrary, before and after. */
static void back_by_halves(size_t n, const double *l, double *w, size_t ld, double *room) {
    if (n <= FEW_ROWS) {
        back_by_rows(n, l, w, ld);
        return;
    }
    size_t h = n / 2, m = n - h;
    const double *side = l + h * ld;
    double *lower = w + h * ld + h, *left = w + h * ld;
    back_by_halves(m, side + h, lower, ld, room);
    for (size_t i = 0; i < m; i++) {
        for (size_t j = 0; j < i; j++) room[i * m + j] = room[j * m + i] = lower[i * ld + j];
        room[i * (m + 1)] = 2 * lower[i * (ld + 1)];
    }
    ad_product(m, h, m, -1, (ad_dense){room, m, 0}, (ad_dense){side, ld, 0}, 1, left, ld);
    ad_triangle(AD_LINEAR_LOWER, 1, m, h, l, ld, left, ld);
    ad_product(h, h, m, -1, (ad_dense){left, ld, 1}, (ad_dense){side, ld, 0}, 1, w, ld);
    back_by_halves(h, l, w, ld, room);
}

static void cholesky_pull(const ad_linear *l, ad_linear_room *r, const double *x, const double *y,
                          const double *w, double *out) {
    size_t n = l->n, square = n * n;
    (void)x;
    memcpy(out, w, l->batch * square * sizeof *w);
    for (size_t b = 0; b < l->batch * square; b += square) {
        back_by_halves(n, y + b, out + b, n, r->work);
        for (size_t i = 0; i < n; i++) {
            memset(out + b + i * (n + 1) + 1, 0, (n - i - 1) * sizeof *out);
        }
    }
}

const ad_linear_row ad_linear_cholesky = {NULL, cholesky_value, cholesky_push, cholesky_pull, NULL};
