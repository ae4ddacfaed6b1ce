/* SPDX-License-Identifier: Apache-2.0 */
/* Derivatives as more terms of the same graph.  Common terms of value and derivative are therefore
 * computed once, and a derivative can be differentiated again, to any order. */
#ifndef AD_ACCUMULATE_H
#define AD_ACCUMULATE_H

#include "graph/mapping.h"

/* Append the terms of a product with the Jacobian J.  ad_accumulate_push() writes the K terms of J
 * times the tangent (D terms) to out, and ad_accumulate_pull() the D terms of the cotangent (K
 * terms) times J.  A failure leaves the graph as it was.  Returns AD_NO_MEMORY, AD_TOO_LARGE, or
 * the status of a rule's callback on failure. */
ad_status ad_accumulate_push(const ad_mapping *f, const ad_term *tangent, ad_term *out);
ad_status ad_accumulate_pull(const ad_mapping *f, const ad_term *cotangent, ad_term *out);

/* Append the entries of the Jacobian in no particular order, accumulated backward from the outputs
 * or forward from the inputs.  Failures are the same, but leave what was appended to the graph and
 * to the entries. */
ad_status ad_accumulate_jacobian(const ad_mapping *f, int backward, ad_entries *entries);

#endif
