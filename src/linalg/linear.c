/* SPDX-License-Identifier: Apache-2.0 */
#include "linalg/lapack.h"

#include <limits.h>
#include <stdint.h>
#include <string.h>

#include "base/alloc.h"
#include "base/atomic.h"
#include "base/nonfinite.h"

#define MOST 30000 /* largest number of rows for which LAPACK's workspace size fits an int */

const ad_linear_info ad_linear_table[AD_LINEAR_KINDS] = {
#define LINEAR(KIND, NAME, SOURCE, RULE) {#NAME, SOURCE, RULE},
#include "linalg/linear.def"
};

/* --------------------------------------------------------------------------------- sizes */

static const ad_linear_row *row_of(const ad_linear *l) {
    static const ad_linear_row *const rows[AD_LINEAR_KINDS] = {
#define LINEAR(KIND, NAME, SOURCE, RULE) &ad_linear_##NAME,
#include "linalg/linear.def"
    };
    return rows[l->kind];
}

/* Numbers of doubles per matrix that are read, returned, and used as workspace beside the factors,
 * and the number of integers (`whole`). */
typedef struct sizes {
    size_t in, out, work, whole;
} sizes;

static sizes sizes_of(const ad_linear *l) {
    size_t n = l->n, k = l->k, square = n * n, side = n * k;
    switch (l->kind) {
    case AD_LINEAR_SOLVE:
        return (sizes){(l->fixed == NULL ? square : 0) + side, side, side, n};
    case AD_LINEAR_TRIANGULAR:
        return (sizes){square + side, side, square, 0};
    case AD_LINEAR_INV:
        return (sizes){square, square, square, n};
    case AD_LINEAR_DET:
        return (sizes){square, 1, 64 * n, n};
    case AD_LINEAR_SLOGDET:
        return (sizes){square, 2, 64 * n, n};
    case AD_LINEAR_QR:
        return (sizes){side, side + k * k, side + 65 * k + k * k, 0};
    case AD_LINEAR_EIGH:
        return (sizes){square, n + square, 3 * square + 6 * n + 1, 5 * n + 3};
    default:
        return (sizes){square, square, square, 0};
    }
}

static int by_lu(const ad_linear *l) { return l->kind <= AD_LINEAR_SLOGDET && sizes_of(l).whole; }

size_t ad_linear_inputs(const ad_linear *l) { return l->batch * sizes_of(l).in; }

size_t ad_linear_outputs(const ad_linear *l) { return l->batch * sizes_of(l).out; }

ad_linear *ad_linear_new(ad_linear_kind kind, size_t batch, size_t n, size_t k, unsigned flags) {
    size_t most = SIZE_MAX / 64;
    if (n > MOST || k > INT_MAX / 65) return NULL;
    if (batch == 0 || n == 0 || n > most / batch || n + k > most / (batch * n)) return NULL;
    ad_linear *l = ad_alloc(1, sizeof *l);
    if (l != NULL) *l = (ad_linear){kind, batch, n, k, flags, NULL, NULL};
    return l;
}

ad_status ad_linear_fix(ad_linear *l, const double *matrices) {
    size_t count = l->batch * l->n * l->n;
    l->fixed = ad_alloc(count, sizeof *l->fixed);
    if (l->fixed == NULL) return AD_NO_MEMORY;
    memcpy(l->fixed, matrices, count * sizeof *matrices);
    return AD_OK;
}

/* ---------------------------------------------------------------------------------- room */

static void room_free(ad_linear_room *r) {
    if (r != NULL) ad_free_lines(r->seen);
    if (r != NULL) ad_free(r->pivot);
    ad_free(r);
}

void ad_linear_free(ad_linear *l) {
    if (l != NULL) room_free(l->kept);
    if (l != NULL) ad_free(l->fixed);
    ad_free(l);
}

/* Take the memory that the last call left, or allocate it if another thread is using that
 * memory. */
static ad_linear_room *take_room(ad_linear *l) {
    ad_linear_room *r = AD_EXCHANGE_ACQUIRE(&l->kept, NULL);
    if (r != NULL) return r;
    int inverts = l->kind == AD_LINEAR_DET || l->kind == AD_LINEAR_SLOGDET;
    sizes size = sizes_of(l);
    size_t all = by_lu(l) ? l->batch * l->n * l->n : 0, factors = (inverts ? 3 : 2) * all;
    size_t whole = by_lu(l) ? l->batch * size.whole : size.whole;
    r = ad_alloc_zeroed(1, sizeof *r);
    if (r == NULL) return NULL;
    r->seen = ad_alloc_lines(factors + size.work + l->batch * (size.in + size.out), sizeof(double));
    r->pivot = ad_alloc(whole, sizeof *r->pivot);
    if (r->seen == NULL || r->pivot == NULL) {
        room_free(r);
        return NULL;
    }
    r->factor = r->seen + all;
    r->inverse = r->factor + all;
    r->work = r->seen + factors;
    r->seed = r->work + size.work;
    return r;
}

