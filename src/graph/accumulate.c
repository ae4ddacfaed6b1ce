/* SPDX-License-Identifier: Apache-2.0 */
#include "graph/accumulate_parts.h"

#include <string.h>

#include "base/alloc.h"

#define SHARES_PER_TERM 8

static void end_accumulation(ad_accumulation *x) {
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

static ad_status begin_accumulation(ad_accumulation *x, const ad_mapping *f) {
    size_t n = f->graph->terms;
    *x = (ad_accumulation){.f = f, .terms = n, .spare = SIZE_MAX};
    /* Sums in chains have as many shares per vertex as inputs, but hardly any terms of their own,
     * so that the limit of the terms would not stop their work. */
    x->most = SHARES_PER_TERM * f->graph->limit;
    x->number = ad_alloc(n, sizeof *x->number);
    x->first = ad_alloc(n, sizeof *x->first);
    x->count = ad_alloc_zeroed(n, sizeof *x->count);
    if (x->number != NULL) x->active = ad_active_terms(f, x->number);
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

/* Consumers before their operands: levels from the highest to the lowest, and the terms of each
 * level in their order, so that the derivatives of adjacent terms are adjacent and in the same
 * order. */
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

/* Accumulate from the seeds of the outputs, which are linked already, back to the inputs. */
static ad_status accumulate_reverse(ad_accumulation *x, ad_entries *entries, ad_term *out) {
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

/* Accumulate from the inputs to all vertices.  Each input has its own number or, if tangents are
 * given, all have number 0 and these tangents. */
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
    return status == AD_OK ? accumulate_reverse(x, entries, NULL) : status;
}

ad_status ad_accumulate_push(const ad_mapping *f, const ad_term *tangent, ad_term *out) {
    size_t terms = f->graph->terms, lists = f->graph->lists;
    ad_accumulation x;
    ad_status status = begin_accumulation(&x, f);
    if (status == AD_OK) status = forward(&x, tangent);
    ad_term zero = status == AD_OK ? ad_graph_constant(f->graph, 0) : AD_NO_TERM;
    if (status == AD_OK) status = f->graph->status;
    for (size_t k = 0; k < f->K && status == AD_OK; k++) {
        ad_term t = f->output[k];
        out[k] = t < x.terms && x.count[t] > 0 ? x.store.item[x.first[t]].term : zero;
    }
    end_accumulation(&x);
    if (status != AD_OK) ad_graph_truncate(f->graph, terms, lists);
    return status;
}

ad_status ad_accumulate_pull(const ad_mapping *f, const ad_term *cotangent, ad_term *out) {
    size_t terms = f->graph->terms, lists = f->graph->lists;
    ad_accumulation x;
    ad_status status = begin_accumulation(&x, f);
    ad_term zero = status == AD_OK ? ad_graph_constant(f->graph, 0) : AD_NO_TERM;
    if (status == AD_OK) status = f->graph->status;
    for (size_t d = 0; d < f->D; d++) out[d] = zero;
    for (size_t k = 0; k < f->K && status == AD_OK; k++) {
        if (x.active[f->output[k]]) status = ad_share_link(&x, f->output[k], 0, cotangent[k]);
    }
    if (status == AD_OK) status = accumulate_reverse(&x, NULL, out);
    end_accumulation(&x);
    if (status != AD_OK) ad_graph_truncate(f->graph, terms, lists);
    return status;
}

ad_status ad_accumulate_jacobian(const ad_mapping *f, int backward, ad_entries *entries) {
    ad_accumulation x;
    ad_status status = begin_accumulation(&x, f);
    if (status == AD_OK) {
        status = backward ? reverse_entries(&x, entries) : forward_entries(&x, entries);
    }
    end_accumulation(&x);
    return status;
}
