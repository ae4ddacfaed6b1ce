/* SPDX-License-Identifier: Apache-2.0 */
/* Jacobians by vertex elimination in Markowitz's order; derive.h says what for. */
#ifndef AD_ELIMINATE_H
#define AD_ELIMINATE_H

#include "graph/accumulate.h"

#define AD_ELIMINATE_MOST ((size_t)1 << 15) /* terms of a graph beyond which it is not tried */

/* Append the entries; of vertices that cost the same the one entered last is eliminated first
 * where `last` is set.  AD_TOO_LARGE where a rule is called, which has products and no partials. */
ad_status ad_eliminate(const ad_mapping *f, int last, ad_entries *entries);

/* Shared with derive.c: which terms lie between the inputs and the outputs (a byte a term, NULL
 * when memory is out), and each input's number, UINT32_MAX for other terms. */
uint8_t *ad_derive_active(const ad_mapping *f, uint32_t *number);
ad_status ad_entries_append(ad_entries *e, uint32_t row, uint32_t column, ad_term term);

#endif