static void give_back(ad_linear *l, ad_linear_room *r) {
    room_free(AD_EXCHANGE_RELEASE(&l->kept, r));
}

/* ------------------------------------------------------------------- values and derivatives */

/* Without LAPACK: one point of a small matrix.  Other matrices are left to the caller. */
static ad_status without_lapack(const ad_linear *l, int product, int backward, size_t p,
                                const double *x, const double *y, const double *seed, double *out) {
    unsigned char left = 1;
    if (ad_linear_most_points(l, product) == 1) return AD_CALL_FAILED;
    if (product) {
        ad_linear_products_at(l, backward, 1, p, x, y, seed, out, &left);
    } else {
        ad_linear_values_at(l, 1, x, out, &left);
    }
    return left ? AD_CALL_FAILED : AD_OK;
}

ad_status ad_linear_value(ad_linear *l, const double *x, double *y) {
    if (ad_lapack_get()->gemm == NULL) return without_lapack(l, 0, 0, 0, x, NULL, NULL, y);
    ad_linear_room *r = take_room(l);
    if (r == NULL) return AD_NO_MEMORY;
    ad_status status = row_of(l)->value(l, r, x, y);
    give_back(l, r);
    return status;
}

int ad_linear_undetermined(const ad_linear *l, const double *y) {
    const ad_linear_row *row = row_of(l);
    return row->undetermined != NULL && row->undetermined(l, y);
}

/* Seeds are processed one by one.  The result of a zero seed is zero, even where the derivative is
 * not finite. */
static ad_status derivative(ad_linear *l, int backward, const double *x, const double *y, size_t p,
                            const double *seeds, double *out) {
    size_t n = backward ? ad_linear_outputs(l) : ad_linear_inputs(l);
    size_t m = backward ? ad_linear_inputs(l) : ad_linear_outputs(l);
    const ad_linear_row *row = row_of(l);
    if (ad_lapack_get()->gemm == NULL) return without_lapack(l, 1, backward, p, x, y, seeds, out);
    ad_linear_room *r = take_room(l);
    if (r == NULL) return AD_NO_MEMORY;
    ad_status status = row->prepare == NULL ? AD_OK : row->prepare(l, r, x, y);
    double *seed = r->seed, *one = seed + n;
    for (size_t q = 0; q < p && status == AD_OK; q++) {
        const double *from = p == 1 ? seeds : seed;
        double *to = p == 1 ? out : one;
        for (size_t k = 0; k < n && p > 1; k++) seed[k] = seeds[k * p + q];
        if (!ad_any(n, from)) {
            memset(to, 0, m * sizeof *to);
        } else {
            (backward ? row->pull : row->push)(l, r, x, y, from, to);
        }
        for (size_t k = 0; k < m && p > 1; k++) out[k * p + q] = one[k];
    }
    give_back(l, r);
    return status;
}

ad_status ad_linear_push(ad_linear *l, const double *x, const double *y, size_t p,
                         const double *tangent, double *out) {
    return derivative(l, 0, x, y, p, tangent, out);
}

ad_status ad_linear_pull(ad_linear *l, const double *x, const double *y, size_t p,
                         const double *adjoint, double *out) {
    return derivative(l, 1, x, y, p, adjoint, out);
}

typedef ad_status (*curve_fn)(const ad_linear *l, ad_linear_room *r, const ad_linear_moving *at,
                              double *out);

/* The tangent of what pull returns; NULL for kinds of which it is not known. */
static curve_fn curve_of(const ad_linear *l) {
    static const curve_fn curves[AD_LINEAR_KINDS] = {
        [AD_LINEAR_SOLVE] = ad_curve_solve, [AD_LINEAR_TRIANGULAR] = ad_curve_triangular,
        [AD_LINEAR_INV] = ad_curve_inv,     [AD_LINEAR_DET] = ad_curve_det,
        [AD_LINEAR_SLOGDET] = ad_curve_det, [AD_LINEAR_CHOLESKY] = ad_curve_cholesky,
    };
    return curves[l->kind];
}

int ad_linear_curves(const ad_linear *l) {
    return curve_of(l) != NULL && ad_lapack_get()->gemm != NULL;
}

ad_status ad_linear_curve(ad_linear *l, const double *x, const double *dx, const double *y,
                          const double *dy, const double *w, const double *dw, double *out) {
    const ad_linear_row *row = row_of(l);
    const ad_linear_moving at = {x, dx, y, dy, w, dw};
    ad_linear_room *r = take_room(l);
    if (r == NULL) return AD_NO_MEMORY;
    ad_status status = row->prepare == NULL ? AD_OK : row->prepare(l, r, x, y);
    if (status == AD_OK) status = curve_of(l)(l, r, &at, out);
    give_back(l, r);
    return status;
}
