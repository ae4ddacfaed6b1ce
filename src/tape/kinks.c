/* SPDX-License-Identifier: Apache-2.0 */
#include "tape/kinks.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "tape/block.h"

int ad_tape_may_have_kinks(const ad_tape *tape, size_t first_run, size_t last_run) {
    for (size_t k = first_run; k < last_run; k++) {
        const ad_run *run = &tape->run[k];
        if (run->form != AD_FORM_BLOCK && ad_vanish_may_have_kink(run->op)) return 1;
    }
    return 0;
}

/* The order of one element whose operands are `nodes`. */
static float element_order(const ad_tape *tape, unsigned op, int arity, const ad_node nodes[],
                           const float *order) {
    float own[AD_MAX_ARITY] = {0};
    double exponent = NAN;
    for (int j = 0; j < arity; j++) own[j] = order[nodes[j]];
    if (arity == 2 && ad_is_constant(tape, nodes[1])) exponent = tape->value[nodes[1]];
    return ad_vanish_order(op, own, arity == 2 && nodes[0] == nodes[1], exponent);
}

static void span_orders(const ad_tape *tape, const ad_run *run, float *order) {
    const ad_span *span = &tape->span[run->a];
    ad_node buffer[AD_MAX_ARITY][AD_CHUNK];
    ad_place place[AD_MAX_ARITY];
    for (size_t k = 0, m; k < span->extent.count; k += m) {
        m = ad_span_stretch(span, k);
        for (int j = 0; j < run->arity; j++) {
            place[j] = ad_view_place(&span->operand[j], &span->extent, k, m, tape->list, buffer[j]);
        }
        for (size_t e = 0; e < m; e++) {
            ad_node nodes[AD_MAX_ARITY] = {0};
            for (int j = 0; j < run->arity; j++) nodes[j] = ad_place_node(place[j], e);
            order[run->node + k + e] = element_order(tape, run->op, run->arity, nodes, order);
        }
    }
}

/* The inner product of a vector with itself is a sum of squares and has order 2.  Such products
 * also form the diagonal of a matrix times its transpose. */
static ad_status orders_PRODUCT(const ad_tape *tape, const ad_run *run, const ad_block *b,
                                float *order) {
    (void)tape;
    memset(order + run->node, 0, b->count * sizeof *order);
    for (uint32_t k = 0; k < b->count; k++) {
        const ad_inner x = ad_inner_product(b, k);
        if (x.left == x.right && x.left_step == x.right_step) order[run->node + k] = 2;
    }
    return AD_OK;
}

#define orders_CORRELATION orders_PRODUCT

static ad_status orders_REDUCTION(const ad_tape *tape, const ad_run *run, const ad_block *b,
                                  float *order) {
    const size_t n = b->extent[1].count, running = ad_block_kinds[run->op].running != 0;
    ad_node *row = ad_alloc(n, sizeof *row);
    if (row == NULL) return AD_NO_MEMORY;
    for (size_t o = 0; o < b->extent[0].count; o++) {
        float lowest = INFINITY;
        ad_block_row(tape, b, o, row);
        for (size_t r = 0; r < n; r++) {
            lowest = ad_vanish_both(lowest, order[row[r]]);
            if (running) order[run->node + o * n + r] = lowest;
        }
        if (!running) order[run->node + o] = lowest;
    }
    ad_free(row);
    return AD_OK;
}

static ad_status orders_CALL(const ad_tape *tape, const ad_run *run, const ad_block *b,
                             float *order) {
    (void)tape;
    memset(order + run->node, 0, b->count * sizeof *order);
    return AD_OK;
}

#define BLOCK(KIND, NAME, FAMILY, ...) orders_##FAMILY,
static ad_status (*const block_orders[])(const ad_tape *, const ad_run *, const ad_block *,
                                         float *order) = {
#include "tape/blocks.def"
};

static ad_status run_orders(const ad_tape *tape, const ad_run *run, float *order) {
    const ad_node nodes[AD_MAX_ARITY] = {run->a, run->b, 0};
    if (run->form == AD_FORM_SPAN) {
        span_orders(tape, run, order);
    } else if (run->form == AD_FORM_BLOCK) {
        return block_orders[run->op](tape, run, &tape->block[run->a], order);
    } else {
        order[run->node] = element_order(tape, run->op, run->arity, nodes, order);
    }
    return AD_OK;
}

static void leaf_orders(const ad_tape *tape, size_t first, size_t end, float *order) {
    for (size_t k = first; k < end; k++) {
        order[k] = ad_is_constant(tape, (ad_node)k) ? ad_vanish_constant(tape->value[k]) : 0;
    }
}

ad_status ad_tape_orders(const ad_tape *tape, size_t last_run, float *order) {
    size_t known = 0;
    ad_status status = AD_OK;
    for (size_t k = 0; k < last_run && status == AD_OK; k++) {
        const ad_run *run = &tape->run[k];
        leaf_orders(tape, known, run->node, order);
        status = run_orders(tape, run, order);
        known = run->node + ad_run_count(tape, run);
    }
    leaf_orders(tape, known, tape->nodes, order);
    return status;
}
