/* SPDX-License-Identifier: Apache-2.0 */
#include "tape/evaluate.h"

#include <string.h>

#include "base/alloc.h"
#include "tape/block_values.h"
#include "tape/record.h"

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

static ad_status all_values(ad_tape *to, const ad_tape *from) {
    to->nodes = to->runs = to->local.nodes = to->local.runs = 0;
    for (size_t k = 0; k < from->runs; k++) {
        const ad_run *run = &from->run[k];
        to->nodes = run->node + ad_run_count(from, run);
        to->runs = k;
        ad_status status = run_values(to, run);
        if (status == AD_OK && ad_tape_stops(to, to->nodes - run->node)) status = AD_INTERRUPTED;
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
