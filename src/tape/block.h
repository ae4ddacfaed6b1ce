/* SPDX-License-Identifier: Apache-2.0 */
/* Block operations: array operations that are one run regardless of their size, in the same stream
 * as the elementary ones.  The table blocks.def lists their kinds.  The fields of an ad_block have
 * these meanings in the kinds of each family:
 *
 * REDUCTION  Node o is the sum, the largest or the smallest of the elements (o, r) over all r.
 *            A running reduction has nodes (o, r) instead, each the sum of the elements (o, 0..r),
 *            and one reduced dimension.
 *            extent[0] is the shape of the results, extent[1] that of the reduced dimensions.
 *            operand[0] holds the base and the strides over extent[0].  operand[1] holds the
 *            strides over extent[1], and its base is unused.  A list holds element (o, r) at entry
 *            o * extent[1].count + r.  The largest and the smallest store one partial per result,
 *            that of the elements that are equal to it: tied elements share the derivative equally.
 * CORRELATION  Result k < extent[0].count is the sum over r of element k + r - shift of the first
 *            vector times element r of the second one, over all r for which both exist.
 *            extent[1].size is {n, m}, the lengths of the vectors, operand[j].stride[0] the step of
 *            each, and operand[0].stride[1] the shift.  Operands are never lists.
 * PRODUCT    Products of matrices.  extent[0].count is the batch, extent[1].size is {M, K, N},
 *            operand[j].stride is {batch, row, column}.  Operands are never lists.
 * CALL       The `count` results of the tape's rule[rule] at extent[1].count arguments: consecutive
 *            nodes from operand[0].base on, or the nodes of its list.  Some arguments may be
 *            constants. */
#ifndef AD_BLOCK_H
#define AD_BLOCK_H

#include "tape/tape.h"

#define AD_SHORT_LIST 16 /* more elements of a result are worth a stretch of their own */

typedef enum ad_block_kind {
#define BLOCK(KIND, ...) AD_BLOCK_##KIND,
#include "tape/blocks.def"
    AD_BLOCK_COUNT
} ad_block_kind;

typedef enum ad_block_family {
    AD_FAMILY_REDUCTION,
    AD_FAMILY_CORRELATION,
    AD_FAMILY_PRODUCT,
    AD_FAMILY_CALL,
} ad_block_family;

/* A row of blocks.def; the comment there explains the last two fields. */
typedef struct ad_block_info {
    const char *name;
    ad_block_family family;
    int running, choice;
} ad_block_info;
extern const ad_block_info ad_block_kinds[AD_BLOCK_COUNT];

/* Returns the NumPy function that a kind of block stands for; "?" if there is no such kind. */
const char *ad_block_name(unsigned kind);

/* Returns whether a run is a block of a family. */
static inline int ad_is_family(const ad_run *run, ad_block_family family) {
    return run->form == AD_FORM_BLOCK && ad_block_kinds[run->op].family == family;
}

/* Record a reduction of the given kind of x, an array of shape outer + inner in C order, over the
 * inner dimensions.  A running reduction has a single inner dimension.  The results are consecutive
 * nodes from *first on.  Returns AD_BAD_SHAPE for the largest or smallest of no elements, AD_BAD_OP
 * if the kind is no reduction, AD_TAPE_FULL, AD_NO_MEMORY or AD_INTERRUPTED. */
ad_status ad_tape_reduce(ad_tape *tape, unsigned kind, int outer, int inner, const int64_t *shape,
                         const ad_operand *x, ad_node *first);

/* Record the products of pairs of matrices, M x K and K x N; extents is {batch, M, K, N}, and the
 * strides are {batch, row, column} in nodes.  The results are batch x M x N consecutive nodes from
 * *first on.  Returns AD_TAPE_FULL, AD_NO_MEMORY or AD_INTERRUPTED on failure. */
ad_status ad_tape_matmul(ad_tape *tape, const int64_t extents[4], ad_node a,
                         const int64_t a_stride[3], ad_node b, const int64_t b_stride[3],
                         ad_node *first);

/* Record the correlation of n nodes from a on, step[0] apart, with m nodes from b on, step[1] apart:
 * `count` results, which are consecutive nodes from *first on.  n, m and count are at least 1.
 * Returns AD_BAD_SHAPE if the shift is larger than all of them together, AD_TAPE_FULL, AD_NO_MEMORY
 * or AD_INTERRUPTED. */
ad_status ad_tape_correlate(ad_tape *tape, const int64_t length[2], ad_node a, ad_node b,
                            const int64_t step[2], int64_t shift, int64_t count, ad_node *first);

/* Record a call of a rule at n nodes: those of x's list, or the consecutive ones from its base on.
 * The m results get the values y, or those that the rule's callback computes if y is NULL.  The
 * tape takes a reference to the rule.  Returns AD_TAPE_FULL, AD_NO_MEMORY or the status of the
 * callback on failure. */
ad_status ad_tape_call(ad_tape *tape, void *rule, size_t n, const ad_operand *x, size_t m,
                       const double *y, ad_node *first);

