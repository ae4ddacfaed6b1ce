/* SPDX-License-Identifier: Apache-2.0 */
/* Sweeps through products of matrices. */
#include "sweep/parts.h"
#include "tape/block.h"

/* A stack of `batch` matrices of nodes. */
typedef struct node_matrix {
    ad_node base;
    int64_t stride[3], batch, rows, columns;
} node_matrix;

static ad_matrix matrix(const double *array, const node_matrix *x) {
    return (ad_matrix){(double *)array + x->base, (intptr_t)x->stride[0], (intptr_t)x->stride[1],
                       (intptr_t)x->stride[2]};
}

static ad_matrix dense_matrix(double *at, const node_matrix *x) {
    return (ad_matrix){at, (intptr_t)(x->rows * x->columns), (intptr_t)x->columns, 1};
}

static ad_matrix transposed(ad_matrix x) { return (ad_matrix){x.at, x.batch, x.column, x.row}; }

/* Add a dense matrix to a matrix of nodes. */
static void add_matrix(double *array, const node_matrix *nodes, const double *x) {
    for (int64_t n = 0; n < nodes->batch; n++) {
        for (int64_t i = 0; i < nodes->rows; i++, x += nodes->columns) {
            int64_t first = (int64_t)nodes->base + n * nodes->stride[0] + i * nodes->stride[1];
            ad_add_strided(array + first, nodes->stride[2], x, nodes->columns);
        }
    }
}

/* C = A B. */
typedef struct product {
    node_matrix own, operand[2];
} product;

/* One seed: C' += A' B (j = 0) or C' += A B' (j = 1).  If `first` is set, the result is written
 * instead of added. */
static void push_product(ad_sweep *s, const product *x, int j, int first) {
    const node_matrix *operand = &x->operand[j], *own = &x->own;
    const int64_t extents[4] = {own->batch, own->rows, x->operand[0].columns, own->columns};
    ad_matrix moved = matrix(s->array, operand);
    ad_matrix other = matrix(s->tape->value, &x->operand[1 - j]);
    ad_matrix out = first ? matrix(s->array, own) : dense_matrix(s->scratch, own);
    s->nonfinite |= ad_matmul(extents, j == 0 ? moved : other, j == 0 ? other : moved, out, 1);
    if (!first) add_matrix(s->array, own, s->scratch);
}

/* One seed: A' += C' B^T (j = 0) or B' += A^T C' (j = 1).  C' is read from `from`, the other factor
 * from `factor`, and the result is added to, or written to if `first` is set, the array `to`, where
 * operand j is at `at`. */
static void pull_product(ad_sweep *s, const product *x, int j, const double *from,
                         const double *factor, double *to, const node_matrix *at, int first) {
    const int64_t rows = x->own.rows, columns = x->own.columns, inner = x->operand[0].columns;
    const int64_t left[4] = {at->batch, rows, columns, inner};
    const int64_t right[4] = {at->batch, inner, rows, columns};
    ad_matrix seed = matrix(from, &x->own);
    ad_matrix other = transposed(matrix(factor, &x->operand[1 - j]));
    ad_matrix out = first ? matrix(to, at) : dense_matrix(s->scratch, at);
    s->nonfinite |=
        ad_matmul(j == 0 ? left : right, j == 0 ? seed : other, j == 0 ? other : seed, out, 1);
    if (!first) add_matrix(to, at, s->scratch);
}

/* The place of the highest node of an operand. */
static ad_place last_of(const node_matrix *x) {
    int64_t last = (int64_t)x->base, reach[3] = {x->batch - 1, x->rows - 1, x->columns - 1};
    for (int d = 0; d < 3; d++) last += x->stride[d] > 0 ? reach[d] * x->stride[d] : 0;
    return (ad_place){(ad_node)last, 0, NULL};
}

/* Adjoints along operand j.  In second order, `with_slopes` says that the partials have tangents,
 * because both operands are active. */
