/* SPDX-License-Identifier: Apache-2.0 */
/* Recording an elementwise operation as it is written, below the rule for squares of roots. */
#ifndef AD_RECORD_H
#define AD_RECORD_H

#include "tape/tape.h"

/* As ad_tape_elementwise, which calls it for all but the square of a root. */
ad_status ad_record_elementwise(ad_tape *tape, unsigned op, int ndim, const int64_t *shape,
                                const ad_operand *operands, ad_node *first);

#endif
