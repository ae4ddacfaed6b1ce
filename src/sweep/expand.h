/* SPDX-License-Identifier: Apache-2.0 */
/* Derivatives as recordings: the sweeps carried out with operations of the tape itself,
 * appended to it, so that they can be differentiated in turn, to any order.
 * ad_expr_prepare must have run. */
#ifndef AD_EXPAND_H
#define AD_EXPAND_H

#include "tape/tape.h"

#define AD_NO_NODE UINT32_MAX

/* Part of a tape to differentiate: runs [first_run, last_run).  Nodes below first_node do
 * not depend on the inputs. */
typedef struct ad_segment {
    ad_tape *tape;
    size_t first_run, last_run;
    ad_node first_node;
} ad_segment;

/* node[i] is the node that holds i's tangent (adjoint), AD_NO_NODE for a zero, for each i
 * below the tape's present number of nodes.  On entry the inputs' (outputs') seeds; on
 * return every node of the segment has its own.  On failure what was appended stays, unused. */
ad_status ad_expand_forward(const ad_segment *segment, ad_node *node);
ad_status ad_expand_reverse(const ad_segment *segment, ad_node *node);

/* One partial of a row at given scalar nodes, recorded; *node is its result. */
ad_status ad_expand_partial(ad_tape *tape, unsigned op, int edge, const ad_node operand[3],
                            ad_node value, ad_node *node);

#endif
