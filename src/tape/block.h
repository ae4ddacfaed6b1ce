/* SPDX-License-Identifier: Apache-2.0 */
/* Block operations: array operations that are one run however large, in the same
 * stream as the elementary ones.  A closed list.
 *
 * SUM, MAX, MIN   node o = reduction over r of element (o, r).
 *                 extent[0]: the results' shape; extent[1]: the reduced dimensions.
 *                 operand[0]: base and strides over extent[0]; operand[1]: strides over
 *                 extent[1] (its base is unused).  A list holds element (o, r) at
 *                 o * extent[1].count + r.  MAX and MIN store one partial an element in
 *                 that order: ties share the derivative equally.
 * CUMSUM          node (o, r) = sum of elements (o, 0..r); operands as for SUM, one
 *                 reduced dimension.
 * MATMUL          extent[0]: batch (count of it); extent[1].size = {M, K, N};
 *                 operand[j].stride = {batch, row, column}; never lists.
 * CALL            `count` results of the tape's rule[rule] at extent[1].count numbers: nodes in a
 *                 row from operand[0].base on, or its list; constants may be among them. */
#ifndef AD_BLOCK_H
#define AD_BLOCK_H

#include "tape/tape.h"

typedef enum ad_block_kind {
    AD_BLOCK_SUM,
    AD_BLOCK_MAX,
    AD_BLOCK_MIN,
    AD_BLOCK_CUMSUM,
    AD_BLOCK_MATMUL,
    AD_BLOCK_CALL,
    AD_BLOCK_COUNT
} ad_block_kind;

/* The NumPy function a block stands for: "sum", "max", "min", "cumsum", "matmul", "call". */
const char *ad_block_name(unsigned kind);

/* Record a reduction of x, an array of shape outer + inner (C order), over the inner
 * dimensions, or the running sum along the single inner one.  The results' nodes
 * follow from *first.  MAX and MIN of nothing are AD_BAD_SHAPE. */
ad_status ad_tape_reduce(ad_tape *tape, unsigned kind, int outer, int inner, const int64_t *shape,
                         const ad_operand *x, ad_node *first);

/* Record the products of `batch` pairs of matrices, M x K and K x N; strides are
 * {batch, row, column} in nodes.  Result: batch x M x N nodes from *first. */
ad_status ad_tape_matmul(ad_tape *tape, const int64_t extents[4], ad_node a,
                         const int64_t a_stride[3], ad_node b, const int64_t b_stride[3],
                         ad_node *first);

/* Record a call of a rule at n nodes, x's list or those in a row from its base on: m results with
 * the values y, or (NULL) what the rule says.  The tape keeps the rule. */
ad_status ad_tape_call(ad_tape *tape, void *rule, size_t n, const ad_operand *x, size_t m,
                       const double *y, ad_node *first);

/* Edges of a run, one a pair of numbers that a matrix product multiplies. */
static inline size_t ad_run_edges(const ad_tape *tape, const ad_run *run) {
    if (run->form == AD_FORM_SPAN) return run->arity * (size_t)tape->span[run->a].extent.count;
    if (run->form != AD_FORM_BLOCK) return run->arity;
    const ad_block *b = &tape->block[run->a];
    if (run->op == AD_BLOCK_MATMUL) return (size_t)b->count * b->extent[1].size[1];
    return (size_t)b->extent[0].count * b->extent[1].count;
}

/* The k-th node that a call reads; all of them. */
static inline ad_node ad_call_node(const ad_tape *tape, const ad_block *b, size_t k) {
    const ad_view *x = &b->operand[0];
    return x->list == AD_AFFINE ? x->base + (ad_node)k : tape->list[x->list + k];
}
void ad_call_nodes(const ad_tape *tape, const ad_block *b, ad_node *nodes);

/* Their values: where they lie in a row, or gathered into room for extent[1].count. */
const double *ad_call_values(const ad_tape *tape, const ad_block *b, double *room);

/* One stretch of a reduction's edges: element k joins result node out + k * out_stride
 * with operand element in[k]; edge k's stored partial is number edge + k * edge_stride. */
typedef struct ad_edges {
    size_t count;
    size_t out;
    int64_t out_stride;
    ad_place in;
    size_t edge;
    int64_t edge_stride;
} ad_edges;

/* Walks the edges of a reduction; start from a zeroed cursor, 0 means finished. */
typedef struct ad_cursor {
    size_t o, r;
    ad_node buffer[AD_CHUNK];
} ad_cursor;
int ad_next_edges(const ad_tape *tape, const ad_block *block, ad_cursor *cursor, ad_edges *edges);

/* The nodes of result o of a reduction, or of row o of running sums: extent[1].count of them, in
 * the order of the reduced dimensions. */
void ad_block_row(const ad_tape *tape, const ad_block *block, size_t o, ad_node *nodes);

/* Strides of one matrix operand, in doubles: batch, row, column. */
typedef struct ad_matrix {
    double *at;
    intptr_t batch, row, column;
} ad_matrix;

/* c = a b for `batch` matrices of M x K and K x N.  Where a zero meets an infinity or
 * NaN and `guarded` is set, the zero wins (as along every other edge); returns whether that may have
 * happened. */
int ad_matmul(const int64_t extents[4], ad_matrix a, ad_matrix b, ad_matrix c, int guarded);

/* The caller's own matrix product (NumPy's inner loop, which calls its BLAS). */
void ad_matmul_set_loop(ad_loop_fn loop, void *data);

#endif
