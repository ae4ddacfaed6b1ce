/* SPDX-License-Identifier: Apache-2.0 */
#include "tape/replay.h"

#include <string.h>

#include "tape/record.h"

/* Returns the first node after `node`, at most `end`, that is a constant if this one is not, or the
 * reverse. */
static size_t end_of_kind(const ad_tape *tape, size_t node, size_t end) {
    const int constant = ad_is_constant(tape, (ad_node)node);
    const uint64_t all = constant ? ~(uint64_t)0 : 0;
    while (node < end) {
        if (node % 64 == 0 && end - node >= 64 && tape->constant[node / 64] == all) {
            node += 64;
        } else if (ad_is_constant(tape, (ad_node)node) == constant) {
            node++;
        } else {
            break;
        }
    }
    return node;
}

/* The inputs with given values: `count` ascending nodes, of which the first `done` have them. */
typedef struct given_inputs {
    size_t count, done;
    const ad_node *node;
    const double *value;
} given_inputs;

/* Returns the given values of the nodes [node, stop) if these are the next inputs, else NULL. */
static const double *values_given(given_inputs *x, size_t node, size_t stop) {
    const size_t first = x->done, count = stop - node;
    if (count > x->count - first || x->node[first] != node) return NULL;
    if (x->node[first + count - 1] != stop - 1) return NULL;
    x->done += count;
    return x->value + first;
}

/* Copy the nodes up to `end`, which are leaves. */
static ad_status copy_leaves(const ad_tape *from, ad_tape *to, size_t end, given_inputs *given) {
    while (to->nodes < end) {
        const size_t node = to->nodes, stop = end_of_kind(from, node, end);
        ad_node first;
        ad_status status = ad_is_constant(from, (ad_node)node)
                               ? ad_tape_constants(to, stop - node, &first)
                               : ad_tape_inputs(to, stop - node, &first);
        if (status != AD_OK) return status;
        const double *values = values_given(given, node, stop);
        memcpy(to->value + node, values != NULL ? values : from->value + node,
               (stop - node) * sizeof(double));
    }
    for (; given->done < given->count && given->node[given->done] < to->nodes; given->done++) {
        to->value[given->node[given->done]] = given->value[given->done];
    }
    return AD_OK;
}

/* Returns whether the nodes [low, high] are all constants or all not. */
static int all_or_none_constant(const ad_tape *tape, size_t low, size_t high) {
    return end_of_kind(tape, low, high + 1) == high + 1;
}

/* The same for the nodes of an affine rule only.  Dimensions with stride 0 add no nodes. */
static int rule_all_or_none_constant(const ad_tape *tape, ad_node base, size_t n,
                                     const int64_t *size, const int64_t *stride) {
    int64_t sizes[2 * AD_DIMS], steps[2 * AD_DIMS];
    ad_node nodes[AD_CHUNK];
    size_t count = 1, kept = 0;
    int constant = ad_is_constant(tape, base);
    for (size_t d = 0; d < n; d++) {
        if (stride[d] == 0) continue;
        sizes[kept] = size[d];
        steps[kept++] = stride[d];
        count *= (size_t)size[d];
    }
    for (size_t k = 0; k < count; k += AD_CHUNK) {
        size_t m = count - k < AD_CHUNK ? count - k : AD_CHUNK;
        ad_rule_list((int)kept, sizes, base, steps, k, m, nodes);
        for (size_t e = 0; e < m; e++) {
            if (ad_is_constant(tape, nodes[e]) != constant) return 0;
        }
        if (ad_tape_stops(tape, m)) return 0; /* ad_tape_replay() returns AD_INTERRUPTED */
    }
    return 1;
}

/* Returns whether an affine rule of at most AD_MAX_NODES elements names existing nodes which are
 * all constants or all not.  Sweeps test only the first node. */
static int is_rule(const ad_tape *tape, ad_node base, size_t n, const int64_t *size,
                   const int64_t *stride) {
    int64_t low = base, high = base;
    for (size_t d = 0; d < n; d++) {
        if (stride[d] > (int64_t)UINT32_MAX || stride[d] < -(int64_t)UINT32_MAX) return 0;
        if (size[d] < 1 || size[d] > (int64_t)UINT32_MAX) return 0;
        int64_t reach = 0; /* a product or sum that overflows is out of range */
        if (__builtin_mul_overflow(size[d] - 1, stride[d], &reach)) return 0;
        if (__builtin_add_overflow(reach < 0 ? low : high, reach, reach < 0 ? &low : &high))
            return 0;
    }
    if (low < 0 || high >= (int64_t)tape->nodes) return 0;
    if (ad_tape_stops(tape, (size_t)(high - low) / 64)) return 0; /* words to compare */
    return all_or_none_constant(tape, (size_t)low, (size_t)high) ||
           rule_all_or_none_constant(tape, base, n, size, stride);
}

