/* SPDX-License-Identifier: Apache-2.0 */
#include "sweep/recurrence.h"

#include <string.h>

#include "base/alloc.h"
#include "simd/elementwise.h"

/* Returns whether the coefficients are computed from those of the operands only, without
 * partials. */
static int is_convolution(unsigned op) {
    return op == AD_MULTIPLY || op == AD_PRODUCT || op == AD_GUARDED || op == AD_DIVIDE;
}

static int is_number(const ad_recurrence *r, int k) {
    return r->series[k].kind == AD_SERIES_NUMBER;
}

static int same_series(const ad_series *x, const ad_series *y) {
    return x->kind == y->kind && x->op == y->op &&
           memcmp(&x->number, &y->number, sizeof x->number) == 0 &&
           memcmp(x->arg, y->arg, sizeof x->arg) == 0;
}

/* The number of a series, which is appended if it is new.  A series found among the earlier ones is
 * needed there to the same or a higher order, since depths increase. */
static ad_status enter_series(ad_recurrence *r, ad_series x, int *number) {
    for (size_t k = 0; k < r->count; k++) {
        *number = (int)k;
        if (same_series(&r->series[k], &x)) return AD_OK;
    }
    ad_status status = ad_grow((void **)&r->series, &r->room, r->count + 1, sizeof x);
    if (status != AD_OK) return status;
    *number = (int)r->count;
    r->series[r->count++] = x;
    return AD_OK;
}

static ad_series blank(ad_series_kind kind, size_t depth) {
    ad_series x = {0, (uint8_t)kind, 0, {0, 0, 0}, {0, 0, 0}, depth};
    for (int j = 0; j < AD_MAX_ARITY; j++) x.arg[j] = x.partial[j] = AD_NO_SERIES;
    return x;
}

static ad_status enter_number(ad_recurrence *r, double number, size_t depth, int *k) {
    ad_series x = blank(AD_SERIES_NUMBER, depth);
    x.number = number;
    return enter_series(r, x, k);
}

static ad_status enter_operation(ad_recurrence *r, unsigned op, const int *args, size_t depth,
                                 int *k) {
    ad_series x = blank(AD_SERIES_APPLY, depth);
    double number[AD_MAX_ARITY] = {0};
    int arity = ad_op_row(op)->arity, numbers = 1;
    for (int j = 0; j < arity; j++) {
        x.arg[j] = args[j];
        numbers &= is_number(r, args[j]);
        number[j] = r->series[args[j]].number;
    }
    x.op = (uint8_t)op;
    if (!numbers) return enter_series(r, x, k);
    return enter_number(r, ad_op_value(op, number[0], number[1], number[2]), depth, k);
}

/* Enter an expression of the operands and the value of series t. */
static ad_status enter_expression(ad_recurrence *r, const ad_expr *expr, int t, int *k) {
    const size_t depth = r->series[t].depth + 1;
    int stack[AD_EXPR_DEPTH] = {0}, top = 0;
    ad_status status = AD_OK;
    for (int s = 0; s < expr->steps && status == AD_OK; s++) {
        const ad_step *step = &expr->step[s];
        if (step->kind == AD_STEP_APPLY) {
            top -= ad_op_row(step->op)->arity;
        } else if (top == AD_EXPR_DEPTH) {
            return AD_BAD_OP;
        }
        switch (step->kind) {
        case AD_STEP_APPLY:
            status = enter_operation(r, step->op, &stack[top], depth, &stack[top]);
            break;
        case AD_STEP_NUMBER:
            status = enter_number(r, step->number, depth, &stack[top]);
            break;
        case AD_STEP_V:
            stack[top] = t;
            break;
        default:
            stack[top] = r->series[t].arg[step->kind - AD_STEP_A];
        }
        top++;
    }
    *k = stack[0];
    return status;
}

/* Partials of powers whose base is not zero.  With these the recurrence closes, whereas the
 * partials of ops.def lower the exponent by one with each order. */
static const struct {
    unsigned op;
    int operand;
    const char *text;
} regular_partials[] = {
    {AD_POWER, 0, "b * v / a"},
    {AD_POWER, 1, "ad_times_log(v, a)"},
    {AD_POWER_LOG, 1, "(c * v + pow(b, c)) / b"},
};

enum { REGULAR_PARTIALS = sizeof regular_partials / sizeof *regular_partials };

int ad_recurrence_base(unsigned op) { return op == AD_POWER ? 0 : op == AD_POWER_LOG ? 1 : -1; }

/* Enter the partials of series t as far as the order needs them.  `regular` is NULL or holds the
 * parsed expressions of regular_partials. */
