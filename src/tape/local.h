/* SPDX-License-Identifier: Apache-2.0 */
/* Which nodes are constant near the point of a recording, and which edges are dead there.
 *
 * A partial can be zero for two reasons.  A branch that was not taken, an element that was not
 * selected and a factor that is constantly zero do not influence the result near the point.  Such
 * an edge is dead, and an infinity behind it does not matter.  A factor that is zero only at this
 * point (2 x at 0, cos x at pi / 2) is alive, and its product with an infinity is undefined.
 *
 * A node is local if it keeps its value near the point: a constant, a step function, or a node all
 * of whose edges are dead or come from local nodes.  (This is the activity analysis of Griewank and
 * Walther, Evaluating Derivatives, 2008, section 6.2, applied at a point instead of a program.) */
#ifndef AD_LOCAL_H
#define AD_LOCAL_H

#include "tape/block.h"

/* Classify the nodes recorded since the last call.  ad_expr_prepare() must have been called.
 * Returns AD_NO_MEMORY on failure. */
ad_status ad_local_extend(ad_local *local, const ad_tape *tape);
void ad_local_free(ad_local *local);

static inline int ad_is_local(const ad_local *local, ad_node node) {
    return (int)(local->bit[node >> 6] >> (node & 63)) & 1;
}

/* Returns whether a node is zero and stays zero near the point. */
static inline int ad_stays_zero(const ad_local *local, const ad_tape *tape, ad_node node) {
    return tape->value[node] == 0 && ad_is_local(local, node);
}

/* m <= AD_CHUNK edges: edge k leads from node k of `operand` to node k of `own`. */
typedef struct ad_edge_row {
    size_t m;
    ad_place own, operand;
    const double *partial;
    const uint8_t *dead;
} ad_edge_row;

typedef void (*ad_edge_visit)(void *context, const ad_edge_row *row);

/* Visit all edges of a run in the order of a forward or (`backward`) a reverse sweep.  The edges of
 * calls are not visited.  The nodes of the operands must have been classified.  Returns
 * AD_NO_MEMORY on failure. */
ad_status ad_local_edges(const ad_tape *tape, const ad_local *local, const ad_run *run,
                         int backward, ad_edge_visit visit, void *context);

#endif
