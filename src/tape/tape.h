/* SPDX-License-Identifier: Apache-2.0 */
/* The tape: the evaluation trace of a function as flat arrays.
 *
 * A node is one scalar, numbered in the order of recording.  Nodes that no run
 * covers are leaves: inputs and constants.  A run is one operation applied to
 * one or many elements; its nodes are consecutive, its operands are earlier
 * nodes.  (In Bishop's evaluation trace graph, Deep Learning section 8.2, the
 * operands of a node are its parents, and the node is one of their children;
 * each edge is stored once, at the child.)
 *
 * A binary operation on scalars takes 44 bytes and one bit: value 8, partials 16,
 * run 20.  An array operation takes 8 bytes a node, at most
 * 8 an edge, and 4 for every element of an operand whose nodes lie scattered.
 *
 * One thread at a time may record; sweeps only read. */
#ifndef AD_TAPE_H
#define AD_TAPE_H

#include "base/poll.h"
#include "base/status.h"
#include "ops/call.h"
#include "ops/ops.h"
#include "simd/elementwise.h"
#include "tape/view.h"

#define AD_MAX_NODES 0xFFFFFFF0u

typedef enum ad_form {
    AD_FORM_UNARY,  /* scalar, one partial along a */
    AD_FORM_BINARY, /* scalar, two partials along a and b */
    AD_FORM_LEFT,   /* scalar binary, b a constant: one partial along a */
    AD_FORM_RIGHT,  /* scalar binary, a a constant: one partial along b */
    AD_FORM_SPAN,   /* elementwise on arrays: span number a */
    AD_FORM_BLOCK,  /* block operation: block number a, kind op */
} ad_form;

typedef struct ad_run {
    ad_node node;     /* the first node it computes */
    uint32_t partial; /* scalar forms: its first partial */
    uint8_t op;       /* ad_op, or ad_block_kind in a block run */
    uint8_t form;
    uint16_t arity;
    uint32_t a, b;
} ad_run;

/* An elementwise operation on arrays.  partial[j] is meaningful where
 * source[j] is AD_PARTIAL_STORED: extent.count partials from there on. */
typedef struct ad_span {
    ad_extent extent;
    ad_view operand[AD_MAX_ARITY];
    uint32_t partial[AD_MAX_ARITY];
    uint8_t source[AD_MAX_ARITY]; /* ad_partial_class; ZERO for constants */
} ad_span;

/* A block operation; what the fields mean per kind stands in block.h. */
typedef struct ad_block {
    ad_extent extent[2];
    ad_view operand[2];
    uint32_t count;   /* nodes computed */
    uint32_t partial; /* where it stores any */
    uint32_t rule;    /* of a call */
    uint8_t active[2];
} ad_block;

/* An elementwise test on arrays of which control flow alone saw the outcome: it has no nodes. */
typedef struct ad_check {
    uint32_t op;
    ad_extent extent;
    ad_view operand[2];
} ad_check;

/* Truth values that reached the caller's control flow: those of `count` nodes from number `first`
 * on, or (count 0) of all elements of check number `first`.  The tape keeps what they evaluated to
 * as one bit each, in the order of the guards. */
typedef struct ad_guard {
    uint32_t first, count;
} ad_guard;

/* One bit a node: its value stays as it is near the point (local.h).  Classified so far. */
typedef struct ad_local {
    uint64_t *bit;
    size_t nodes, runs, room;
} ad_local;

typedef struct ad_tape {
    double *value;
    double *partial;
    ad_node *list;
    ad_run *run;
    ad_span *span;
    ad_block *block;
    ad_guard *guard;
    ad_check *check;
    uint64_t *outcome;  /* one bit a guarded truth value */
    void **rule;        /* of calls, in the order of recording */
    uint64_t *constant; /* one bit a node */
    size_t nodes, partials, lists, runs, spans, blocks, guards, checks, outcomes, rules;
    size_t room_nodes, room_partials, room_lists, room_runs, room_spans, room_blocks, room_guards;
    size_t room_checks, room_outcomes, room_rules; /* outcomes: words of 64 */
    size_t limit;       /* most nodes; AD_MAX_NODES unless a test lowers it */
    size_t roots;       /* no node from this one on is a root, whose square is one (square.h) */
    size_t renewed;     /* room_nodes when the large arrays were last allocated anew */
    ad_node recent[64]; /* constants seen lately, found by their bits */
    ad_local local;     /* as far as recording asked for it */
    ad_pace *pace;      /* of a replay that may be asked to stop (replay.h), else NULL */
} ad_tape;

