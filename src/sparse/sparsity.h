/* SPDX-License-Identifier: Apache-2.0 */
/* Which inputs each output of a recording depends on: the sparsity pattern of its Jacobian, found
 * from the tape alone and in one pass over it.  Sets of inputs are words of 64 bits without empty
 * words, and nodes with equal sets share one.  (Griewank and Walther, Evaluating Derivatives
 * (2008), section 7.1: index domains and bit patterns.)
 *
 * An edge counts unless its partial is zero at every point of the same path: a literal 0, or an
 * expression of constants that is 0 (a factor 0, the branch that a constant mask does not take, an
 * element 0 of a constant matrix).  Sums that always cancel (x - x) are not detected.  Each result
 * of a call depends on all operands, unless its rule is elementwise.  An input may be computed from
 * others; it then depends only on itself. */
#ifndef AD_SPARSITY_H
#define AD_SPARSITY_H

#include "sweep/jacobian.h"

/* start receives K + 1 numbers.  Row k has the inputs (*index)[start[k] .. start[k + 1]),
 * ascending.  The caller frees *index.  If the sets of all inputs would take more than `room`
 * bytes, the inputs are processed in ranges of 64 or more, with one pass over the tape for each.
 * Returns AD_TOO_LARGE for more than `most` entries, AD_NO_MEMORY or AD_INTERRUPTED on failure;
 * *index is NULL then.  ad_expr_prepare() must have been called. */
ad_status ad_sparsity(const ad_function *f, size_t most, size_t room, size_t *start,
                      uint32_t **index, const ad_poll *poll);

/* The same for this point only.  An edge whose partial says which operand was selected (by `where`,
 * or as the larger of two) counts only if it was.  An edge does not count if its partial is zero
 * and depends on no input. */
ad_status ad_sparsity_here(const ad_function *f, size_t most, size_t room, size_t *start,
                           uint32_t **index, const ad_poll *poll);

#endif
