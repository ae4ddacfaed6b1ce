/* SPDX-License-Identifier: Apache-2.0 */
/* Recording an elementwise operation as it is, without the rule for squares of roots, and running
 * folds. */
#ifndef AD_RECORD_H
#define AD_RECORD_H

#include "tape/tape.h"

/* The same contract as ad_tape_elementwise(), which calls this function unless the operation is the
 * square of a root. */
ad_status ad_record_elementwise(ad_tape *tape, unsigned op, int ndim, const int64_t *shape,
                                const ad_operand *operands, ad_node *first);

/* Record a running fold by a binary operation as one run: the elements of x, an array in C order of
 * at least one element, are the second operands.  The first operand of each is the node `lag` >= 1
 * places before its result; those of the first elements are the last `lag` nodes of the tape, which
 * are all constants or all not.  Returns the same as ad_tape_elementwise(), and AD_BAD_SHAPE for
 * more than AD_DIMS dimensions that cannot be merged. */
ad_status ad_record_fold(ad_tape *tape, unsigned op, size_t lag, int ndim, const int64_t *shape,
                         const ad_operand *x, ad_node *first);

#endif
