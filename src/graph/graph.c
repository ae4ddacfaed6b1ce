/* SPDX-License-Identifier: Apache-2.0 */
#include "graph/graph.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "ops/vanish.h"
#include "simd/elementwise.h"

#define EMPTY UINT32_MAX
#define LATELY 64 /* most recent rules that are searched for an equal one */

ad_status ad_graph_init(ad_graph *g, size_t inputs, size_t limit) {
    memset(g, 0, sizeof *g);
    g->limit = limit < EMPTY - 1 ? limit : EMPTY - 1;
    for (size_t k = 0; k < inputs; k++) ad_graph_input(g);
    return g->status;
}

void ad_graph_free(ad_graph *g) {
    ad_free(g->vertex);
    ad_free(g->list);
    ad_free(g->order);
    ad_free(g->bucket);
    ad_free(g->rule);
    memset(g, 0, sizeof *g);
}

static uint64_t mix(uint64_t h, uint64_t x) {
    h = (h ^ x) * 0x9E3779B97F4A7C15u;
    return h ^ (h >> 29);
}

static uint64_t hash(const ad_graph *g, const ad_vertex *v) {
    uint64_t h = mix(v->op, v->x[1]);
    if (v->op < AD_GRAPH_SUM) return mix(mix(h, v->x[0]), v->x[2]);
    for (size_t k = 0; k < v->x[1]; k++) h = mix(h, g->list[v->x[0] + k]);
    return mix(h, v->x[2]);
}

static int same_vertex(const ad_graph *g, const ad_vertex *u, const ad_vertex *v) {
    if (u->op != v->op || u->x[1] != v->x[1]) return 0;
    if (u->x[2] != v->x[2]) return 0;
    if (v->op < AD_GRAPH_SUM) return u->x[0] == v->x[0];
    return memcmp(g->list + u->x[0], g->list + v->x[0], v->x[1] * sizeof(ad_term)) == 0;
}

/* The bucket that holds an equal term, or the empty one in which to insert it. */
static size_t find_bucket(const ad_graph *g, const ad_vertex *v) {
    size_t k = (size_t)hash(g, v) & (g->buckets - 1);
    while (g->bucket[k] != EMPTY && !same_vertex(g, &g->vertex[g->bucket[k]], v)) {
        k = (k + 1) & (g->buckets - 1);
    }
    return k;
}

static ad_status rehash(ad_graph *g, size_t buckets) {
    uint32_t *bucket = ad_alloc(buckets, sizeof *bucket);
    if (bucket == NULL) return AD_NO_MEMORY;
    memset(bucket, 0xFF, buckets * sizeof *bucket);
    ad_free(g->bucket);
    g->bucket = bucket;
    g->buckets = buckets;
    for (size_t t = 0; t < g->terms; t++) bucket[find_bucket(g, &g->vertex[t])] = (uint32_t)t;
    return AD_OK;
}

static ad_term fail(ad_graph *g, ad_status status) {
    if (g->status == AD_OK) g->status = status;
    return AD_NO_TERM;
}

static float vertex_order(const ad_graph *g, const ad_vertex *v) {
    float order[AD_MAX_ARITY] = {0}, lowest;
    double value;
    if (v->op == AD_GRAPH_CONSTANT) {
        memcpy(&value, v->x, sizeof value);
        return ad_vanish_constant(value);
    }
    if (v->op < AD_OP_COUNT) {
        const int arity = ad_op_rows[v->op].arity;
        for (int j = 0; j < arity; j++) order[j] = g->order[v->x[j]];
        if (arity < 2 || !ad_graph_is_constant(g, v->x[1], &value)) value = NAN;
        return ad_vanish_order(v->op, order, arity == 2 && v->x[0] == v->x[1], value);
    }
    if (v->op < AD_GRAPH_SUM || v->op == AD_GRAPH_CALL) return 0;
    lowest = g->order[g->list[v->x[0]]];
    for (size_t k = 1; k < v->x[1]; k++) {
        lowest = ad_vanish_both(lowest, g->order[g->list[v->x[0] + k]]);
    }
    return lowest;
}

