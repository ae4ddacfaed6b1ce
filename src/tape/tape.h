/* SPDX-License-Identifier: Apache-2.0 */
/* The tape: the evaluation trace of a function as flat arrays.
 *
 * A node is one scalar, numbered in the order of recording.  Nodes that no run covers are leaves:
 * inputs and constants.  A run is one operation applied to one or many elements; its nodes are
 * consecutive, its operands are earlier nodes.  (In Bishop's evaluation trace graph, Deep Learning
 * section 8.2, the operands of a node are its parents, and the node is one of their children.  Each
 * edge is stored once, at the child.)
 *
 * A binary operation on scalars takes 44 bytes and one bit: value 8, partials 16, run 20.  An array
 * operation takes 8 bytes per node, at most 8 per edge, and 4 for every element of an operand whose
 * nodes are scattered.
 *
 * Only one thread may record on a tape.  Sweeps only read the tape. */
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
    AD_FORM_LEFT,   /* scalar binary, b is constant: one partial along a */
    AD_FORM_RIGHT,  /* scalar binary, a is constant: one partial along b */
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

/* An elementwise operation on arrays.  If source[j] is AD_PARTIAL_STORED, operand j has
 * extent.count partials from number partial[j] on; otherwise partial[j] has no meaning.
 *
 * A running fold is a binary operation whose element k reads, as its first operand, the node `lag`
 * places before its own: from element `lag` on, this is a result of the same run.  operand[0] is
 * the affine rule of these nodes.  The first `lag` of them may be constants although the others are
 * not.  All other operations have lag 0. */
typedef struct ad_span {
    ad_extent extent;
    ad_view operand[AD_MAX_ARITY];
    uint32_t partial[AD_MAX_ARITY];
    uint32_t lag;
    uint8_t source[AD_MAX_ARITY]; /* ad_partial_class; ZERO for constants */
} ad_span;

/* A block operation.  The meaning of the fields depends on the family (block.h). */
typedef struct ad_block {
    ad_extent extent[2];
    ad_view operand[2];
    uint32_t count;   /* nodes computed */
    uint32_t partial; /* its first partial, if it stores any */
    uint32_t rule;    /* number of a call's rule */
    uint8_t active[2];
} ad_block;

/* An elementwise test on arrays whose outcome was used by control flow only.  It has no nodes. */
typedef struct ad_check {
    uint32_t op;
    ad_extent extent;
    ad_view operand[2];
} ad_check;

/* Truth values on which the caller's control flow depended: those of `count` nodes from node
 * `first` on or, if count is 0, of all elements of check number `first`.  The tape keeps their
 * recorded outcomes as one bit each, in the order of the guards. */
typedef struct ad_guard {
    uint32_t first, count;
} ad_guard;

/* One bit per node: its value is constant near the point (local.h).  `nodes` and `runs` count what
 * has been classified so far. */
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
    uint64_t *outcome;  /* one bit per guarded truth value */
    void **rule;        /* rules of calls, in the order of recording */
    uint64_t *constant; /* one bit per node */
    size_t nodes, partials, lists, runs, spans, blocks, guards, checks, outcomes, rules;
    size_t room_nodes, room_partials, room_lists, room_runs, room_spans, room_blocks, room_guards;
    size_t room_checks, room_outcomes, room_rules; /* outcomes: in words of 64 bits */
    size_t limit;       /* maximum number of nodes; AD_MAX_NODES unless a test lowers it */
    size_t roots;       /* results of operations with ad_has_square_rule() are below this node */
    size_t renewed;     /* room_nodes when the large arrays were last reallocated */
    ad_node recent[64]; /* recent constants, found by a hash of their bits */
    ad_local local;     /* classified when recording needs it */
    ad_pace *pace;      /* of a replay that may be interrupted (replay.h), else NULL */
    int shares;         /* all arrays but values and partials are another tape's (evaluate.h) */
    size_t inputs;      /* of such a tape: its leaves that are not constants */
} ad_tape;

/* ad_tape_init() makes an empty tape and cannot fail.  ad_tape_free() releases its memory; the tape
 * is empty afterwards. */
void ad_tape_init(ad_tape *tape);
void ad_tape_free(ad_tape *tape);

/* Remove all nodes.  The memory is kept for the next recording if it is at most `keep` bytes. */
void ad_tape_reset(ad_tape *tape, size_t keep);

/* Return the number of bytes in use, and the number of bytes allocated. */
size_t ad_tape_bytes(const ad_tape *tape);
size_t ad_tape_capacity(const ad_tape *tape);

/* Allocate room for this many more entries, so that appending them cannot fail.  Returns
 * AD_TAPE_FULL or AD_NO_MEMORY on failure. */
