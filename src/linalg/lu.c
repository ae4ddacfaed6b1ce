/* SPDX-License-Identifier: Apache-2.0 */
/* Functions that use LU factors: solutions, inverses, determinants. */
#include <math.h>
#include <string.h>

#include "base/nonfinite.h"
#include "linalg/lapack.h"

/* Factor every matrix of x, unless they are those of the last call. */
static ad_status factor(const ad_linear *l, ad_linear_room *r, const double *x) {
    size_t square = l->n * l->n;
    ad_int n = (ad_int)l->n, info = 0;
    if (r->factored && memcmp(r->seen, x, l->batch * square * sizeof *x) == 0) return AD_OK;
    r->factored = r->inverted = 0;
    for (size_t b = 0; b < l->batch && info == 0; b++) {
        ad_transpose(l->n, l->n, x + b * square, r->factor + b * square);
        ad_lapack_get()->getrf(&n, &n, r->factor + b * square, &n, r->pivot + b * l->n, &info);
    }
    if (info != 0) return AD_CALL_FAILED;
    memcpy(r->seen, x, l->batch * square * sizeof *x);
    r->factored = 1;
    return AD_OK;
}

void ad_linear_solve_by_lu(const ad_linear *l, ad_linear_room *r, size_t b, int transposed,
                           size_t k, double *x) {
    ad_int n = (ad_int)l->n, columns = (ad_int)k, info = 0;
    double *to = k == 1 ? x : r->work;
    if (k > 1) ad_transpose(l->n, k, x, to);
    ad_lapack_get()->getrs(transposed ? "T" : "N", &n, &columns, r->factor + b * l->n * l->n, &n,
                           r->pivot + b * l->n, to, &n, &info);
    if (k > 1) ad_transpose(k, l->n, to, x);
}

/* Compute the transposed inverses: in LAPACK's column-major layout the inverses are transposed. */
static void invert(const ad_linear *l, ad_linear_room *r) {
    ad_int n = (ad_int)l->n, room = 64 * n, info = 0;
    size_t square = l->n * l->n;
    if (r->inverted) return;
    memcpy(r->inverse, r->factor, l->batch * square * sizeof *r->inverse);
    for (size_t b = 0; b < l->batch; b++) {
        ad_lapack_get()->getri(&n, r->inverse + b * square, &n, r->pivot + b * l->n, r->work, &room,
                               &info);
    }
    r->inverted = 1;
}

/* --------------------------------------------------------------------------------- solve */

/* The number of doubles of the matrices among the inputs. */
static size_t matrices(const ad_linear *l) { return l->fixed == NULL ? l->batch * l->n * l->n : 0; }

static ad_status solve_factors(const ad_linear *l, ad_linear_room *r, const double *x,
                               const double *y) {
    (void)y;
    if (l->fixed != NULL && r->factored) return AD_OK;
    return factor(l, r, l->fixed == NULL ? x : l->fixed);
}

static ad_status solve_value(const ad_linear *l, ad_linear_room *r, const double *x, double *y) {
    size_t side = l->n * l->k;
    ad_status status = solve_factors(l, r, x, NULL);
    if (status != AD_OK) return status;
    memcpy(y, x + matrices(l), l->batch * side * sizeof *y);
    for (size_t b = 0; b < l->batch; b++) ad_linear_solve_by_lu(l, r, b, 0, l->k, y + b * side);
    return AD_OK;
}

/* a dx = db - da x */
static void solve_push(const ad_linear *l, ad_linear_room *r, const double *x, const double *y,
                       const double *t, double *out) {
    size_t n = l->n, k = l->k, square = n * n, side = n * k;
    (void)x;
    memcpy(out, t + matrices(l), l->batch * side * sizeof *out);
    for (size_t b = 0; b < l->batch; b++) {
        if (l->fixed == NULL) {
            ad_product(n, k, n, -1, (ad_dense){t + b * square, n, 0},
                       (ad_dense){y + b * side, k, 0}, 1, out + b * side, k);
        }
        ad_linear_solve_by_lu(l, r, b, 0, k, out + b * side);
    }
}

/* With a^T z = w, z is the adjoint of b, and -z x^T is that of a. */
static void solve_pull(const ad_linear *l, ad_linear_room *r, const double *x, const double *y,
                       const double *w, double *out) {
    size_t n = l->n, k = l->k, square = n * n, side = n * k;
    double *right = out + matrices(l);
    (void)x;
    memcpy(right, w, l->batch * side * sizeof *w);
    for (size_t b = 0; b < l->batch; b++) {
        ad_linear_solve_by_lu(l, r, b, 1, k, right + b * side);
        if (l->fixed != NULL) continue;
        ad_product(n, n, k, -1, (ad_dense){right + b * side, k, 0}, (ad_dense){y + b * side, k, 1},
                   0, out + b * square, n);
    }
}

const ad_linear_row ad_linear_solve = {solve_factors, solve_value, solve_push, solve_pull, NULL};

/* ------------------------------------------------------------------------------- inverse */

static ad_status inv_value(const ad_linear *l, ad_linear_room *r, const double *x, double *y) {
    size_t square = l->n * l->n;
    ad_status status = factor(l, r, x);
    if (status != AD_OK) return status;
    memset(y, 0, l->batch * square * sizeof *y);
    for (size_t b = 0; b < l->batch; b++) {
        for (size_t k = 0; k < l->n; k++) y[b * square + k * (l->n + 1)] = 1;
        ad_linear_solve_by_lu(l, r, b, 0, l->n, y + b * square);
    }
    return AD_OK;
}

