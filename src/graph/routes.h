/* SPDX-License-Identifier: Apache-2.0 */
/* The ways to accumulate a Jacobian, and the choice of the cheapest. */
#ifndef AD_ROUTES_H
#define AD_ROUTES_H

#include "graph/mapping.h"

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
ad_status ad_route_jacobian(const ad_mapping *f, ad_route route, ad_entries *entries);

/* The same by the route whose entries, and the terms in `also` beside them, need the fewest
 * operations.  operations[r] is each one's count, SIZE_MAX where it was not tried or given up:
 * a candidate may add at most `most` terms. */
ad_status ad_route_cheapest(const ad_mapping *f, size_t n, const ad_term *also, size_t most,
                            size_t operations[AD_ROUTES], ad_route *route, ad_entries *entries);

#endif
