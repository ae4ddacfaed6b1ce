/* SPDX-License-Identifier: Apache-2.0 */
/* Recording operations on arrays, each as one run. */
#include "tape/block.h"

#include <string.h>

#include "base/alloc.h"
#include "tape/block_values.h"

/* Describe the outer or the inner half of a shape as an extent and a view over it.  Returns 0 if it
 * has too many dimensions. */
static int half_view(int ndim, const int64_t *shape, const int64_t *stride, ad_extent *extent,
                     ad_view *view) {
    int64_t sizes[AD_ANY_DIMS], steps[AD_ANY_DIMS], *walked[] = {steps};
    for (int d = 0; d < ndim; d++) {
        sizes[d] = shape[d];
        steps[d] = stride[d];
    }
    ndim = ad_merge_dims(ndim, sizes, 1, walked);
    if (ndim > AD_DIMS) return 0;
    extent->ndim = (uint32_t)ndim;
    for (int d = 0; d < ndim; d++) {
        extent->size[d] = (uint32_t)sizes[d];
        view->stride[d] = steps[d];
    }
    return 1;
}

/* The number of elements of a shape, or AD_MAX_NODES + 1 if it is larger than AD_MAX_NODES. */
static size_t count_elements(int n, const int64_t *shape) {
    size_t count = 1;
    for (int d = 0; d < n; d++) {
        if (shape[d] == 0) return 0;
    }
    for (int d = 0; d < n; d++) {
        if ((size_t)shape[d] > AD_MAX_NODES / count) return (size_t)AD_MAX_NODES + 1;
        count *= (size_t)shape[d];
    }
    return count;
}

/* Describe the operand of a reduction in its block.  Returns the number of list entries needed: 0
 * if the operand is an affine rule over at most AD_DIMS dimensions in each half. */
static size_t describe(ad_block *block, int outer, int inner, const int64_t *shape,
                       const ad_operand *x) {
    const size_t edges = (size_t)block->extent[0].count * block->extent[1].count;
    block->operand[0] = (ad_view){x->base, AD_AFFINE, {0}};
    block->operand[1] = (ad_view){0, AD_AFFINE, {0}};
    if (edges == 0 || (x->nodes == NULL &&
                       half_view(outer, shape, x->stride, &block->extent[0], &block->operand[0]) &&
                       half_view(inner, shape + outer, x->stride + outer, &block->extent[1],
                                 &block->operand[1]))) {
        return 0;
    }
    for (int half = 0; half < 2; half++) {
        block->extent[half].ndim = 1;
        block->extent[half].size[0] = block->extent[half].count;
    }
    return edges;
}

/* Append the run of a block whose nodes, from `first` on, exist. */
static void append_block(ad_tape *tape, unsigned kind, uint16_t arity, ad_node first,
                         const ad_block *block) {
    tape->run[tape->runs++] =
        (ad_run){first, 0, (uint8_t)kind, AD_FORM_BLOCK, arity, (uint32_t)tape->blocks, 0};
    tape->block[tape->blocks++] = *block;
}

ad_status ad_tape_reduce(ad_tape *tape, unsigned kind, int outer, int inner, const int64_t *shape,
                         const ad_operand *x, ad_node *first) {
    size_t results = count_elements(outer, shape), elements = count_elements(inner, shape + outer);
    size_t edges = results * elements;
    ad_block block = {.active = {1, 0}};
    if (kind >= AD_BLOCK_COUNT || ad_block_kinds[kind].family != AD_FAMILY_REDUCTION) {
        return AD_BAD_OP;
    }
    const ad_block_info *info = &ad_block_kinds[kind];
    if (count_elements(outer + inner, shape) > AD_MAX_NODES || results > AD_MAX_NODES ||
        elements > AD_MAX_NODES) {
        return AD_TAPE_FULL;
    }
    if (elements == 0 && info->choice != 0) return AD_BAD_SHAPE;
    *first = (ad_node)tape->nodes;
    if (results == 0 || (info->running && edges == 0)) return AD_OK;
    block.extent[0].count = (uint32_t)results;
    block.extent[1].count = (uint32_t)elements;
    block.count = (uint32_t)(info->running ? edges : results);
    size_t lists = describe(&block, outer, inner, shape, x);
    size_t partials = info->choice != 0 ? results : 0;
    ad_status status = ad_tape_reserve(tape, block.count, partials, lists, 1, 0, 1);
    if (status != AD_OK) return status;
    if (lists != 0) {
        ad_node *to = tape->list + tape->lists;
        if (x->nodes != NULL) {
            memcpy(to, x->nodes, lists * sizeof *to);
        } else {
            ad_rule_list(outer + inner, shape, x->base, x->stride, 0, edges, to);
        }
        block.operand[0].list = (uint32_t)tape->lists;
    }
    block.partial = (uint32_t)tape->partials;
    tape->nodes += block.count;
    tape->lists += lists;
    tape->partials += partials;
    status = ad_block_values(tape, kind, &block, *first);
    if (status != AD_OK) {
        tape->nodes -= block.count;
        tape->lists -= lists;
        return status;
    }
    append_block(tape, kind, 1, *first, &block);
    return AD_OK;
}

