/* SPDX-License-Identifier: Apache-2.0 */
/* The kinds of block operations, and the nodes that recorded ones read. */
#include <string.h>

#include "tape/block.h"

#define BLOCK(KIND, NAME, FAMILY, RUNNING, CHOICE) {NAME, AD_FAMILY_##FAMILY, RUNNING, CHOICE},
const ad_block_info ad_block_kinds[AD_BLOCK_COUNT] = {
#include "tape/blocks.def"
};

const char *ad_block_name(unsigned kind) {
    return kind < AD_BLOCK_COUNT ? ad_block_kinds[kind].name : "?";
}

/* Returns whether the edges are walked along the results, with one element of each, instead of
 * along the elements of one result.  This is faster if the innermost outer dimension has at least 8
 * results and the elements of a result are not adjacent or fewer than 8.  Lists are always walked
 * result by result. */
static int by_results(const ad_block *b) {
    const ad_extent *outer = &b->extent[0], *inner = &b->extent[1];
    if (b->operand[0].list != AD_AFFINE || outer->ndim == 0) return 0;
    uint32_t results = outer->size[outer->ndim - 1];
    uint32_t elements = inner->ndim == 0 ? 1 : inner->size[inner->ndim - 1];
    int64_t step = inner->ndim == 0 ? 0 : b->operand[1].stride[inner->ndim - 1];
    return results >= 8 && (step != 1 || elements < 8);
}

int ad_next_edges(const ad_tape *tape, const ad_block *block, ad_cursor *cursor, ad_edges *edges) {
    const ad_extent *outer = &block->extent[0], *inner = &block->extent[1];
    const ad_view *x = &block->operand[0], *step = &block->operand[1];
    ad_node from;
    if (by_results(block)) {
        if (cursor->o >= outer->count) {
            cursor->o = 0;
            cursor->r++;
        }
        if (cursor->r >= inner->count) return 0;
        size_t m = ad_stretch(outer, cursor->o);
        if (m > AD_CHUNK) m = AD_CHUNK;
        ad_view_list(step, inner, cursor->r, 1, &from);
        ad_view shifted = *x;
        shifted.base += from;
        *edges =
            (ad_edges){m,
                       cursor->o,
                       1,
                       ad_view_place(&shifted, outer, cursor->o, m, tape->list, cursor->buffer),
                       cursor->o * inner->count + cursor->r,
                       inner->count};
        cursor->o += m;
        return 1;
    }
    if (cursor->r >= inner->count) {
        cursor->r = 0;
        cursor->o++;
    }
    if (cursor->o >= outer->count || inner->count == 0) return 0;
    size_t m = ad_stretch(inner, cursor->r), edge = cursor->o * inner->count + cursor->r;
    if (m > AD_CHUNK) m = AD_CHUNK;
    *edges = (ad_edges){m, cursor->o, 0, {0, 0, NULL}, edge, 1};
    if (x->list != AD_AFFINE) {
        edges->in.list = tape->list + x->list + edge;
    } else {
        ad_view_list(x, outer, cursor->o, 1, &from);
        ad_view shifted = *step;
        shifted.base = from;
        edges->in = ad_view_place(&shifted, inner, cursor->r, m, tape->list, cursor->buffer);
    }
    cursor->r += m;
    return 1;
}

void ad_block_row(const ad_tape *tape, const ad_block *b, size_t o, ad_node *nodes) {
    size_t n = b->extent[1].count;
    ad_view row = b->operand[1];
    if (n == 0) return;
    if (b->operand[0].list != AD_AFFINE) {
        memcpy(nodes, tape->list + b->operand[0].list + o * n, n * sizeof *nodes);
        return;
    }
    ad_view_list(&b->operand[0], &b->extent[0], o, 1, &row.base);
    ad_view_list(&row, &b->extent[1], 0, n, nodes);
}

void ad_call_nodes(const ad_tape *tape, const ad_block *b, ad_node *nodes) {
    for (size_t k = 0; k < b->extent[1].count; k++) nodes[k] = ad_call_node(tape, b, k);
}

const double *ad_call_values(const ad_tape *tape, const ad_block *b, double *room) {
    const ad_view *x = &b->operand[0];
    size_t n = b->extent[1].count;
    if (x->list == AD_AFFINE) return tape->value + x->base;
    for (size_t k = 0; k < n; k++) room[k] = tape->value[tape->list[x->list + k]];
    return room;
}