static int list_lies_below(const ad_tape *from, size_t end, uint32_t list, size_t count) {
    if (list > from->lists || count > from->lists - list) return 0;
    for (size_t k = 0; k < count; k++) {
        if (from->list[list + k] >= end) return 0;
    }
    return 1;
}

/* The sizes of an extent.  Returns 0 if their product is not its count.  An extent without
 * dimensions stands for `count` equal elements. */
static int extent_sizes(const ad_extent *extent, int64_t *size, size_t *ndim) {
    uint64_t count = 1;
    if (extent->ndim > AD_DIMS) return 0;
    *ndim = extent->ndim;
    if (*ndim == 0 && extent->count != 1) {
        *ndim = 1;
        size[0] = extent->count;
        return 1;
    }
    for (size_t d = 0; d < *ndim; d++) {
        size[d] = extent->size[d];
        count *= extent->size[d];
        if (count > AD_MAX_NODES) return 0;
    }
    return count == extent->count;
}

static ad_status replay_scalar(ad_tape *to, const ad_run *run) {
    int arity = run->form == AD_FORM_UNARY ? 1 : 2;
    ad_node node, a = run->a, b = arity == 1 ? 0 : run->b;
    if (run->op >= AD_OP_COUNT || ad_op_row(run->op)->arity != arity) return AD_BAD_OP;
    if (a >= to->nodes || (arity == 2 && b >= to->nodes)) return AD_BAD_INDEX;
    if ((run->form == AD_FORM_RIGHT && !ad_is_constant(to, a)) ||
        (run->form == AD_FORM_LEFT && !ad_is_constant(to, b))) {
        return AD_BAD_INDEX; /* the form omits an edge that has a derivative */
    }
    ad_status status = ad_tape_scalar(to, run->op, (ad_form)run->form, a, b, &node);
    if (status != AD_OK) return status;
    if (run->op != AD_PRODUCT || to->value[node] == to->value[node]) return AD_OK;
    return ad_tape_resolve_nan(to, a, b, node);
}

/* Convert the views of an elementwise operation to operands.  Returns 0 if a view names a node that
 * does not exist. */
static int operands_of_views(const ad_tape *from, const ad_tape *to, const ad_extent *extent,
                             int arity, const ad_view *views, size_t ndim, const int64_t *shape,
                             ad_operand *operand) {
    for (int j = 0; j < arity; j++) {
        const ad_view *view = &views[j];
        int affine = view->list == AD_AFFINE;
        int good = affine ? is_rule(to, view->base, ndim, shape, view->stride)
                          : list_lies_below(from, to->nodes, view->list, extent->count);
        if (!good) return 0;
        operand[j] =
            (ad_operand){view->base, view->stride, affine ? NULL : from->list + view->list};
    }
    return 1;
}

/* How many nodes before its results a binary operation reads if its first operand is the affine rule
 * of a running fold, which reaches into these results; else 0. */
static size_t lag_of(const ad_run *run, const ad_span *span) {
    const ad_view *view = &span->operand[0];
    int64_t step = 1;
    if (run->arity != 2 || view->list != AD_AFFINE || view->base >= run->node) return 0;
    for (uint32_t d = span->extent.ndim; d-- > 0; step *= span->extent.size[d]) {
        if (view->stride[d] != step) return 0;
    }
    return (uint64_t)view->base + span->extent.count > run->node ? run->node - view->base : 0;
}

/* A running fold begins with nodes that are all constants or all not. */
static ad_status replay_fold(const ad_tape *from, ad_tape *to, const ad_run *run,
                             const ad_span *span, size_t ndim, const int64_t *shape, size_t lag) {
    ad_operand x;
    ad_node first;
    if (run->node != to->nodes) return AD_BAD_INDEX;
    if (!operands_of_views(from, to, &span->extent, 1, &span->operand[1], ndim, shape, &x) ||
        !all_or_none_constant(to, to->nodes - lag, to->nodes - 1)) {
        return AD_BAD_INDEX;
    }
    return ad_record_fold(to, run->op, lag, (int)ndim, shape, &x, &first);
}

