/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/ops.h"

#include <string.h>

#include "ops/kernels.h"
#include "simd/lanes.h"

#define sel(condition, yes, no) ((condition) ? (yes) : (no))
#define UNUSED(x) (void)(x)
#define SPREAD 256 /* elements copied at once to lie side by side */

/* Scalar kernels: the rows compiled on doubles. */
#define POINT(NAME, VALUE, PARTIALS)                                              \
    static double point_##NAME(double a, double b, double c, double p[]) {        \
        double v = VALUE;                                                         \
        UNUSED(a), UNUSED(b), UNUSED(c);                                          \
        PARTIALS;                                                                 \
        return v;                                                                 \
    }
#define UNARY(NAME, UFUNC, DA, VALUE, PA) POINT(NAME, VALUE, p[0] = PA)
#define BINARY(NAME, UFUNC, DA, DB, VALUE, PA, PB) POINT(NAME, VALUE, p[0] = PA; p[1] = PB)
#define TEST1(NAME, UFUNC, VALUE) POINT(NAME, VALUE, p[0] = 0)
#define TEST2(NAME, UFUNC, VALUE) POINT(NAME, VALUE, p[0] = p[1] = 0)
#define TERNARY(NAME, UFUNC, DA, DB, DC, VALUE, PA, PB, PC) \
    POINT(NAME, VALUE, p[0] = PA; p[1] = PB; p[2] = PC)
#define ALIAS(UFUNC, NAME)
#include "ops/ops.def"

/* A partial's class is its text.  sizeof counts the closing zero. */
#define CLASS(TEXT)                                                                    \
    (sizeof(TEXT) == 2   ? (TEXT)[0] == '0'   ? AD_PARTIAL_ZERO                        \
                           : (TEXT)[0] == '1' ? AD_PARTIAL_ONE                         \
                           : (TEXT)[0] == 'a' ? AD_PARTIAL_A                           \
                           : (TEXT)[0] == 'b' ? AD_PARTIAL_B                           \
                           : (TEXT)[0] == 'v' ? AD_PARTIAL_V                           \
                                              : AD_PARTIAL_STORED                      \
     : sizeof(TEXT) == 3 ? (TEXT)[0] == '-' && (TEXT)[1] == '1' ? AD_PARTIAL_MINUS_ONE \
                                                                : AD_PARTIAL_STORED    \
                         : AD_PARTIAL_STORED)
/* The texts are stringified in the row macro itself: one layer more would expand AD_PI. */
#define UNARY(NAME, UFUNC, DA, VALUE, PA) \
    {#NAME, UFUNC, 1, 0, 0, {#DA}, #VALUE, {#PA}, {CLASS(#PA)}, point_##NAME},
#define BINARY(NAME, UFUNC, DA, DB, VALUE, PA, PB)                                      \
    {#NAME, UFUNC, 2, 0, 0, {#DA, #DB}, #VALUE, {#PA, #PB}, {CLASS(#PA), CLASS(#PB)}, \
     point_##NAME},
#define TEST1(NAME, UFUNC, VALUE) \
    {#NAME, UFUNC, 1, 1, 0, {"REAL"}, #VALUE, {"0"}, {AD_PARTIAL_ZERO}, point_##NAME},
#define TEST2(NAME, UFUNC, VALUE)                                                             \
    {#NAME,        UFUNC, 2, 1, 0, {"REAL", "REAL"}, #VALUE, {"0", "0"}, {AD_PARTIAL_ZERO, AD_PARTIAL_ZERO}, \
     point_##NAME},
#define TERNARY(NAME, UFUNC, DA, DB, DC, VALUE, PA, PB, PC)                                \
    {#NAME, UFUNC, 3, 0, 0, {#DA, #DB, #DC}, #VALUE, {#PA, #PB, #PC}, \
     {CLASS(#PA), CLASS(#PB), CLASS(#PC)}, point_##NAME},
#define ALIAS(UFUNC, NAME)

ad_op_info ad_op_rows[AD_OP_COUNT] = {
#include "ops/ops.def"
};

#define UNARY(...)
#define BINARY(...)
#define TEST1(...)
#define TEST2(...)
#define TERNARY(...)
#define ALIAS(UFUNC, NAME) {UFUNC, AD_##NAME},
static const ad_op_alias aliases[] = {
#include "ops/ops.def"
};

static struct {
    ad_loop_fn loop;
    void *data;
} loops[AD_OP_COUNT];

const ad_op_info *ad_op_row(unsigned op) { return &ad_op_rows[op]; }

const ad_op_alias *ad_op_aliases(size_t *n) {
    *n = sizeof aliases / sizeof *aliases;
    return aliases;
}

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

/* Elements [k, k + n) side by side, as lanes take them: in place, or copied to a buffer, one for
 * all only once. */
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