ad_status ad_tape_matmul(ad_tape *tape, const int64_t e[4], ad_node a, const int64_t a_stride[3],
                         ad_node b, const int64_t b_stride[3], ad_node *first) {
    const int64_t product_shape[3] = {e[0], e[1], e[3]};
    if (count_elements(3, product_shape) > AD_MAX_NODES || e[0] > AD_MAX_NODES ||
        e[1] > AD_MAX_NODES || e[2] > AD_MAX_NODES || e[3] > AD_MAX_NODES) {
        return AD_TAPE_FULL;
    }
    ad_block block = {.count = (uint32_t)(e[0] * e[1] * e[3])};
    *first = (ad_node)tape->nodes;
    if (block.count == 0) return AD_OK;
    ad_status status = ad_tape_reserve(tape, block.count, 0, 0, 1, 0, 1);
    if (status != AD_OK) return status;
    block.extent[0].count = (uint32_t)e[0];
    block.extent[1].ndim = 3;
    for (int d = 0; d < 3; d++) {
        block.extent[1].size[d] = (uint32_t)e[d + 1];
        block.operand[0].stride[d] = a_stride[d];
        block.operand[1].stride[d] = b_stride[d];
    }
    block.operand[0].base = a;
    block.operand[1].base = b;
    block.operand[0].list = block.operand[1].list = AD_AFFINE;
    block.active[0] = e[2] != 0 && !ad_is_constant(tape, a);
    block.active[1] = e[2] != 0 && !ad_is_constant(tape, b);
    tape->nodes += block.count;
    status = ad_block_values(tape, AD_BLOCK_MATMUL, &block, *first);
    if (status != AD_OK) {
        tape->nodes -= block.count;
        return status;
    }
    append_block(tape, AD_BLOCK_MATMUL, 2, *first, &block);
    return AD_OK;
}

ad_status ad_tape_correlate(ad_tape *tape, const int64_t length[2], ad_node a, ad_node b,
                            const int64_t step[2], int64_t shift, int64_t count, ad_node *first) {
    const int64_t n = length[0], m = length[1], most = (int64_t)AD_MAX_NODES;
    if (n > most || m > most || count > most) return AD_TAPE_FULL;
    if (shift > n + m + count || shift < -(n + m + count)) return AD_BAD_SHAPE;
    ad_status status = ad_tape_reserve(tape, (size_t)count, 0, 0, 1, 0, 1);
    if (status != AD_OK) return status;
    ad_block block = {.count = (uint32_t)count};
    block.extent[0] = (ad_extent){1, (uint32_t)count, {(uint32_t)count}};
    block.extent[1] = (ad_extent){2, 0, {(uint32_t)n, (uint32_t)m}};
    block.operand[0] = (ad_view){a, AD_AFFINE, {step[0], shift}};
    block.operand[1] = (ad_view){b, AD_AFFINE, {step[1]}};
    block.active[0] = !ad_is_constant(tape, a);
    block.active[1] = !ad_is_constant(tape, b);
    *first = (ad_node)tape->nodes;
    status = ad_block_values(tape, AD_BLOCK_CORRELATE, &block, *first);
    if (status != AD_OK) return status;
    tape->nodes += (size_t)count;
    append_block(tape, AD_BLOCK_CORRELATE, 2, *first, &block);
    return AD_OK;
}

static int in_a_row(const ad_node *nodes, size_t n) {
    ad_node off = 0;
    for (size_t k = 0; k < n; k++) off |= nodes[k] - nodes[0] - (ad_node)k;
    return off == 0;
}

ad_status ad_tape_call(ad_tape *tape, void *rule, size_t n, const ad_operand *x, size_t m,
                       const double *y, ad_node *first) {
    *first = (ad_node)tape->nodes;
    if (n > AD_MAX_NODES || m > AD_MAX_NODES) return AD_TAPE_FULL;
    if (m == 0) return AD_OK;
    int row = x->nodes == NULL || in_a_row(x->nodes, n);
    ad_status status = ad_tape_reserve(tape, m, 0, row ? 0 : n, 1, 0, 1);
    if (status == AD_OK) {
        status = ad_grow((void **)&tape->rule, &tape->room_rules, tape->rules + 1, sizeof rule);
    }
    if (status != AD_OK) return status;
    ad_block block = {.count = (uint32_t)m, .rule = (uint32_t)tape->rules, .active = {1, 0}};
    block.extent[0] = (ad_extent){1, (uint32_t)m, {(uint32_t)m}};
    block.extent[1] = (ad_extent){1, (uint32_t)n, {(uint32_t)n}};
    block.operand[0].list = row ? AD_AFFINE : (uint32_t)tape->lists;
    block.operand[0].base = x->nodes == NULL ? x->base : n > 0 ? x->nodes[0] : 0;
    block.operand[0].stride[0] = 1;
    block.operand[1].list = AD_AFFINE;
    if (!row) memcpy(tape->list + tape->lists, x->nodes, n * sizeof *x->nodes);
    tape->rule[tape->rules] = rule;
    if (y != NULL) {
        memcpy(tape->value + *first, y, m * sizeof *y);
    } else {
        status = ad_block_values(tape, AD_BLOCK_CALL, &block, *first);
        if (status != AD_OK) return status;
    }
    ad_callbacks_get()->keep(rule);
    tape->rules++;
    tape->nodes += m;
    tape->lists += row ? 0 : n;
    append_block(tape, AD_BLOCK_CALL, 1, *first, &block);
    return AD_OK;
}
