/* SPDX-License-Identifier: Apache-2.0 */
/* Terms of derivatives: partials parsed from the table, and products and sums in which zeros, ones
 * and signs are structural. */
#include "base/alloc.h"
#include "graph/graph.h"
#include "ops/expr.h"
#include "ops/vanish.h"

static int number(const ad_graph *g, ad_term t, double x) {
    double value;
    return ad_graph_is_constant(g, t, &value) && value == x;
}

/* The operand of a negation, or AD_NO_TERM for other terms. */
static ad_term negated(const ad_graph *g, ad_term t) {
    return t != AD_NO_TERM && g->vertex[t].op == AD_NEGATIVE ? g->vertex[t].x[0] : AD_NO_TERM;
}

static ad_term negative(ad_graph *g, ad_term a) {
    if (negated(g, a) != AD_NO_TERM) return negated(g, a);
    if (ad_graph_is_zero(g, a)) return a;
    return ad_graph_push(g, AD_NEGATIVE, a, AD_NO_TERM, AD_NO_TERM);
}

static ad_term make_product(ad_graph *g, unsigned op, ad_term a, ad_term b) {
    double x;
    if (ad_graph_is_zero(g, a) || ad_graph_is_zero(g, b)) return ad_graph_constant(g, 0);
    if (number(g, a, 1)) return b;
    if (number(g, b, 1)) return a;
    if (number(g, a, -1)) return negative(g, b);
    if (number(g, b, -1)) return negative(g, a);
    if (negated(g, a) != AD_NO_TERM) return negative(g, make_product(g, op, negated(g, a), b));
    if (negated(g, b) != AD_NO_TERM) return negative(g, make_product(g, op, a, negated(g, b)));
    /* a finite constant other than zero needs no guard */
    if ((ad_graph_is_constant(g, a, &x) || ad_graph_is_constant(g, b, &x)) && x - x == 0) {
        op = AD_MULTIPLY;
    }
    return ad_graph_push(g, op, a, b, AD_NO_TERM);
}

ad_term ad_graph_product(ad_graph *g, ad_term a, ad_term b) {
    return make_product(g, AD_PRODUCT, a, b);
}

static ad_term make_sum(ad_graph *g, ad_term a, ad_term b) {
    if (ad_graph_is_zero(g, a)) return b;
    if (ad_graph_is_zero(g, b)) return a;
    if (negated(g, b) != AD_NO_TERM) {
        return ad_graph_push(g, AD_SUBTRACT, a, negated(g, b), AD_NO_TERM);
    }
    if (negated(g, a) != AD_NO_TERM) {
        return ad_graph_push(g, AD_SUBTRACT, b, negated(g, a), AD_NO_TERM);
    }
    return ad_graph_push(g, AD_ADD, a, b, AD_NO_TERM);
}

static ad_term make_difference(ad_graph *g, ad_term a, ad_term b) {
    if (ad_graph_is_zero(g, b)) return a;
    if (ad_graph_is_zero(g, a)) return negative(g, b);
    if (negated(g, b) != AD_NO_TERM) return make_sum(g, a, negated(g, b));
    return ad_graph_push(g, AD_SUBTRACT, a, b, AD_NO_TERM);
}

static ad_term make_quotient(ad_graph *g, ad_term a, ad_term b) {
    if (number(g, b, 1)) return a;
    if (negated(g, a) != AD_NO_TERM) return negative(g, make_quotient(g, negated(g, a), b));
    return ad_graph_push(g, AD_DIVIDE, a, b, AD_NO_TERM);
}

static ad_term make_power(ad_graph *g, ad_term a, ad_term b) {
    if (number(g, b, 0)) return ad_graph_constant(g, 1);
    if (number(g, b, 1)) return a;
    if (number(g, b, 2)) return ad_graph_push(g, AD_SQUARE, a, AD_NO_TERM, AD_NO_TERM);
    return ad_graph_push(g, AD_POWER, a, b, AD_NO_TERM);
}

ad_term ad_graph_derived(ad_graph *g, unsigned op, ad_term a, ad_term b, ad_term c) {
    switch (op) {
    case AD_ADD:
        return make_sum(g, a, b);
    case AD_SUBTRACT:
        return make_difference(g, a, b);
    case AD_MULTIPLY:
    case AD_PRODUCT:
    case AD_GUARDED:
        return make_product(g, op, a, b);
    case AD_DIVIDE:
        return make_quotient(g, a, b);
    case AD_NEGATIVE:
        return negative(g, a);
    case AD_POWER:
        return make_power(g, a, b);
    case AD_SELECT:
        if (b == c) return b;
        break;
    default:
        break;
    }
    return ad_graph_push(g, op, a, b, c);
}

static int is_product(const ad_graph *g, ad_term t) {
    return g->vertex[t].op == AD_MULTIPLY || g->vertex[t].op == AD_PRODUCT;
}

/* The sum of n terms.  Few terms are added one by one, so that programs can fuse products with
 * sums.  Many terms become one reduction, so that the depth of the sum does not grow with its
 * length.  Products among many terms are summed separately, so that programs can turn them into
 * inner products. */
