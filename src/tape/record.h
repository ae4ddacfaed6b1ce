/* SPDX-License-Identifier: Apache-2.0 */
/* Recording an elementwise operation as it is, without the rule for squares of roots, and running
 * folds; and their values. */
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

/* Compute the values of an elementwise operation on arrays or of a running fold, whose nodes are
 * those from `first` on, and the partials that it stores, from the values of its operands.  The
 * tape's last node is the operation's, and its runs are those before it.  Returns AD_NO_MEMORY if a
 * NaN among products of derivatives could not be classified. */
ad_status ad_span_values(ad_tape *tape, unsigned op, const ad_span *span, ad_node first);

#endif
