/* SPDX-License-Identifier: Apache-2.0 */
/* What the rest of the core can look up about an operation.  Everything here is generated from
 * ops.def, and no other file contains a formula. */
#ifndef AD_OPS_H
#define AD_OPS_H

#include <stddef.h>
#include <stdint.h>

#include "ad_core_math.h"

#define AD_MAX_ARITY 3

typedef enum ad_op {
#define UNARY(NAME, ...) AD_##NAME,
#define BINARY(NAME, ...) AD_##NAME,
#define TEST1(NAME, ...) AD_##NAME,
#define TEST2(NAME, ...) AD_##NAME,
#define TERNARY(NAME, ...) AD_##NAME,
#define ALIAS(UFUNC, NAME)
#include "ops/ops.def"
    AD_OP_COUNT
} ad_op;

/* How the partial along an edge is known, derived from the text of the row. */
typedef enum ad_partial_class {
    AD_PARTIAL_STORED = 0, /* computed and stored */
    AD_PARTIAL_ZERO,       /* no derivative along this edge */
    AD_PARTIAL_ONE,
    AD_PARTIAL_MINUS_ONE,
    AD_PARTIAL_A, /* the value of operand a, of operand b, or of the node itself */
    AD_PARTIAL_B,
    AD_PARTIAL_V,
} ad_partial_class;

/* Returns the value at one point and writes all partials.  Partials beyond the arity are not
 * written. */
typedef double (*ad_point_fn)(double a, double b, double c, double partial[AD_MAX_ARITY]);

typedef struct ad_op_info {
    const char *name;  /* the enumerator: "SIN" */
    const char *ufunc; /* the NumPy function that it stands for: "sin" */
    int arity;
    int is_test; /* its value is a truth value */
    int exact;   /* the value calls no function: every implementation gives the same bits */
    const char *domain[AD_MAX_ARITY];
    const char *value;                 /* the row's text */
    const char *partial[AD_MAX_ARITY]; /* NULL beyond the arity */
    ad_partial_class partial_class[AD_MAX_ARITY];
    ad_point_fn point;
} ad_op_info;

/* The row of an operation; op < AD_OP_COUNT.  Inner loops read the table directly where a call
 * would cost as much as the operation. */
const ad_op_info *ad_op_row(unsigned op);
extern ad_op_info ad_op_rows[];

/* Second names of operations, each with the operation that it stands for.  *n receives the number
 * of them. */
typedef struct ad_op_alias {
    const char *ufunc;
    ad_op op;
} ad_op_alias;
const ad_op_alias *ad_op_aliases(size_t *n);

#endif
