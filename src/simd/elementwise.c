/* SPDX-License-Identifier: Apache-2.0 */
#include "simd/elementwise.h"

#include <string.h>

#include "simd/lanes.h"

#define SPREAD 256 /* elements copied to a buffer at once */

static struct {
    ad_loop_fn loop;
    void *data;
} loops[AD_OP_COUNT];

void ad_op_set_loop(unsigned op, ad_loop_fn loop, void *data) {
    loops[op].loop = loop;
    loops[op].data = data;
    ad_op_rows[op].exact = strchr(ad_op_rows[op].value, '(') == NULL;
}

double ad_op_value(unsigned op, double a, double b, double c) {
    double value, partial[AD_MAX_ARITY];
    if (loops[op].loop == NULL) return ad_op_rows[op].point(a, b, c, partial);
    const double *operand[] = {&a, &b, &c};
    const intptr_t stride[] = {0, 0, 0};
    ad_op_values(op, 1, operand, stride, &value);
    return value;
}

/* Elements [k, k + n) of a strided operand, contiguous as the lanes need them: in place, or copied
 * to a buffer.  A broadcast operand (stride 0) is copied only for k = 0. */
static const double *spread(const double *x, intptr_t stride, size_t k, size_t n, double *buffer) {
    if (stride == 1) return x + k;
    if (stride == 0 && k > 0) return buffer;
    for (size_t e = 0; e < n; e++) buffer[e] = x[(intptr_t)(k + e) * stride];
    return buffer;
}

void ad_op_values(unsigned op, size_t n, const double *const operand[], const intptr_t stride[],
                  double *value) {
    int arity = ad_op_rows[op].arity;
    if (loops[op].loop != NULL) {
        char *pointers[AD_MAX_ARITY + 1];
        intptr_t strides[AD_MAX_ARITY + 1], count = (intptr_t)n;
        for (int j = 0; j < arity; j++) {
            pointers[j] = (char *)(uintptr_t)operand[j];
            strides[j] = stride[j] * (intptr_t)sizeof(double);
        }
        pointers[arity] = (char *)value;
        strides[arity] = sizeof(double);
        loops[op].loop(pointers, &count, strides, loops[op].data);
        return;
    }
    double buffer[AD_MAX_ARITY][SPREAD];
    for (size_t k = 0; k < n; k += SPREAD) {
        size_t m = n - k < SPREAD ? n - k : SPREAD;
        const double *x[AD_MAX_ARITY] = {NULL};
        for (int j = 0; j < arity; j++) {
            x[j] = spread(operand[j], stride[j], k, m, buffer[j]);
        }
        ad_lanes()->value[op](m, x[0], x[1], x[2], NULL, value + k);
    }
}

void ad_op_partials(unsigned op, int edge, size_t n, const double *a, const double *b,
                    const double *c, const double *v, double *out) {
    ad_lanes()->partial[op][edge](n, a, b, c, v, out);
}

void ad_op_running(unsigned op, size_t n, const double *b, intptr_t stride, double *value) {
    double partial[AD_MAX_ARITY];
    if (loops[op].loop != NULL) { /* as NumPy accumulates: the result is the next left operand */
        const double *const operand[] = {value - 1, b};
        const intptr_t strides[] = {1, stride};
        ad_op_values(op, n, operand, strides, value);
        return;
    }
    for (size_t k = 0; k < n; k++) {
        const double *before = value + k - 1;
        value[k] = ad_op_rows[op].point(*before, b[(intptr_t)k * stride], 0, partial);
    }
}
