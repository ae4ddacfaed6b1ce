/* SPDX-License-Identifier: Apache-2.0 */
/* Random recordings. */
#include <math.h>
#include <string.h>

#include "model.h"
#include "tape/running.h"

/* Consecutive nodes that are all constants or all not. */
typedef struct piece {
    ad_node first;
    uint32_t count;
} piece;

typedef struct recorder {
    ad_tape *tape;
    uint32_t seed;
    piece piece[256];
    uint32_t pieces;
    ad_status status;
} recorder;

static uint32_t below(recorder *r, uint32_t n) { return model_random(&r->seed, n); }

/* A piece that is mostly not constant. */
static piece any_piece(recorder *r) {
    piece p = r->piece[below(r, r->pieces)];
    for (int k = 0; k < 3 && ad_is_constant(r->tape, p.first); k++) {
        p = r->piece[below(r, r->pieces)];
    }
    return p;
}

static ad_node any_node(recorder *r) {
    piece p = any_piece(r);
    return p.first + below(r, p.count);
}

static void keep(recorder *r, ad_node first, uint32_t count) {
    if (r->status == AD_OK && r->pieces < 256 && count > 0) {
        r->piece[r->pieces++] = (piece){first, count};
    }
}

/* An affine rule with random strides that fits a piece. */
static ad_node view(recorder *r, int ndim, const int64_t *shape, int64_t *stride) {
    piece p = any_piece(r);
    int64_t left = p.count - 1, low = 0;
    for (int d = 0; d < ndim; d++) {
        int64_t most = shape[d] > 1 ? left / (shape[d] - 1) : 3;
        stride[d] = below(r, 4) ? below(r, (uint32_t)(most < 7 ? most : 7) + 1) : 0;
        left -= stride[d] * (shape[d] - 1);
        if (below(r, 3)) continue;
        low += stride[d] * (shape[d] - 1);
        stride[d] = -stride[d];
    }
    return p.first + (ad_node)(low + below(r, (uint32_t)left + 1));
}

static size_t shape_of(recorder *r, int ndim, int64_t *shape) {
    size_t count = 1;
    for (int d = 0; d < ndim; d++) {
        shape[d] = 1 + below(r, ndim == 1 ? 40 : 5);
        count *= (size_t)shape[d];
    }
    return count;
}

#define MOST 700 /* elements of an operation: more than a chunk */

static void elementwise(recorder *r) {
    static const uint8_t ops[] = {AD_ADD,     AD_SUBTRACT, AD_MULTIPLY,  AD_DIVIDE, AD_SIN,
                                  AD_TANH,    AD_NEGATIVE, AD_LOGADDEXP, AD_SELECT, AD_LESS,
                                  AD_MAXIMUM, AD_COS,      AD_ISNAN};
    unsigned op = ops[below(r, sizeof ops)];
    int ndim = (int)below(r, 6);
    int64_t shape[6], stride[AD_MAX_ARITY][6];
    ad_node list[AD_MAX_ARITY][MOST], first = 0;
    ad_operand operand[AD_MAX_ARITY];
    size_t count = shape_of(r, ndim, shape);
    if (ndim == 1 && below(r, 8) == 0) count = (size_t)(shape[0] = MOST);
    if (count > MOST || r->status != AD_OK) return;
    for (int j = 0; j < ad_op_rows[op].arity; j++) {
        operand[j] = (ad_operand){view(r, ndim, shape, stride[j]), stride[j], NULL};
        if (below(r, 3) || (op == AD_DIVIDE && j == 1)) continue;
        for (size_t k = 0; k < count; k++) list[j][k] = any_node(r);
        operand[j] = (ad_operand){0, NULL, list[j]};
    }
    if (op == AD_DIVIDE) { /* divide by a number away from zero */
        operand[1] = (ad_operand){1, stride[1], NULL};
        memset(stride[1], 0, sizeof stride[1]);
    }
    if (ad_op_rows[op].is_test && below(r, 2)) {
        r->status = ad_tape_check(r->tape, op, ndim, shape, operand, 0, NULL);
        return;
    }
    r->status = ad_tape_elementwise(r->tape, op, ndim, shape, operand, &first);
    keep(r, first, (uint32_t)count);
    if (r->status == AD_OK && ad_op_rows[op].is_test) {
        r->status = ad_tape_guard(r->tape, first, count);
    }
}

