/* SPDX-License-Identifier: Apache-2.0 */
#include "tape/block.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/floating.h"

#define LONG_PRODUCT ((size_t)1 << 26) /* multiplications from which a product can be interrupted */

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

/* Sum of one stretch by recursive halving, as NumPy does it, to keep rounding errors small. */
static double pairwise(const double *value, ad_place in, size_t from, size_t n) {
    if (n > 128) {
        size_t half = n / 2 / 8 * 8;
        return pairwise(value, in, from, half) + pairwise(value, in, from + half, n - half);
    }
    double sum[8] = {0};
    for (size_t k = 0; k < n; k++) {
        size_t e = from + k;
        ad_node node = in.list ? in.list[e] : (ad_node)(in.base + (int64_t)e * in.stride);
        sum[k & 7] += value[node];
    }
    return ((sum[0] + sum[1]) + (sum[2] + sum[3])) + ((sum[4] + sum[5]) + (sum[6] + sum[7]));
}

static inline double element_value(const ad_tape *tape, const ad_edges *e, size_t k) {
    return tape
        ->value[e->in.list ? e->in.list[k] : (ad_node)(e->in.base + (int64_t)k * e->in.stride)];
}

/* Compute the sums.  Returns 0 if the caller asked to stop. */
static int sum_values(const ad_tape *tape, const ad_block *b, double *out) {
    ad_cursor cursor = {0};
    ad_edges e;
    const size_t row = b->extent[1].count;
    for (size_t o = 0; ad_has_short_lists(b) && o < b->count; o++) {
        const ad_place in = {0, 0, tape->list + b->operand[0].list + o * row};
        out[o] = pairwise(tape->value, in, 0, row);
        if (o % AD_CHUNK == 0 && ad_tape_stops(tape, AD_CHUNK * row)) return 0;
    }
    if (ad_has_short_lists(b)) return 1;
    memset(out, 0, b->count * sizeof *out);
    while (ad_next_edges(tape, b, &cursor, &e)) {
        if (ad_tape_stops(tape, e.count)) return 0;
        if (e.out_stride == 0) {
            out[e.out] += pairwise(tape->value, e.in, 0, e.count);
        } else {
            for (size_t k = 0; k < e.count; k++) out[e.out + k] += element_value(tape, &e, k);
        }
    }
    return 1;
}

static void cumsum_values(const ad_tape *tape, const ad_block *b, double *out) {
    ad_cursor cursor = {0};
    ad_edges e;
    size_t row = b->extent[1].count;
    while (ad_next_edges(tape, b, &cursor, &e)) {
        for (size_t k = 0; k < e.count; k++) {
            size_t at = e.edge + k * (size_t)e.edge_stride;
            double x = element_value(tape, &e, k);
            out[at] = at % row != 0 ? out[at - 1] + x : x;
        }
    }
}

/* The largest (sign 1) or smallest (sign -1) of n > 0 numbers.  The result is NaN if one of them
 * is. */
static double extreme(size_t n, const double *x, double sign) {
    double best[8];
    size_t k = 0;
    int nonfinite = 0;
    for (int j = 0; j < 8; j++) best[j] = sign * x[0];
    for (; k + 8 <= n; k += 8) {
        for (int j = 0; j < 8; j++) best[j] = sign * x[k + j] > best[j] ? sign * x[k + j] : best[j];
    }
    for (; k < n; k++) best[0] = sign * x[k] > best[0] ? sign * x[k] : best[0];
    for (k = 0; k < n; k++) nonfinite |= x[k] != x[k];
    for (int j = 1; j < 8; j++) best[0] = best[j] > best[0] ? best[j] : best[0];
    return nonfinite ? NAN : sign * best[0];
}

/* The elements of a stretch, contiguous: in place, or copied. */
static const double *stretch_values(const ad_tape *tape, const ad_edges *e, double *copy) {
    if (e->in.list == NULL && e->in.stride == 1) return tape->value + e->in.base;
    for (size_t k = 0; k < e->count; k++) copy[k] = element_value(tape, e, k);
    return copy;
}

