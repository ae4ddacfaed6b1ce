/* SPDX-License-Identifier: Apache-2.0 */
#include "tape/running.h"

#include <string.h>

#include "base/alloc.h"
#include "base/floating.h"
#include "simd/elementwise.h"
#include "tape/block.h"

/* The node of element k of a vector. */
static ad_node element(const ad_operand *x, size_t k) {
    return x->nodes != NULL ? x->nodes[k] : (ad_node)(x->base + (int64_t)k * x->stride[0]);
}

/* Constants are folded, so that their results may be any nodes. */
static ad_status one_by_one(ad_tape *tape, unsigned op, size_t n, const ad_operand *x,
                            ad_node *node) {
    ad_status status = ad_tape_unary(tape, AD_POSITIVE, element(x, 0), &node[0]);
    for (size_t k = 1; k < n && status == AD_OK; k++) {
        status = ad_tape_binary(tape, op, node[k - 1], element(x, k), &node[k]);
    }
    return status;
}

static int any_constant(const ad_tape *tape, size_t n, const ad_operand *x) {
    for (size_t k = 0; k < n; k++) {
        if (ad_is_constant(tape, element(x, k))) return 1;
    }
    return 0;
}

/* Append the runs of results 1 to n - 1, which exist and follow one another from `first` on. */
static void append_runs(ad_tape *tape, unsigned op, size_t n, const ad_operand *x, ad_node first) {
    ad_run *run = tape->run + tape->runs;
    for (size_t k = 1; k < n; k++) {
        const uint32_t partial = (uint32_t)(tape->partials + 2 * (k - 1));
        const ad_node own = first + (ad_node)k;
        run[k - 1] = (ad_run){own, partial, (uint8_t)op, AD_FORM_BINARY, 2, own - 1, element(x, k)};
    }
    tape->runs += n - 1;
    tape->partials += 2 * (n - 1);
    if (ad_has_square_rule(op)) tape->roots = tape->nodes;
}

/* The values are computed for all elements at once; then each operation is a scalar run, whose
 * partials are those of ad_tape_scalar() to the bit.  room holds n doubles. */
static ad_status all_at_once(ad_tape *tape, unsigned op, size_t n, const ad_operand *x,
                             ad_node *node, double *room) {
    ad_status status = ad_tape_reserve(tape, n, 2 * n, 0, n, 0, 0);
    if (status == AD_OK) status = ad_tape_unary(tape, AD_POSITIVE, element(x, 0), &node[0]);
    if (status != AD_OK) return status;
    double *value = tape->value + node[0], *to = tape->partial + tape->partials;
    for (size_t k = 0; k < n; k++) {
        room[k] = tape->value[element(x, k)];
        node[k] = node[0] + (ad_node)k;
    }
    ad_float_begin();
    ad_op_running(op, n, room, 1, value);
    ad_float_end();
    for (size_t k = 1; k < n; k++) {
        double partial[AD_MAX_ARITY];
        ad_op_row(op)->point(value[k - 1], room[k], 0, partial);
        memcpy(to + 2 * (k - 1), partial, 2 * sizeof *to);
    }
    tape->nodes += n - 1;
    append_runs(tape, op, n, x, node[0]);
    return AD_OK;
}

ad_status ad_tape_running(ad_tape *tape, unsigned op, size_t n, const ad_operand *x,
                          ad_node *node) {
    if (op >= AD_OP_COUNT || ad_op_row(op)->arity != 2) return AD_BAD_OP;
    if (any_constant(tape, n, x)) return one_by_one(tape, op, n, x, node);
    double *room = ad_alloc(n, sizeof *room);
    ad_status status = room == NULL ? AD_NO_MEMORY : all_at_once(tape, op, n, x, node, room);
    ad_free(room);
    return status;
}

/* Record step k of all rows; node points to its results. */
static ad_status step_of_rows(ad_tape *tape, unsigned op, size_t rows, const ad_operand *x,
                              size_t k, ad_node *node) {
    static const int64_t one = 1;
    const int64_t shape = (int64_t)rows;
    const ad_operand right = {(ad_node)(x->base + (int64_t)k * x->stride[0]), &x->stride[1],
                              x->nodes != NULL ? x->nodes + k * rows : NULL};
    const ad_operand both[2] = {{k > 0 ? node[-(ptrdiff_t)rows] : 0, &one, NULL}, right};
    ad_node first;
    ad_status status = k == 0 ? ad_tape_elementwise(tape, AD_POSITIVE, 1, &shape, &right, &first)
                              : ad_tape_elementwise(tape, op, 1, &shape, both, &first);
    for (size_t r = 0; r < rows && status == AD_OK; r++) node[r] = first + (ad_node)r;
    return status;
}

