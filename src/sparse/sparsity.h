/* SPDX-License-Identifier: Apache-2.0 */
/* Which inputs each output of a recording depends on: the pattern of its Jacobian, from the
 * tape alone and in one pass over it.  Sets of inputs are words of 64 of them, those that are
 * empty left out, and nodes whose sets are equal share one.  (Griewank and Walther, Evaluating
 * Derivatives (2008), section 7.1: index domains and bit patterns.)
 *
 * An edge counts unless its partial is zero at every point of the same path: a literal 0, or
 * made of constants and 0 (a factor 0, the branch that a constant mask does not take, an element
 * 0 of a constant matrix).  Sums that always cancel (x - x) are not looked for.  A call joins
 * each of its results to all operands unless its rule is elementwise; an input may be
 * computed from others; it depends on nothing but itself then. */
#ifndef AD_SPARSITY_H
#define AD_SPARSITY_H

#include "sweep/jacobian.h"

/* start: K + 1 numbers; row k has the inputs (*index)[start[k] .. start[k + 1]), ascending.
 * *index is the caller's to free.  Where the sets of all inputs would take more than `room`
 * bytes, the inputs are taken in ranges of 64 or more, a pass over the tape each.
 * AD_TOO_LARGE for more than `most` entries, AD_NO_MEMORY, AD_INTERRUPTED: *index is NULL.
 * ad_expr_prepare must have run. */
ad_status ad_sparsity(const ad_function *f, size_t most, size_t room, size_t *start,
                      uint32_t **index, const ad_poll *poll);

/* The same at this point alone.  An edge whose partial tells which operand was selected (of a
 * `where`, of the larger of two) counts only if it was, and one along which the partial is zero by
 * what does not depend on any of the inputs does not count. */
ad_status ad_sparsity_here(const ad_function *f, size_t most, size_t room, size_t *start,
                           uint32_t **index, const ad_poll *poll);

#endif
