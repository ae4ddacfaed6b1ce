/* SPDX-License-Identifier: Apache-2.0 */
/* A function as a graph of scalar operations without duplicates.  Programs are made from such
 * graphs, and derivatives are derived in them.
 *
 * A term is one scalar: an input, a constant, an operation of the table on earlier terms, a
 * reduction of any number of them, or a result of a call.  The call is a term too, but has no
 * value.  Equal operations on equal terms are one term.  The inputs are the first terms.
 *
 * Two functions append operations.  ad_graph_push() keeps the IEEE value of what the user wrote: it
 * folds constants and never reassociates.  ad_graph_derived() is for derivatives, where an exact
 * zero is structural (docs/conventions.md) and wins over infinities and NaN: it also folds zeros,
 * ones and signs. */
#ifndef AD_GRAPH_H
#define AD_GRAPH_H

#include "base/status.h"
#include "ops/call.h"
#include "ops/ops.h"

typedef uint32_t ad_term;
#define AD_NO_TERM UINT32_MAX

/* Kinds of terms that are no operation of the table. */
typedef enum ad_graph_kind {
    AD_GRAPH_INPUT = AD_OP_COUNT, /* x[0]: its number */
    AD_GRAPH_CONSTANT,            /* x[0], x[1]: its bits */
    AD_GRAPH_RESULT,              /* result number x[1] of call x[0] */
    AD_GRAPH_SUM,                 /* of the x[1] terms from list[x[0]] on; so are the kinds below */
    AD_GRAPH_MAX,
    AD_GRAPH_MIN,
    AD_GRAPH_CALL, /* of rule x[2] / AD_CALL_MODES, in the mode x[2] % AD_CALL_MODES */
    AD_GRAPH_KINDS
} ad_graph_kind;

typedef struct ad_vertex {
    uint32_t op;
    ad_term x[AD_MAX_ARITY]; /* AD_NO_TERM beyond the arity */
} ad_vertex;

/* A rule with n arguments and m results.  A call of its value reads the n arguments.  A push reads
 * these, the m results and n tangents of p seeds each (row major), and has m results of p seeds
 * each.  A pull reads m adjoints of p seeds each instead, and has n results of p seeds each. */
typedef struct ad_call_rule {
    void *rule;
    uint32_t n, m;
    uint32_t elementwise; /* result k depends only on the arguments k, k + m, ... (call.h) */
    uint32_t blocks;      /* into which the rule falls apart (call.h) */
} ad_call_rule;

/* A place in the hash table of the terms: a term, or AD_NO_TERM, and bits of its hash. */
typedef struct ad_graph_slot {
    ad_term term;
    uint32_t tag;
} ad_graph_slot;

/* The first failure stays in `status`.  All later operations return AD_NO_TERM and do nothing, so
 * that a caller may test `status` once, at the end. */
#define AD_GRAPH_RECENT 16

typedef struct ad_graph {
    ad_vertex *vertex;
    ad_term *list;
    float *order;        /* order at which each term vanishes (vanish.h) */
    ad_graph_slot *slot; /* hash table of the terms */
    size_t terms, lists, inputs;
    size_t room_terms, room_lists, room_orders, slots;
    ad_call_rule *rule;
    size_t rules, room_rules;
    size_t limit;    /* maximum number of terms; more are AD_TOO_LARGE */
    size_t recorded; /* number of terms that were recorded; later ones were derived */
    ad_term recent[AD_GRAPH_RECENT]; /* terms that may be the constants of some bits */
    ad_status status;
} ad_graph;

/* Make a graph of `inputs` inputs.  Returns AD_NO_MEMORY or AD_TOO_LARGE on failure.
 * ad_graph_free() releases its memory, also after a failure. */
ad_status ad_graph_init(ad_graph *g, size_t inputs, size_t limit);
void ad_graph_free(ad_graph *g);

/* Returns the memory that the graph holds, in bytes. */
size_t ad_graph_bytes(const ad_graph *g);

/* Append an input with the next number (a seed of a jvp or vjp program). */
ad_term ad_graph_input(ad_graph *g);

/* Append a constant, or an operation of the user's function.  An equal term is returned instead if
 * there is one. */
ad_term ad_graph_constant(ad_graph *g, double value);
ad_term ad_graph_push(ad_graph *g, unsigned op, ad_term a, ad_term b, ad_term c);

/* Append the sum, maximum or minimum of n > 0 terms.  A single term is returned as it is. */
ad_term ad_graph_reduce(ad_graph *g, unsigned kind, size_t n, const ad_term *terms);

/* Append a call of rule number `rule` with p seeds.  `terms` are what it reads.  Returns its first
 * result; the others follow it. */
ad_term ad_graph_call(ad_graph *g, size_t rule, ad_call_mode mode, size_t p, const ad_term *terms);
/* Enter a rule; *rule gets its number.  A recent equal rule keeps its number, so that equal calls
 * are one term.  Returns AD_NO_MEMORY on failure. */
ad_status ad_graph_rule(ad_graph *g, ad_call_rule entry, size_t *rule);

