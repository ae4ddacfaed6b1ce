/* SPDX-License-Identifier: Apache-2.0 */
#include "tape/evaluate.h"

#include <string.h>

#include "base/alloc.h"
#include "base/floating.h"
#include "tape/block_values.h"
#include "tape/record.h"

#define GROUP_MOST 12   /* runs that are computed together */
#define GROUP_CHUNK 512 /* elements of a chunk of them */

/* Copy the values of the leaves.  Returns the number of those that are not constants. */
static size_t copy_leaves(ad_tape *to, const ad_tape *from) {
    size_t node = 0, inputs = 0;
    for (size_t k = 0; k <= from->runs; k++) {
        const ad_run *run = k < from->runs ? &from->run[k] : NULL;
        const size_t end = run != NULL ? run->node : from->nodes;
        if (end > node) memcpy(to->value + node, from->value + node, (end - node) * sizeof(double));
        for (; node < end; node++) inputs += !ad_is_constant(from, (ad_node)node);
        if (run != NULL) node += ad_run_count(from, run);
    }
    return inputs;
}

ad_status ad_tape_share(ad_tape *to, const ad_tape *from) {
    double *value = ad_alloc(from->nodes, sizeof *value);
    double *partial = ad_alloc(from->partials, sizeof *partial);
    if (value == NULL || partial == NULL) {
        ad_free(value);
        ad_free(partial);
        return AD_NO_MEMORY;
    }
    *to = *from;
    to->value = value;
    to->partial = partial;
    to->local = (ad_local){NULL, 0, 0, 0};
    to->pace = NULL;
    to->room_nodes = to->nodes;
    to->room_partials = to->partials;
    to->shares = 1;
    to->inputs = copy_leaves(to, from);
    return AD_OK;
}

static ad_status scalar_values(ad_tape *tape, const ad_run *run) {
    const double b = run->form == AD_FORM_UNARY ? 0 : tape->value[run->b];
    double *value = &tape->value[run->node];
    *value = ad_scalar_value(run->op, (ad_form)run->form, tape->value[run->a], b,
                             tape->partial + run->partial);
    if (run->op != AD_PRODUCT || *value == *value) return AD_OK;
    return ad_tape_resolve_nan(tape, run->a, run->b, run->node);
}

static ad_status run_values(ad_tape *tape, const ad_run *run) {
    switch (run->form) {
    case AD_FORM_SPAN:
        return ad_span_values(tape, run->op, &tape->span[run->a], run->node);
    case AD_FORM_BLOCK:
        return ad_block_values(tape, run->op, &tape->block[run->a], run->node);
    default:
        return scalar_values(tape, run);
    }
}

/* Returns whether a run may be computed together with others, chunk by chunk: a long elementwise
 * operation. */
static int can_be_grouped(const ad_tape *tape, const ad_run *run) {
    if (run->form != AD_FORM_SPAN || run->op == AD_PRODUCT) return 0;
    const ad_span *span = &tape->span[run->a];
    return span->lag == 0 && span->extent.ndim == 1 && span->extent.count >= 2 * GROUP_CHUNK;
}

/* Returns whether an operand of a run reads node first + k for its element k, if it reads any of
 * the nodes [first, first + n) at all. */
static int reads_elementwise(const ad_view *x, size_t first, size_t n) {
    if (x->list != AD_AFFINE) return 0;
    const int64_t reach = x->stride[0] * (int64_t)(n - 1);
    const int64_t low = (int64_t)x->base + (reach < 0 ? reach : 0);
    const int64_t high = (int64_t)x->base + (reach > 0 ? reach : 0);
    if (high < (int64_t)first || low >= (int64_t)(first + n)) return 1;
    return x->base == first && x->stride[0] == 1;
}

/* The number of consecutive runs from `run` on that may be computed together: of one length, each
 * of which reads the results of the others element by element. */
static size_t group_at(const ad_tape *tape, size_t run) {
    const ad_run *first = &tape->run[run];
    if (!can_be_grouped(tape, first)) return 1;
    const size_t n = tape->span[first->a].extent.count;
    size_t count = 1;
    for (; count < GROUP_MOST && run + count < tape->runs; count++) {
        const ad_run *next = &tape->run[run + count];
        if (!can_be_grouped(tape, next) || tape->span[next->a].extent.count != n) break;
        int fits = 1;
        for (size_t k = 0; fits && k < count; k++) {
            for (int j = 0; fits && j < next->arity; j++) {
                fits = reads_elementwise(&tape->span[next->a].operand[j], first[k].node, n);
            }
        }
        if (!fits) break;
    }
    return count;
}

/* Compute the runs of a group: one chunk of each, then the next chunk of each, so that each finds
 * in the cache what those before it have written. */
static ad_status group_values(ad_tape *to, const ad_run *run, size_t count) {
    const size_t n = to->span[run->a].extent.count;
    int whole = 1, stopped = 0;
    for (size_t i = 0; i < count; i++) {
        whole = whole && ad_span_is_watched_whole(&to->span[run[i].a], run[i].op);
    }
    if (whole) ad_float_begin();
    for (size_t k = 0; k < n && !stopped; k += GROUP_CHUNK) {
        for (size_t i = 0; i < count; i++) {
            ad_span_chunk(to, run[i].op, &to->span[run[i].a], run[i].node, k, GROUP_CHUNK, !whole);
        }
        stopped = ad_tape_stops(to, count * (n - k < GROUP_CHUNK ? n - k : GROUP_CHUNK));
    }
    if (whole) ad_float_end();
    return stopped ? AD_INTERRUPTED : AD_OK;
}

static ad_status all_values(ad_tape *to, const ad_tape *from) {
    to->nodes = to->runs = to->local.nodes = to->local.runs = 0;
    for (size_t k = 0, count; k < from->runs; k += count) {
        const ad_run *run = &from->run[k];
        count = group_at(from, k);
        const ad_run *last = run + count - 1;
        to->nodes = last->node + ad_run_count(from, last);
        to->runs = k;
        ad_status status = count > 1 ? group_values(to, run, count) : run_values(to, run);
        if (count == 1 && status == AD_OK && ad_tape_stops(to, to->nodes - run->node)) {
            status = AD_INTERRUPTED;
        }
        if (status != AD_OK) return status;
    }
    to->nodes = from->nodes;
    to->runs = from->runs;
    return AD_OK;
}

/* Returns whether nodes that ascend follow one another. */
static int in_a_row(size_t n, const ad_node *node) {
    return n > 0 && node[n - 1] - node[0] == n - 1;
}

int ad_tape_is_at(const ad_tape *tape, size_t n, const ad_node *input, const double *values) {
    if (in_a_row(n, input)) {
        return memcmp(tape->value + input[0], values, n * sizeof *values) == 0;
    }
    for (size_t k = 0; k < n; k++) {
        if (memcmp(&tape->value[input[k]], &values[k], sizeof *values) != 0) return 0;
    }
    return 1;
}

ad_status ad_tape_evaluate(ad_tape *to, const ad_tape *from, size_t n, const ad_node *input,
                           const double *values, const ad_poll *poll) {
    ad_pace pace = {poll, 0};
    if (n < to->inputs) copy_leaves(to, from); /* those that an earlier evaluation was given */
    if (in_a_row(n, input)) {
        memcpy(to->value + input[0], values, n * sizeof *values);
    } else {
        for (size_t k = 0; k < n; k++) to->value[input[k]] = values[k];
    }
    to->pace = &pace;
    ad_status status = all_values(to, from);
    to->pace = NULL;
    return status;
}
