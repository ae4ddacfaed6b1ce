/* SPDX-License-Identifier: Apache-2.0 */
/* Values and partials of operations on arrays of doubles. */
#ifndef AD_ELEMENTWISE_H
#define AD_ELEMENTWISE_H

#include "ops/ops.h"

/* An inner loop in NumPy's form: the pointers and the strides, in bytes, of the operands and the
 * result. */
typedef void (*ad_loop_fn)(char **pointers, const intptr_t *count, const intptr_t *strides,
                           void *data);

/* Make the caller's loop (NumPy's) compute the values of an operation on arrays, so that a traced
 * function returns bit for bit what it returns untraced.  Called once per operation, before any
 * recording.  Operations without a loop use the expression of the table. */
void ad_op_set_loop(unsigned op, ad_loop_fn loop, void *data);

/* Compute value[k] = op(a[k], b[k], c[k]) for k < n.  The elements of operand j are stride[j]
 * doubles apart, and the values are contiguous. */
void ad_op_values(unsigned op, size_t n, const double *const operand[], const intptr_t stride[],
                  double *value);

/* Compute the partials along one edge at n points: out[k] from the operands a[k], b[k], c[k] and
 * the value v[k].  All arrays are contiguous, and operands that the row does not have may be
 * NULL. */
void ad_op_partials(unsigned op, int edge, size_t n, const double *a, const double *b,
                    const double *c, const double *v, double *out);

/* Compute the running fold of a binary operation: value[k] = op(value[k - 1], b[k * stride]) for
 * k < n, in this order.  value[-1] is given. */
void ad_op_running(unsigned op, size_t n, const double *b, intptr_t stride, double *value);

/* Returns the value at one point, computed by the caller's loop if there is one. */
double ad_op_value(unsigned op, double a, double b, double c);

#endif
