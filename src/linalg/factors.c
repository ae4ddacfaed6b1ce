/* SPDX-License-Identifier: Apache-2.0 */
/* Factorisations with orthogonal factors: QR, and the eigenvectors of symmetric matrices. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "linalg/lapack.h"

/* ------------------------------------------------------------------------------------- QR */

/* work: a by columns (n k), tau (k), and LAPACK's workspace (64 k) or two triangles (2 k k) */
static ad_status qr_value(const ad_linear *l, ad_linear_room *r, const double *x, double *y) {
    size_t n = l->n, k = l->k, rectangle = n * k, square = k * k;
    double *a = r->work, *tau = a + rectangle, *room = tau + k, *upper = y + l->batch * rectangle;
    ad_int rows = (ad_int)n, columns = (ad_int)k, size = 64 * (ad_int)k, info = 0;
    for (size_t b = 0; b < l->batch; b++) {
        ad_transpose(n, k, x + b * rectangle, a);
        ad_lapack_get()->geqrf(&rows, &columns, a, &rows, tau, room, &size, &info);
        if (info != 0) return AD_CALL_FAILED;
        for (size_t i = 0; i < k; i++) {
            for (size_t j = 0; j < k; j++) {
                upper[b * square + i * k + j] = j < i ? 0 : a[j * n + i];
            }
        }
        ad_lapack_get()->orgqr(&rows, &columns, &columns, a, &rows, tau, room, &size, &info);
        if (info != 0) return AD_CALL_FAILED;
        ad_transpose(k, n, a, y + b * rectangle);
    }
    return AD_OK;
}

/* Returns whether a matrix has less than full rank up to rounding.  Its factors then are no
 * functions of the matrix. */
static int qr_undetermined(const ad_linear *l, const double *y) {
    const double *upper = y + l->batch * l->n * l->k;
    for (size_t b = 0; b < l->batch; b++, upper += l->k * l->k) {
        double most = 0;
        for (size_t i = 0; i < l->k * l->k; i++) most = fmax(most, fabs(upper[i]));
        for (size_t i = 0; i < l->k; i++) {
            if (fabs(upper[i * (l->k + 1)]) <= (double)l->n * DBL_EPSILON * most) return 1;
        }
    }
    return 0;
}

static ad_status qr_prepare(const ad_linear *l, ad_linear_room *r, const double *x,
                            const double *y) {
    (void)r;
    (void)x;
    return qr_undetermined(l, y) ? AD_CALL_FAILED : AD_OK;
}

/* Let s = da R^-1, and let u be Q^T s with the part below the diagonal moved above it.  Then dQ = s
 * - Q u and dR = u R. */
static void qr_push(const ad_linear *l, ad_linear_room *r, const double *x, const double *y,
                    const double *t, double *out) {
    size_t n = l->n, k = l->k, rectangle = n * k, square = k * k;
    double *inner = r->work;
    (void)x;
    for (size_t b = 0; b < l->batch; b++) {
        const double *q = y + b * rectangle, *upper = y + l->batch * rectangle + b * square;
        double *dq = out + b * rectangle, *dr = out + l->batch * rectangle + b * square;
        memcpy(dq, t + b * rectangle, rectangle * sizeof *t);
        ad_triangle(0, 1, n, k, upper, k, dq, k);
        ad_product(k, k, n, 1, (ad_dense){q, k, 1}, (ad_dense){dq, k, 0}, 0, inner, k);
        for (size_t i = 0; i < k; i++) {
            for (size_t j = 0; j < i; j++) {
                inner[j * k + i] += inner[i * k + j];
                inner[i * k + j] = 0;
            }
        }
        ad_product(n, k, k, -1, (ad_dense){q, k, 0}, (ad_dense){inner, k, 0}, 1, dq, k);
        ad_product(k, k, k, 1, (ad_dense){inner, k, 0}, (ad_dense){upper, k, 0}, 0, dr, k);
    }
}

