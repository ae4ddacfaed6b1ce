/* SPDX-License-Identifier: Apache-2.0 */
/* Values and partials of operations on arrays of doubles. */
#ifndef AD_ELEMENTWISE_H
#define AD_ELEMENTWISE_H

#include "ops/ops.h"

/* An inner loop in NumPy's form: strided pointers to operands and result. */
typedef void (*ad_loop_fn)(char **pointers, const intptr_t *count, const intptr_t *strides,
                           void *data);

/* Values of arrays may come from the caller's own loops (NumPy's), so that a
 * traced function returns bit for bit what it returns untraced.  Set once,
 * before any recording; without one the table's expression is used. */
void ad_op_set_loop(unsigned op, ad_loop_fn loop, void *data);

/* value[k] = op(a[k], b[k], c[k]) for k < n; strides in doubles. */
void ad_op_values(unsigned op, size_t n, const double *const operand[], const intptr_t stride[],
                  double *value);

/* One partial of n consecutive points: out[k] from a[k], b[k], c[k] and v[k],
 * all contiguous (absent operands may be NULL). */
void ad_op_partials(unsigned op, int edge, size_t n, const double *a, const double *b,
                    const double *c, const double *v, double *out);

/* Value at one point, from the loop where one is set. */
double ad_op_value(unsigned op, double a, double b, double c);

#endif
