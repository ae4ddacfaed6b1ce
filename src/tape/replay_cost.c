/* SPDX-License-Identifier: Apache-2.0 */
/* The cost of repeating a recording, computed from its extents only. */
#include "tape/replay.h"

static uint64_t plus(uint64_t a, uint64_t b) {
    uint64_t sum;
    return __builtin_add_overflow(a, b, &sum) ? UINT64_MAX : sum;
}

static uint64_t times(uint64_t a, uint64_t b) {
    uint64_t product;
    return __builtin_mul_overflow(a, b, &product) ? UINT64_MAX : product;
}

static void add_memory(ad_cost *cost, uint64_t count, size_t bytes) {
    cost->memory = plus(cost->memory, times(count, bytes));
}

/* Add the memory of the lists among the operands of an array operation; each operation has copies
 * of its own. */
static void add_list_memory(ad_cost *cost, int arity, const ad_view *operand, uint64_t count) {
    for (int j = 0; j < arity; j++) {
        if (operand[j].list != AD_AFFINE) add_memory(cost, count, sizeof(ad_node));
    }
}

static void add_span(ad_cost *cost, const ad_run *run, const ad_span *span) {
    const ad_op_info *row = ad_op_row(run->op);
    const uint64_t count = span->extent.count;
    cost->nodes = plus(cost->nodes, count);
    cost->work = plus(cost->work, times(count, (uint64_t)row->arity));
    for (int j = 0; j < row->arity; j++) {
        if (row->partial_class[j] == AD_PARTIAL_STORED) add_memory(cost, count, sizeof(double));
    }
    add_list_memory(cost, row->arity, span->operand, count);
}

/* *scratch becomes the largest number of doubles that a sweep needs beside its arrays. */
static void add_PRODUCT(ad_cost *cost, const ad_run *run, const ad_block *b, uint64_t *scratch) {
    const uint64_t batch = b->extent[0].count;
    const uint32_t *e = b->extent[1].size;
    const uint64_t left = times(batch, (uint64_t)e[0] * e[1]);
    const uint64_t right = times(batch, (uint64_t)e[1] * e[2]);
    const uint64_t results = times(batch, (uint64_t)e[0] * e[2]);
    (void)run;
    const uint64_t need = plus(results, left > right ? left : right);
    if (need > *scratch) *scratch = need;
    cost->nodes = plus(cost->nodes, results);
    /* the operands are traversed even if there are no results */
    cost->work = plus(cost->work, plus(times(left, e[2]), plus(need, left > right ? right : left)));
}

static void add_CORRELATION(ad_cost *cost, const ad_run *run, const ad_block *b,
                            uint64_t *scratch) {
    const uint64_t results = b->extent[0].count, n = b->extent[1].size[0];
    const uint64_t m = b->extent[1].size[1], need = plus(results, plus(n, m));
    (void)run;
    if (need > *scratch) *scratch = need;
    cost->nodes = plus(cost->nodes, results);
    cost->work = plus(cost->work, plus(times(results, m), need));
}

static void add_REDUCTION(ad_cost *cost, const ad_run *run, const ad_block *b, uint64_t *scratch) {
    const uint64_t edges = (uint64_t)b->extent[0].count * b->extent[1].count;
    const ad_block_info *kind = &ad_block_kinds[run->op];
    cost->nodes = plus(cost->nodes, kind->running ? edges : b->extent[0].count);
    cost->work = plus(cost->work, plus(edges, b->extent[0].count));
    if (edges > *scratch) *scratch = edges; /* derivatives list the edges */
    if (kind->choice != 0) add_memory(cost, b->extent[0].count, sizeof(double));
    add_list_memory(cost, 1, b->operand, edges);
}

static void add_CALL(ad_cost *cost, const ad_run *run, const ad_block *b, uint64_t *scratch) {
    (void)run, (void)scratch;
    cost->nodes = plus(cost->nodes, b->count);
    cost->work = plus(cost->work, b->extent[1].count);
    add_list_memory(cost, 1, b->operand, b->extent[1].count);
}

#define BLOCK(KIND, NAME, FAMILY, ...) add_##FAMILY,
static void (*const add_block[])(ad_cost *, const ad_run *, const ad_block *, uint64_t *scratch) = {
#include "tape/blocks.def"
};

/* Add the cost of one run.  Returns AD_BAD_INDEX or AD_BAD_OP on failure. */
static ad_status add_run(const ad_tape *from, const ad_run *run, ad_cost *cost, uint64_t *scratch) {
    if (run->form == AD_FORM_BLOCK) {
        if (run->op >= AD_BLOCK_COUNT) return AD_BAD_OP;
        if (run->a >= from->blocks) return AD_BAD_INDEX;
        add_block[run->op](cost, run, &from->block[run->a], scratch);
        return AD_OK;
    }
    if (run->op >= AD_OP_COUNT) return AD_BAD_OP;
    if (run->form == AD_FORM_SPAN) {
        if (run->a >= from->spans) return AD_BAD_INDEX;
        add_span(cost, run, &from->span[run->a]);
        return AD_OK;
    }
    cost->nodes = plus(cost->nodes, 1);
    cost->work = plus(cost->work, 1);
    add_memory(cost, AD_MAX_ARITY, sizeof(double));
    return AD_OK;
}

ad_status ad_replay_cost(const ad_tape *from, ad_cost *cost, size_t *at) {
    uint64_t scratch = 0;
    *cost = (ad_cost){0, from->nodes, 0};
    for (*at = 0; *at < from->runs; ++*at) {
        ad_status status = add_run(from, &from->run[*at], cost, &scratch);
        if (status != AD_OK) return status;
    }
    for (size_t k = 0; k < from->checks; k++) {
        const ad_check *c = &from->check[k];
        if (c->op >= AD_OP_COUNT) continue; /* ad_tape_replay() rejects it */
        const int arity = ad_op_row(c->op)->arity;
        cost->work = plus(cost->work, times(c->extent.count, (uint64_t)arity));
        add_list_memory(cost, arity < 2 ? arity : 2, c->operand, c->extent.count);
    }
    add_memory(cost, from->nodes, sizeof(double));
    add_memory(cost, scratch, sizeof(double));
    return AD_OK;
}
