/* SPDX-License-Identifier: Apache-2.0 */
#include "tape/running.h"

#include <string.h>

#include "base/alloc.h"
#include "tape/block.h"
#include "tape/record.h"

/* Part of an operand of shape {n, rows}: from row k on. */
static ad_operand rows_from(const ad_operand *x, size_t rows, size_t k) {
    return (ad_operand){(ad_node)(x->base + (int64_t)k * x->stride[0]), x->stride,
                        x->nodes != NULL ? x->nodes + k * rows : NULL};
}

/* The number of rows at the beginning that consist of constants. */
static size_t constant_rows(const ad_tape *tape, size_t n, size_t rows, const ad_operand *x) {
    size_t k = 0;
    if (x->nodes == NULL) return ad_is_constant(tape, x->base) ? n : 0;
    while (k < n && ad_are_constant(tape, x->nodes + k * rows, rows)) k++;
    return k;
}

/* Record row 0 as consecutive new nodes. */
static ad_status first_row(ad_tape *tape, size_t rows, const ad_operand *x, ad_node *first) {
    const int64_t shape = (int64_t)rows;
    const ad_operand row = {x->base, &x->stride[1], x->nodes};
    const ad_node node = x->nodes != NULL ? x->nodes[0] : x->base;
    if (rows > 1 || !ad_is_constant(tape, node)) {
        return ad_tape_elementwise(tape, AD_POSITIVE, 1, &shape, &row, first);
    }
    const double value = tape->value[node]; /* a single constant could share another's node */
    ad_status status = ad_tape_constants(tape, 1, first);
    if (status == AD_OK) tape->value[*first] = value;
    return status;
}

ad_status ad_tape_running(ad_tape *tape, unsigned op, size_t n, size_t rows, const ad_operand *x,
                          ad_node *first) {
    ad_node next;
    if (op >= AD_OP_COUNT || ad_op_row(op)->arity != 2) return AD_BAD_OP;
    if (n > AD_MAX_NODES / rows) return AD_TAPE_FULL;
    const size_t constants = constant_rows(tape, n, rows, x);
    ad_status status = first_row(tape, rows, x, first);
    /* results of constants are constants */
    const size_t part[3] = {1, constants > 1 ? constants : 1, n};
    for (int k = 0; k < 2 && status == AD_OK; k++) {
        const int64_t shape[2] = {(int64_t)(part[k + 1] - part[k]), (int64_t)rows};
        const ad_operand rest = rows_from(x, rows, part[k]);
        if (shape[0] > 0) status = ad_record_fold(tape, op, rows, 2, shape, &rest, &next);
    }
    return status;
}

/* Groups sorted by size.  There are count[s] groups of size s, whose elements begin at start[s] of
 * the list, in the order of the groups. */
typedef struct group_sizes {
    uint32_t *size; /* of each group */
    uint32_t *end;  /* of each group: of its elements in the list */
    uint32_t *count, *start;
    size_t most;   /* largest size */
    ad_node *list; /* the elements, group by group */
} group_sizes;

static void free_sizes(group_sizes *x) {
    ad_free(x->size);
    ad_free(x->count);
    ad_free(x->list);
}

static ad_status sort_groups(size_t n, const int64_t *place, size_t groups, group_sizes *x) {
    x->size = ad_alloc_zeroed(2 * groups, sizeof *x->size);
    if (x->size == NULL) return AD_NO_MEMORY;
    x->end = x->size + groups;
    for (size_t k = 0; k < n; k++) x->size[place[k]]++;
    for (size_t g = 0; g < groups; g++) x->most = x->size[g] > x->most ? x->size[g] : x->most;
    x->count = ad_alloc_zeroed(2 * (x->most + 1), sizeof *x->count);
    x->list = ad_alloc(n, sizeof *x->list);
    if (x->count == NULL || x->list == NULL) return AD_NO_MEMORY;
    x->start = x->count + x->most + 1;
    for (size_t g = 0; g < groups; g++) x->count[x->size[g]]++;
    for (size_t s = 0; s < x->most; s++) x->start[s + 1] = x->start[s] + x->count[s] * (uint32_t)s;
    return AD_OK;
}

/* Write the elements to the list, in their order within each group. */
static void list_elements(size_t n, const ad_node *node, const int64_t *place, size_t groups,
                          group_sizes *x) {
    for (size_t g = 0; g < groups; g++) {
        const uint32_t s = x->size[g];
        x->end[g] = x->start[s];
        x->start[s] += s;
    }
    for (size_t k = 0; k < n; k++) x->list[x->end[place[k]]++] = node[k];
    for (size_t s = 1; s <= x->most; s++) x->start[s] -= x->count[s] * (uint32_t)s;
}

ad_status ad_tape_reduce_groups(ad_tape *tape, unsigned kind, size_t n, const ad_node *node,
                                const int64_t *place, size_t groups, ad_node *result) {
    group_sizes x = {0};
    if (kind >= AD_BLOCK_COUNT || ad_block_kinds[kind].running) return AD_BAD_OP;
    if (n > AD_MAX_NODES || groups > AD_MAX_NODES) return AD_TAPE_FULL;
    ad_status status = sort_groups(n, place, groups, &x);
    if (status == AD_OK) list_elements(n, node, place, groups, &x);
    for (size_t s = 1; s <= x.most && status == AD_OK; s++) {
        const int64_t shape[2] = {x.count[s], (int64_t)s};
        const ad_operand rows = {0, NULL, x.list + x.start[s]};
        ad_node first;
        if (shape[0] == 0) continue;
        status = ad_tape_reduce(tape, kind, 1, 1, shape, &rows, &first);
        /* overwritten by the node of the size's first result, for the loop below */
        if (status == AD_OK) x.start[s] = first;
    }
    for (size_t g = 0; g < groups && status == AD_OK; g++) {
        if (x.size[g] > 0) result[g] = x.start[x.size[g]]++;
    }
    free_sizes(&x);
    return status;
}
