/* SPDX-License-Identifier: Apache-2.0 */
/* Squares of roots: n n where n is a square root, an absolute value or a hypotenuse.  The value is the
 * product's; the derivative goes past the root, to the radicand.  So norm(x)**2, std(x)**2 and
 * abs(x)**2 are smooth where they are 0, of any order. */
#ifndef AD_SQUARE_H
#define AD_SQUARE_H

#include "tape/tape.h"

/* Whether an operation squares its operand. */
int ad_square_is(unsigned op, int ndim, const ad_operand *operands);

/* Record the square of x if x is all of one root's results in their order, else nothing. */
ad_status ad_square_of_root(ad_tape *tape, int ndim, const int64_t *shape, const ad_operand *x,
                            ad_node *first, int *recorded);

#endif