static ad_term total(ad_graph *g, size_t n, ad_term *terms) {
    enum { FEW_TERMS = 6 };
    size_t products = 0;
    ad_term before = AD_NO_TERM;
    if (n == 0) return ad_graph_constant(g, 0);
    for (size_t k = 0; k < n && n > FEW_TERMS; k++) {
        ad_term t = terms[k], behind = k + 1 < n ? terms[k + 1] : AD_NO_TERM;
        int twice = t == before || t == behind; /* as from x x; not for inner products */
        before = t;
        if (twice || !is_product(g, t)) continue;
        terms[k] = terms[products];
        terms[products++] = t;
    }
    if (products > FEW_TERMS && products < n) {
        ad_term sum = ad_graph_reduce(g, AD_GRAPH_SUM, products, terms);
        return make_sum(g, sum, total(g, n - products, terms + products));
    }
    if (n > FEW_TERMS) return ad_graph_reduce(g, AD_GRAPH_SUM, n, terms);
    ad_term sum = terms[0];
    for (size_t k = 1; k < n; k++) sum = make_sum(g, sum, terms[k]);
    return sum;
}

ad_term ad_graph_sum(ad_graph *g, size_t n, ad_term *terms) {
    size_t plus = 0, minus = 0;
    if (g->status != AD_OK) return AD_NO_TERM;
    for (size_t k = 0; k < n; k++) { /* positive terms first, negated ones without their sign */
        ad_term t = terms[k], u = negated(g, t);
        if (ad_graph_is_zero(g, t)) continue;
        if (u == AD_NO_TERM) {
            terms[plus + minus] = terms[plus];
            terms[plus++] = t;
        } else {
            terms[plus + minus++] = u;
        }
    }
    if (minus == 0) return total(g, plus, terms);
    if (plus == 0) return negative(g, total(g, minus, terms));
    return make_difference(g, total(g, plus, terms), total(g, minus, terms + plus));
}

/* Enter the operations of a postfix code on the operands and the value of a term. */
static ad_term make_value(ad_graph *g, const ad_expr *expr, ad_term t) {
    ad_term stack[AD_EXPR_DEPTH];
    int top = 0;
    for (int k = 0; k < expr->steps && g->status == AD_OK; k++) {
        const ad_step *step = &expr->step[k];
        switch (step->kind) {
        case AD_STEP_NUMBER:
            stack[top++] = ad_graph_constant(g, step->number);
            break;
        case AD_STEP_V:
            stack[top++] = t;
            break;
        case AD_STEP_APPLY: {
            int arity = ad_op_rows[step->op].arity;
            top -= arity;
            ad_term b = arity > 1 ? stack[top + 1] : AD_NO_TERM;
            ad_term c = arity > 2 ? stack[top + 2] : AD_NO_TERM;
            stack[top] = ad_graph_derived(g, step->op, stack[top], b, c);
            top++;
            break;
        }
        default:
            stack[top++] = g->vertex[t].x[step->kind - AD_STEP_A];
        }
    }
    return g->status == AD_OK ? stack[0] : AD_NO_TERM;
}

/* The partials of a maximum or minimum: tied elements share the derivative equally.  A NaN makes
 * the extreme NaN, so that an element is tied if it equals the extreme or is NaN. */
static void tie_shares(ad_graph *g, ad_term t, size_t n, ad_term *partials) {
    for (size_t j = 0; j < n; j++) {
        ad_term x = ad_graph_operand(g, t, j);
        ad_term equal = ad_graph_push(g, AD_EQUAL, x, t, AD_NO_TERM);
        ad_term nan = ad_graph_push(g, AD_ISNAN, x, AD_NO_TERM, AD_NO_TERM);
        partials[j] = ad_graph_push(g, AD_LOGICAL_OR, equal, nan, AD_NO_TERM);
    }
    ad_term ties = ad_graph_reduce(g, AD_GRAPH_SUM, n, partials);
    for (size_t j = 0; j < n; j++) {
        partials[j] = ad_graph_push(g, AD_DIVIDE, partials[j], ties, AD_NO_TERM);
    }
}

void ad_graph_partials(ad_graph *g, ad_term t, ad_term *partials) {
    unsigned op = g->vertex[t].op;
    size_t arity = ad_graph_arity(g, t);
    if (op == AD_GRAPH_SUM) {
        for (size_t j = 0; j < arity; j++) partials[j] = ad_graph_constant(g, 1);
    } else if (op >= AD_GRAPH_SUM) {
        tie_shares(g, t, arity, partials);
    } else {
        for (size_t j = 0; j < arity; j++)
            partials[j] = make_value(g, ad_expr_partial(op, (int)j), t);
        if (g->status == AD_OK && ad_vanish_is_kink(g->order[t], g->order[g->vertex[t].x[0]])) {
            partials[0] = ad_graph_push(g, AD_KINKED, partials[0], t, AD_NO_TERM);
        }
    }
}