/* Replace each result by the element if that is further in the direction of the sign, or NaN. */
static void combine(size_t n, const double *x, double sign, double *best) {
    for (size_t k = 0; k < n; k++) {
        best[k] = ((sign * x[k] > sign * best[k]) | (x[k] != x[k])) ? x[k] : best[k];
    }
}

/* Compute the extreme of each result, and the share of each element that is equal to it. */
static void extreme_values(ad_tape *tape, const ad_block *b, const ad_block_info *kind,
                           double *out) {
    const size_t row = b->extent[1].count;
    const double sign = kind->choice;
    double *share = tape->partial + b->partial, copy[AD_CHUNK];
    ad_cursor cursor = {0}, again = {0};
    ad_edges e;
    while (ad_next_edges(tape, b, &cursor, &e)) {
        const double *x = stretch_values(tape, &e, copy);
        const double most = e.out_stride == 0 ? extreme(e.count, x, sign) : 0;
        const size_t n = e.out_stride == 0 ? 1 : e.count;
        if (e.out_stride == 0) x = &most;
        if (e.edge % row == 0) {
            memcpy(out + e.out, x, n * sizeof *out);
        } else {
            combine(n, x, sign, out + e.out);
        }
    }
    memset(share, 0, b->count * sizeof *share);
    while (ad_next_edges(tape, b, &again, &e)) {
        const double *x = stretch_values(tape, &e, copy);
        const double best = out[e.out];
        size_t ties = 0; /* a sum of integers, since that of doubles has to be in order */
        for (size_t k = 0; e.out_stride == 0 && k < e.count; k++) {
            ties += (size_t)(best == best ? x[k] == best : x[k] != x[k]);
        }
        share[e.out] += (double)ties;
        for (size_t k = 0; e.out_stride != 0 && k < e.count; k++) {
            share[e.out + k] += ad_element_partial(kind, x[k], out[e.out + k], 1);
        }
    }
    for (size_t o = 0; o < b->count; o++) share[o] = 1 / share[o];
}

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

/* Compute the values of a reduction.  Returns 0 if the caller asked to stop. */
static int reduction_values(ad_tape *tape, const ad_block_info *kind, const ad_block *block,
                            double *out) {
    int done = 1;
    ad_float_begin();
    if (kind->choice != 0) {
        extreme_values(tape, block, kind, out);
        return 1;
    }
    if (kind->running) {
        cumsum_values(tape, block, out);
    } else {
        done = sum_values(tape, block, out);
    }
    ad_float_end();
    return done;
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
    if (!reduction_values(tape, info, &block, tape->value + *first)) {
        tape->nodes -= block.count;
        tape->lists -= lists;
        return AD_INTERRUPTED;
    }
    append_block(tape, kind, 1, *first, &block);
    return AD_OK;
}

/* Compute the product.  Returns 0 if the caller asked to stop.  A large product that can be
 * interrupted is computed matrix by matrix.  If a stride is 0, where BLAS does not apply, it is
 * computed in groups of rows. */
