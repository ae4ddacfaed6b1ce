/* SPDX-License-Identifier: Apache-2.0 */
/* How fast sums of squares vanish.
 *
 * The root of a sum of squares has a kink where all of them are 0, and its subgradients there are
 * symmetrical around 0 (norm, standard deviation, distance).  The slope of the root is infinite and
 * that of the squares 0, and their product says nothing; but where a node that is not negative is
 * known to vanish at the order of |x| or faster, its derivative there is 0, or 0 is the middle of
 * its subgradients.
 *
 * An order is a number: 0 where nothing is known, otherwise the node is not negative, and where it
 * is 0 it vanishes as |x|^order does or faster; infinite for constants. */
#ifndef AD_VANISH_H
#define AD_VANISH_H

#include "ops/ops.h"

/* The order of an elementary operation's result from those of its operands.  same: the first two
 * operands are one.  exponent: the second operand where it is a constant, else NaN. */
float ad_vanish_order(unsigned op, const float order[AD_MAX_ARITY], int same, double exponent);

/* That of a constant. */
float ad_vanish_constant(double value);

/* The lower of two: that of a sum, a maximum or a minimum. */
float ad_vanish_both(float a, float b);

/* Whether the result of an operation is a root with a kink where it is 0: its partial along the
 * first operand is infinite there, and 0 is to be taken. */
int ad_vanish_is_kink(float own, float operand);

/* Whether an operation may be such a root. */
int ad_vanish_is_root(unsigned op);

#endif
