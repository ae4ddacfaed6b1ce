/* SPDX-License-Identifier: Apache-2.0 */
/* Jacobians by vertex elimination in Markowitz's order; routes.h says what for. */
#ifndef AD_ELIMINATE_H
#define AD_ELIMINATE_H

#include "graph/mapping.h"

#define AD_ELIMINATE_MOST ((size_t)1 << 15) /* terms of a graph beyond which it is not tried */

/* Append the entries; of vertices that cost the same the one entered last is eliminated first
 * where `last` is set.  AD_TOO_LARGE where a rule is called, which has products and no partials. */
ad_status ad_eliminate(const ad_mapping *f, int last, ad_entries *entries);

#endif
