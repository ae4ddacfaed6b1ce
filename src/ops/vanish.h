/* SPDX-License-Identifier: Apache-2.0 */
/* How fast sums of squares vanish.
 *
 * The root of a sum of squares has a kink where all squares are 0, and its subgradients there are
 * symmetric around 0 (norm, standard deviation, distance).  The chain rule gives no answer at such
 * a point: the slope of the root is infinite and the slopes of the squares are 0, so that their
 * product is undefined.  But if a nonnegative node is known to vanish at least as fast as |x|, then
 * its derivative there is 0, or 0 is the middle of its subgradients.
 *
 * The order of a node is 0 if nothing is known about it.  Otherwise the node is nonnegative, and
 * where it is 0 it vanishes at least as fast as |x|^order.  The order of a constant is infinite. */
#ifndef AD_VANISH_H
#define AD_VANISH_H

#include "ops/ops.h"

/* Returns the order of the result of an elementary operation, given the orders of its operands.
 * `same` says that the first two operands are the same node.  `exponent` is the value of the second
 * operand if that is a constant, else NaN. */
float ad_vanish_order(unsigned op, const float order[AD_MAX_ARITY], int same, double exponent);

/* Returns the order of a constant: infinite, or 0 for a negative number or NaN. */
float ad_vanish_constant(double value);

/* Returns the lower of two orders, which is the order of a sum, a maximum or a minimum. */
float ad_vanish_both(float a, float b);

/* Returns whether the result of an operation, of order `own`, is a root with a kink where it is 0.
 * Its partial along the first operand, of order `operand`, is infinite there and has to be replaced
 * by 0. */
int ad_vanish_is_kink(float own, float operand);

/* Returns whether results of this operation can have such a kink: roots and powers. */
int ad_vanish_may_have_kink(unsigned op);

#endif