/* Sums may be large, so that later operations use their sine. */
static void tame(recorder *r, ad_node first, uint32_t count) {
    const int64_t shape[] = {count}, one[] = {1};
    const ad_operand x = {first, one, NULL};
    if (r->status != AD_OK || count == 0) return;
    r->status = ad_tape_elementwise(r->tape, AD_SIN, 1, shape, &x, &first);
    keep(r, first, count);
}

static void reduce(recorder *r) {
    unsigned kind = below(r, AD_BLOCK_CORRELATE); /* the reductions come first */
    int outer = (int)below(r, 4), inner = kind == AD_BLOCK_CUMSUM ? 1 : (int)below(r, 4);
    int64_t shape[6], stride[6];
    ad_node list[MOST], first = 0;
    size_t results = shape_of(r, outer, shape), elements = shape_of(r, inner, shape + outer);
    size_t count = results * elements;
    if (inner == 1 && kind == AD_BLOCK_SUM && below(r, 6) == 0) shape[outer] = count = 0;
    if (count > MOST || r->status != AD_OK) return;
    ad_operand x = {count > 0 ? view(r, outer + inner, shape, stride) : 0, stride, NULL};
    if (below(r, 3) == 0) {
        for (size_t k = 0; k < count; k++) list[k] = any_node(r);
        x = (ad_operand){0, NULL, list};
    }
    if (count == 0) memset(stride, 0, sizeof stride);
    r->status = ad_tape_reduce(r->tape, kind, outer, inner, shape, &x, &first);
    if (kind == AD_BLOCK_CUMSUM) results = count;
    tame(r, first, (uint32_t)results);
}

static void multiply(recorder *r) {
    const int64_t e[4] = {1 + below(r, 2), 1 + below(r, 4), below(r, 7), 1 + below(r, 4)};
    const int64_t left[3] = {e[0], e[1], e[2]}, right[3] = {e[0], e[2], e[3]};
    int64_t a[3] = {0}, b[3] = {0};
    ad_node first = 0, x = e[2] > 0 ? view(r, 3, left, a) : 0,
            y = e[2] > 0 ? view(r, 3, right, b) : 0;
    if (r->status != AD_OK) return;
    r->status = ad_tape_matmul(r->tape, e, x, a, y, b, &first);
    tame(r, first, (uint32_t)(e[0] * e[1] * e[3]));
}

static void correlate(recorder *r) {
    const int64_t length[2] = {1 + below(r, 30), 1 + below(r, 12)};
    const int64_t shift = (int64_t)below(r, (uint32_t)length[1]) - 4, count = 1 + below(r, 40);
    int64_t step[2];
    const ad_node a = view(r, 1, &length[0], &step[0]), b = view(r, 1, &length[1], &step[1]);
    ad_node first = 0;
    if (r->status != AD_OK) return;
    r->status = ad_tape_correlate(r->tape, length, a, b, step, shift, count, &first);
    tame(r, first, (uint32_t)count);
}