/* A tape without nodes; never fails. */
void ad_tape_init(ad_tape *tape);
void ad_tape_free(ad_tape *tape);

/* Forget all nodes; keep the memory for the next recording if it is at most `keep` bytes. */
void ad_tape_reset(ad_tape *tape, size_t keep);

/* Bytes in use and bytes held. */
size_t ad_tape_bytes(const ad_tape *tape);
size_t ad_tape_capacity(const ad_tape *tape);

/* Make room, so that the pushes that follow cannot fail. */
ad_status ad_tape_reserve(ad_tape *tape, size_t nodes, size_t partials, size_t lists, size_t runs,
                          size_t spans, size_t blocks);

/* n consecutive leaves; the caller writes their values at tape->value + *first. */
ad_status ad_tape_inputs(ad_tape *tape, size_t n, ad_node *first);
ad_status ad_tape_constants(ad_tape *tape, size_t n, ad_node *first);

/* One constant; equal ones seen lately share a node. */
ad_status ad_tape_constant(ad_tape *tape, double value, ad_node *node);

static inline int ad_is_constant(const ad_tape *tape, ad_node node) {
    return (int)(tape->constant[node >> 6] >> (node & 63)) & 1;
}

/* Whether all of a list are. */
int ad_are_constant(const ad_tape *tape, const ad_node *nodes, size_t count);

/* One scalar operation on existing nodes: value and partials are computed now. */
ad_status ad_tape_unary(ad_tape *tape, unsigned op, ad_node a, ad_node *node);
ad_status ad_tape_binary(ad_tape *tape, unsigned op, ad_node a, ad_node b, ad_node *node);

/* Count work of a recording that may be asked to stop; whether it is to. */
static inline int ad_tape_stops(const ad_tape *tape, size_t work) {
    return tape->pace != NULL && ad_pace_stops(tape->pace, work);
}

/* Whether a row is a root, whose square ad_tape_elementwise() looks for (square.c). */
static inline int ad_is_root(unsigned op) {
    return op == AD_SQRT || op == AD_ABSOLUTE || op == AD_HYPOT;
}

/* The same where the caller knows what is constant: form is AD_FORM_UNARY (b unused),
 * AD_FORM_BINARY (neither a nor b is), AD_FORM_LEFT (b is) or AD_FORM_RIGHT (a is). */
static inline ad_status ad_tape_scalar(ad_tape *t, unsigned op, ad_form form, ad_node a, ad_node b,
                                       ad_node *node) {
    const ad_op_info *row = &ad_op_rows[op];
    double partial[AD_MAX_ARITY];
    if (t->nodes >= t->room_nodes || t->nodes >= t->limit || t->runs >= t->room_runs ||
        t->partials + AD_MAX_ARITY > t->room_partials) {
        ad_status status = ad_tape_reserve(t, 1, AD_MAX_ARITY, 0, 1, 0, 0);
        if (status != AD_OK) return status;
    }
    double x = t->value[a], y = form == AD_FORM_UNARY ? 0 : t->value[b];
    double value = row->point(x, y, 0, partial);
    if (!row->exact) value = ad_op_value(op, x, y, 0);
    ad_node i = *node = (ad_node)t->nodes++;
    size_t first = t->partials;
    t->value[i] = value;
    t->run[t->runs++] = (ad_run){
        i, (uint32_t)first, (uint8_t)op, (uint8_t)form, form == AD_FORM_UNARY ? 1 : 2, a, b};
    t->partial[first] = partial[form == AD_FORM_RIGHT];
    if (form == AD_FORM_BINARY) t->partial[first + 1] = partial[1];
    t->partials = first + 1 + (form == AD_FORM_BINARY);
    if (ad_is_root(op)) t->roots = t->nodes;
    return AD_OK;
}