static ad_status replay_span(const ad_tape *from, ad_tape *to, const ad_run *run) {
    int64_t shape[AD_DIMS];
    size_t ndim;
    ad_operand operand[AD_MAX_ARITY];
    ad_node first;
    if (run->a >= from->spans) return AD_BAD_INDEX;
    const ad_span *span = &from->span[run->a];
    if (run->op >= AD_OP_COUNT || ad_op_row(run->op)->arity != run->arity) return AD_BAD_OP;
    if (span->extent.count > from->nodes) return AD_BAD_SHAPE;
    if (span->extent.count < 2 || !extent_sizes(&span->extent, shape, &ndim)) {
        if (span->extent.count != 1 || run->arity < 3 ||
            !extent_sizes(&span->extent, shape, &ndim)) {
            return AD_BAD_SHAPE;
        }
    }
    const size_t lag = lag_of(run, span);
    if (lag > 0) return replay_fold(from, to, run, span, ndim, shape, lag);
    if (!operands_of_views(from, to, &span->extent, run->arity, span->operand, ndim, shape,
                           operand)) {
        return AD_BAD_INDEX;
    }
    return ad_tape_elementwise(to, run->op, (int)ndim, shape, operand, &first);
}

static ad_status replay_REDUCTION(const ad_tape *from, ad_tape *to, const ad_run *run,
                                  const ad_block *b) {
    int64_t shape[2 * AD_DIMS + 2], stride[2 * AD_DIMS + 2] = {0};
    size_t outer, inner;
    ad_node first;
    if (!extent_sizes(&b->extent[0], shape, &outer) ||
        !extent_sizes(&b->extent[1], shape + outer, &inner)) {
        return AD_BAD_SHAPE;
    }
    const ad_view *view = b->operand;
    int affine = view[0].list == AD_AFFINE;
    size_t edges = (size_t)b->extent[0].count * b->extent[1].count;
    for (uint32_t d = 0; d < b->extent[0].ndim; d++) stride[d] = view[0].stride[d];
    for (uint32_t d = 0; d < b->extent[1].ndim; d++) stride[outer + d] = view[1].stride[d];
    if (b->extent[0].count == 0 || edges > AD_MAX_NODES) return AD_BAD_SHAPE;
    if (edges > 0 && affine && !is_rule(to, view[0].base, outer + inner, shape, stride)) {
        return AD_BAD_INDEX;
    }
    if (!affine && !list_lies_below(from, to->nodes, view[0].list, edges)) return AD_BAD_INDEX;
    ad_operand x = {view[0].base, stride, affine ? NULL : from->list + view[0].list};
    return ad_tape_reduce(to, run->op, (int)outer, (int)inner, shape, &x, &first);
}

static ad_status replay_PRODUCT(const ad_tape *from, ad_tape *to, const ad_run *run,
                                const ad_block *b) {
    static const int64_t still[3] = {0}; /* matrices without elements are not read */
    const uint32_t *size = b->extent[1].size;
    const int64_t e[4] = {b->extent[0].count, size[0], size[1], size[2]}, *stride[2];
    ad_node first;
    (void)from, (void)run;
    for (int j = 0; j < 2; j++) {
        const ad_view *view = &b->operand[j];
        const int64_t sizes[3] = {e[0], e[1 + j], e[2 + j]};
        stride[j] = e[2] > 0 ? view->stride : still;
        if (view->base >= to->nodes) return AD_BAD_INDEX;
        if (e[2] > 0 && !is_rule(to, view->base, 3, sizes, view->stride)) return AD_BAD_INDEX;
    }
    return ad_tape_matmul(to, e, b->operand[0].base, stride[0], b->operand[1].base, stride[1],
                          &first);
}

static ad_status replay_CORRELATION(const ad_tape *from, ad_tape *to, const ad_run *run,
                                    const ad_block *b) {
    const int64_t length[2] = {b->extent[1].size[0], b->extent[1].size[1]};
    const int64_t step[2] = {b->operand[0].stride[0], b->operand[1].stride[0]};
    ad_node first;
    (void)run;
    if (b->extent[1].ndim != 2 || b->extent[0].count == 0 || b->extent[0].count > from->nodes) {
        return AD_BAD_SHAPE;
    }
    for (int j = 0; j < 2; j++) {
        if (length[j] == 0) return AD_BAD_SHAPE;
        if (b->operand[j].base >= to->nodes) return AD_BAD_INDEX;
        if (!is_rule(to, b->operand[j].base, 1, &length[j], &step[j])) return AD_BAD_INDEX;
    }
    return ad_tape_correlate(to, length, b->operand[0].base, b->operand[1].base, step,
                             b->operand[0].stride[1], b->extent[0].count, &first);
}

