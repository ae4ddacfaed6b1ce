/* SPDX-License-Identifier: Apache-2.0 */
/* A function within a graph, and the entries of its Jacobian. */
#ifndef AD_MAPPING_H
#define AD_MAPPING_H

#include "graph/graph.h"

/* A function within a graph: K outputs as functions of D terms, usually inputs. */
typedef struct ad_mapping {
    ad_graph *graph;
    size_t D, K;
    const ad_term *input, *output;
} ad_mapping;

/* An entry of a Jacobian that is not structurally zero. */
typedef struct ad_entry {
    uint32_t row, column;
    ad_term term;
} ad_entry;

typedef struct ad_entries {
    ad_entry *entry;
    size_t count, room;
} ad_entries;

ad_status ad_entries_append(ad_entries *e, uint32_t row, uint32_t column, ad_term term);

/* Returns which terms are between the inputs and the outputs: one byte per term, which the caller
 * frees, or NULL if memory is exhausted.  `number` (one per term) receives the number of each
 * input, UINT32_MAX for other terms. */
uint8_t *ad_active_terms(const ad_mapping *f, uint32_t *number);

#endif
