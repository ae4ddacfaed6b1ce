/* SPDX-License-Identifier: Apache-2.0 */
/* What is constant near the point of a recording, and which edges are dead there.
 *
 * A partial that is zero may be so for two reasons.  A branch that was not taken, an element that
 * was not selected and a factor that is constantly zero have no part in the result near the point:
 * such an edge is dead, and whatever infinity lies behind it does not matter.  A factor that merely
 * is zero at this point (2 x at 0, cos x at pi / 2) is alive, and times an infinity it is unknown.
 *
 * A node is local if it keeps its value near the point: a constant, a step, or a node all of whose
 * edges are dead or come from local nodes.  (Activity analysis: Griewank and Walther, Evaluating
 * Derivatives, 2008, section 6.2, here at a point and not over a program.) */
#ifndef AD_LOCAL_H
#define AD_LOCAL_H

#include "tape/block.h"

/* Classify what was recorded since the last time.  ad_expr_prepare must have run.  AD_NO_MEMORY. */
ad_status ad_local_extend(ad_local *local, const ad_tape *tape);
void ad_local_free(ad_local *local);

static inline int ad_is_local(const ad_local *local, ad_node node) {
    return (int)(local->bit[node >> 6] >> (node & 63)) & 1;
}

/* Whether a node is zero, and stays it near the point. */
static inline int ad_stays_zero(const ad_local *local, const ad_tape *tape, ad_node node) {
    return tape->value[node] == 0 && ad_is_local(local, node);
}

/* m <= AD_CHUNK edges: element k of a run's own nodes from element k of an operand's. */
typedef struct ad_edge_row {
    size_t m;
    ad_place own, operand;
    const double *partial;
    const uint8_t *dead;
} ad_edge_row;

typedef void (*ad_edge_visit)(void *context, const ad_edge_row *row);

/* Visit all edges of a run that is no call, in the order of a sweep forward or `backward`.
 * Operands' nodes must have been classified.  AD_NO_MEMORY. */
ad_status ad_local_edges(const ad_tape *tape, const ad_local *local, const ad_run *run,
                         int backward, ad_edge_visit visit, void *context);

#endif
