/* SPDX-License-Identifier: Apache-2.0 */
/* The routes to a Jacobian's entries, and the choice of the cheapest. */
#ifndef AD_ROUTES_H
#define AD_ROUTES_H

#include "graph/mapping.h"

/* How the entries of a Jacobian are accumulated: vertices of the graph of partials are eliminated
 * from the inputs to the outputs, from the outputs to the inputs, or in the order of their costs
 * (Markowitz's ordering: predecessors times successors; of equal ones the first or the last).
 * Griewank and Walther, Evaluating Derivatives (2008), chapters 9 and 10. */
typedef enum ad_route {
    AD_ROUTE_FORWARD,
    AD_ROUTE_REVERSE,
    AD_ROUTE_MARKOWITZ_FIRST,
    AD_ROUTE_MARKOWITZ_LAST,
    AD_ROUTES
} ad_route;

const char *ad_route_name(unsigned route);

/* Append the entries of the Jacobian, sorted by row and column.  A failure leaves the graph and the
 * entries as they were.  Returns AD_NO_MEMORY, AD_TOO_LARGE, or the status of a rule's callback on
 * failure. */
ad_status ad_route_jacobian(const ad_mapping *f, ad_route route, ad_entries *entries);

/* Append the entries by the route that needs the fewest operations for the entries and the n terms
 * `also` together; *route is this route. operations[r] receives the count of each route, or
 * SIZE_MAX if the route was not tried or was given up.  A route may add at most `most` terms;
 * further routes are tried as long as all of them together add no more. */
ad_status ad_route_cheapest(const ad_mapping *f, size_t n, const ad_term *also, size_t most,
                            size_t operations[AD_ROUTES], ad_route *route, ad_entries *entries);

#endif