/* A running fold of a list, whose nodes may be constants, or of a view. */
static void running(recorder *r) {
    static const uint8_t ops[] = {AD_MULTIPLY, AD_MAXIMUM, AD_SUBTRACT, AD_LOGADDEXP};
    const unsigned op = ops[below(r, sizeof ops)];
    const int64_t shape[2] = {1 + below(r, 12), 1 + below(r, 12)};
    const size_t rows = below(r, 2) ? 1 : (size_t)shape[1], n = (size_t)shape[0], count = n * rows;
    int64_t stride[2];
    ad_node list[144], first = 0;
    ad_operand x = {view(r, 2, shape, stride), stride, NULL};
    if (below(r, 2)) {
        for (size_t k = 0; k < count; k++) list[k] = any_node(r);
        x = (ad_operand){0, stride, list};
    }
    if (r->status != AD_OK) return;
    r->status = ad_tape_running(r->tape, op, n, rows, &x, &first);
    for (size_t k = 0; k < count && r->status == AD_OK && below(r, 4); k++) {
        keep(r, first + (ad_node)k, 1);
    }
}

/* Sums of groups; some groups may be empty. */
static void groups(recorder *r) {
    enum { GROUPS = 7 };
    const size_t n = below(r, 60);
    ad_node node[60], sum[GROUPS];
    int64_t place[60];
    for (size_t k = 0; k < n; k++) {
        node[k] = any_node(r);
        place[k] = below(r, GROUPS);
    }
    if (r->status != AD_OK) return;
    memset(sum, 0, sizeof sum);
    r->status =
        ad_tape_reduce_groups(r->tape, below(r, AD_BLOCK_CUMSUM), n, node, place, GROUPS, sum);
    for (size_t k = 0; k < n && r->status == AD_OK && below(r, 4); k++) {
        tame(r, sum[place[k]], 1);
    }
}

static void scalar(recorder *r) {
    static const uint8_t ops[] = {AD_ADD, AD_MULTIPLY, AD_SUBTRACT, AD_HYPOT};
    ad_node node = 0, a = any_node(r), b = any_node(r);
    if (r->status != AD_OK) return;
    if (below(r, 4) == 0) {
        r->status = ad_tape_constant(r->tape, model_number(&r->seed), &node);
    } else if (below(r, 2)) {
        r->status = ad_tape_unary(r->tape, below(r, 2) ? AD_COS : AD_ARCTAN, a, &node);
    } else {
        r->status = ad_tape_binary(r->tape, ops[below(r, sizeof ops)], a, b, &node);
        if (r->status == AD_OK) r->status = ad_tape_unary(r->tape, AD_TANH, node, &node);
    }
    keep(r, node, 1);
    if (below(r, 4) == 0 && r->status == AD_OK) {
        r->status = ad_tape_guard(r->tape, node, 1);
    }
}

ad_status model_tape(ad_tape *tape, size_t D, const double *x, size_t steps, uint32_t seed) {
    recorder r = {.tape = tape, .seed = seed};
    ad_node first = 0, constants = 0;
    r.status = ad_tape_inputs(tape, D, &first);
    if (r.status != AD_OK) return r.status;
    memcpy(tape->value, x, D * sizeof *x);
    tape->value[1] = 2 + x[1]; /* safe to divide by */
    keep(&r, first, (uint32_t)D);
    if ((r.status = ad_tape_constants(tape, 12, &constants)) != AD_OK) return r.status;
    for (uint32_t k = 0; k < 12; k++) tape->value[constants + k] = 0.25 * k - 1;
    keep(&r, constants, 12);
    for (size_t k = 0; k < steps && r.status == AD_OK; k++) {
        switch (below(&r, 9)) {
        case 6:
            correlate(&r);
            break;
        case 7:
            running(&r);
            break;
        case 8:
            groups(&r);
            break;
        case 0:
            reduce(&r);
            break;
        case 1:
            multiply(&r);
            break;
        case 2:
            scalar(&r);
            break;
        default:
            elementwise(&r);
            break;
        }
    }
    return r.status;
}

void model_outputs(const ad_tape *tape, size_t K, ad_node *output, uint32_t *seed) {
    for (size_t k = 0; k < K; k++) {
        uint32_t nodes = (uint32_t)tape->nodes, late = nodes / 4;
        output[k] = model_random(seed, 4) ? nodes - 1 - model_random(seed, late)
                                          : model_random(seed, nodes);
    }
}