/* The term equal to v, which is appended if there is none. */
static ad_term intern(ad_graph *g, const ad_vertex *v) {
    if (g->status != AD_OK) return AD_NO_TERM;
    if (2 * (g->terms + 1) > g->buckets &&
        rehash(g, g->buckets == 0 ? 256 : 2 * g->buckets) != AD_OK) {
        return fail(g, AD_NO_MEMORY);
    }
    size_t k = find_bucket(g, v);
    if (g->bucket[k] != EMPTY) return g->bucket[k];
    if (g->terms >= g->limit) return fail(g, AD_TOO_LARGE);
    if (ad_grow((void **)&g->vertex, &g->room_terms, g->terms + 1, sizeof *v) != AD_OK ||
        ad_grow((void **)&g->order, &g->room_orders, g->terms + 1, sizeof *g->order) != AD_OK) {
        return fail(g, AD_NO_MEMORY);
    }
    g->order[g->terms] = vertex_order(g, v);
    g->vertex[g->terms] = *v;
    g->bucket[k] = (uint32_t)g->terms;
    return (ad_term)g->terms++;
}

ad_term ad_graph_input(ad_graph *g) {
    ad_vertex v = {AD_GRAPH_INPUT, {(ad_term)g->inputs, AD_NO_TERM, AD_NO_TERM}};
    ad_term t = intern(g, &v);
    if (t != AD_NO_TERM) g->inputs++;
    return t;
}

ad_term ad_graph_constant(ad_graph *g, double value) {
    ad_vertex v = {AD_GRAPH_CONSTANT, {0, 0, 0}};
    memcpy(v.x, &value, sizeof value);
    return intern(g, &v);
}

int ad_graph_is_constant(const ad_graph *g, ad_term t, double *value) {
    if (t == AD_NO_TERM || g->vertex[t].op != AD_GRAPH_CONSTANT) return 0;
    memcpy(value, g->vertex[t].x, sizeof *value);
    return 1;
}

static int equals_number(const ad_graph *g, ad_term t, double number) {
    double value;
    return ad_graph_is_constant(g, t, &value) && value == number;
}

int ad_graph_is_zero(const ad_graph *g, ad_term t) { return equals_number(g, t, 0); }

ad_term ad_graph_push(ad_graph *g, unsigned op, ad_term a, ad_term b, ad_term c) {
    int arity = ad_op_rows[op].arity, constant = 1;
    ad_vertex v = {op, {a, arity > 1 ? b : AD_NO_TERM, arity > 2 ? c : AD_NO_TERM}};
    double x[AD_MAX_ARITY] = {0};
    if (g->status != AD_OK) return AD_NO_TERM;
    for (int j = 0; j < arity; j++) {
        if (v.x[j] >= g->terms) return fail(g, AD_BAD_INDEX);
        constant &= ad_graph_is_constant(g, v.x[j], &x[j]);
    }
    if (constant) return ad_graph_constant(g, ad_op_value(op, x[0], x[1], x[2]));
    if (op == AD_POSITIVE) return a;
    if (op == AD_SELECT && ad_graph_is_constant(g, a, &x[0])) return x[0] != 0 ? b : c;
    if ((op == AD_ADD || op == AD_MULTIPLY || op == AD_GUARDED || op == AD_PRODUCT) && a > b) {
        v.x[0] = b; /* commutative to the last bit */
        v.x[1] = a;
    }
    return intern(g, &v);
}

/* A term with a list of operands; tag distinguishes terms of the same kind and list. */
static ad_term list_term(ad_graph *g, unsigned kind, size_t n, const ad_term *terms, uint32_t tag) {
    if (ad_grow((void **)&g->list, &g->room_lists, g->lists + n, sizeof *terms) != AD_OK) {
        return fail(g, AD_NO_MEMORY);
    }
    if (g->lists + n > EMPTY) return fail(g, AD_TOO_LARGE);
    memcpy(g->list + g->lists, terms, n * sizeof *terms);
    ad_vertex v = {kind, {(ad_term)g->lists, (ad_term)n, tag}};
    size_t before = g->terms;
    ad_term t = intern(g, &v);
    if (g->terms > before) g->lists += n; /* otherwise the list of the equal term is used */
    return t;
}

