/* SPDX-License-Identifier: Apache-2.0 */
/* Numerical evaluation of recurrences. */
#include <string.h>

#include "base/nonfinite.h"
#include "simd/elementwise.h"
#include "sweep/recurrence.h"

static double *order(const ad_coefficients *x, size_t k, size_t n) {
    return k == 0 ? x->value : x->rest + (k - 1) * n;
}

/* Which factor's zeros win over infinities and NaN of the other one. */
enum { NEITHER = 0, FIRST = 1, SECOND = 2 };

/* out = factor * x * y, or += if `more` is set. */
static void multiply(size_t n, double factor, const double *x, const double *y, int winning,
                     int more, double *restrict out) {
    if (winning != NEITHER) {
        for (size_t e = 0; e < n; e++) {
            const int zero = (winning & FIRST && x[e] == 0) || (winning & SECOND && y[e] == 0);
            out[e] = (more ? out[e] : 0) + (zero ? 0 : factor * x[e] * y[e]);
        }
    } else if (!more && factor == 1) {
        for (size_t e = 0; e < n; e++) out[e] = x[e] * y[e];
    } else if (!more) {
        for (size_t e = 0; e < n; e++) out[e] = factor * x[e] * y[e];
    } else {
        for (size_t e = 0; e < n; e++) out[e] += factor * x[e] * y[e];
    }
}

/* out = the sum for i = first .. last of a_i b_{k-i}, each times i if `slopes` is set; += if `more`
 * is. */
static void convolve(size_t n, size_t k, size_t first, size_t last, int slopes, int winning,
                     const ad_coefficients *a, const ad_coefficients *b, int more, double *out) {
    if (n == 1 && winning == NEITHER) {
        double sum = more ? *out : 0;
        for (size_t i = first; i <= last; i++) {
            sum += (slopes ? (double)i : 1.0) * *order(a, i, 1) * *order(b, k - i, 1);
        }
        *out = sum;
        return;
    }
    for (size_t i = first; i <= last; i++) {
        multiply(n, slopes ? (double)i : 1.0, order(a, i, n), order(b, k - i, n), winning,
                 more || i > first, out);
    }
}

/* The series of a recurrence on n elements. */
typedef struct block_of_series {
    const ad_recurrence *r;
    const uint8_t *still;
    size_t n;
} block_of_series;

/* v_k = (a_k - the sum for i = 1 .. k of b_i v_{k-i}) / b_0. */
static void divided(size_t n, size_t k, int a_still, int b_still, const ad_coefficients *a,
                    const ad_coefficients *b, const ad_coefficients *v) {
    double *out = order(v, k, n);
    if (b_still) {
        memset(out, 0, n * sizeof *out);
    } else {
        convolve(n, k, 1, k, 0, NEITHER, b, v, 0, out);
    }
    for (size_t e = 0; e < n; e++) {
        double rest = (a_still ? 0 : order(a, k, n)[e]) - out[e];
        out[e] = rest / b->value[e];
    }
}

/* Compute coefficient k > 0 of series t.  With `strict`, zeros of still series win over infinities
 * and NaN, because they stay zero, and so do those of a guarded product. */
static void advance(const block_of_series *x, size_t k, size_t t, int strict) {
    const ad_series *s = &x->r->series[t];
    const size_t n = x->n;
    double *out = order(&x->r->at[t], k, n);
    const ad_coefficients *arg[AD_MAX_ARITY];
    int arg_still[AD_MAX_ARITY], more = 0;
    const int arity = ad_op_row(s->op)->arity;
    for (int j = 0; j < arity; j++) {
        arg[j] = &x->r->at[s->arg[j]];
        arg_still[j] = x->still[s->arg[j]];
    }
    if (s->op == AD_DIVIDE) {
        divided(n, k, arg_still[0], arg_still[1], arg[0], arg[1], &x->r->at[t]);
        return;
    }
    if (s->op == AD_MULTIPLY || s->op == AD_PRODUCT || s->op == AD_GUARDED) {
        size_t first = arg_still[1] ? k : 0, last = arg_still[0] ? 0 : k;
        const int guarded = s->op == AD_GUARDED;
        const int winning = (guarded || arg_still[0] ? FIRST : NEITHER) |
                            (guarded || arg_still[1] ? SECOND : NEITHER);
        convolve(n, k, first, last, 0, strict ? winning : NEITHER, arg[0], arg[1], 0, out);
        return;
    }
    for (int j = 0; j < arity; j++) {
        if (s->partial[j] < 0 || arg_still[j] || x->still[s->partial[j]]) continue;
        convolve(n, k, 1, k, 1, NEITHER, arg[j], &x->r->at[s->partial[j]], more, out);
        more = 1;
    }
    for (size_t e = 0; more && k > 1 && e < n; e++) out[e] /= (double)k;
    for (int j = 0; j < arity; j++) { /* linear part: partials that are still */
        if (s->partial[j] < 0 || arg_still[j] || !x->still[s->partial[j]]) continue;
        convolve(n, k, k, k, 0, strict ? SECOND : NEITHER, arg[j], &x->r->at[s->partial[j]], more,
                 out);
        more = 1;
    }
    if (!more) memset(out, 0, n * sizeof *out);
}

static void start(const ad_recurrence *r, size_t n, size_t t) {
    static const intptr_t step[AD_MAX_ARITY] = {1, 1, 1};
    const ad_series *s = &r->series[t];
    double *own = r->at[t].value;
    const double *arg[AD_MAX_ARITY] = {NULL};
    if (s->kind == AD_SERIES_NUMBER) {
        for (size_t e = 0; e < n; e++) own[e] = s->number;
    } else if (s->kind == AD_SERIES_APPLY) {
        for (int j = 0; j < ad_op_row(s->op)->arity; j++) arg[j] = r->at[s->arg[j]].value;
        ad_op_values(s->op, n, arg, step, own);
    }
}

void ad_recurrence_place(ad_recurrence *r, size_t orders, size_t n, double *room) {
    for (size_t t = 0; t < r->count; t++) {
        double *own = room + t * (orders + 1) * n;
        r->at[t] = (ad_coefficients){own, own + n, (int)t == r->result};
    }
}

ad_status ad_recurrence_run(ad_recurrence *r, unsigned mask, size_t orders, size_t n,
                            int *nonfinite) {
    ad_status status = ad_recurrence_prepare(r, mask);
    if (status != AD_OK) return status;
    const uint8_t *need = r->need[mask], *still = r->still[mask];
    const block_of_series all = {r, still, n};
    for (size_t t = 0; t < r->count; t++) {
        if (need[t] != AD_NEED_NOTHING && r->at[t].known == 0) start(r, n, t);
    }
    for (size_t k = 1; k <= orders; k++) {
        for (size_t t = 0; t < r->count; t++) {
            const ad_series *s = &r->series[t];
            if (need[t] != AD_NEED_ALL || s->kind != AD_SERIES_APPLY) continue;
            if (still[t] || k + s->depth > r->order || k < r->at[t].known) continue;
            advance(&all, k, t, 0);
            if (ad_all_finite(n, order(&r->at[t], k, n))) continue;
            advance(&all, k, t, 1);
            *nonfinite |= !ad_all_finite(n, order(&r->at[t], k, n));
        }
    }
    return AD_OK;
}
