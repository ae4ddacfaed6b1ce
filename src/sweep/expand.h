/* SPDX-License-Identifier: Apache-2.0 */
/* Derivatives as recordings: the sweeps recorded as operations on the same tape.  Derivatives can
 * therefore be differentiated again, to any order.  ad_expr_prepare() must have been called. */
#ifndef AD_EXPAND_H
#define AD_EXPAND_H

#include "tape/tape.h"

#define AD_NO_NODE UINT32_MAX

/* A part of a tape to differentiate: runs [first_run, last_run).  Nodes below first_node do not
 * depend on the inputs. */
typedef struct ad_segment {
    ad_tape *tape;
    size_t first_run, last_run;
    ad_node first_node;
} ad_segment;

/* Record the tangents (forward) or adjoints (reverse) of a segment. node[i], for each i below the
 * tape's number of nodes on entry, is the node that holds the tangent or adjoint of node i, or
 * AD_NO_NODE for zero.  On entry it holds the seeds of the inputs or outputs, on return those of
 * all nodes of the segment.  Returns the status of the recording functions.  After a failure the
 * nodes appended so far stay on the tape. */
ad_status ad_expand_forward(const ad_segment *segment, ad_node *node);
ad_status ad_expand_reverse(const ad_segment *segment, ad_node *node);

/* Record the partial of a row along one edge at the given scalar nodes; *node is its result. */
ad_status ad_expand_partial(ad_tape *tape, unsigned op, int edge, const ad_node operand[3],
                            ad_node value, ad_node *node);

#endif
