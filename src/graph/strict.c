/* SPDX-License-Identifier: Apache-2.0 */
/* Products of derivatives in which zeros that stay zero near the point win over infinities and NaN.
 * local.h defines these zeros for a recording.  Here terms are appended that decide the same at any
 * point at which a program runs. */
#include <string.h>

#include "base/alloc.h"
#include "graph/graph.h"
#include "ops/expr.h"

/* ------------------------------------------------------------- where such zeros are possible */

/* For each term, whether it can be local at some point. */
typedef struct survey {
    const ad_graph *g;
    const uint8_t *local;
} survey;

static int may_stay_zero(const survey *x, ad_term t) {
    double value;
    if (ad_graph_is_constant(x->g, t, &value)) return value == 0;
    return x->local[t];
}

static int may_be_dead(const survey *x, ad_term t, int j) {
    const ad_vertex *v = &x->g->vertex[t];
    switch (ad_op_row(v->op)->partial_class[j]) {
    case AD_PARTIAL_ZERO:
        return 1;
    case AD_PARTIAL_A:
        return may_stay_zero(x, v->x[0]);
    case AD_PARTIAL_B:
        return may_stay_zero(x, v->x[1]);
    case AD_PARTIAL_STORED:
        if (v->op == AD_DIVIDE && j == 1) return may_stay_zero(x, v->x[0]);
        return ad_expr_is_piecewise_constant(v->op, j);
    default:
        return 0;
    }
}

/* Returns whether a term was appended for derivatives.  An input among these is a seed, which does
 * not depend on the point. */
static int is_derived(const ad_graph *g, ad_term t) { return t >= g->recorded; }

static int may_be_local(const survey *x, ad_term t) {
    const unsigned op = x->g->vertex[t].op;
    if (op == AD_GRAPH_CONSTANT || op == AD_GRAPH_MAX || op == AD_GRAPH_MIN) return 1;
    if (op == AD_GRAPH_INPUT) return is_derived(x->g, t);
    for (size_t j = 0; j < ad_graph_arity(x->g, t); j++) {
        if (x->local[ad_graph_operand(x->g, t, j)]) continue;
        if (op >= AD_OP_COUNT || !may_be_dead(x, t, (int)j)) return 0;
    }
    return 1;
}

ad_status ad_graph_strict_terms(const ad_graph *g, uint8_t *strict_terms) {
    uint8_t *local = ad_alloc(g->terms, 1);
    const survey x = {g, local};
    if (local == NULL) return AD_NO_MEMORY;
    for (size_t t = 0; t < g->terms; t++) {
        const ad_vertex *v = &g->vertex[t];
        local[t] = (uint8_t)may_be_local(&x, (ad_term)t);
        strict_terms[t] =
            v->op == AD_PRODUCT && (may_stay_zero(&x, v->x[0]) || may_stay_zero(&x, v->x[1]));
        local[t] |= strict_terms[t];
        strict_terms[t] = is_derived(g, t) && (strict_terms[t] || v->op == AD_KINKED);
    }
    ad_free(local);
    return AD_OK;
}

/* -------------------------------------------------------------------------- strict terms */

/* For each term its strict form, and a term that says whether it is local. */
typedef struct strict {
    ad_graph *g;
    ad_term *form, *local, *zero; /* zero: whether it stays zero, for products only */
    ad_term never, always;
    int values; /* the outputs are the function's own; derivatives follow */
    ad_term *buffer;
    size_t room;
} strict;

static ad_term and_term(strict *x, ad_term a, ad_term b) {
    if (a == x->never || b == x->never) return x->never;
    if (a == x->always) return b;
    if (b == x->always || a == b) return a;
    return ad_graph_push(x->g, AD_LOGICAL_AND, a, b, AD_NO_TERM);
}

static ad_term or_term(strict *x, ad_term a, ad_term b) {
    if (a == x->always || b == x->always) return x->always;
    if (a == x->never) return b;
    if (b == x->never || a == b) return a;
    return ad_graph_push(x->g, AD_LOGICAL_OR, a, b, AD_NO_TERM);
}

static ad_term is_zero(strict *x, ad_term a) {
    return ad_graph_push(x->g, AD_EQUAL, a, ad_graph_constant(x->g, 0), AD_NO_TERM);
}

/* A term that says whether term t stays zero. */
static ad_term zero_condition(strict *x, ad_term t) {
    const ad_vertex v = x->g->vertex[t];
    if (v.op == AD_PRODUCT && is_derived(x->g, t)) return x->zero[t];
    if (x->local[t] == x->never) return x->never;
    return and_term(x, x->local[t], is_zero(x, x->form[t]));
}

/* A term that says whether edge j of an operation is dead.  `partials` are those of its strict
 * form, or NULL. */
static ad_term dead(strict *x, ad_term t, int j, const ad_term *partials) {
    const ad_vertex v = x->g->vertex[t];
    switch (ad_op_row(v.op)->partial_class[j]) {
    case AD_PARTIAL_ZERO:
        return x->always;
    case AD_PARTIAL_A:
        return zero_condition(x, v.x[0]);
    case AD_PARTIAL_B:
        return zero_condition(x, v.x[1]);
    case AD_PARTIAL_STORED:
        if (v.op == AD_DIVIDE && j == 1) return zero_condition(x, v.x[0]);
        return partials != NULL && ad_expr_is_piecewise_constant(v.op, j) ? is_zero(x, partials[j])
                                                                          : x->never;
    default:
        return x->never;
    }
}