static ad_status replay_CALL(const ad_tape *from, ad_tape *to, const ad_run *run,
                             const ad_block *b) {
    ad_node first;
    (void)run;
    const ad_view *view = &b->operand[0];
    size_t n = b->extent[1].count;
    int affine = view->list == AD_AFFINE;
    if (b->rule >= from->rules) return AD_BAD_OP;
    if (b->count == 0 || b->count > from->nodes) return AD_BAD_SHAPE;
    if (affine ? n > to->nodes || view->base > to->nodes - n
               : !list_lies_below(from, to->nodes, view->list, n)) {
        return AD_BAD_INDEX;
    }
    ad_operand x = {view->base, NULL, affine ? NULL : from->list + view->list};
    return ad_tape_call(to, from->rule[b->rule], n, &x, b->count, NULL, &first);
}

#define BLOCK(KIND, NAME, FAMILY, ...) replay_##FAMILY,
static ad_status (*const replay_block[])(const ad_tape *from, ad_tape *to, const ad_run *,
                                         const ad_block *) = {
#include "tape/blocks.def"
};

static ad_status replay_run(const ad_tape *from, ad_tape *to, const ad_run *run) {
    switch (run->form) {
    case AD_FORM_UNARY:
    case AD_FORM_BINARY:
    case AD_FORM_LEFT:
    case AD_FORM_RIGHT:
        return replay_scalar(to, run);
    case AD_FORM_SPAN:
        return replay_span(from, to, run);
    case AD_FORM_BLOCK:
        break;
    default:
        return AD_BAD_OP;
    }
    if (run->a >= from->blocks) return AD_BAD_INDEX;
    if (run->op >= AD_BLOCK_COUNT) return AD_BAD_OP;
    return replay_block[run->op](from, to, run, &from->block[run->a]);
}

/* Record check number `number`.  Checks appear in the order of their guards, each exactly once. */
static ad_status replay_check(const ad_tape *from, ad_tape *to, uint32_t number) {
    int64_t shape[AD_DIMS];
    size_t ndim;
    ad_operand operand[AD_MAX_ARITY];
    if (number >= from->checks || number != to->checks) return AD_BAD_INDEX;
    const ad_check *c = &from->check[number];
    if (c->op >= AD_OP_COUNT || !ad_op_row(c->op)->is_test) return AD_BAD_OP;
    if (c->extent.count == 0 || !extent_sizes(&c->extent, shape, &ndim)) return AD_BAD_SHAPE;
    if (!operands_of_views(from, to, &c->extent, ad_op_row(c->op)->arity, c->operand, ndim, shape,
                           operand)) {
        return AD_BAD_INDEX;
    }
    return ad_tape_check(to, c->op, (int)ndim, shape, operand, AD_CHECK_HOLDS | AD_CHECK_ALWAYS,
                         NULL);
}

/* Record a guard; its outcomes are copied later. */
static ad_status replay_guard(const ad_tape *from, ad_tape *to, const ad_guard *guard) {
    size_t left = from->outcomes - to->outcomes, end = (size_t)guard->first + guard->count;
    if (guard->count != 0) {
        if (guard->count > left) return AD_BAD_SHAPE;
        return end <= to->nodes ? ad_tape_guard(to, guard->first, guard->count) : AD_BAD_INDEX;
    }
    if (guard->first < from->checks && from->check[guard->first].extent.count > left) {
        return AD_BAD_SHAPE;
    }
    return replay_check(from, to, guard->first);
}

/* Record the guards with the outcomes stored in `from`. */
static ad_status replay_guards(const ad_tape *from, ad_tape *to, size_t *at) {
    for (size_t k = 0; k < from->guards; k++) {
        *at = from->runs + k;
        ad_status status = replay_guard(from, to, &from->guard[k]);
        if (status != AD_OK) return status;
        if (ad_tape_stops(to, ad_guard_size(to, &to->guard[to->guards - 1]))) {
            return AD_INTERRUPTED;
        }
    }
    if (to->outcomes != from->outcomes || to->checks != from->checks) return AD_BAD_SHAPE;
    size_t words = (to->outcomes + 63) / 64;
    if (words > 0) memcpy(to->outcome, from->outcome, words * sizeof *to->outcome);
    return AD_OK;
}

