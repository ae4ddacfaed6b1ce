/* SPDX-License-Identifier: Apache-2.0 */
/* Recording an elementwise operation as it is, without the rule for squares of roots, and its
 * values. */
#ifndef AD_RECORD_H
#define AD_RECORD_H

#include "tape/tape.h"

/* The same contract as ad_tape_elementwise(), which calls this function unless the operation is the
 * square of a root. */
ad_status ad_record_elementwise(ad_tape *tape, unsigned op, int ndim, const int64_t *shape,
                                const ad_operand *operands, ad_node *first);

/* Compute the values of an elementwise operation on arrays, whose nodes are those from `first` on,
 * and the partials that it stores, from the values of its operands.  The tape's last node is the
 * operation's, and its runs are those before it.  Returns AD_NO_MEMORY if a NaN among products of
 * derivatives could not be classified. */
ad_status ad_span_values(ad_tape *tape, unsigned op, const ad_span *span, ad_node first);

#endif