ad_status ad_tape_running_rows(ad_tape *tape, unsigned op, size_t n, size_t rows,
                               const ad_operand *x, ad_node *node) {
    ad_status status = AD_OK;
    if (op >= AD_OP_COUNT || ad_op_row(op)->arity != 2) return AD_BAD_OP;
    for (size_t k = 0; k < n && status == AD_OK; k++) {
        status = step_of_rows(tape, op, rows, x, k, node + k * rows);
    }
    return status;
}

/* Groups sorted by size.  Those of size s have the numbers [first[s], first[s + 1]), and their
 * elements begin at start[s] of the list. */
typedef struct group_sizes {
    uint32_t *size;   /* of each group */
    uint32_t *number; /* of each group */
    uint32_t *first, *start;
    size_t most;   /* largest size */
    ad_node *list; /* the elements, group by group */
} group_sizes;

static void free_sizes(group_sizes *x) {
    ad_free(x->size);
    ad_free(x->first);
    ad_free(x->list);
}

static ad_status sort_groups(size_t n, const int64_t *place, size_t groups, group_sizes *x) {
    x->size = ad_alloc_zeroed(2 * groups, sizeof *x->size);
    if (x->size == NULL) return AD_NO_MEMORY;
    x->number = x->size + groups;
    for (size_t k = 0; k < n; k++) x->size[place[k]]++;
    for (size_t g = 0; g < groups; g++) x->most = x->size[g] > x->most ? x->size[g] : x->most;
    x->first = ad_alloc_zeroed(2 * (x->most + 2), sizeof *x->first);
    x->list = ad_alloc(n, sizeof *x->list);
    if (x->first == NULL || x->list == NULL) return AD_NO_MEMORY;
    x->start = x->first + x->most + 2;
    for (size_t g = 0; g < groups; g++) x->number[g] = x->first[x->size[g] + 1]++;
    for (size_t s = 0; s <= x->most; s++) {
        x->start[s + 1] = x->start[s] + x->first[s + 1] * (uint32_t)s;
        x->first[s + 1] += x->first[s];
    }
    return AD_OK;
}

/* Write the elements to the list, in their order within each group. */
static ad_status list_elements(size_t n, const ad_node *node, const int64_t *place, size_t groups,
                               group_sizes *x) {
    uint32_t *end = ad_alloc(groups, sizeof *end);
    if (end == NULL) return AD_NO_MEMORY;
    for (size_t g = 0; g < groups; g++) end[g] = x->start[x->size[g]] + x->number[g] * x->size[g];
    for (size_t k = 0; k < n; k++) x->list[end[place[k]]++] = node[k];
    ad_free(end);
    return AD_OK;
}

ad_status ad_tape_reduce_groups(ad_tape *tape, unsigned kind, size_t n, const ad_node *node,
                                const int64_t *place, size_t groups, ad_node *result) {
    group_sizes x = {0};
    if (kind >= AD_BLOCK_COUNT || ad_block_kinds[kind].running) return AD_BAD_OP;
    if (n > AD_MAX_NODES || groups > AD_MAX_NODES) return AD_TAPE_FULL;
    ad_status status = sort_groups(n, place, groups, &x);
    if (status == AD_OK) status = list_elements(n, node, place, groups, &x);
    for (size_t s = 1; s <= x.most && status == AD_OK; s++) {
        const int64_t shape[2] = {x.first[s + 1] - x.first[s], (int64_t)s};
        const ad_operand rows = {0, NULL, x.list + x.start[s]};
        ad_node first;
        if (shape[0] == 0) continue;
        status = ad_tape_reduce(tape, kind, 1, 1, shape, &rows, &first);
        /* overwritten by the node of the size's first result, for the loop below */
        if (status == AD_OK) x.start[s] = first;
    }
    for (size_t g = 0; g < groups && status == AD_OK; g++) {
        if (x.size[g] > 0) result[g] = x.start[x.size[g]] + x.number[g];
    }
    free_sizes(&x);
    return status;
}

size_t ad_running_length(const ad_tape *tape, size_t k, size_t most) {
    const ad_run *run = &tape->run[k];
    size_t n = 1;
    if (run->form != AD_FORM_BINARY || run->a + 1 != run->node) return 1;
    for (; n < most && k + n < tape->runs; n++) {
        const ad_run *next = run + n;
        if (next->op != run->op || next->form != AD_FORM_BINARY || next->b >= run->node ||
            next->node != run->node + n || next->a != next->node - 1) {
            break;
        }
    }
    return n;
}

size_t ad_tape_operations(const ad_tape *tape, size_t *scalar) {
    size_t arrays = 0;
    *scalar = 0;
    for (size_t k = 0, n; k < tape->runs; k += n) {
        n = ad_running_length(tape, k, tape->runs);
        if (n > 1 || tape->run[k].form >= AD_FORM_SPAN) {
            arrays++;
        } else {
            ++*scalar;
        }
    }
    return arrays;
}
