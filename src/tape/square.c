/* SPDX-License-Identifier: Apache-2.0 */
/* Squares of roots: n n, where n is a square root, an absolute value or a hypotenuse.  The value is
 * that of the product.  The derivative bypasses the root and leads to the radicand, because the
 * chain rule through the root gives the product of 0 and an infinity where the root is 0.  So
 * norm(x)**2, std(x)**2 and abs(x)**2 are smooth where they are 0, for derivatives of any order. */
#include <string.h>

#include "tape/record.h"

/* Returns the elementwise run whose nodes are the operand's, all of them and in the same order;
 * else NULL. */
static const ad_run *whole_run(const ad_tape *tape, int ndim, const int64_t *shape,
                               const ad_operand *x) {
    int64_t count = 1;
    for (int d = ndim - 1; d >= 0; d--) {
        if (shape[d] != 1 && (x->nodes != NULL || x->stride[d] != count)) return NULL;
        count *= shape[d];
    }
    const ad_node first = x->nodes != NULL ? x->nodes[0] : x->base;
    if (first >= tape->roots) return NULL;
    const ad_run *run = ad_tape_run_of(tape, first);
    if (run == NULL || run->form == AD_FORM_BLOCK || run->node != first) return NULL;
    if (run->form == AD_FORM_SPAN && tape->span[run->a].lag != 0) return NULL;
    return (int64_t)ad_run_count(tape, run) == count ? run : NULL;
}

/* Operand j of such a run, and the extent that its view is defined over. */
static ad_operand operand_of(const ad_tape *tape, const ad_run *run, int j, int *ndim,
                             int64_t shape[AD_DIMS]) {
    static const int64_t still[AD_DIMS] = {0};
    *ndim = 0;
    if (run->form != AD_FORM_SPAN) return (ad_operand){j == 0 ? run->a : run->b, still, NULL};
    const ad_span *span = &tape->span[run->a];
    const ad_view *view = &span->operand[j];
    *ndim = (int)span->extent.ndim;
    for (int d = 0; d < *ndim; d++) shape[d] = span->extent.size[d];
    return (ad_operand){view->base, view->stride, NULL};
}

/* Returns whether all operands of a run are affine rules.  The list array may be reallocated while
 * an operation with lists is recorded. */
static int has_rules(const ad_tape *tape, const ad_run *run) {
    for (int j = 0; run->form == AD_FORM_SPAN && j < run->arity; j++) {
        if (tape->span[run->a].operand[j].list != AD_AFFINE) return 0;
    }
    return 1;
}

/* Record the sum of the squares of two arrays.  Their strides are copied, because the array of
 * spans may be reallocated. */
static ad_status sum_of_squares(ad_tape *tape, int ndim, const int64_t *shape, ad_operand a,
                                ad_operand b, const int64_t *stride, ad_node *first) {
    int64_t strides[2][AD_DIMS];
    ad_operand side[2] = {a, b}, square[2];
    for (int j = 0; j < 2; j++) {
        memcpy(strides[j], side[j].stride, sizeof strides[j]);
        side[j].stride = strides[j];
    }
    for (int j = 0; j < 2; j++) {
        ad_node node;
        ad_status status = ad_tape_elementwise(tape, AD_SQUARE, ndim, shape, &side[j], &node);
        if (status != AD_OK) return status;
        square[j] = (ad_operand){node, stride, NULL};
    }
    return ad_tape_elementwise(tape, AD_ADD, ndim, shape, square, first);
}

/* Returns whether an operation squares its operand. */
static int is_square(unsigned op, int ndim, const ad_operand *x) {
    if (op == AD_SQUARE) return 1;
    if (op != AD_MULTIPLY || x[0].nodes != NULL || x[1].nodes != NULL) return 0;
    if (x[0].base != x[1].base) return 0;
    return ndim == 0 || memcmp(x[0].stride, x[1].stride, (size_t)ndim * sizeof(int64_t)) == 0;
}

/* Record the square of x if x consists of all results of one root in their order.  *recorded says
 * whether it was recorded. */
static ad_status square_of_root(ad_tape *tape, int ndim, const int64_t *shape, const ad_operand *x,
                                ad_node *first, int *recorded) {
    const ad_run *run = whole_run(tape, ndim, shape, x);
    int dims;
    int64_t sizes[AD_DIMS], step = 1, stride[AD_DIMS];
    *recorded = 0;
    if (run == NULL) return AD_OK;
    const unsigned op = run->op;
    if (!ad_has_square_rule(op)) return AD_OK;
    if (!has_rules(tape, run)) return AD_OK;
    *recorded = 1;
    const ad_node root = run->node;
    ad_node radicand;
    ad_operand own[2] = {operand_of(tape, run, 0, &dims, sizes), {root, stride, NULL}};
    for (int d = dims - 1; d >= 0; d--) {
        stride[d] = step;
        step *= sizes[d];
    }
    if (op == AD_ABSOLUTE) return ad_tape_elementwise(tape, AD_SQUARE, dims, sizes, own, first);
    if (op == AD_HYPOT) {
        const ad_operand other = operand_of(tape, run, 1, &dims, sizes);
        ad_status status = sum_of_squares(tape, dims, sizes, own[0], other, stride, &radicand);
        if (status != AD_OK) return status;
        own[0] = (ad_operand){radicand, stride, NULL};
    }
    return ad_tape_elementwise(tape, AD_SQUARED_ROOT, dims, sizes, own, first);
}

ad_status ad_tape_elementwise(ad_tape *tape, unsigned op, int ndim, const int64_t *shape,
                              const ad_operand *operands, ad_node *first) {
    if (op < AD_OP_COUNT && ndim <= AD_ANY_DIMS && is_square(op, ndim, operands)) {
        int recorded;
        ad_status status = square_of_root(tape, ndim, shape, operands, first, &recorded);
        if (recorded) return status;
    }
    return ad_record_elementwise(tape, op, ndim, shape, operands, first);
}
