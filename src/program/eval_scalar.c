/* SPDX-License-Identifier: Apache-2.0 */
/* Listed runs on doubles.  Gathering eight operands for a vector costs more than a cheap operation
 * on each. */
#include "ad_core_math.h"
#include "program/eval.h"

#define sel(condition, yes, no) ((condition) ? (yes) : (no))

#define LOOP(NAME, ARITY, EXPRESSION)                                                      \
    static void scalar_##NAME(double *w, const ad_program_run *run, const uint32_t *x) {   \
        double *out = w + run->out;                                                        \
        for (size_t k = 0; k < run->count; k++, x += ARITY) {                              \
            double a = w[x[0]], b = ARITY > 1 ? w[x[ARITY > 1 ? 1 : 0]] : 0;               \
            double c = ARITY > 2 ? w[x[ARITY > 2 ? 2 : 0]] : 0;                            \
            (void)a, (void)b, (void)c;                                                     \
            out[k] = EXPRESSION;                                                           \
        }                                                                                  \
    }
#define UNARY(NAME, UFUNC, DA, VALUE, PA) LOOP(NAME, 1, VALUE)
#define BINARY(NAME, UFUNC, DA, DB, VALUE, PA, PB) LOOP(NAME, 2, VALUE)
#define TEST1(NAME, UFUNC, VALUE) LOOP(NAME, 1, VALUE)
#define TEST2(NAME, UFUNC, VALUE) LOOP(NAME, 2, VALUE)
#define TERNARY(NAME, UFUNC, DA, DB, DC, VALUE, PA, PB, PC) LOOP(NAME, 3, VALUE)
#define ALIAS(UFUNC, NAME)
#include "ops/ops.def"
#define FUSED(NAME, TEXT, ARITY, VALUE) LOOP(NAME, ARITY, VALUE)
#include "program/fused.def"

const ad_point_run_fn ad_eval_scalar[AD_PROGRAM_OPS] = {
#define UNARY(NAME, ...) scalar_##NAME,
#define BINARY(NAME, ...) scalar_##NAME,
#define TEST1(NAME, ...) scalar_##NAME,
#define TEST2(NAME, ...) scalar_##NAME,
#define TERNARY(NAME, ...) scalar_##NAME,
#define ALIAS(UFUNC, NAME)
#include "ops/ops.def"
    [AD_RUN_CALL] = NULL, /* the last of those without such a loop */
#define FUSED(NAME, ...) scalar_##NAME,
#include "program/fused.def"
};
