/* SPDX-License-Identifier: Apache-2.0 */
#include "graph/accumulate_parts.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "graph/eliminate.h"

const char *ad_route_name(unsigned route) {
    static const char *const names[] = {"forward", "reverse", "Markowitz, first of equals",
                                        "Markowitz, last of equals"};
    return route < AD_ROUTES ? names[route] : "?";
}

static int by_place(const void *a, const void *b) {
    const ad_share *x = a, *y = b;
    if (x->at != y->at) return x->at < y->at ? -1 : 1;
    return x->term < y->term ? -1 : x->term > y->term; /* qsort need not be stable */
}

static int by_row_and_column(const void *a, const void *b) {
    const ad_entry *x = a, *y = b;
    if (x->row != y->row) return x->row < y->row ? -1 : 1;
    return x->column < y->column ? -1 : x->column > y->column;
}

ad_status ad_share_append(ad_shares *s, uint32_t at, ad_term term) {
    ad_status status = ad_grow((void **)&s->item, &s->room, s->count + 1, sizeof *s->item);
    if (status == AD_OK) s->item[s->count++] = (ad_share){at, term};
    return status;
}

ad_status ad_entries_append(ad_entries *e, uint32_t row, uint32_t column, ad_term term) {
    ad_status status = ad_grow((void **)&e->entry, &e->room, e->count + 1, sizeof *e->entry);
    if (status == AD_OK) e->entry[e->count++] = (ad_entry){row, column, term};
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

static void end(ad_accumulation *x) {
    ad_free(x->active);
    ad_free(x->number);
    ad_free(x->first);
    ad_free(x->count);
    ad_free(x->order);
    ad_free(x->partial);
    ad_free(x->buffer);
    ad_free(x->met.item);
    ad_free(x->store.item);
    ad_free(x->seeds);
}

uint8_t *ad_derive_active(const ad_mapping *f, uint32_t *number) {
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

static ad_status begin(ad_accumulation *x, const ad_mapping *f) {
    size_t n = f->graph->terms;
    *x = (ad_accumulation){.f = f, .terms = n, .spare = SIZE_MAX};
    x->number = ad_alloc(n, sizeof *x->number);
    x->first = ad_alloc(n, sizeof *x->first);
    x->count = ad_alloc_zeroed(n, sizeof *x->count);
    if (x->number != NULL) x->active = ad_derive_active(f, x->number);
    if (x->active == NULL || x->first == NULL || x->count == NULL) return AD_NO_MEMORY;
    memset(x->first, 0xFF, n * sizeof *x->first);
    return AD_OK;
}

static ad_status partials_of(ad_accumulation *x, ad_term t) {
    size_t arity = ad_graph_arity(x->f->graph, t);
    if (ad_grow((void **)&x->partial, &x->room_partial, arity, sizeof(ad_term)) != AD_OK) {
        return AD_NO_MEMORY;
    }
    ad_graph_partials(x->f->graph, t, x->partial);
    return x->f->graph->status;
}

/* Links of a chain lie two by two in the store: the share, and (at: where the chain goes on). */
ad_status ad_share_link(ad_accumulation *x, ad_term to, uint32_t at, ad_term term) {
    size_t k = x->spare;
    if (k != SIZE_MAX) {
        memcpy(&x->spare, &x->store.item[k + 1], sizeof x->spare);
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

/* Take a vertex' chain into `met`; its links may be used again. */
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

/* Consumers before what they read: levels from the last to the first, and within each the terms as
 * they come, so that derivatives of what lies side by side come side by side in the same order. */
static ad_status order_by_levels(const ad_accumulation *x, ad_term *order) {
    const ad_graph *g = x->f->graph;
    uint32_t *level = ad_alloc_zeroed(x->terms, sizeof *level), top = 0;
    size_t *start = NULL;
    for (size_t t = 0; level != NULL && t < x->terms; t++) {
        for (size_t j = 0; j < ad_graph_arity(g, (ad_term)t); j++) {
            uint32_t below = level[ad_graph_operand(g, (ad_term)t, j)] + 1;
            if (below > level[t]) level[t] = below;
        }
        if (level[t] > top) top = level[t];
    }
    if (level != NULL) start = ad_alloc_zeroed((size_t)top + 2, sizeof *start);
    if (start != NULL) {
        for (size_t t = 0; t < x->terms; t++) start[top - level[t] + 1]++;
        for (size_t k = 0; k <= top; k++) start[k + 1] += start[k];
        for (size_t t = 0; t < x->terms; t++) order[start[top - level[t]]++] = (ad_term)t;
    }
    ad_free(level);
    ad_free(start);
    return start != NULL ? AD_OK : AD_NO_MEMORY;
}

/* From the outputs' seeds, linked already, back to the inputs. */
static ad_status reverse(ad_accumulation *x, ad_entries *entries, ad_term *out) {
    ad_graph *g = x->f->graph;
    x->order = ad_alloc(x->terms, sizeof *x->order);
    if (x->order == NULL || order_by_levels(x, x->order) != AD_OK) return AD_NO_MEMORY;
    for (size_t i = 0; i < x->terms; i++) {
        ad_term t = x->order[i];
        unsigned op = g->vertex[t].op;
        if (x->active[t] && op == AD_GRAPH_CALL) {
            ad_status status = ad_call_reverse(x, t);
            if (status != AD_OK) return status;
        }
        if (!x->active[t] || x->first[t] == SIZE_MAX || op == AD_GRAPH_RESULT) continue;
        ad_status status = ad_chain_take(x, t);
        if (status == AD_OK) status = ad_shares_add_up(g, &x->met, &x->buffer, &x->room_buffer);
        if (x->number[t] != UINT32_MAX) {
            for (size_t k = 0; k < x->met.count && status == AD_OK; k++) {
                if (out != NULL) out[x->number[t]] = x->met.item[k].term;
                if (out != NULL) continue;
                status = ad_entries_append(entries, x->met.item[k].at, x->number[t],
                                           x->met.item[k].term);
            }
        } else if (x->met.count > 0 && status == AD_OK) {
            status = partials_of(x, t);
            for (size_t j = 0; j < ad_graph_arity(g, t) && status == AD_OK; j++) {
                ad_term to = ad_graph_operand(g, t, j);
                if (!x->active[to] || ad_graph_is_zero(g, x->partial[j])) continue;
                for (size_t k = 0; k < x->met.count && status == AD_OK; k++) {
                    ad_term p = ad_graph_product(g, x->partial[j], x->met.item[k].term);
                    status = g->status;
                    if (status == AD_OK) status = ad_share_link(x, to, x->met.item[k].at, p);
                }
            }
        }
        if (status != AD_OK) return status;
    }
    return AD_OK;
}

ad_status ad_shares_keep(ad_accumulation *x, size_t t) {
    x->first[t] = x->store.count;
    x->count[t] = x->met.count;
    for (size_t k = 0; k < x->met.count; k++) {
        ad_status status = ad_share_append(&x->store, x->met.item[k].at, x->met.item[k].term);
        if (status != AD_OK) return status;
    }
    return AD_OK;
}

/* From the inputs, numbered (or all with number 0 and these tangents), to all vertices. */
static ad_status forward(ad_accumulation *x, const ad_term *tangent) {
    ad_graph *g = x->f->graph;
    for (size_t t = 0; t < x->terms; t++) {
        ad_status status = AD_OK;
        unsigned op = g->vertex[t].op;
        if (!x->active[t] || op == AD_GRAPH_RESULT) continue;
        if (op == AD_GRAPH_CALL) {
            status = ad_call_forward(x, (ad_term)t);
            if (status != AD_OK) return status;
            continue;
        }
        x->met.count = 0;
        if (x->number[t] != UINT32_MAX) {
            ad_term seed = tangent != NULL ? tangent[x->number[t]] : ad_graph_constant(g, 1);
            status = ad_share_append(&x->met, tangent != NULL ? 0 : x->number[t], seed);
        } else {
            status = partials_of(x, (ad_term)t);
            for (size_t j = 0; j < ad_graph_arity(g, (ad_term)t) && status == AD_OK; j++) {
                ad_term from = ad_graph_operand(g, (ad_term)t, j);
                if (!x->active[from] || ad_graph_is_zero(g, x->partial[j])) continue;
                for (size_t k = 0; k < x->count[from] && status == AD_OK; k++) {
                    ad_share s = x->store.item[x->first[from] + k];
                    ad_term p = ad_graph_product(g, x->partial[j], s.term);
                    status = g->status;
                    if (status == AD_OK) status = ad_share_append(&x->met, s.at, p);
                }
            }
            if (status == AD_OK) status = ad_shares_add_up(g, &x->met, &x->buffer, &x->room_buffer);
        }
        if (status == AD_OK) status = ad_shares_keep(x, t);
        if (status != AD_OK) return status;
    }
    return AD_OK;
}

static ad_status forward_entries(ad_accumulation *x, ad_entries *entries) {
    ad_status status = forward(x, NULL);
    for (size_t k = 0; k < x->f->K && status == AD_OK; k++) {
        ad_term t = x->f->output[k];
        for (size_t s = 0; s < x->count[t] && status == AD_OK; s++) {
            ad_share item = x->store.item[x->first[t] + s];
            status = ad_entries_append(entries, (uint32_t)k, item.at, item.term);
        }
    }
    return status;
}

static ad_status reverse_entries(ad_accumulation *x, ad_entries *entries) {
    ad_term one = ad_graph_constant(x->f->graph, 1);
    ad_status status = x->f->graph->status;
    for (size_t k = 0; k < x->f->K && status == AD_OK; k++) {
        if (!x->active[x->f->output[k]]) continue;
        status = ad_share_link(x, x->f->output[k], (uint32_t)k, one);
    }
    return status == AD_OK ? reverse(x, entries, NULL) : status;
}

ad_status ad_derive_jacobian(const ad_mapping *f, ad_route route, ad_entries *entries) {
    size_t terms = f->graph->terms, lists = f->graph->lists, before = entries->count;
    ad_status status;
    if (route == AD_ROUTE_FORWARD || route == AD_ROUTE_REVERSE) {
        ad_accumulation x;
        status = begin(&x, f);
        if (status == AD_OK) {
            status = route == AD_ROUTE_FORWARD ? forward_entries(&x, entries)
                                               : reverse_entries(&x, entries);
        }
        end(&x);
    } else {
        status = ad_eliminate(f, route == AD_ROUTE_MARKOWITZ_LAST, entries);
    }
    if (status != AD_OK) {
        ad_graph_truncate(f->graph, terms, lists);
        entries->count = before;
        return status;
    }
    if (entries->count > before) {
        qsort(entries->entry + before, entries->count - before, sizeof *entries->entry,
              by_row_and_column);
    }
    return AD_OK;
}

ad_status ad_derive_push(const ad_mapping *f, const ad_term *tangent, ad_term *out) {
    size_t terms = f->graph->terms, lists = f->graph->lists;
    ad_accumulation x;
    ad_status status = begin(&x, f);
    if (status == AD_OK) status = forward(&x, tangent);
    ad_term zero = status == AD_OK ? ad_graph_constant(f->graph, 0) : AD_NO_TERM;
    if (status == AD_OK) status = f->graph->status;
    for (size_t k = 0; k < f->K && status == AD_OK; k++) {
        ad_term t = f->output[k];
        out[k] = t < x.terms && x.count[t] > 0 ? x.store.item[x.first[t]].term : zero;
    }
    end(&x);
    if (status != AD_OK) ad_graph_truncate(f->graph, terms, lists);
    return status;
}

ad_status ad_derive_pull(const ad_mapping *f, const ad_term *cotangent, ad_term *out) {
    size_t terms = f->graph->terms, lists = f->graph->lists;
    ad_accumulation x;
    ad_status status = begin(&x, f);
    ad_term zero = status == AD_OK ? ad_graph_constant(f->graph, 0) : AD_NO_TERM;
    if (status == AD_OK) status = f->graph->status;
    for (size_t d = 0; d < f->D; d++) out[d] = zero;
    for (size_t k = 0; k < f->K && status == AD_OK; k++) {
        if (x.active[f->output[k]]) status = ad_share_link(&x, f->output[k], 0, cotangent[k]);
    }
    if (status == AD_OK) status = reverse(&x, NULL, out);
    end(&x);
    if (status != AD_OK) ad_graph_truncate(f->graph, terms, lists);
    return status;
}

/* Operations that the entries from `before` on and the terms beside them need. */
static size_t count_operations(const ad_graph *g, size_t n, const ad_term *also,
                               const ad_entries *entries, size_t before) {
    size_t m = entries->count - before, count = SIZE_MAX;
    ad_term *outputs = ad_alloc(n + m, sizeof *outputs);
    uint8_t *live = ad_alloc(g->terms, 1);
    if (outputs != NULL && live != NULL) {
        if (n > 0) memcpy(outputs, also, n * sizeof *outputs);
        for (size_t k = 0; k < m; k++) outputs[n + k] = entries->entry[before + k].term;
        count = ad_graph_live(g, n + m, outputs, live);
    }
    ad_free(outputs);
    ad_free(live);
    return count;
}

ad_status ad_derive_cheapest(const ad_mapping *f, size_t n, const ad_term *also, size_t most,
                             size_t operations[AD_ROUTES], ad_route *route, ad_entries *entries) {
    /* the likely one first: another must need fewer operations to be taken, and of a large graph
     * is tried only if the first was given up */
    const ad_route order[AD_ROUTES] = {
        f->K <= f->D ? AD_ROUTE_REVERSE : AD_ROUTE_FORWARD,
        f->K <= f->D ? AD_ROUTE_FORWARD : AD_ROUTE_REVERSE,
        AD_ROUTE_MARKOWITZ_FIRST,
        AD_ROUTE_MARKOWITZ_LAST,
    };
    ad_graph *g = f->graph;
    size_t terms = g->terms, lists = g->lists, limit = g->limit, before = entries->count;
    size_t best = SIZE_MAX;
    ad_status status = AD_TOO_LARGE;
    for (unsigned r = 0; r < AD_ROUTES; r++) operations[r] = SIZE_MAX;
    for (unsigned k = 0; k < AD_ROUTES; k++) {
        ad_route r = order[k];
        if (terms > AD_ELIMINATE_MOST && (r >= AD_ROUTE_MARKOWITZ_FIRST || status == AD_OK)) break;
        g->limit = limit - terms > most ? terms + most : limit;
        ad_status result = ad_derive_jacobian(f, r, entries);
        g->limit = limit;
        if (result == AD_OK) {
            size_t needed = g->terms - terms;
            operations[r] = count_operations(g, n, also, entries, before);
            if (operations[r] < best) {
                best = operations[r];
                *route = r;
                status = AD_OK;
            }
            if (2 * needed < most) most = 2 * needed + 1024; /* far dearer ones need no end */
        } else if (result != AD_TOO_LARGE) {
            status = result;
            break;
        }
        ad_graph_truncate(g, terms, lists);
        entries->count = before;
    }
    if (status != AD_OK) return status;
    return ad_derive_jacobian(f, *route, entries);
}
