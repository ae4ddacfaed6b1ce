/* SPDX-License-Identifier: Apache-2.0 */
/* Recording an elementwise operation as it is, without the rule for squares of roots. */
#ifndef AD_RECORD_H
#define AD_RECORD_H

#include "tape/tape.h"

/* The same contract as ad_tape_elementwise(), which calls this function unless the operation is the
 * square of a root. */
ad_status ad_record_elementwise(ad_tape *tape, unsigned op, int ndim, const int64_t *shape,
                                const ad_operand *operands, ad_node *first);

#endif
