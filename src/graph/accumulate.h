/* SPDX-License-Identifier: Apache-2.0 */
/* Derivatives as more terms of the same graph, so that what value and derivative share is
 * computed once and a derivative can be derived again, to any order. */
#ifndef AD_DERIVE_H
#define AD_DERIVE_H

#include "graph/graph.h"

/* A function within a graph: K outputs of D terms (inputs, as a rule). */
typedef struct ad_mapping {
    ad_graph *graph;
    size_t D, K;
    const ad_term *input, *output;
} ad_mapping;

/* One entry of a Jacobian that is not structurally zero. */
typedef struct ad_entry {
    uint32_t row, column;
    ad_term term;
} ad_entry;

typedef struct ad_entries {
    ad_entry *entry;
    size_t count, room;
} ad_entries;

/* How a Jacobian's entries are accumulated: vertices of the graph of partials are eliminated
 * from the inputs on, from the outputs back, or those first that cost least (Markowitz's
 * ordering: predecessors times successors; of equal ones the first or the last).  Griewank and
 * Walther, Evaluating Derivatives (2008), chapters 9 and 10. */
typedef enum ad_route {
    AD_ROUTE_FORWARD,
    AD_ROUTE_REVERSE,
    AD_ROUTE_MARKOWITZ_FIRST,
    AD_ROUTE_MARKOWITZ_LAST,
    AD_ROUTES
} ad_route;

const char *ad_route_name(unsigned route);

/* Append the entries of the Jacobian, sorted by row and column.  What fails leaves the graph as
 * it was. */
ad_status ad_derive_jacobian(const ad_mapping *f, ad_route route, ad_entries *entries);

/* The same by the route whose entries, and the terms in `also` beside them, need the fewest
 * operations.  operations[r] is each one's count, SIZE_MAX where it was not tried or given up:
 * a candidate may add at most `most` terms. */
ad_status ad_derive_cheapest(const ad_mapping *f, size_t n, const ad_term *also, size_t most,
                             size_t operations[AD_ROUTES], ad_route *route, ad_entries *entries);

/* J times tangent (D terms), K terms; and cotangent (K terms) times J, D terms. */
ad_status ad_derive_push(const ad_mapping *f, const ad_term *tangent, ad_term *out);
ad_status ad_derive_pull(const ad_mapping *f, const ad_term *cotangent, ad_term *out);

#endif