/* The caller's poll function, and whether it has asked to stop. */
typedef struct poll_record {
    const ad_poll *poll;
    int stopped;
} poll_record;

static int stop(void *context) {
    poll_record *x = context;
    x->stopped |= x->poll->stop(x->poll->context) != 0;
    return x->stopped;
}

/* Repeat one run whose operands exist. */
static ad_status replay_step(const ad_tape *from, ad_tape *to, const ad_run *run) {
    size_t before = to->nodes;
    ad_status status = replay_run(from, to, run);
    if (status == AD_OK && (to->nodes == before || to->nodes > from->nodes)) {
        return AD_BAD_SHAPE; /* no node computed, or more nodes than `from` has */
    }
    if (status == AD_OK && ad_tape_stops(to, to->nodes - before)) return AD_INTERRUPTED;
    return status;
}

ad_status ad_tape_replay(const ad_tape *from, size_t n, const ad_node *input, const double *values,
                         const ad_poll *poll, ad_tape *to, size_t *at) {
    ad_status status = AD_OK;
    poll_record record = {poll, 0};
    const ad_poll own = {stop, &record};
    ad_pace pace = {poll != NULL ? &own : NULL, 0};
    given_inputs given = {n, 0, input, values};
    size_t limit = to->limit, k = 0;
    to->pace = &pace;
    if (from->nodes < limit) to->limit = from->nodes; /* larger runs fail early */
    for (; status == AD_OK; k++) {
        const ad_run *run = k < from->runs ? &from->run[k] : NULL;
        if (run != NULL && (run->node < to->nodes || run->node >= from->nodes)) {
            status = AD_BAD_INDEX;
            break;
        }
        status = copy_leaves(from, to, run != NULL ? run->node : from->nodes, &given);
        if (status == AD_OK && run != NULL) status = replay_step(from, to, run);
        if (status != AD_OK || run == NULL) break;
    }
    to->limit = limit;
    if (status == AD_TAPE_FULL && from->nodes < limit) status = AD_BAD_SHAPE;
    if (status == AD_OK) status = replay_guards(from, to, &k);
    if (at != NULL) *at = k;
    to->pace = NULL;
    return record.stopped ? AD_INTERRUPTED : status;
}

/* Returns whether the nodes of a view are constants; `count` is the length of a list. */
static int view_is_constant(const ad_tape *tape, const ad_view *view, size_t count) {
    return view->list == AD_AFFINE ? ad_is_constant(tape, view->base)
                                   : ad_are_constant(tape, tape->list + view->list, count);
}

static int reads_constants_REDUCTION(const ad_tape *tape, const ad_block *b) {
    size_t edges = (size_t)b->extent[0].count * b->extent[1].count;
    return edges == 0 || view_is_constant(tape, &b->operand[0], edges);
}

static int reads_constants_PRODUCT(const ad_tape *tape, const ad_block *b) {
    return view_is_constant(tape, &b->operand[0], 0) && view_is_constant(tape, &b->operand[1], 0);
}

#define reads_constants_CORRELATION reads_constants_PRODUCT

/* The arguments of a call may be mixed, even where their nodes are consecutive. */
static int reads_constants_CALL(const ad_tape *tape, const ad_block *b) {
    for (size_t k = 0; k < b->extent[1].count; k++) {
        if (!ad_is_constant(tape, ad_call_node(tape, b, k))) return 0;
    }
    return 1;
}

#define BLOCK(KIND, NAME, FAMILY, ...) reads_constants_##FAMILY,
static int (*const block_reads_constants[])(const ad_tape *, const ad_block *) = {
#include "tape/blocks.def"
};

int ad_run_reads_constants(const ad_tape *tape, const ad_run *run) {
    if (run->form == AD_FORM_SPAN) {
        const ad_span *span = &tape->span[run->a];
        for (int j = 0; j < run->arity; j++) {
            if (!view_is_constant(tape, &span->operand[j], span->extent.count)) return 0;
        }
        return 1;
    }
    if (run->form != AD_FORM_BLOCK) return 0;
    return block_reads_constants[run->op](tape, &tape->block[run->a]);
}
