/* SPDX-License-Identifier: Apache-2.0 */
/* Which inputs the results of a call depend on. */
#ifndef AD_SPARSE_CALLS_H
#define AD_SPARSE_CALLS_H

#include "sparse/sets.h"
#include "tape/block.h"

/* Set of[node] for the results of a call from the sets of its operands.  `row` has room for as many
 * nodes as there are operands.  A failure is in sets->status. */
void ad_sparsity_call(const ad_tape *tape, const ad_run *run, const ad_block *b, ad_sets *sets,
                      uint32_t *of, ad_node *row);

#endif
