/* SPDX-License-Identifier: Apache-2.0 */
/* Running folds (NumPy's ufunc.accumulate) and folds of groups, recorded as operations that the
 * tape has already. */
#ifndef AD_RUNNING_H
#define AD_RUNNING_H

#include "tape/tape.h"

/* Record the running fold of n > 0 elements by a binary operation: result 0 is a copy of element 0,
 * and result k is op(result k - 1, element k).  x is an operand of shape {n}.  The nodes of the
 * results are written to node[0 .. n).  Returns AD_BAD_OP, AD_TAPE_FULL or AD_NO_MEMORY.
 * Operations that were recorded before a failure stay on the tape. */
ad_status ad_tape_running(ad_tape *tape, unsigned op, size_t n, const ad_operand *x, ad_node *node);

/* The same for `rows` rows at once, with one operation on arrays for each k.  x is an operand of
 * shape {n, rows}, and node[k * rows + r] is result k of row r. */
ad_status ad_tape_running_rows(ad_tape *tape, unsigned op, size_t n, size_t rows,
                               const ad_operand *x, ad_node *node);

/* Record the reductions of n nodes in groups: node k belongs to group number place[k] < groups.
 * kind is a whole reduction of blocks.def.  Groups of equal size are one block, in which their
 * elements keep their order.  The results are written to result[0 .. groups); those of empty groups
 * are left as they are.  Returns AD_BAD_OP, AD_TAPE_FULL, AD_NO_MEMORY or AD_INTERRUPTED.  Blocks
 * that were recorded before a failure stay on the tape. */
ad_status ad_tape_reduce_groups(ad_tape *tape, unsigned kind, size_t n, const ad_node *node,
                                const int64_t *place, size_t groups, ad_node *result);

/* Returns the number of runs from number k on, at most `most`, that form such a fold of nodes before
 * them: each combines the result of the run before it with one of these nodes.  1 if there is no
 * fold. */
size_t ad_running_length(const ad_tape *tape, size_t k, size_t most);

/* Returns the number of operations on arrays of a recording, of which a running fold is one, and
 * writes that of operations on scalars to *scalar. */
size_t ad_tape_operations(const ad_tape *tape, size_t *scalar);

#endif