ad_term ad_graph_reduce(ad_graph *g, unsigned kind, size_t n, const ad_term *terms) {
    if (g->status != AD_OK) return AD_NO_TERM;
    return n == 1 ? terms[0] : list_term(g, kind, n, terms, AD_NO_TERM);
}

ad_status ad_graph_rule(ad_graph *g, ad_call_rule entry, size_t *rule) {
    for (size_t k = g->rules; k-- > 0 && g->rules - k <= LATELY;) {
        const ad_call_rule *c = &g->rule[k];
        if (c->rule != entry.rule || c->n != entry.n || c->m != entry.m) continue;
        *rule = k;
        return AD_OK;
    }
    ad_status status = ad_grow((void **)&g->rule, &g->room_rules, g->rules + 1, sizeof entry);
    if (status != AD_OK) return status;
    *rule = g->rules;
    g->rule[g->rules++] = entry;
    return AD_OK;
}

ad_term ad_graph_call(ad_graph *g, size_t rule, ad_call_mode mode, size_t p, const ad_term *terms) {
    ad_call_rule entry = g->rule[rule];
    size_t m = ad_call_results(entry, mode, p);
    if (g->status != AD_OK) return AD_NO_TERM;
    ad_term call = list_term(g, AD_GRAPH_CALL, ad_call_operands(entry, mode, p), terms,
                             (uint32_t)(rule * AD_CALL_MODES + mode));
    for (size_t k = 0; k < m && g->status == AD_OK; k++) {
        ad_vertex v = {AD_GRAPH_RESULT, {call, (ad_term)k, AD_NO_TERM}};
        intern(g, &v);
    }
    return g->status == AD_OK ? call + 1 : AD_NO_TERM;
}

void ad_graph_truncate(ad_graph *g, size_t terms, size_t lists) {
    while (g->terms > terms) {
        ad_vertex *v = &g->vertex[g->terms - 1];
        size_t k = find_bucket(g, v);
        g->terms--;
        if (v->op == AD_GRAPH_INPUT) g->inputs--;
        /* terms are removed in reverse order of insertion, so that this one is at the end of its
         * chain */
        if (g->bucket[k] == g->terms) g->bucket[k] = EMPTY;
    }
    g->lists = lists;
    g->status = AD_OK;
}

static size_t operations(const ad_graph *g, ad_term t, size_t arity) {
    unsigned op = g->vertex[t].op;
    if (op == AD_GRAPH_RESULT) return 0;
    if (op < AD_GRAPH_SUM) return arity > 0;
    if (op != AD_GRAPH_CALL) return arity - 1;
    return ad_call_operations(ad_graph_call_rule(g, t), ad_graph_call_mode(g, t),
                              ad_graph_seeds(g, t));
}

size_t ad_graph_live(const ad_graph *g, size_t n, const ad_term *outputs, uint8_t *live) {
    size_t count = 0;
    memset(live, 0, g->terms);
    for (size_t k = 0; k < n; k++) {
        if (outputs[k] != AD_NO_TERM) live[outputs[k]] = 1;
    }
    for (size_t t = g->terms; t-- > 0;) {
        if (!live[t]) continue;
        size_t arity = ad_graph_arity(g, (ad_term)t);
        count += operations(g, (ad_term)t, arity);
        for (size_t j = 0; j < arity; j++) live[ad_graph_operand(g, (ad_term)t, j)] = 1;
    }
    return count;
}

const char *ad_graph_name(unsigned op) {
    static const char *const names[] = {"input", "constant", "result", "sum", "max", "min", "call"};
    return op < AD_OP_COUNT ? ad_op_rows[op].ufunc : names[op - AD_GRAPH_INPUT];
}
