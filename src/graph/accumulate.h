/* SPDX-License-Identifier: Apache-2.0 */
/* Derivatives as more terms of the same graph, so that what value and derivative share is
 * computed once and a derivative can be derived again, to any order. */
#ifndef AD_ACCUMULATE_H
#define AD_ACCUMULATE_H

#include "graph/mapping.h"

/* J times tangent (D terms), K terms; and cotangent (K terms) times J, D terms. */
ad_status ad_accumulate_push(const ad_mapping *f, const ad_term *tangent, ad_term *out);
ad_status ad_accumulate_pull(const ad_mapping *f, const ad_term *cotangent, ad_term *out);

/* Append the entries of the Jacobian, which are not sorted: from the outputs back, or from the
 * inputs on.  What fails leaves what it has added, to the graph and to the entries. */
ad_status ad_accumulate_jacobian(const ad_mapping *f, int backward, ad_entries *entries);

#endif
