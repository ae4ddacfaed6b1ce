/* SPDX-License-Identifier: Apache-2.0 */
/* Running folds (NumPy's ufunc.accumulate), and folds of groups, which are recorded as operations
 * that the tape has already. */
#ifndef AD_RUNNING_H
#define AD_RUNNING_H

#include "tape/tape.h"

/* Record the running folds of the columns of a matrix by a binary operation, as one run beside that
 * of row 0: row 0 of the results is a copy of row 0 of x, and element (k, r) is
 * op(result (k - 1, r), element (k, r)).  x is an operand of shape {n, rows}, both at least 1.  The
 * results are n x rows consecutive nodes from *first on; those of constants alone are constants.
 * Returns AD_BAD_OP, AD_TAPE_FULL or AD_NO_MEMORY.  Nodes that were recorded before a failure stay
 * on the tape. */
ad_status ad_tape_running(ad_tape *tape, unsigned op, size_t n, size_t rows, const ad_operand *x,
                          ad_node *first);

/* Record the reductions of n nodes in groups: node k belongs to group number place[k] < groups.
 * kind is a whole reduction of blocks.def.  Groups of equal size are one block, in which their
 * elements keep their order.  The results are written to result[0 .. groups); those of empty groups
 * are left as they are.  Returns AD_BAD_OP, AD_TAPE_FULL, AD_NO_MEMORY or AD_INTERRUPTED.  Blocks
 * that were recorded before a failure stay on the tape. */
ad_status ad_tape_reduce_groups(ad_tape *tape, unsigned kind, size_t n, const ad_node *node,
                                const int64_t *place, size_t groups, ad_node *result);

#endif