ad_status ad_tape_reserve(ad_tape *tape, size_t nodes, size_t partials, size_t lists, size_t runs,
                          size_t spans, size_t blocks);

/* Append n consecutive leaves.  The caller writes their values to tape->value + *first.  Returns
 * AD_TAPE_FULL or AD_NO_MEMORY on failure. */
ad_status ad_tape_inputs(ad_tape *tape, size_t n, ad_node *first);
ad_status ad_tape_constants(ad_tape *tape, size_t n, ad_node *first);

/* Append one constant.  A constant whose bits are among the recent ones shares their node. */
ad_status ad_tape_constant(ad_tape *tape, double value, ad_node *node);

/* Returns whether a node is a constant. */
static inline int ad_is_constant(const ad_tape *tape, ad_node node) {
    return (int)(tape->constant[node >> 6] >> (node & 63)) & 1;
}

/* Returns whether all nodes of a list are constants. */
int ad_are_constant(const ad_tape *tape, const ad_node *nodes, size_t count);

/* Record one scalar operation on existing nodes, with its value and partials.  The result of
 * constants is a constant.  Returns AD_TAPE_FULL or AD_NO_MEMORY on failure.  A product of
 * derivatives whose NaN could not be classified (ad_tape_resolve_nan()) stays on the tape after
 * AD_NO_MEMORY. */
ad_status ad_tape_unary(ad_tape *tape, unsigned op, ad_node a, ad_node *node);
ad_status ad_tape_binary(ad_tape *tape, unsigned op, ad_node a, ad_node b, ad_node *node);

/* Add to the work done by a recording that may be interrupted.  Returns whether it has to stop. */
static inline int ad_tape_stops(const ad_tape *tape, size_t work) {
    return tape->pace != NULL && ad_pace_stops(tape->pace, work);
}

/* Returns whether ad_tape_elementwise() has a special rule for squares of the results of this
 * operation: square roots, absolute values and hypotenuses (square.c). */
static inline int ad_has_square_rule(unsigned op) {
    return op == AD_SQRT || op == AD_ABSOLUTE || op == AD_HYPOT;
}

/* Returns the value of a scalar operation, and writes the partials along its edges to `partial`: two
 * for AD_FORM_BINARY, else one. */
static inline double ad_scalar_value(unsigned op, ad_form form, double a, double b,
                                     double *partial) {
    const ad_op_info *row = &ad_op_rows[op];
    double both[AD_MAX_ARITY];
    const double value = row->point(a, b, 0, both);
    partial[0] = both[form == AD_FORM_RIGHT];
    if (form == AD_FORM_BINARY) partial[1] = both[1];
    return row->exact ? value : ad_op_value(op, a, b, 0);
}

/* Record one scalar operation where the caller knows which operands are constant: form is
 * AD_FORM_UNARY (b is unused), AD_FORM_BINARY (no constants), AD_FORM_LEFT (b is constant) or
 * AD_FORM_RIGHT (a is constant). */
static inline ad_status ad_tape_scalar(ad_tape *t, unsigned op, ad_form form, ad_node a, ad_node b,
                                       ad_node *node) {
    if (t->nodes >= t->room_nodes || t->nodes >= t->limit || t->runs >= t->room_runs ||
        t->partials + AD_MAX_ARITY > t->room_partials) {
        ad_status status = ad_tape_reserve(t, 1, AD_MAX_ARITY, 0, 1, 0, 0);
        if (status != AD_OK) return status;
    }
    double x = t->value[a], y = form == AD_FORM_UNARY ? 0 : t->value[b];
    ad_node i = *node = (ad_node)t->nodes++;
    size_t first = t->partials;
    t->value[i] = ad_scalar_value(op, form, x, y, t->partial + first);
    t->run[t->runs++] = (ad_run){
        i, (uint32_t)first, (uint8_t)op, (uint8_t)form, form == AD_FORM_UNARY ? 1 : 2, a, b};
    t->partials = first + 1 + (form == AD_FORM_BINARY);
    if (ad_has_square_rule(op)) t->roots = t->nodes;
    return AD_OK;
}

/* If the value of node, a product of derivatives (AD_PRODUCT), is NaN although one of its operands
 * a and b is zero and stays zero near the point, set it to zero.  Returns AD_NO_MEMORY on
 * failure. */
ad_status ad_tape_resolve_nan(ad_tape *tape, ad_node a, ad_node b, ad_node node);

/* An operand of an array operation as the caller describes it: an affine rule with one stride per
 * dimension of the result's shape or, if nodes is not NULL, a list in C order, which is copied.
 * The nodes of an affine rule are either all constants or all not. */
typedef struct ad_operand {
    ad_node base;
    const int64_t *stride;
    const ad_node *nodes;
} ad_operand;