/* Let h be the lower triangle of R R'^T - Q'^T Q, mirrored at the diagonal.  Then a' = (Q' + Q h)
 * R^-T. */
static void qr_pull(const ad_linear *l, ad_linear_room *r, const double *x, const double *y,
                    const double *w, double *out) {
    size_t n = l->n, k = l->k, rectangle = n * k, square = k * k;
    double *inner = r->work;
    (void)x;
    for (size_t b = 0; b < l->batch; b++) {
        const double *q = y + b * rectangle, *upper = y + l->batch * rectangle + b * square;
        const double *wq = w + b * rectangle, *wr = w + l->batch * rectangle + b * square;
        double *to = out + b * rectangle;
        ad_product(k, k, k, 1, (ad_dense){upper, k, 0}, (ad_dense){wr, k, 1}, 0, inner, k);
        ad_product(k, k, n, -1, (ad_dense){wq, k, 1}, (ad_dense){q, k, 0}, 1, inner, k);
        for (size_t i = 0; i < k; i++) {
            for (size_t j = 0; j < i; j++) inner[j * k + i] = inner[i * k + j];
        }
        memcpy(to, wq, rectangle * sizeof *wq);
        ad_product(n, k, k, 1, (ad_dense){q, k, 0}, (ad_dense){inner, k, 0}, 1, to, k);
        ad_triangle(AD_LINEAR_TRANSPOSED, 1, n, k, upper, k, to, k);
    }
}

const ad_linear_row ad_linear_qr = {qr_prepare, qr_value, qr_push, qr_pull, qr_undetermined};

/* ----------------------------------------------------------------------- symmetric matrices */

/* work: three matrices, of which LAPACK's workspace may use the last two; pivots: 5 n + 3 */
static ad_status eigh_value(const ad_linear *l, ad_linear_room *r, const double *x, double *y) {
    size_t n = l->n, square = n * n;
    double *a = r->work, *room = a + square, *vectors = y + l->batch * n;
    ad_int size = (ad_int)n, most = (ad_int)(1 + 6 * n + 2 * square);
    ad_int whole = (ad_int)(3 + 5 * n), info = 0;
    for (size_t b = 0; b < l->batch; b++) {
        ad_transpose(n, n, x + b * square, a);
        ad_lapack_get()->syevd("V", l->flags & AD_LINEAR_LOWER ? "L" : "U", &size, a, &size,
                               y + b * n, room, &most, r->pivot, &whole, &info);
        if (info != 0) return AD_CALL_FAILED;
        ad_transpose(n, n, a, vectors + b * square);
    }
    return AD_OK;
}

/* Ascending eigenvalues that differ by at most this much are equal up to rounding. */
static double rounding_of(size_t n, const double *w) {
    return (double)n * DBL_EPSILON * fmax(fabs(w[0]), fabs(w[n - 1]));
}

static int is_repeated(size_t n, const double *w, size_t j) {
    double rounding = rounding_of(n, w);
    return (j > 0 && w[j] - w[j - 1] <= rounding) || (j + 1 < n && w[j + 1] - w[j] <= rounding);
}

/* x_ij / (w_j - w_i), and 0 where the two eigenvalues are equal (is_repeated()). */
static void divide_by_gaps(size_t n, const double *w, double *x) {
    double rounding = rounding_of(n, w);
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < n; j++) {
            double gap = w[j] - w[i];
            x[i * n + j] = fabs(gap) <= rounding ? 0 : x[i * n + j] / gap;
        }
    }
}

static int any_nonzero(size_t n, const double *x, size_t step) {
    for (size_t i = 0; i < n; i++) {
        if (x[i * step] != 0) return 1;
    }
    return 0;
}

/* With m = V^T da V, dw is the diagonal of m and dV = V (m / gaps).  Eigenvectors of repeated
 * eigenvalues are no functions of the matrix: their tangents are NaN unless the tangent of the
 * matrix is zero. */
