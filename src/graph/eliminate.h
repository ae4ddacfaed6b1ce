/* SPDX-License-Identifier: Apache-2.0 */
/* Jacobians by vertex elimination in Markowitz's order (routes.h). */
#ifndef AD_ELIMINATE_H
#define AD_ELIMINATE_H

#include "graph/mapping.h"

#define AD_ELIMINATE_MOST ((size_t)1 << 15) /* terms of a graph above which it is not tried */

/* Append the entries of the Jacobian.  Of vertices that cost the same, the one with the highest
 * number is eliminated first if `last` is set, else the one with the lowest.  Returns AD_NO_MEMORY,
 * or AD_TOO_LARGE if the graph exceeds its limit, is too dense, or has calls of rules, which have
 * products with their Jacobian but no partials.  A failure leaves what was appended. */
ad_status ad_eliminate(const ad_mapping *f, int last, ad_entries *entries);

#endif