/* Returns the cost of a call in operations: for each seed, that of a product with the blocks of its
 * Jacobian.  The value of an elementwise function costs about AD_ELEMENTWISE_COST operations per
 * result. */
#define AD_ELEMENTWISE_COST 16
static inline size_t ad_call_operations(ad_call_rule c, unsigned mode, size_t p) {
    if (mode == AD_CALL_VALUE && c.elementwise) return (size_t)AD_ELEMENTWISE_COST * c.m;
    size_t entries = (size_t)c.n * c.m / (c.blocks > 1 ? c.blocks : 1);
    return (mode == AD_CALL_VALUE ? 1 : p) * entries;
}

/* Return the number of terms that a call reads, and the number of its results. */
static inline size_t ad_call_operands(ad_call_rule c, unsigned mode, size_t p) {
    return mode == AD_CALL_VALUE ? c.n : (size_t)c.n + c.m + p * (mode == AD_CALL_PUSH ? c.n : c.m);
}

static inline size_t ad_call_results(ad_call_rule c, unsigned mode, size_t p) {
    return mode == AD_CALL_VALUE ? c.m : p * (mode == AD_CALL_PUSH ? c.m : c.n);
}

/* Returns the number of seeds of a call that reads so many terms. */
static inline size_t ad_call_seeds(ad_call_rule c, unsigned mode, size_t reads) {
    if (mode == AD_CALL_VALUE) return 0;
    return (reads - c.n - c.m) / (mode == AD_CALL_PUSH ? c.n : c.m);
}

/* Append an operation, a product or a sum of a derivative, in which zeros, ones and signs are
 * folded as well.  ad_graph_sum() sums negated terms separately and overwrites `terms`. */
ad_term ad_graph_derived(ad_graph *g, unsigned op, ad_term a, ad_term b, ad_term c);
ad_term ad_graph_product(ad_graph *g, ad_term a, ad_term b);
ad_term ad_graph_sum(ad_graph *g, size_t n, ad_term *terms);

/* Append the partials of term t along each of its operands.  ad_expr_prepare() must have been
 * called. */
void ad_graph_partials(ad_graph *g, ad_term t, ad_term *partials);

/* Return the number of operands of a term, and its j-th operand. */
static inline size_t ad_graph_arity(const ad_graph *g, ad_term t) {
    const ad_vertex *v = &g->vertex[t];
    if (v->op < AD_OP_COUNT) return (size_t)ad_op_rows[v->op].arity;
    return v->op >= AD_GRAPH_SUM ? v->x[1] : v->op == AD_GRAPH_RESULT;
}

static inline ad_term ad_graph_operand(const ad_graph *g, ad_term t, size_t j) {
    const ad_vertex *v = &g->vertex[t];
    return v->op < AD_GRAPH_SUM ? v->x[j] : g->list[v->x[0] + j];
}

/* Return the rule of a call, its mode, and its number of seeds. */
static inline ad_call_rule ad_graph_call_rule(const ad_graph *g, ad_term call) {
    return g->rule[g->vertex[call].x[2] / AD_CALL_MODES];
}

static inline unsigned ad_graph_call_mode(const ad_graph *g, ad_term call) {
    return g->vertex[call].x[2] % AD_CALL_MODES;
}

static inline size_t ad_graph_seeds(const ad_graph *g, ad_term call) {
    return ad_call_seeds(ad_graph_call_rule(g, call), ad_graph_call_mode(g, call),
                         g->vertex[call].x[1]);
}

/* Return whether a term is a constant, whose value is written to *value, and whether it is the
 * constant zero. */
int ad_graph_is_constant(const ad_graph *g, ad_term t, double *value);
int ad_graph_is_zero(const ad_graph *g, ad_term t);

/* Remove the terms and list entries from these numbers on, and reset `status`. */
void ad_graph_truncate(ad_graph *g, size_t terms, size_t lists);

/* Mark in live (one byte per term) the terms that n outputs need.  AD_NO_TERM needs none.  Returns
 * the number of operations among them. */
size_t ad_graph_live(const ad_graph *g, size_t n, const ad_term *outputs, uint8_t *live);

/* strict_terms[t] (one byte per term) becomes 1 if term t is a product of derivatives and one of its
 * operands can be a zero that stays zero near the point, where it wins over infinities and NaN, or
 * if term t is the partial of a root with a kink.  Returns AD_NO_MEMORY on failure. */
ad_status ad_graph_strict_terms(const ad_graph *g, uint8_t *strict_terms);

/* Replace n outputs (AD_NO_TERM for a zero) by terms in which such products are strict, that is,
 * distinguish these zeros at every point.  The terms are appended to the graph.  `values` says that
 * the outputs are the function's own, from which derivatives will be derived.  Returns the status,
 * which also stays in the graph. */
ad_status ad_graph_strict(ad_graph *g, int values, size_t n, ad_term *outputs);

/* Returns the name of an operation or kind: "multiply", "input", "constant", "sum", ... */
const char *ad_graph_name(unsigned op);

#endif
