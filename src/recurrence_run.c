/* SPDX-License-Identifier: Apache-2.0 */
/* Recurrences carried out on numbers. */
#include <string.h>

#include "numbers.h"
#include "recurrence.h"

/* out += the sum for i = first .. last of a_i b_{k-i}, each times i if `slopes`; where `strict`, an
 * exact zero wins over infinities and NaN. */
static void convolve(size_t n, size_t k, size_t first, size_t last, int slopes, int strict,
                     const double *a, const double *b, double *restrict out) {
    if (n == 1 && !strict) {
        double sum = 0;
        for (size_t i = first; i <= last; i++) sum += (slopes ? (double)i : 1.0) * a[i] * b[k - i];
        *out += sum;
        return;
    }
    for (size_t i = first; i <= last; i++) {
        const double factor = slopes ? (double)i : 1.0;
        const double *x = a + i * n, *y = b + (k - i) * n;
        if (strict) {
            for (size_t e = 0; e < n; e++) out[e] += ad_guarded(factor * x[e], y[e]);
        } else {
            for (size_t e = 0; e < n; e++) out[e] += factor * x[e] * y[e];
        }
    }
}

/* The series of a recurrence on n elements: where they lie, and which do not move. */
typedef struct block_of_series {
    const ad_recurrence *r;
    const uint8_t *still;
    double *at;
    size_t n, width;
} block_of_series;

/* v_k = (a_k - the sum for i = 1 .. k of b_i v_{k-i}) / b_0. */
static void divided(size_t n, size_t k, int a_still, int b_still, int strict, const double *a,
                    const double *b, const double *v, double *out) {
    if (!b_still) convolve(n, k, 1, k, 0, strict, b, v, out);
    for (size_t e = 0; e < n; e++) {
        double rest = (a_still ? 0 : a[k * n + e]) - out[e];
        out[e] = rest == 0 ? 0 : rest / b[e];
    }
}

/* Coefficient k > 0 of series t. */
static void advance(const block_of_series *x, size_t k, size_t t, int strict) {
    const ad_series *s = &x->r->series[t];
    const size_t n = x->n, width = x->width;
    double *own = x->at + t * width, *out = own + k * n;
    const double *arg[AD_MAX_ARITY];
    int arg_still[AD_MAX_ARITY], curved = 0;
    const int arity = ad_op_row(s->op)->arity;
    memset(out, 0, n * sizeof *out);
    for (int j = 0; j < arity; j++) {
        arg[j] = x->at + (size_t)s->arg[j] * width;
        arg_still[j] = x->still[s->arg[j]];
    }
    if (s->op == AD_DIVIDE) {
        divided(n, k, arg_still[0], arg_still[1], strict, arg[0], arg[1], own, out);
        return;
    }
    if (s->op == AD_MULTIPLY || s->op == AD_GUARDED) {
        size_t first = arg_still[1] ? k : 0, last = arg_still[0] ? 0 : k;
        convolve(n, k, first, last, 0, strict, arg[0], arg[1], out);
        return;
    }
    for (int j = 0; j < arity; j++) {
        if (s->partial[j] < 0 || arg_still[j] || x->still[s->partial[j]]) continue;
        const double *partial = x->at + (size_t)s->partial[j] * width;
        convolve(n, k, 1, k, 1, strict, arg[j], partial, out);
        curved = 1;
    }
    for (size_t e = 0; curved && e < n; e++) out[e] /= (double)k;
    for (int j = 0; j < arity; j++) { /* partials that do not move: linear */
        if (s->partial[j] < 0 || arg_still[j] || !x->still[s->partial[j]]) continue;
        const double *partial = x->at + (size_t)s->partial[j] * width;
        convolve(n, k, k, k, 0, strict, arg[j], partial, out);
    }
}

static void start(const ad_recurrence *r, double *at, size_t width, size_t n, size_t t) {
    static const intptr_t step[AD_MAX_ARITY] = {1, 1, 1};
    const ad_series *s = &r->series[t];
    double *own = at + t * width;
    const double *arg[AD_MAX_ARITY] = {NULL};
    if (s->kind == AD_SERIES_NUMBER) {
        for (size_t e = 0; e < n; e++) own[e] = s->number;
    } else if (s->kind == AD_SERIES_APPLY) {
        for (int j = 0; j < ad_op_row(s->op)->arity; j++) {
            arg[j] = at + (size_t)s->arg[j] * width;
        }
        ad_op_values(s->op, n, arg, step, own);
    }
}

ad_status ad_recurrence_run(ad_recurrence *r, unsigned mask, size_t orders, size_t n, double *at) {
    ad_status status = ad_recurrence_prepare(r, mask);
    if (status != AD_OK) return status;
    const uint8_t *need = r->need[mask], *still = r->still[mask];
    const size_t width = (orders + 1) * n;
    const block_of_series all = {r, still, at, n, width};
    for (size_t t = 0; t < r->count; t++) {
        if (need[t] != AD_NEED_NOTHING && (int)t != r->result) start(r, at, width, n, t);
    }
    for (size_t k = 1; k <= orders; k++) {
        for (size_t t = 0; t < r->count; t++) {
            const ad_series *s = &r->series[t];
            if (need[t] != AD_NEED_ALL || s->kind != AD_SERIES_APPLY) continue;
            if (still[t] || k + s->depth > r->order) continue;
            advance(&all, k, t, 0);
            if (!ad_all_finite(n, at + t * width + k * n)) advance(&all, k, t, 1);
        }
    }
    return AD_OK;
}
