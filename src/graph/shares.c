/* SPDX-License-Identifier: Apache-2.0 */
/* The contributions to derivatives at each vertex: linked in chains (reverse), or stored
 * contiguously (forward). */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "graph/accumulate_parts.h"

static int by_place(const void *a, const void *b) {
    const ad_share *x = a, *y = b;
    if (x->at != y->at) return x->at < y->at ? -1 : 1;
    return x->term < y->term ? -1 : x->term > y->term; /* qsort is not stable */
}

ad_status ad_share_append(ad_shares *s, uint32_t at, ad_term term) {
    ad_status status = ad_grow((void **)&s->item, &s->room, s->count + 1, sizeof *s->item);
    if (status == AD_OK) s->item[s->count++] = (ad_share){at, term};
    return status;
}

ad_status ad_shares_add_up(ad_graph *g, ad_shares *met, ad_term **buffer, size_t *room) {
    size_t kept = 0;
    if (met->count > 1) qsort(met->item, met->count, sizeof *met->item, by_place);
    for (size_t k = 0; k < met->count;) {
        uint32_t at = met->item[k].at;
        size_t n = 0;
        if (ad_grow((void **)buffer, room, met->count, sizeof **buffer) != AD_OK) {
            return AD_NO_MEMORY;
        }
        while (k < met->count && met->item[k].at == at) (*buffer)[n++] = met->item[k++].term;
        ad_term sum = ad_graph_sum(g, n, *buffer);
        if (g->status != AD_OK) return g->status;
        if (!ad_graph_is_zero(g, sum)) met->item[kept++] = (ad_share){at, sum};
    }
    met->count = kept;
    return AD_OK;
}

/* A link of a chain takes two items of the store: the share, and the number of the next link. */
ad_status ad_share_link(ad_accumulation *x, ad_term to, uint32_t at, ad_term term) {
    size_t k = x->spare;
    if (k != SIZE_MAX) {
        memcpy(&x->spare, &x->store.item[k + 1], sizeof x->spare);
    } else if (x->store.count > x->most) {
        return AD_TOO_LARGE;
    } else {
        k = x->store.count;
        ad_status status = ad_share_append(&x->store, 0, 0);
        if (status == AD_OK) status = ad_share_append(&x->store, 0, 0);
        if (status != AD_OK) return status;
    }
    x->store.item[k] = (ad_share){at, term};
    memcpy(&x->store.item[k + 1], &x->first[to], sizeof x->first[to]);
    x->first[to] = k;
    return AD_OK;
}

/* The links of the chain become unused. */
ad_status ad_chain_take(ad_accumulation *x, ad_term t) {
    x->met.count = 0;
    while (x->first[t] != SIZE_MAX) {
        size_t k = x->first[t];
        ad_status status = ad_share_append(&x->met, x->store.item[k].at, x->store.item[k].term);
        if (status != AD_OK) return status;
        memcpy(&x->first[t], &x->store.item[k + 1], sizeof x->first[t]);
        memcpy(&x->store.item[k + 1], &x->spare, sizeof x->spare);
        x->spare = k;
    }
    return AD_OK;
}

ad_status ad_shares_keep(ad_accumulation *x, size_t t) {
    if (x->store.count > x->most) return AD_TOO_LARGE;
    x->first[t] = x->store.count;
    x->count[t] = x->met.count;
    for (size_t k = 0; k < x->met.count; k++) {
        ad_status status = ad_share_append(&x->store, x->met.item[k].at, x->met.item[k].term);
        if (status != AD_OK) return status;
    }
    return AD_OK;
}