/* -op(y) s op(y) for every matrix */
static void between(const ad_linear *l, ad_linear_room *r, int transposed, const double *y,
                    const double *s, double *out) {
    size_t n = l->n, square = n * n;
    for (size_t b = 0; b < l->batch * square; b += square) {
        ad_dense inverse = {y + b, n, transposed};
        ad_product(n, n, n, 1, inverse, (ad_dense){s + b, n, 0}, 0, r->work, n);
        ad_product(n, n, n, -1, (ad_dense){r->work, n, 0}, inverse, 0, out + b, n);
    }
}

static void inv_push(const ad_linear *l, ad_linear_room *r, const double *x, const double *y,
                     const double *t, double *out) {
    (void)x;
    between(l, r, 0, y, t, out);
}

static void inv_pull(const ad_linear *l, ad_linear_room *r, const double *x, const double *y,
                     const double *w, double *out) {
    (void)x;
    between(l, r, 1, y, w, out);
}

const ad_linear_row ad_linear_inv = {NULL, inv_value, inv_push, inv_pull, NULL};

/* -------------------------------------------------------------------------- determinants */

/* Sign and logarithm of the b-th determinant, added up as NumPy does. */
static double log_det(const ad_linear *l, const ad_linear_room *r, size_t b, double *sign) {
    const double *lu = r->factor + b * l->n * l->n;
    double sum = 0;
    *sign = 1;
    for (size_t k = 0; k < l->n; k++) {
        double u = lu[k * (l->n + 1)];
        if (ad_lapack_exchanged(r->pivot + b * l->n, k)) *sign = -*sign;
        if (u < 0) *sign = -*sign;
        sum += log(fabs(u));
    }
    return sum;
}

static ad_status det_value(const ad_linear *l, ad_linear_room *r, const double *x, double *y) {
    ad_status status = factor(l, r, x);
    for (size_t b = 0; b < l->batch && status == AD_OK; b++) {
        double sign, logarithm = log_det(l, r, b, &sign);
        y[b] = sign * exp(logarithm);
    }
    return status;
}

/* Where a determinant is zero or nonfinite, the adjugate is no multiple of the inverse. */
static ad_status det_prepare(const ad_linear *l, ad_linear_room *r, const double *x,
                             const double *y) {
    for (size_t b = 0; b < l->batch; b++) {
        if (y[b] == 0 || !ad_all_finite(1, y + b)) return AD_CALL_FAILED;
    }
    ad_status status = factor(l, r, x);
    if (status == AD_OK) invert(l, r);
    return status;
}

static double along(const double *slopes, const double *t, size_t n) {
    double sum = 0;
    for (size_t k = 0; k < n; k++) sum += slopes[k] * t[k];
    return sum;
}

static void det_push(const ad_linear *l, ad_linear_room *r, const double *x, const double *y,
                     const double *t, double *out) {
    size_t square = l->n * l->n;
    (void)x;
    for (size_t b = 0; b < l->batch; b++) {
        out[b] = y[b] * along(r->inverse + b * square, t + b * square, square);
    }
}

static void det_pull(const ad_linear *l, ad_linear_room *r, const double *x, const double *y,
                     const double *w, double *out) {
    size_t square = l->n * l->n;
    (void)x;
    for (size_t b = 0; b < l->batch; b++) {
        double weight = w[b] * y[b];
        for (size_t k = 0; k < square; k++) {
            out[b * square + k] = w[b] == 0 ? 0 : weight * r->inverse[b * square + k];
        }
    }
}

const ad_linear_row ad_linear_det = {det_prepare, det_value, det_push, det_pull, NULL};

static ad_status slogdet_value(const ad_linear *l, ad_linear_room *r, const double *x, double *y) {
    ad_status status = factor(l, r, x);
    for (size_t b = 0; b < l->batch && status == AD_OK; b++) {
        y[l->batch + b] = log_det(l, r, b, &y[b]);
    }
    return status;
}

static ad_status slogdet_prepare(const ad_linear *l, ad_linear_room *r, const double *x,
                                 const double *y) {
    if (!ad_all_finite(2 * l->batch, y)) return AD_CALL_FAILED;
    ad_status status = factor(l, r, x);
    if (status == AD_OK) invert(l, r);
    return status;
}

/* The sign has no derivative. */
static void slogdet_push(const ad_linear *l, ad_linear_room *r, const double *x, const double *y,
                         const double *t, double *out) {
    size_t square = l->n * l->n;
    (void)x;
    (void)y;
    for (size_t b = 0; b < l->batch; b++) {
        out[b] = 0;
        out[l->batch + b] = along(r->inverse + b * square, t + b * square, square);
    }
}

static void slogdet_pull(const ad_linear *l, ad_linear_room *r, const double *x, const double *y,
                         const double *w, double *out) {
    size_t square = l->n * l->n;
    (void)x;
    (void)y;
    for (size_t b = 0; b < l->batch; b++) {
        double weight = w[l->batch + b];
        for (size_t k = 0; k < square; k++) {
            out[b * square + k] = weight == 0 ? 0 : weight * r->inverse[b * square + k];
        }
    }
}

const ad_linear_row ad_linear_slogdet = {slogdet_prepare, slogdet_value, slogdet_push, slogdet_pull,
                                         NULL};
