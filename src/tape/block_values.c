/* SPDX-License-Identifier: Apache-2.0 */
#include "tape/block_values.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/floating.h"

#define LONG_PRODUCT ((size_t)1 << 26) /* multiplications from which a product can be interrupted */

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

static ad_status values_REDUCTION(ad_tape *tape, unsigned kind, const ad_block *block,
                                  double *out) {
    const ad_block_info *info = &ad_block_kinds[kind];
    int done = 1;
    ad_float_begin();
    if (info->choice != 0) {
        extreme_values(tape, block, info, out);
        return AD_OK;
    }
    if (info->running) {
        cumsum_values(tape, block, out);
    } else {
        done = sum_values(tape, block, out);
    }
    ad_float_end();
    return done ? AD_OK : AD_INTERRUPTED;
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

static ad_matrix matrix_of(const ad_tape *tape, const ad_view *x) {
    return (ad_matrix){tape->value + x->base, x->stride[0], x->stride[1], x->stride[2]};
}

static ad_status values_PRODUCT(ad_tape *tape, unsigned kind, const ad_block *b, double *out) {
    const uint32_t *size = b->extent[1].size;
    const int64_t e[4] = {b->extent[0].count, size[0], size[1], size[2]};
    (void)kind;
    ad_float_begin();
    const int done =
        matmul_values(tape, e, matrix_of(tape, &b->operand[0]), matrix_of(tape, &b->operand[1]),
                      (ad_matrix){out, e[1] * e[3], e[3], 1});
    ad_float_end();
    return done ? AD_OK : AD_INTERRUPTED;
}

/* The values of n nodes that are `step` apart: in place, or copied. */
static const double *row_values(const ad_tape *tape, ad_node base, int64_t step, int64_t n,
                                double *copy) {
    const double *from = tape->value + base;
    if (step == 1) return from;
    for (int64_t k = 0; k < n; k++) copy[k] = from[k * step];
    return copy;
}

static ad_status values_CORRELATION(ad_tape *tape, unsigned kind, const ad_block *b, double *out) {
    const int64_t n = b->extent[1].size[0], m = b->extent[1].size[1], count = b->count;
    double *copies = ad_alloc((size_t)(n + m), sizeof *copies);
    if (copies == NULL) return AD_NO_MEMORY;
    const ad_view *a = &b->operand[0], *c = &b->operand[1];
    const double *x = row_values(tape, a->base, a->stride[0], n, copies);
    const double *y = row_values(tape, c->base, c->stride[0], m, copies + n);
    (void)kind;
    ad_float_begin();
    ad_correlate(n, x, m, y, a->stride[1], count, out, 0);
    ad_float_end();
    ad_free(copies);
    return ad_tape_stops(tape, (size_t)count * (size_t)m / 8) ? AD_INTERRUPTED : AD_OK;
}

static ad_status values_CALL(ad_tape *tape, unsigned kind, const ad_block *b, double *out) {
    const size_t n = b->extent[1].count;
    const int row = b->operand[0].list == AD_AFFINE;
    double *room = row ? NULL : ad_alloc(n, sizeof *room);
    if (!row && room == NULL) return AD_NO_MEMORY;
    const double *values = ad_call_values(tape, b, room);
    (void)kind;
    ad_status status = ad_callbacks_get()->value(tape->rule[b->rule], n, values, b->count, out);
    ad_free(room);
    return status;
}

#define BLOCK(KIND, NAME, FAMILY, ...) values_##FAMILY,
static ad_status (*const block_values[])(ad_tape *, unsigned, const ad_block *, double *) = {
#include "tape/blocks.def"
};

ad_status ad_block_values(ad_tape *tape, unsigned kind, const ad_block *block, ad_node first) {
    return block_values[kind](tape, kind, block, tape->value + first);
}
