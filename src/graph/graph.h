/* SPDX-License-Identifier: Apache-2.0 */
/* A function as a graph of scalar operations in which nothing stands twice: what programs are
 * made from and what derivatives are derived in.
 *
 * A term is one scalar: an input, a constant, an operation of the table on earlier terms, a
 * reduction of any number of them, or a result of a call, which is a term of its own and no
 * number.  Equal operations on equal terms are one term.  The inputs are the first terms.
 *
 * Two doors lead in.  ad_graph_push keeps the IEEE value of what the user wrote: it folds
 * constants and reassociates nothing.  ad_graph_derived is for derivatives, where an exact
 * zero is structural (docs/conventions.md) and wins over infinities and NaN: it also folds
 * zeros, ones and signs. */
#ifndef AD_GRAPH_H
#define AD_GRAPH_H

#include "base/status.h"
#include "ops/ops.h"

typedef uint32_t ad_term;
#define AD_NO_TERM UINT32_MAX

/* Numbers beyond those of the operations of the table. */
typedef enum ad_graph_kind {
    AD_GRAPH_INPUT = AD_OP_COUNT, /* x[0]: which one */
    AD_GRAPH_CONSTANT,            /* x[0], x[1]: its bits */
    AD_GRAPH_RESULT,              /* of call x[0], number x[1] */
    AD_GRAPH_SUM,                 /* x[1] terms from list[x[0]] on */
    AD_GRAPH_MAX,
    AD_GRAPH_MIN,
    AD_GRAPH_CALL, /* of rule x[2] / AD_CALLS, in the way x[2] % AD_CALLS */
    AD_GRAPH_KINDS
} ad_graph_kind;

typedef struct ad_vertex {
    uint32_t op;
    ad_term x[AD_MAX_ARITY]; /* AD_NO_TERM beyond the arity */
} ad_vertex;

/* A rule that is called: m numbers of n.  Its value reads n numbers; its push forward those, the m
 * of its value and n tangents of p seeds each (row major), for m of p; its pull back m adjoints of
 * p seeds for n of p. */
typedef struct ad_called {
    void *rule;
    uint32_t n, m;
    uint32_t elementwise; /* result k is made of the numbers k, k + m, ... alone, see call.h */
} ad_called;

typedef enum ad_call_way { AD_CALL_VALUE, AD_CALL_PUSH, AD_CALL_PULL, AD_CALLS } ad_call_way;

/* The first failure stays in `status`; all later pushes return AD_NO_TERM and do nothing, so
 * that a builder may ask once, at its end. */
typedef struct ad_graph {
    ad_vertex *vertex;
    ad_term *list;
    float *order;     /* at which each term vanishes (vanish.h) */
    uint32_t *bucket; /* hash table of terms */
    size_t terms, lists, inputs;
    size_t room_terms, room_lists, room_orders, buckets;
    ad_called *called;
    size_t calleds, room_called;
    size_t limit;    /* most terms: AD_TOO_LARGE beyond */
    size_t recorded; /* terms up to here were recorded, not derived */
    ad_status status;
} ad_graph;

/* A graph of its inputs alone. */
ad_status ad_graph_init(ad_graph *g, size_t inputs, size_t limit);
void ad_graph_free(ad_graph *g);

/* More inputs, numbered on from the present ones (seeds of jvp and vjp programs). */
ad_term ad_graph_input(ad_graph *g);

ad_term ad_graph_constant(ad_graph *g, double value);
ad_term ad_graph_push(ad_graph *g, unsigned op, ad_term a, ad_term b, ad_term c);

/* Sum, maximum or minimum of n > 0 terms. */
ad_term ad_graph_reduce(ad_graph *g, unsigned kind, size_t n, const ad_term *terms);

/* A call of a rule with p seeds, its results behind one another: returns the first; what it reads
 * are terms. */
ad_term ad_graph_call(ad_graph *g, size_t rule, ad_call_way way, size_t p, const ad_term *terms);
/* Make a rule known: its number in *rule.  One that was made known lately keeps its number, so that
 * equal calls are one term. */
ad_status ad_graph_rule(ad_graph *g, ad_called called, size_t *rule);

