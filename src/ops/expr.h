/* SPDX-License-Identifier: Apache-2.0 */
/* The texts of ops.def parsed into postfix code, so that the partial of a row can be evaluated with
 * operations of the table itself. */
#ifndef AD_EXPR_H
#define AD_EXPR_H

#include "base/status.h"
#include "ops/ops.h"

#define AD_EXPR_STEPS 128 /* longest code; ad_expr_parse() rejects longer ones */
#define AD_EXPR_DEPTH 24 /* deepest stack a code may need */

typedef enum ad_step_kind {
    AD_STEP_A, /* push operand a, b, c, or the node's own value */
    AD_STEP_B,
    AD_STEP_C,
    AD_STEP_V,
    AD_STEP_NUMBER, /* push number */
    AD_STEP_APPLY,  /* replace as many topmost values as the arity of the operation by its result */
} ad_step_kind;

typedef struct ad_step {
    uint8_t kind, op;
    double number;
} ad_step;

typedef struct ad_expr {
    int steps;
    ad_step step[AD_EXPR_STEPS];
} ad_expr;

/* Parse an expression of the table's grammar.  Returns AD_BAD_OP if the text is no such expression,
 * is too long, or uses a function that is not the value of a row. */
ad_status ad_expr_parse(const char *text, ad_expr *expr);

/* Parse all partials of the table.  Must be called once before the two functions below. */
ad_status ad_expr_prepare(void);

/* Returns the postfix code of the partial of row op along edge j. */
const ad_expr *ad_expr_partial(unsigned op, int j);

/* Returns whether that partial is piecewise constant, because it consists of comparisons,
 * selections and whole numbers only.  If such a partial is 0, it stays 0 near the point, except
 * where the comparison changes its outcome, for which docs/conventions.md has a rule. */
int ad_expr_is_piecewise_constant(unsigned op, int j);

#endif
