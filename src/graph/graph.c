/* SPDX-License-Identifier: Apache-2.0 */
#include "graph/graph.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "ops/vanish.h"
#include "simd/elementwise.h"

#define LATELY 64 /* most recent rules that are searched for an equal one */

ad_status ad_graph_init(ad_graph *g, size_t inputs, size_t limit) {
    memset(g, 0, sizeof *g);
    g->limit = limit < AD_NO_TERM - 1 ? limit : AD_NO_TERM - 1;
    for (size_t k = 0; k < inputs; k++) ad_graph_input(g);
    return g->status;
}

void ad_graph_free(ad_graph *g) {
    ad_free(g->vertex);
    ad_free(g->list);
    ad_free(g->order);
    ad_free_lines(g->slot);
    ad_free(g->rule);
    memset(g, 0, sizeof *g);
}

size_t ad_graph_bytes(const ad_graph *g) {
    return sizeof *g + g->room_terms * sizeof *g->vertex + g->room_lists * sizeof *g->list +
           g->room_orders * sizeof *g->order + g->slots * sizeof *g->slot +
           g->room_rules * sizeof *g->rule;
}

static uint64_t mix(uint64_t h, uint64_t x) {
    h = (h ^ x) * 0x9E3779B97F4A7C15u;
    return h ^ (h >> 29);
}

/* The hash table is divided into lines of LINE slots, one cache line each.  A term is first searched
 * for in a line that is close to those of terms whose operands have close numbers: terms are made in
 * the order of their operands, so that most of them are found in the cache.  Where that line is
 * full, lines all over the table follow. */
#define LINE (AD_LINE / sizeof(ad_graph_slot))
#define CLOSE 64 /* operands that differ by less have close lines */

typedef struct term_hash {
    uint64_t close, far; /* where the search begins, and where it goes on */
} term_hash;

static term_hash hash(const ad_graph *g, const ad_vertex *v) {
    uint64_t close = v->op, far = mix(v->op, v->x[2]), sum = 0;
    const int listed = v->op >= AD_GRAPH_SUM;
    const ad_term *x = listed ? g->list + v->x[0] : v->x;
    const size_t n = listed ? v->x[1] : AD_MAX_ARITY;
    if (v->op == AD_GRAPH_CONSTANT) { /* x are bits, not operands */
        far = mix(mix(far, v->x[0]), v->x[1]);
        return (term_hash){far, far};
    }
    for (size_t k = 0; k < n; k++) {
        close = mix(close, x[k] / CLOSE);
        far = mix(far, x[k]);
        sum += x[k];
    }
    return (term_hash){close + 2 * (sum % CLOSE), far}; /* 2: so that the lines are half empty */
}

static int same_vertex(const ad_graph *g, const ad_vertex *u, const ad_vertex *v) {
    if (u->op != v->op || u->x[1] != v->x[1]) return 0;
    if (u->x[2] != v->x[2]) return 0;
    if (v->op < AD_GRAPH_SUM) return u->x[0] == v->x[0];
    return memcmp(g->list + u->x[0], g->list + v->x[0], v->x[1] * sizeof(ad_term)) == 0;
}

/* The slot that holds an equal term, or the empty one in which to insert it. */
static ad_graph_slot *find_slot(const ad_graph *g, const ad_vertex *v, term_hash h) {
    const size_t lines = g->slots / LINE - 1, step = (size_t)(h.far >> 40) | 1;
    const uint32_t tag = (uint32_t)(h.far >> 32);
    size_t line = (size_t)(h.close / LINE) & lines, first = (size_t)h.close % LINE;
    for (size_t next = (size_t)h.far;; next += step) {
        for (size_t k = 0; k < LINE; k++) {
            ad_graph_slot *s = &g->slot[line * LINE + (first + k) % LINE];
            if (s->term == AD_NO_TERM) return s;
            if (s->tag == tag && same_vertex(g, &g->vertex[s->term], v)) return s;
        }
        line = next & lines;
        first = 0;
    }
}

static void fill_slot(ad_graph_slot *s, ad_term t, term_hash h) {
    s->term = t;
    s->tag = (uint32_t)(h.far >> 32);
}

static ad_status rehash(ad_graph *g, size_t slots) {
    ad_graph_slot *slot = ad_alloc_lines(slots, sizeof *slot);
    if (slot == NULL) return AD_NO_MEMORY;
    memset(slot, 0xFF, slots * sizeof *slot); /* AD_NO_TERM */
    ad_free_lines(g->slot);
    g->slot = slot;
    g->slots = slots;
    for (size_t t = 0; t < g->terms; t++) {
        term_hash h = hash(g, &g->vertex[t]);
        fill_slot(find_slot(g, &g->vertex[t], h), (ad_term)t, h);
    }
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
    if (4 * (g->terms + 1) > 3 * g->slots &&
        rehash(g, g->slots == 0 ? 256 : 2 * g->slots) != AD_OK) {
        return fail(g, AD_NO_MEMORY);
    }
    term_hash h = hash(g, v);
    ad_graph_slot *s = find_slot(g, v, h);
    if (s->term != AD_NO_TERM) return s->term;
    if (g->terms >= g->limit) return fail(g, AD_TOO_LARGE);
    if (ad_grow((void **)&g->vertex, &g->room_terms, g->terms + 1, sizeof *v) != AD_OK ||
        ad_grow((void **)&g->order, &g->room_orders, g->terms + 1, sizeof *g->order) != AD_OK) {
        return fail(g, AD_NO_MEMORY);
    }
    g->order[g->terms] = vertex_order(g, v);
    g->vertex[g->terms] = *v;
    fill_slot(s, (ad_term)g->terms, h);
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
    /* Derivatives use few constants, but these often.  A term of the list may have been removed. */
    ad_term *recent = &g->recent[mix(v.x[0], v.x[1]) % AD_GRAPH_RECENT];
    if (g->status == AD_OK && *recent < g->terms) {
        const ad_vertex *u = &g->vertex[*recent];
        if (u->op == v.op && u->x[0] == v.x[0] && u->x[1] == v.x[1]) return *recent;
    }
    const ad_term t = intern(g, &v);
    if (t != AD_NO_TERM) *recent = t;
    return t;
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
    if (g->lists + n > AD_NO_TERM) return fail(g, AD_TOO_LARGE);
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
        ad_graph_slot *s = find_slot(g, v, hash(g, v));
        g->terms--;
        if (v->op == AD_GRAPH_INPUT) g->inputs--;
        /* terms are removed in reverse order of insertion, so that no later one was searched for
         * beyond this slot */
        if (s->term == g->terms) s->term = AD_NO_TERM;
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