/* What a call takes, counted in operations: the product with its whole Jacobian; of an elementwise
 * function about as much as so many for each result. */
#define AD_EACH_CALLED 16
static inline size_t ad_call_operations(ad_called c, unsigned way, size_t p) {
    if (way == AD_CALL_VALUE && c.elementwise) return (size_t)AD_EACH_CALLED * c.m;
    return (way == AD_CALL_VALUE ? 1 : p) * c.n * c.m;
}

/* How many numbers a call reads, and gives. */
static inline size_t ad_call_reads(ad_called c, unsigned way, size_t p) {
    return way == AD_CALL_VALUE ? c.n : (size_t)c.n + c.m + p * (way == AD_CALL_PUSH ? c.n : c.m);
}

static inline size_t ad_call_gives(ad_called c, unsigned way, size_t p) {
    return way == AD_CALL_VALUE ? c.m : p * (way == AD_CALL_PUSH ? c.m : c.n);
}

/* How many seeds there are where so many numbers are read. */
static inline size_t ad_call_seeds(ad_called c, unsigned way, size_t reads) {
    if (way == AD_CALL_VALUE) return 0;
    return (reads - c.n - c.m) / (way == AD_CALL_PUSH ? c.n : c.m);
}

/* The same for derivatives.  Sums of many terms keep negative ones apart. */
ad_term ad_graph_derived(ad_graph *g, unsigned op, ad_term a, ad_term b, ad_term c);
ad_term ad_graph_product(ad_graph *g, ad_term a, ad_term b);
ad_term ad_graph_sum(ad_graph *g, size_t n, ad_term *terms);

/* The partials of term t along each of its operands; ad_expr_prepare must have run. */
void ad_graph_partials(ad_graph *g, ad_term t, ad_term *partials);

/* Number of operands, and the j-th. */
static inline size_t ad_graph_arity(const ad_graph *g, ad_term t) {
    const ad_vertex *v = &g->vertex[t];
    if (v->op < AD_OP_COUNT) return (size_t)ad_op_rows[v->op].arity;
    return v->op >= AD_GRAPH_SUM ? v->x[1] : v->op == AD_GRAPH_RESULT;
}

static inline ad_term ad_graph_operand(const ad_graph *g, ad_term t, size_t j) {
    const ad_vertex *v = &g->vertex[t];
    return v->op < AD_GRAPH_SUM ? v->x[j] : g->list[v->x[0] + j];
}

/* Of a call term. */
static inline ad_called ad_graph_called(const ad_graph *g, ad_term call) {
    return g->called[g->vertex[call].x[2] / AD_CALLS];
}

static inline unsigned ad_graph_way(const ad_graph *g, ad_term call) {
    return g->vertex[call].x[2] % AD_CALLS;
}

static inline size_t ad_graph_seeds(const ad_graph *g, ad_term call) {
    return ad_call_seeds(ad_graph_called(g, call), ad_graph_way(g, call), g->vertex[call].x[1]);
}

/* Whether a term is a constant, and its value. */
int ad_graph_is_constant(const ad_graph *g, ad_term t, double *value);
int ad_graph_is_zero(const ad_graph *g, ad_term t);

/* Forget the terms from `terms` on, and the failure. */
void ad_graph_truncate(ad_graph *g, size_t terms, size_t lists);

/* Mark in live (terms bytes) what n outputs need; returns the number of operations among it. */
size_t ad_graph_live(const ad_graph *g, size_t n, const ad_term *outputs, uint8_t *live);

/* meeting[t] (terms bytes): whether term t is a product of derivatives one of whose operands is
 * zero at some points and stays so near them, where it wins over infinities and NaN, or the partial
 * of a root that has a kink.  AD_NO_MEMORY. */
ad_status ad_graph_meeting(const ad_graph *g, uint8_t *meeting);

/* Replace n outputs (AD_NO_TERM: a zero) by terms in which such products are what they are at every
 * point, appended to the graph; what fails leaves its status there.  values: they are the
 * function's own, and derivatives will be derived from them. */
ad_status ad_graph_strict(ad_graph *g, int values, size_t n, ad_term *outputs);

/* "multiply", "input", "constant", "sum", ... */
const char *ad_graph_name(unsigned op);

#endif
