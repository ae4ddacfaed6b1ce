/* SPDX-License-Identifier: Apache-2.0 */
/* Access to a tape node by node, for printing an evaluation trace and not for sweeps. */
#ifndef AD_INSPECT_H
#define AD_INSPECT_H

#include "tape/tape.h"

typedef struct ad_edge {
    ad_node operand;
    double partial;
} ad_edge;

/* Write the edges into a node, which are its operands in order with the partial along each, to
 * edges[0..room).  Returns the number of edges (0 for a leaf), which may be larger than room. */
size_t ad_node_edges(const ad_tape *tape, ad_node node, size_t room, ad_edge *edges);

#endif