/* A term that says whether term t is local.  Inputs added for derivatives are seeds, in which a
 * zero means that the derivative is not wanted. */
static ad_term local_of(strict *x, ad_term t) {
    ad_graph *g = x->g;
    const unsigned op = g->vertex[t].op;
    const size_t arity = ad_graph_arity(g, t);
    const ad_term form = x->form[t];
    const int same = g->vertex[form].op == op;
    ad_term partials[AD_MAX_ARITY], all = x->always;
    if (op == AD_GRAPH_CONSTANT || g->vertex[form].op == AD_GRAPH_CONSTANT) return x->always;
    if (op == AD_GRAPH_INPUT) return is_derived(g, t) && !x->values ? x->always : x->never;
    int stepped = 0;
    for (int j = 0; op < AD_OP_COUNT && j < (int)arity; j++)
        stepped |= ad_expr_is_piecewise_constant(op, j);
    if (same && stepped) ad_graph_partials(g, form, partials);
    for (size_t j = 0; j < arity && all != x->never && g->status == AD_OK; j++) {
        const ad_term operand = ad_graph_operand(g, t, j);
        ad_term off = x->never;
        if (op < AD_OP_COUNT) {
            off = dead(x, t, (int)j, same && stepped ? partials : NULL);
        } else if (op == AD_GRAPH_MAX || op == AD_GRAPH_MIN) {
            off = ad_graph_push(g, AD_NOT_EQUAL, x->form[operand], form, AD_NO_TERM);
        }
        all = and_term(x, all, or_term(x, x->local[operand], off));
    }
    return all;
}

/* The strict form of a product of derivatives. */
static ad_term strict_product(strict *x, ad_term t) {
    const ad_vertex v = x->g->vertex[t];
    const ad_term zero = or_term(x, zero_condition(x, v.x[0]), zero_condition(x, v.x[1]));
    x->zero[t] = zero;
    if (zero == x->always) return ad_graph_constant(x->g, 0);
    ad_term plain = ad_graph_push(x->g, AD_PRODUCT, x->form[v.x[0]], x->form[v.x[1]], AD_NO_TERM);
    if (zero == x->never) return plain;
    return ad_graph_push(x->g, AD_SELECT, zero, ad_graph_constant(x->g, 0), plain);
}

/* The strict form of a term, made of the strict forms of its operands. */
static ad_term form_of(strict *x, ad_term t) {
    ad_graph *g = x->g;
    const ad_vertex v = g->vertex[t];
    const size_t arity = ad_graph_arity(g, t);
    int moved = 0;
    for (size_t j = 0; j < arity; j++) {
        const ad_term operand = ad_graph_operand(g, t, j);
        moved |= x->form[operand] != operand;
    }
    if (v.op == AD_PRODUCT && is_derived(g, t)) return strict_product(x, t);
    if (v.op == AD_KINKED && is_derived(g, t) && !x->values) {
        return ad_graph_push(g, AD_SELECT, is_zero(x, x->form[v.x[1]]), ad_graph_constant(g, 0),
                             x->form[v.x[0]]);
    }
    if (!moved) return t;
    if (v.op < AD_OP_COUNT) {
        ad_term a[AD_MAX_ARITY] = {AD_NO_TERM, AD_NO_TERM, AD_NO_TERM};
        for (size_t j = 0; j < arity; j++) a[j] = x->form[v.x[j]];
        return ad_graph_push(g, v.op, a[0], a[1], a[2]);
    }
    if (v.op == AD_GRAPH_RESULT) return x->form[v.x[0]] + (t - v.x[0]);
    if (ad_grow((void **)&x->buffer, &x->room, arity, sizeof *x->buffer) != AD_OK) {
        g->status = AD_NO_MEMORY;
        return AD_NO_TERM;
    }
    for (size_t j = 0; j < arity; j++) x->buffer[j] = x->form[ad_graph_operand(g, t, j)];
    if (v.op != AD_GRAPH_CALL) return ad_graph_reduce(g, v.op, arity, x->buffer);
    const ad_term first =
        ad_graph_call(g, v.x[2] / AD_CALL_MODES, (ad_call_mode)ad_graph_call_mode(g, t),
                      ad_graph_seeds(g, t), x->buffer);
    return first - 1;
}

ad_status ad_graph_strict(ad_graph *g, int values, size_t n, ad_term *outputs) {
    const size_t terms = g->terms;
    strict x = {.g = g, .values = values};
    x.never = ad_graph_constant(g, 0);
    x.always = ad_graph_constant(g, 1);
    if (g->status != AD_OK) return g->status;
    const size_t known = g->terms; /* ad_graph_live() covers these two as well */
    uint8_t *live = ad_alloc(known, 1);
    x.form = ad_alloc(3 * known, sizeof *x.form);
    if (live == NULL || x.form == NULL) {
        ad_free(live);
        ad_free(x.form);
        return AD_NO_MEMORY;
    }
    x.local = x.form + known;
    x.zero = x.local + known;
    ad_graph_live(g, n, outputs, live);
    for (size_t t = 0; t < terms && g->status == AD_OK; t++) {
        if (!live[t]) continue;
        x.form[t] = form_of(&x, (ad_term)t);
        if (g->status == AD_OK) x.local[t] = local_of(&x, (ad_term)t);
    }
    for (size_t k = 0; k < n && g->status == AD_OK; k++) {
        if (outputs[k] != AD_NO_TERM) outputs[k] = x.form[outputs[k]];
    }
    ad_free(live);
    ad_free(x.form);
    ad_free(x.buffer);
    return g->status;
}