/* Record one elementwise operation on arrays of `ndim` dimensions.  The nodes of the result are
 * consecutive from *first on, in C order.  The nodes of the operands must exist, since their values
 * are read.  An empty shape records nothing.  Returns AD_BAD_OP, AD_BAD_SHAPE, AD_TAPE_FULL or
 * AD_NO_MEMORY on failure.  The square of a root (square.c) can consist of several operations, and
 * those before a failing one stay on the tape. */
ad_status ad_tape_elementwise(ad_tape *tape, unsigned op, int ndim, const int64_t *shape,
                              const ad_operand *operands, ad_node *first);

/* ad_tape_reserve_guards() allocates room for this many more guards, checks and outcomes.
 * ad_tape_note_outcomes() stores the outcomes of m truth values (all true if value is NULL) from
 * outcome number `bit` on, where there must be room.  Only ad_tape_guard() and ad_tape_check()
 * increase the number of outcomes. */
ad_status ad_tape_reserve_guards(ad_tape *tape, size_t guards, size_t checks, size_t outcomes);
void ad_tape_note_outcomes(ad_tape *tape, size_t bit, size_t m, const double *value);

/* Record that the caller's control flow depended on the present values of `count` nodes from
 * `first` on. */
ad_status ad_tape_guard(ad_tape *tape, ad_node first, size_t count);

/* Record the outcome of a test (ad_op_row(op)->is_test) on arrays without recording nodes.
 * Operands are described as for ad_tape_elementwise().  With AD_CHECK_HOLDS the caller knows that
 * every element is true, and the test is not evaluated.  `truth` is NULL or receives one byte per
 * element.  A test of constants leaves no guard, unless AD_CHECK_ALWAYS is set. */
#define AD_CHECK_HOLDS 1
#define AD_CHECK_ALWAYS 2
ad_status ad_tape_check(ad_tape *tape, unsigned op, int ndim, const int64_t *shape,
                        const ad_operand *operands, int how, uint8_t *truth);

/* Returns the number of truth values of a guard. */
static inline size_t ad_guard_size(const ad_tape *tape, const ad_guard *guard) {
    return guard->count != 0 ? guard->count : tape->check[guard->first].extent.count;
}

/* Returns the recorded outcome of truth value k, counted over all guards. */
static inline int ad_outcome(const ad_tape *tape, size_t k) {
    return (int)(tape->outcome[k >> 6] >> (k & 63)) & 1;
}

/* Returns the first guard whose truth values, evaluated at the tape's values, differ from the
 * recorded outcomes; tape->guards if there is none. */
size_t ad_tape_first_changed_guard(const ad_tape *tape);

/* Returns the run that computes node, or NULL for a leaf, in O(log runs). */
const ad_run *ad_tape_run_of(const ad_tape *tape, ad_node node);

/* Returns the number of nodes that a run computes. */
static inline size_t ad_run_count(const ad_tape *tape, const ad_run *run) {
    if (run->form == AD_FORM_SPAN) return tape->span[run->a].extent.count;
    if (run->form == AD_FORM_BLOCK) return tape->block[run->a].count;
    return 1;
}

/* Returns the number of runs that are operations on scalars.  The others are on arrays. */
size_t ad_scalar_runs(const ad_tape *tape);

/* Returns how many elements of a span, at most AD_CHUNK, can be placed together and do not read
 * each other's results: those from number k on, or those before number `end` > 0.  Whoever visits
 * the elements in their order, or in reverse, has visited all that such elements depend on. */
static inline size_t ad_span_stretch(const ad_span *span, size_t k) {
    size_t m = ad_stretch(&span->extent, k), most = AD_CHUNK;
    if (span->lag != 0 && span->lag < most) most = span->lag;
    return m < most ? m : most;
}
static inline size_t ad_span_stretch_before(const ad_span *span, size_t end) {
    size_t m = ad_stretch_before(&span->extent, end), most = AD_CHUNK;
    if (span->lag != 0 && span->lag < most) most = span->lag;
    return m < most ? m : most;
}

/* Returns the partial along edge j of element k of a span.  `own` is the node of the element and
 * `nodes` are those of its operands. */
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

/* Append a copy of `from` to `to`; node i becomes node i + *offset.  Returns AD_TAPE_FULL or
 * AD_NO_MEMORY on failure. */
ad_status ad_tape_append(ad_tape *to, const ad_tape *from, ad_node *offset);

/* The same, in which the first n nodes of `from`, all of them leaves, are the last n nodes of `to`:
 * they keep their history and values there, which must be the values in `from`. */
ad_status ad_tape_append_after(ad_tape *to, const ad_tape *from, size_t n, ad_node *offset);

#endif
