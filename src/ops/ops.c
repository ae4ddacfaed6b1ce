/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/ops.h"

#include "ad_core_math.h"

#define sel(condition, yes, no) ((condition) ? (yes) : (no))
#define UNUSED(x) (void)(x)

/* Scalar kernels: the rows compiled for doubles. */
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

/* The class of a partial follows from its text. sizeof counts the terminating zero. */
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
/* The texts are stringified in the row macro itself: another macro layer would expand AD_PI. */
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

const ad_op_info *ad_op_row(unsigned op) { return &ad_op_rows[op]; }

const ad_op_alias *ad_op_aliases(size_t *n) {
    *n = sizeof aliases / sizeof *aliases;
    return aliases;
}