/* Returns whether the results of a run are inner products of parts of its operands. */
static inline int ad_has_inner_products(const ad_run *run) {
    return ad_is_family(run, AD_FAMILY_PRODUCT) || ad_is_family(run, AD_FAMILY_CORRELATION);
}

/* Returns the number of edges of a run; inner products have at most one per multiplication. */
static inline size_t ad_run_edges(const ad_tape *tape, const ad_run *run) {
    if (run->form == AD_FORM_SPAN) return run->arity * (size_t)tape->span[run->a].extent.count;
    if (run->form != AD_FORM_BLOCK) return run->arity;
    const ad_block *b = &tape->block[run->a];
    if (ad_has_inner_products(run)) return (size_t)b->count * b->extent[1].size[1];
    return (size_t)b->extent[0].count * b->extent[1].count;
}

/* ad_call_node() returns the k-th node that a call reads.  ad_call_nodes() writes all of them to
 * `nodes`, which has room for extent[1].count. */
static inline ad_node ad_call_node(const ad_tape *tape, const ad_block *b, size_t k) {
    const ad_view *x = &b->operand[0];
    return x->list == AD_AFFINE ? x->base + (ad_node)k : tape->list[x->list + k];
}
void ad_call_nodes(const ad_tape *tape, const ad_block *b, ad_node *nodes);

/* Returns the values of these nodes: a pointer into the tape if the nodes are consecutive, else a
 * copy in `room`, which holds extent[1].count doubles. */
const double *ad_call_values(const ad_tape *tape, const ad_block *b, double *room);

/* Returns whether a reduction reads the entries of a list, and few of them for each result. */
static inline int ad_has_short_lists(const ad_block *b) {
    return b->operand[0].list != AD_AFFINE && b->extent[1].count < AD_SHORT_LIST;
}

/* The partial of a result of a reduction along an element of value x, if the result is `value` and
 * the partial that is stored for it `share`.  That of a sum is 1. */
static inline double ad_element_partial(const ad_block_info *kind, double x, double value,
                                        double share) {
    if (kind->choice == 0) return 1;
    return (value == value ? x == value : x != x) ? share : 0;
}

/* A stretch of a reduction's edges.  Edge k leads from operand node number k of `in` to the result
 * node number out + k * out_stride of the run.  Its number among the edges (o, r) of the block is
 * edge + k * edge_stride. */
typedef struct ad_edges {
    size_t count;
    size_t out;
    int64_t out_stride;
    ad_place in;
    size_t edge;
    int64_t edge_stride;
} ad_edges;

/* The state of a walk over the edges of a reduction, zeroed at the start.  ad_next_edges() writes
 * the next stretch and returns 1, or 0 at the end. */
typedef struct ad_cursor {
    size_t o, r;
    ad_node buffer[AD_CHUNK];
} ad_cursor;
int ad_next_edges(const ad_tape *tape, const ad_block *block, ad_cursor *cursor, ad_edges *edges);

/* Write the element nodes of result o of a reduction, or of row o of running sums: extent[1].count
 * nodes in the order of the reduced dimensions. */
void ad_block_row(const ad_tape *tape, const ad_block *block, size_t o, ad_node *nodes);

/* Result k of a product of matrices or a correlation is an inner product: the sum over r < count of node
 * left + r * left_step times node right + r * right_step. */
typedef struct ad_inner {
    uint32_t count;
    int64_t left, left_step, right, right_step;
} ad_inner;

ad_inner ad_correlation_part(const ad_block *b, uint32_t k);

static inline ad_inner ad_inner_product(const ad_block *b, uint32_t k) {
    if (b->extent[1].ndim == 2) return ad_correlation_part(b, k);
    const uint32_t *size = b->extent[1].size, column = k % size[2], line = k / size[2];
    const uint32_t row = line % size[0], batch = line / size[0];
    const ad_view *x = &b->operand[0], *y = &b->operand[1];
    return (ad_inner){size[1], x->base + batch * x->stride[0] + row * x->stride[1], x->stride[2],
                      y->base + batch * y->stride[0] + column * y->stride[2], y->stride[1]};
}

/* One matrix operand; strides in doubles. */
typedef struct ad_matrix {
    double *at;
    intptr_t batch, row, column;
} ad_matrix;

/* c = a b for `batch` matrices of M x K and K x N; extents is {batch, M, K, N}.  If `guarded` is
 * set, a zero times an infinity or NaN is zero, as along every other edge.  Returns whether there
 * may have been such a product. */
int ad_matmul(const int64_t extents[4], ad_matrix a, ad_matrix b, ad_matrix c, int guarded);

/* c[k] = sum over r of a[k + r - shift] b[r] for k < count, over all r for which both exist, with n
 * elements in a and m in b.  `guarded` and the result are those of ad_matmul(). */
int ad_correlate(int64_t n, const double *a, int64_t m, const double *b, int64_t shift,
                 int64_t count, double *c, int guarded);

/* Set the caller's matrix product (NumPy's inner loop, which calls its BLAS). */
void ad_matmul_set_loop(ad_loop_fn loop, void *data);

#endif
