/* SPDX-License-Identifier: Apache-2.0 */
#include "graph/mapping.h"

#include <string.h>

#include "base/alloc.h"

uint8_t *ad_active_terms(const ad_mapping *f, uint32_t *number) {
    const ad_graph *g = f->graph;
    size_t n = g->terms;
    uint8_t *active = ad_alloc_zeroed(n, 1), *needed = ad_alloc(n, 1);
    if (active == NULL || needed == NULL) {
        ad_free(active);
        ad_free(needed);
        return NULL;
    }
    memset(number, 0xFF, n * sizeof *number);
    for (size_t d = 0; d < f->D; d++) number[f->input[d]] = (uint32_t)d;
    for (size_t t = 0; t < n; t++) {
        active[t] = number[t] != UINT32_MAX;
        for (size_t j = ad_graph_arity(g, (ad_term)t); j-- > 0 && !active[t];) {
            active[t] = active[ad_graph_operand(g, (ad_term)t, j)];
        }
    }
    ad_graph_live(g, f->K, f->output, needed);
    for (size_t t = 0; t < n; t++) active[t] &= needed[t];
    ad_free(needed);
    return active;
}

ad_status ad_entries_append(ad_entries *e, uint32_t row, uint32_t column, ad_term term) {
    ad_status status = ad_grow((void **)&e->entry, &e->room, e->count + 1, sizeof *e->entry);
    if (status == AD_OK) e->entry[e->count++] = (ad_entry){row, column, term};
    return status;
}