static void pull_products(ad_sweep *s, const ad_run *run, const product *x, int j,
                          int with_slopes) {
    const ad_region *region = ad_sweep_first(s, run, j);
    const double *value = s->tape->value, *w = s->array;
    const int redirected = region != NULL && region->result != NULL, first = region != NULL;
    node_matrix at = x->operand[j];
    double *to = s->second != NULL ? s->second->adjoint : s->array;
    if (s->second != NULL && ad_sweep_endpoint(s, 1, last_of(&at)).w != NULL) {
        pull_product(s, x, j, w, value, s->array, &at, first);
    }
    if (redirected) {
        to = region->result;
        at.base -= (ad_node)region->first;
    }
    pull_product(s, x, j, s->second != NULL ? s->second->adjoint : w, value, to, &at, first);
    if (with_slopes) pull_product(s, x, j, w, s->second->tangent, to, &at, 0);
}

static node_matrix nodes_of(const ad_view *v, int64_t batch, int64_t rows, int64_t columns) {
    return (node_matrix){v->base, {v->stride[0], v->stride[1], v->stride[2]}, batch, rows, columns};
}

/* A matrix of nodes with p contiguous numbers for each, at `row` and `column` doubles from one node
 * to the next. */
typedef struct seeded {
    double *at;
    int64_t row, column, rows, columns, p;
} seeded;

static seeded seeded_of(double *array, size_t p, const node_matrix *x, int64_t n) {
    const int64_t step = (int64_t)p;
    return (seeded){array + ((int64_t)x->base + n * x->stride[0]) * step,
                    x->stride[1] * step,
                    x->stride[2] * step,
                    x->rows,
                    x->columns,
                    step};
}

/* Whether the numbers of a row are contiguous. */
static int in_rows(const seeded *x) { return x->column == x->p || x->columns == 1; }

/* Add numbers to those of a matrix, or write them if `first` is set.  Those of entry (i, j) and
 * seed q are at from[i * row + j * column + q * step]. */
static void put(const seeded *x, int first, const double *from, int64_t row, int64_t column,
                int64_t step) {
    for (int64_t i = 0; i < x->rows; i++) {
        for (int64_t j = 0; j < x->columns; j++) {
            double *to = x->at + i * x->row + j * x->column;
            const double *at = from + i * row + j * column;
            for (int64_t q = 0; q < x->p && first; q++) to[q] = at[q * step];
            for (int64_t q = 0; q < x->p && !first; q++) to[q] += at[q * step];
        }
    }
}

/* As put(), from a matrix to an array. */
static void take(const seeded *x, double *to, int64_t row, int64_t column, int64_t step) {
    for (int64_t i = 0; i < x->rows; i++) {
        for (int64_t j = 0; j < x->columns; j++) {
            const double *at = x->at + i * x->row + j * x->column;
            for (int64_t q = 0; q < x->p; q++) to[i * row + j * column + q * step] = at[q];
        }
    }
}

/* out += factor x for all seeds: one product, in which seeds are further columns. */
static int factor_on_the_left(ad_matrix factor, const seeded *x, const seeded *out, int first,
                              double *scratch) {
    const int64_t width = x->columns * x->p;
    const int64_t extents[4] = {1, out->rows, x->rows, width};
    ad_matrix from = {x->at, 0, (intptr_t)x->row, 1}, to = {out->at, 0, (intptr_t)out->row, 1};
    if (!in_rows(x)) {
        take(x, scratch, width, x->p, 1);
        from = (ad_matrix){scratch, 0, (intptr_t)width, 1};
        scratch += x->rows * width;
    }
    if (first && in_rows(out)) return ad_matmul(extents, factor, from, to, 1);
    int nonfinite =
        ad_matmul(extents, factor, from, (ad_matrix){scratch, 0, (intptr_t)width, 1}, 1);
    put(out, first, scratch, width, x->p, 1);
    return nonfinite;
}

#define THIN 8 /* columns of a factor from which copies of the other one cost little */

/* out += x factor for all seeds.  With a thin factor there is a product for each row of x, whose
 * seeds are the columns; otherwise one product, in which seeds are further rows. */