static int matmul_values(const ad_tape *tape, const int64_t e[4], ad_matrix a, ad_matrix b,
                         ad_matrix c) {
    const size_t row = (size_t)e[2] * (size_t)e[3];
    if (tape->pace == NULL || (size_t)e[0] * (size_t)e[1] * row < LONG_PRODUCT) {
        ad_matmul(e, a, b, c, 0);
        return 1;
    }
    const int still = a.row == 0 || a.column == 0 || b.row == 0 || b.column == 0;
    const int64_t rows = still ? (int64_t)(LONG_PRODUCT / 8 / (row + 1)) + 1 : e[1];
    for (int64_t n = 0; n < e[0]; n++) {
        for (int64_t i = 0; i < e[1]; i += rows) {
            const int64_t part[4] = {1, e[1] - i < rows ? e[1] - i : rows, e[2], e[3]};
            const ad_matrix x = {a.at + n * a.batch + i * a.row, 0, a.row, a.column};
            const ad_matrix y = {b.at + n * b.batch, 0, b.row, b.column};
            const ad_matrix z = {c.at + n * c.batch + i * c.row, 0, c.row, c.column};
            ad_matmul(part, x, y, z, 0);
            if (ad_tape_stops(tape, (size_t)part[1] * row / 8)) return 0;
        }
    }
    return 1;
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
    double *value = tape->value;
    ad_float_begin();
    int done = matmul_values(tape, e, (ad_matrix){value + a, a_stride[0], a_stride[1], a_stride[2]},
                             (ad_matrix){value + b, b_stride[0], b_stride[1], b_stride[2]},
                             (ad_matrix){value + *first, e[1] * e[3], e[3], 1});
    ad_float_end();
    if (!done) {
        tape->nodes -= block.count;
        return AD_INTERRUPTED;
    }
    append_block(tape, AD_BLOCK_MATMUL, 2, *first, &block);
    return AD_OK;
}

/* The values of n nodes that are `step` apart: in place, or copied. */
static const double *row_values(const ad_tape *tape, ad_node base, int64_t step, int64_t n,
                                double *copy) {
    const double *from = tape->value + base;
    if (step == 1) return from;
    for (int64_t k = 0; k < n; k++) copy[k] = from[k * step];
    return copy;
}

ad_status ad_tape_correlate(ad_tape *tape, const int64_t length[2], ad_node a, ad_node b,
                            const int64_t step[2], int64_t shift, int64_t count, ad_node *first) {
    const int64_t n = length[0], m = length[1], most = (int64_t)AD_MAX_NODES;
    if (n > most || m > most || count > most) return AD_TAPE_FULL;
    if (shift > n + m + count || shift < -(n + m + count)) return AD_BAD_SHAPE;
    ad_status status = ad_tape_reserve(tape, (size_t)count, 0, 0, 1, 0, 1);
    double *copies = status == AD_OK ? ad_alloc((size_t)(n + m), sizeof *copies) : NULL;
    if (copies == NULL) return status == AD_OK ? AD_NO_MEMORY : status;
    ad_block block = {.count = (uint32_t)count};
    block.extent[0] = (ad_extent){1, (uint32_t)count, {(uint32_t)count}};
    block.extent[1] = (ad_extent){2, 0, {(uint32_t)n, (uint32_t)m}};
    block.operand[0] = (ad_view){a, AD_AFFINE, {step[0], shift}};
    block.operand[1] = (ad_view){b, AD_AFFINE, {step[1]}};
    block.active[0] = !ad_is_constant(tape, a);
    block.active[1] = !ad_is_constant(tape, b);
    *first = (ad_node)tape->nodes;
    const double *x = row_values(tape, a, step[0], n, copies);
    const double *y = row_values(tape, b, step[1], m, copies + n);
    ad_float_begin();
    ad_correlate(n, x, m, y, shift, count, tape->value + *first, 0);
    ad_float_end();
    ad_free(copies);
    if (ad_tape_stops(tape, (size_t)count * (size_t)m / 8)) return AD_INTERRUPTED;
    tape->nodes += (size_t)count;
    append_block(tape, AD_BLOCK_CORRELATE, 2, *first, &block);
    return AD_OK;
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
    if (y != NULL) {
        memcpy(tape->value + *first, y, m * sizeof *y);
    } else {
        double *room = row ? NULL : ad_alloc(n, sizeof *room);
        if (!row && room == NULL) return AD_NO_MEMORY;
        const double *values = ad_call_values(tape, &block, room);
        status = ad_callbacks_get()->value(rule, n, values, m, tape->value + *first);
        ad_free(room);
        if (status != AD_OK) return status;
    }
    ad_callbacks_get()->keep(rule);
    tape->rule[tape->rules++] = rule;
    tape->nodes += m;
    tape->lists += row ? 0 : n;
    append_block(tape, AD_BLOCK_CALL, 1, *first, &block);
    return AD_OK;
}