static ad_status enter_partials(ad_recurrence *r, int t, size_t order, const ad_expr *regular) {
    const ad_series x = r->series[t];
    if (x.kind != AD_SERIES_APPLY || x.depth >= order) return AD_OK;
    if (is_convolution(x.op) && !(r->wants_partials && t == r->result)) return AD_OK;
    const ad_op_info *row = ad_op_row(x.op);
    for (int j = 0; j < row->arity; j++) {
        if (row->partial_class[j] == AD_PARTIAL_ZERO || is_number(r, x.arg[j])) continue;
        const ad_expr *expr = ad_expr_partial(x.op, j);
        for (int k = 0; regular != NULL && k < REGULAR_PARTIALS; k++) {
            if (regular_partials[k].op == x.op && regular_partials[k].operand == j) {
                expr = &regular[k];
            }
        }
        int k = 0;
        ad_status status = enter_expression(r, expr, t, &k);
        if (status != AD_OK) return status;
        r->series[t].partial[j] = k;
    }
    return AD_OK;
}

ad_status ad_recurrence_make(unsigned op, size_t order, int regular, int wants_partials,
                             ad_recurrence *r) {
    int args[AD_MAX_ARITY];
    ad_expr parsed[REGULAR_PARTIALS];
    ad_status status = AD_OK;
    memset(r, 0, sizeof *r);
    r->order = order;
    r->wants_partials = wants_partials;
    for (int k = 0; regular && k < REGULAR_PARTIALS && status == AD_OK; k++) {
        status = ad_expr_parse(regular_partials[k].text, &parsed[k]);
    }
    for (int j = 0; j < ad_op_row(op)->arity && status == AD_OK; j++) {
        ad_series operand = blank(AD_SERIES_OPERAND, 0);
        operand.arg[0] = j;
        status = enter_series(r, operand, &args[j]);
    }
    if (status == AD_OK) status = enter_operation(r, op, args, 0, &r->result);
    for (size_t t = 0; t < r->count && status == AD_OK; t++) {
        status = enter_partials(r, (int)t, order, regular ? parsed : NULL);
    }
    if (status == AD_OK) r->at = ad_alloc(r->count, sizeof *r->at);
    if (status == AD_OK && r->at == NULL) status = AD_NO_MEMORY;
    if (status != AD_OK) ad_recurrence_free(r);
    return status;
}

void ad_recurrence_free(ad_recurrence *r) {
    for (unsigned mask = 0; mask < AD_STILL_MASKS; mask++) ad_free(r->need[mask]);
    ad_free(r->series);
    ad_free(r->at);
    memset(r, 0, sizeof *r);
}

/* Returns whether the result of an operation can move with operand j. */
static int moves(const ad_series *x, const uint8_t *still, int j) {
    return ad_op_row(x->op)->partial_class[j] != AD_PARTIAL_ZERO && !still[x->arg[j]];
}

ad_status ad_recurrence_prepare(ad_recurrence *r, unsigned mask) {
    if (r->need[mask] != NULL) return AD_OK;
    uint8_t *need = ad_alloc_zeroed(2 * r->count, sizeof *need);
    if (need == NULL) return AD_NO_MEMORY;
    uint8_t *still = need + r->count;
    for (size_t k = 0; k < r->count; k++) {
        const ad_series *x = &r->series[k];
        still[k] = 1;
        if (x->kind == AD_SERIES_OPERAND) still[k] = (uint8_t)(mask >> x->arg[0] & 1);
        if (x->kind != AD_SERIES_APPLY) continue;
        for (int j = 0; j < ad_op_row(x->op)->arity; j++) still[k] &= !moves(x, still, j);
    }
    const int *partial = r->series[r->result].partial;
    if (!r->wants_partials) need[r->result] = AD_NEED_ALL;
    for (int j = 0; r->wants_partials && j < AD_MAX_ARITY; j++) {
        if (partial[j] >= 0) need[partial[j]] = AD_NEED_ALL;
    }
    /* Operands precede the results computed from them, but partials follow them: iterate until
     * nothing changes. */
    for (int again = 1; again;) {
        again = 0;
        for (size_t k = r->count; k-- > 0;) {
            const ad_series *x = &r->series[k];
            if (need[k] == AD_NEED_NOTHING || x->kind != AD_SERIES_APPLY) continue;
            int all = need[k] == AD_NEED_ALL && !still[k];
            for (int j = 0; j < ad_op_row(x->op)->arity; j++) {
                int moving = all && moves(x, still, j), p = x->partial[j];
                uint8_t least = moving ? AD_NEED_ALL : AD_NEED_VALUE;
                if (need[x->arg[j]] < least) need[x->arg[j]] = least, again = 1;
                if (moving && p >= 0 && need[p] < AD_NEED_ALL) need[p] = AD_NEED_ALL, again = 1;
            }
        }
    }
    r->need[mask] = need;
    r->still[mask] = still;
    return AD_OK;
}
