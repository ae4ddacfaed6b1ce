/* SPDX-License-Identifier: Apache-2.0 */
#include "sparse/calls.h"

#include <string.h>

#include "base/alloc.h"

/* A result of an elementwise rule depends on the same element of all operands. */
static void propagate_each(const ad_block *b, ad_place in, ad_sets *sets, const uint32_t *of,
                           uint32_t *to) {
    size_t n = b->extent[1].count, m = b->count;
    memset(to, 0, m * sizeof *to);
    for (size_t j = 0; j < n; j++) {
        to[j % m] = ad_sets_join(sets, to[j % m], of[ad_place_node(in, j)]);
    }
}

/* A result of another rule depends on all operands of its block.  `room` holds the blocks of the
 * operands and of the results, then a list of the operands for each block: its head, and what
 * follows each operand. */
static void propagate_blocks(void *rule, const ad_block *b, ad_place in, size_t blocks,
                             uint32_t *room, ad_sets *sets, const uint32_t *of, uint32_t *to) {
    size_t n = b->extent[1].count, m = b->count;
    uint32_t *of_operand = room, *of_result = room + n, *next = of_result + m, *head = next + n;
    ad_callbacks_get()->blocks(rule, 0, n, of_operand);
    ad_callbacks_get()->blocks(rule, 1, m, of_result);
    memset(head, 0xFF, (blocks + 1) * sizeof *head);
    for (size_t j = 0; j < n; j++) {
        next[j] = head[of_operand[j]];
        head[of_operand[j]] = (uint32_t)j;
    }
    for (size_t k = 0; k <= blocks; k++) { /* the head becomes the set of the block */
        for (uint32_t j = head[k]; j != UINT32_MAX; j = next[j]) {
            ad_sets_gather(sets, of[ad_place_node(in, j)]);
        }
        head[k] = ad_sets_gathered(sets);
    }
    for (size_t k = 0; k < m; k++) to[k] = head[of_result[k]];
}

void ad_sparsity_call(const ad_tape *tape, const ad_run *run, const ad_block *b, ad_sets *sets,
                      uint32_t *of, ad_node *row) {
    size_t n = b->extent[1].count;
    const ad_callbacks *callbacks = ad_callbacks_get();
    void *rule = tape->rule[b->rule];
    ad_place in = ad_view_place(&b->operand[0], &b->extent[1], 0, n, tape->list, row);
    if (callbacks->elementwise(rule)) {
        propagate_each(b, in, sets, of, of + run->node);
        return;
    }
    size_t blocks = callbacks->blocks(rule, 0, n, NULL);
    uint32_t *room = ad_alloc(2 * n + b->count + blocks + 1, sizeof *room);
    if (room != NULL) propagate_blocks(rule, b, in, blocks, room, sets, of, of + run->node);
    if (room == NULL) sets->status = AD_NO_MEMORY;
    ad_free(room);
}
