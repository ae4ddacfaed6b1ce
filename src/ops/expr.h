/* SPDX-License-Identifier: Apache-2.0 */
/* The texts of ops.def parsed into postfix code, so that a row's partial can be
 * carried out with operations of the table itself. */
#ifndef AD_EXPR_H
#define AD_EXPR_H

#include "base/status.h"
#include "ops/ops.h"

#define AD_EXPR_STEPS 128 /* longest code; ad_expr_parse refuses more */
#define AD_EXPR_DEPTH 24 /* deepest stack a code may need */

typedef enum ad_step_kind {
    AD_STEP_A, /* push operand a, b, c, or the node's own value */
    AD_STEP_B,
    AD_STEP_C,
    AD_STEP_V,
    AD_STEP_NUMBER, /* push number */
    AD_STEP_APPLY,  /* replace the operation's arity topmost by its result */
} ad_step_kind;

typedef struct ad_step {
    uint8_t kind, op;
    double number;
} ad_step;

typedef struct ad_expr {
    int steps;
    ad_step step[AD_EXPR_STEPS];
} ad_expr;

/* Parse an expression of the table's grammar.  AD_OK, or AD_BAD_OP for a text that
 * uses what no row provides. */
ad_status ad_expr_parse(const char *text, ad_expr *expr);

/* Parse all partials of the table; once, before the one below. */
ad_status ad_expr_prepare(void);

/* The partial of row op along edge j. */
const ad_expr *ad_expr_partial(unsigned op, int j);

/* Whether that partial is made of steps alone (comparisons, selections, whole numbers): where it is
 * 0 it stays 0 near the point, but at the edge of a step, where docs/conventions.md decides. */
int ad_expr_steps(unsigned op, int j);

#endif