static int factor_on_the_right(ad_matrix factor, const seeded *x, const seeded *out, int first,
                               double *scratch) {
    const int64_t p = x->p, width = out->columns;
    if (width < THIN || x->columns < THIN) {
        const int64_t extents[4] = {x->rows, width, x->columns, p};
        const ad_matrix from = {x->at, (intptr_t)x->row, (intptr_t)x->column, 1};
        const ad_matrix to = {out->at, (intptr_t)out->row, (intptr_t)out->column, 1};
        const ad_matrix dense = {scratch, (intptr_t)(width * p), (intptr_t)p, 1};
        int nonfinite = ad_matmul(extents, transposed(factor), from, first ? to : dense, 1);
        if (!first) put(out, 0, scratch, width * p, p, 1);
        return nonfinite;
    }
    const int64_t extents[4] = {1, x->rows * p, x->columns, width};
    double *result = scratch + x->rows * p * x->columns;
    take(x, scratch, p * x->columns, 1, x->columns);
    int nonfinite = ad_matmul(extents, (ad_matrix){scratch, 0, (intptr_t)x->columns, 1}, factor,
                              (ad_matrix){result, 0, (intptr_t)width, 1}, 1);
    put(out, first, result, p * width, 1, width);
    return nonfinite;
}

/* Several seeds along operand j of the n-th matrices.  Returns whether an infinity or NaN arose. */
static int sweep_seeds(const ad_sweep *s, const product *x, int j, int64_t n, int first) {
    const seeded moved = seeded_of(s->array, s->p, &x->operand[j], n);
    const seeded own = seeded_of(s->array, s->p, &x->own, n);
    ad_matrix factor = matrix(s->tape->value, &x->operand[1 - j]);
    factor.at += n * factor.batch;
    factor.batch = 0;
    if (s->backward) factor = transposed(factor);
    return (j == 1 ? factor_on_the_left : factor_on_the_right)(
        factor, s->backward ? &own : &moved, s->backward ? &moved : &own, first, s->scratch);
}

/* One seed along operand j. */
static void sweep_one(ad_sweep *s, const ad_run *run, const ad_block *b, const product *x, int j) {
    if (s->backward) {
        pull_products(s, run, x, j, s->second != NULL && b->active[0] && b->active[1]);
    } else {
        push_product(s, x, j, j == 0 || !b->active[0]);
    }
}

int ad_sweep_product(ad_sweep *s, const ad_run *run, const ad_block *b) {
    const uint32_t *extent = b->extent[1].size;
    const int64_t batch = b->extent[0].count, M = extent[0], K = extent[1], N = extent[2];
    product x = {{run->node, {M * N, N, 1}, batch, M, N}, {{0}}};
    x.operand[0] = nodes_of(&b->operand[0], batch, M, K);
    x.operand[1] = nodes_of(&b->operand[1], batch, K, N);
    if (!(b->active[0] || b->active[1])) ad_sweep_clear(s, run);
    for (int j = 0; j < 2; j++) {
        const int first = !s->backward && (j == 0 || !b->active[0]);
        if (!b->active[j]) continue;
        if (s->p == 1) {
            sweep_one(s, run, b, &x, j);
            if (ad_pace_stops(&s->pace, (size_t)(batch * M * K * N) / 8)) return 1;
            continue;
        }
        for (int64_t n = 0; n < batch; n++) {
            s->nonfinite |= sweep_seeds(s, &x, j, n, first);
            if (ad_pace_stops(&s->pace, (size_t)(M * K * N) * s->p / 8)) return 1;
        }
    }
    return 0;
}

/* A copy of the seeds of one matrix and the result, or with one seed the result alone. */
size_t ad_product_scratch(const ad_block *b, size_t p) {
    const uint32_t *e = b->extent[1].size;
    const size_t left = (size_t)e[0] * e[1], right = (size_t)e[1] * e[2];
    const size_t operand = left > right ? left : right, own = (size_t)e[0] * e[2];
    return p > 1 ? (own + operand) * p : b->extent[0].count * (own > operand ? own : operand);
}
