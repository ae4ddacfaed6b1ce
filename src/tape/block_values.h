/* SPDX-License-Identifier: Apache-2.0 */
/* The values of block operations, and the partials that depend on them. */
#ifndef AD_BLOCK_VALUES_H
#define AD_BLOCK_VALUES_H

#include "tape/block.h"

/* Compute the values of a block's nodes, which are those from `first` on, and the partials that it
 * stores, from the values of its operands.  There is room for all of them; a call's rule is number
 * block->rule of the tape.  Returns AD_NO_MEMORY, AD_INTERRUPTED or the status of a rule's callback
 * on failure. */
ad_status ad_block_values(ad_tape *tape, unsigned kind, const ad_block *block, ad_node first);

#endif