/* Set the node of a product of derivatives (AD_PRODUCT) that evaluates to NaN to zero, if one of
 * its operands is zero and stays so near the point.  AD_NO_MEMORY. */
ad_status ad_tape_settle(ad_tape *tape, ad_node a, ad_node b, ad_node node);

/* An operand of an array operation as the caller knows it: an affine rule with a
 * stride a dimension of the result's shape, or (nodes != NULL) a list in C order,
 * which is copied.  The nodes of an affine rule are either all constants or none is. */
typedef struct ad_operand {
    ad_node base;
    const int64_t *stride;
    const ad_node *nodes;
} ad_operand;

/* One elementwise operation on arrays of `ndim` dimensions; the result's nodes are
 * consecutive from *first, in C order.  Values of operands may be read, so the
 * operands' nodes must exist.  An empty shape records nothing. */
ad_status ad_tape_elementwise(ad_tape *tape, unsigned op, int ndim, const int64_t *shape,
                              const ad_operand *operands, ad_node *first);

/* Make room for more guards, checks and outcomes.  Note the outcomes of m truth values (NULL: all
 * are true) from number `bit` on, where there is room; ad_tape_guard and ad_tape_check count
 * them. */
ad_status ad_tape_reserve_guards(ad_tape *tape, size_t guards, size_t checks, size_t outcomes);
void ad_tape_note_outcomes(ad_tape *tape, size_t bit, size_t m, const double *value);

/* Remember that `count` truth values, nodes from `first` on, reached the caller's control flow as
 * they are now. */
ad_status ad_tape_guard(ad_tape *tape, ad_node first, size_t count);

/* Remember the outcome of a test (ad_op_row(op)->is_test) on arrays, operands as of
 * ad_tape_elementwise, without recording nodes.  AD_CHECK_HOLDS tells that every element is known
 * to be true, and spares its evaluation.  truth: NULL, or a byte an element for the outcome.  A
 * test of constants alone leaves no guard, unless AD_CHECK_ALWAYS asks for one. */
#define AD_CHECK_HOLDS 1
#define AD_CHECK_ALWAYS 2
ad_status ad_tape_check(ad_tape *tape, unsigned op, int ndim, const int64_t *shape,
                        const ad_operand *operands, int how, uint8_t *truth);

/* How many truth values a guard holds. */
static inline size_t ad_guard_size(const ad_tape *tape, const ad_guard *guard) {
    return guard->count != 0 ? guard->count : tape->check[guard->first].extent.count;
}

/* What truth value k of those of all guards evaluated to. */
static inline int ad_outcome(const ad_tape *tape, size_t k) {
    return (int)(tape->outcome[k >> 6] >> (k & 63)) & 1;
}

/* The first guard that does not evaluate as recorded at the tape's values; `guards` if all do. */
size_t ad_tape_flipped(const ad_tape *tape);

/* The run that computes node, or NULL for a leaf.  O(log runs). */
const ad_run *ad_tape_run_of(const ad_tape *tape, ad_node node);

/* Number of nodes a run computes. */
static inline size_t ad_run_count(const ad_tape *tape, const ad_run *run) {
    if (run->form == AD_FORM_SPAN) return tape->span[run->a].extent.count;
    if (run->form == AD_FORM_BLOCK) return tape->block[run->a].count;
    return 1;
}

/* The partial along edge j of element k of a span, node `own`, whose operands are `nodes`. */
static inline double ad_span_partial(const ad_tape *tape, const ad_span *span, int j, size_t k,
                                     const ad_node nodes[], ad_node own) {
    switch (span->source[j]) {
    case AD_PARTIAL_STORED:
        return tape->partial[span->partial[j] + k];
    case AD_PARTIAL_ONE:
        return 1;
    case AD_PARTIAL_MINUS_ONE:
        return -1;
    case AD_PARTIAL_A:
        return tape->value[nodes[0]];
    case AD_PARTIAL_B:
        return tape->value[nodes[1]];
    case AD_PARTIAL_V:
        return tape->value[own];
    default:
        return 0;
    }
}

/* Append a copy of all of `from` to `to`; node i becomes i + *offset. */
ad_status ad_tape_append(ad_tape *to, const ad_tape *from, ad_node *offset);

#endif