static void eigh_push(const ad_linear *l, ad_linear_room *r, const double *x, const double *y,
                      const double *t, double *out) {
    size_t n = l->n, square = n * n;
    double *a = r->work, *half = a + square, *inner = half + square;
    (void)x;
    for (size_t b = 0; b < l->batch; b++) {
        const double *w = y + b * n, *v = y + l->batch * n + b * square, *from = t + b * square;
        for (size_t i = 0; i < n; i++) {
            for (size_t j = 0; j <= i; j++) {
                a[i * n + j] = a[j * n + i] =
                    from[l->flags & AD_LINEAR_LOWER ? i * n + j : j * n + i];
            }
        }
        ad_product(n, n, n, 1, (ad_dense){v, n, 1}, (ad_dense){a, n, 0}, 0, half, n);
        ad_product(n, n, n, 1, (ad_dense){half, n, 0}, (ad_dense){v, n, 0}, 0, inner, n);
        for (size_t i = 0; i < n; i++) out[b * n + i] = inner[i * (n + 1)];
        divide_by_gaps(n, w, inner);
        double *dv = out + l->batch * n + b * square;
        ad_product(n, n, n, 1, (ad_dense){v, n, 0}, (ad_dense){inner, n, 0}, 0, dv, n);
        if (!any_nonzero(square, a, 1)) continue;
        for (size_t j = 0; j < n; j++) {
            for (size_t i = 0; i < n && is_repeated(n, w, j); i++) dv[i * n + j] = NAN;
        }
    }
}

/* The adjoint is V (diagonal w' + (V^T V') / gaps) V^T, folded onto the triangle that was read.  It
 * is NaN if the eigenvectors of repeated eigenvalues have a nonzero adjoint. */
static void eigh_pull(const ad_linear *l, ad_linear_room *r, const double *x, const double *y,
                      const double *c, double *out) {
    size_t n = l->n, square = n * n;
    double *inner = r->work, *left = inner + square, *whole = left + square;
    (void)x;
    for (size_t b = 0; b < l->batch; b++) {
        const double *w = y + b * n, *v = y + l->batch * n + b * square;
        const double *cw = c + b * n, *cv = c + l->batch * n + b * square;
        double *to = out + b * square;
        double lost = 0;
        for (size_t j = 0; j < n; j++) {
            if (is_repeated(n, w, j) && any_nonzero(n, cv + j, n)) lost = NAN;
        }
        for (size_t i = 0; i < square; i++) left[i] = v[i] * cw[i % n];
        if (any_nonzero(square, cv, 1)) {
            ad_product(n, n, n, 1, (ad_dense){v, n, 1}, (ad_dense){cv, n, 0}, 0, inner, n);
            divide_by_gaps(n, w, inner);
            ad_product(n, n, n, 1, (ad_dense){v, n, 0}, (ad_dense){inner, n, 0}, 1, left, n);
        }
        ad_product(n, n, n, 1, (ad_dense){left, n, 0}, (ad_dense){v, n, 1}, 0, whole, n);
        memset(to, 0, square * sizeof *to);
        for (size_t i = 0; i < n; i++) {
            for (size_t j = 0; j < i; j++) {
                to[l->flags & AD_LINEAR_LOWER ? i * n + j : j * n + i] =
                    whole[i * n + j] + whole[j * n + i] + lost;
            }
            to[i * (n + 1)] = whole[i * (n + 1)] + lost;
        }
    }
}

static int eigh_undetermined(const ad_linear *l, const double *y) {
    for (size_t b = 0; b < l->batch; b++) {
        for (size_t j = 0; j + 1 < l->n; j++) {
            if (is_repeated(l->n, y + b * l->n, j)) return 1;
        }
    }
    return 0;
}

const ad_linear_row ad_linear_eigh = {NULL, eigh_value, eigh_push, eigh_pull, eigh_undetermined};
