/* SPDX-License-Identifier: Apache-2.0 */
/* Conversion of a recording to a graph of scalar operations. */
#ifndef AD_LOWER_H
#define AD_LOWER_H

#include "graph/graph.h"
#include "tape/tape.h"

/* Enter the terms of K outputs and of the tape's guards, for a function whose D inputs are the
 * first D terms of the graph.  Guard k holds if guards[2 k] is false and guards[2 k + 1] is true;
 * either is AD_NO_TERM if no truth value had that outcome.  Only terms that these need are entered.
 * Returns AD_NO_MEMORY, AD_TOO_LARGE beyond the graph's limit, or AD_BAD_INDEX if an output depends
 * on a leaf that is neither a constant nor an input. */
ad_status ad_lower(const ad_tape *tape, size_t D, const ad_node *input, size_t K,
                   const ad_node *output, ad_graph *g, ad_term *outputs, ad_term *guards);

/* Enter the terms of K outputs of a recording, whose D inputs are the terms `given` of the graph.  Its
 * guards are not entered. */
ad_status ad_lower_onto(const ad_tape *tape, size_t D, const ad_node *input, const ad_term *given,
                        size_t K, const ad_node *output, ad_graph *g, ad_term *outputs);

/* Returns an estimate of the number of terms: one for each node and for each test without a node,
 * and two for each pair of an inner product. */
size_t ad_lower_size(const ad_tape *tape);

/* Returns the number of edges of reductions and calls.  Different edges may read the same
 * element. */
size_t ad_lower_edges(const ad_tape *tape);

/* Returns the number of multiplications in matrix products. */
size_t ad_lower_products(const ad_tape *tape);

/* Returns the number of edges of calls of rules, each from one result to one argument. */
size_t ad_lower_calls(const ad_tape *tape);

#endif
