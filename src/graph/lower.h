/* SPDX-License-Identifier: Apache-2.0 */
/* From a recording to a graph of scalar operations. */
#ifndef AD_LOWER_H
#define AD_LOWER_H

#include "graph/graph.h"
#include "tape/tape.h"

/* Terms of K outputs and of the tape's guards for a function of the D inputs: the graph's first
 * D terms.  Guard k holds where guards[2 k] is false and guards[2 k + 1] is true, AD_NO_TERM where
 * it asks for no such thing.  Only what they need is entered.  AD_TOO_LARGE beyond the graph's
 * limit; AD_BAD_INDEX where an output depends on a leaf that is neither a constant nor an input. */
ad_status ad_lower(const ad_tape *tape, size_t D, const ad_node *input, size_t K,
                   const ad_node *output, ad_graph *g, ad_term *outputs, ad_term *guards);

/* The same of a recording without guards that stands within a function: its D inputs are the terms
 * `given`. */
ad_status ad_lower_onto(const ad_tape *tape, size_t D, const ad_node *input, const ad_term *given,
                        size_t K, const ad_node *output, ad_graph *g, ad_term *outputs);

/* About how many terms that takes: a node, or a test without one, is one, an
 * inner product two for each of its pairs. */
size_t ad_lower_size(const ad_tape *tape);

/* Elements that sums, extremes and running sums read: each may be one again and again. */
size_t ad_lower_edges(const ad_tape *tape);

/* Multiplications in matrix products. */
size_t ad_lower_products(const ad_tape *tape);

#endif
