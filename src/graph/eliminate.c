/* SPDX-License-Identifier: Apache-2.0 */
#include "graph/eliminate.h"

#include <string.h>

#include "base/alloc.h"

#define NO_EDGE UINT32_MAX
#define MOST_STEPS ((size_t)1 << 22) /* of find_edge(); denser graphs gain nothing */

/* An edge of the graph of partials.  It is in the list of outgoing edges of its source and in that
 * of incoming edges of its target.  Targets from `terms` on are the outputs. */
typedef struct edge {
    uint32_t from, to;
    ad_term partial;
    uint32_t next_out, last_out, next_in, last_in;
} edge;

typedef struct vertex {
    uint32_t first_out, first_in, outs, ins;
} vertex;

typedef struct queue_item { /* a vertex and its cost when it was enqueued */
    uint64_t cost;
    uint32_t vertex;
} queue_item;

typedef struct elimination {
    const ad_mapping *f;
    size_t terms;
    int last;
    edge *edge;
    size_t edges, room_edges;
    uint32_t spare; /* chain of unused edges, linked by next_out */
    vertex *vertex;
    queue_item *queue; /* a binary heap; items whose vertex has another cost now are stale */
    size_t queued, room_queue;
    uint8_t *active;
    uint32_t *number;
    ad_term *partial;
    size_t room_partial;
    size_t steps; /* of the search for edges */
} elimination;

static uint32_t find_edge(elimination *x, uint32_t from, uint32_t to) {
    const vertex *u = &x->vertex[from], *v = &x->vertex[to];
    uint32_t e;
    if (u->outs <= v->ins) {
        for (e = u->first_out; e != NO_EDGE && x->edge[e].to != to; x->steps++) {
            e = x->edge[e].next_out;
        }
    } else {
        for (e = v->first_in; e != NO_EDGE && x->edge[e].from != from; x->steps++) {
            e = x->edge[e].next_in;
        }
    }
    return e;
}

static ad_status add_edge(elimination *x, uint32_t from, uint32_t to, ad_term partial) {
    ad_graph *g = x->f->graph;
    uint32_t e = find_edge(x, from, to);
    if (x->steps > MOST_STEPS) return AD_TOO_LARGE;
    if (e != NO_EDGE) {
        x->edge[e].partial = ad_graph_derived(g, AD_ADD, x->edge[e].partial, partial, AD_NO_TERM);
        return g->status;
    }
    if (x->spare != NO_EDGE) {
        e = x->spare;
        x->spare = x->edge[e].next_out;
    } else {
        ad_status status =
            ad_grow((void **)&x->edge, &x->room_edges, x->edges + 1, sizeof *x->edge);
        if (status != AD_OK) return status;
        e = (uint32_t)x->edges++;
    }
    vertex *u = &x->vertex[from], *v = &x->vertex[to];
    x->edge[e] = (edge){from, to, partial, u->first_out, NO_EDGE, v->first_in, NO_EDGE};
    if (u->first_out != NO_EDGE) x->edge[u->first_out].last_out = e;
    if (v->first_in != NO_EDGE) x->edge[v->first_in].last_in = e;
    u->first_out = v->first_in = e;
    u->outs++;
    v->ins++;
    return g->status;
}

static void remove_edge(elimination *x, uint32_t e) {
    edge *it = &x->edge[e];
    vertex *u = &x->vertex[it->from], *v = &x->vertex[it->to];
    if (it->last_out != NO_EDGE) x->edge[it->last_out].next_out = it->next_out;
    if (it->last_out == NO_EDGE) u->first_out = it->next_out;
    if (it->next_out != NO_EDGE) x->edge[it->next_out].last_out = it->last_out;
    if (it->last_in != NO_EDGE) x->edge[it->last_in].next_in = it->next_in;
    if (it->last_in == NO_EDGE) v->first_in = it->next_in;
    if (it->next_in != NO_EDGE) x->edge[it->next_in].last_in = it->last_in;
    u->outs--;
    v->ins--;
    it->next_out = x->spare;
    x->spare = e;
}

static uint64_t cost_of(const elimination *x, uint32_t t) {
    return (uint64_t)x->vertex[t].ins * x->vertex[t].outs;
}

static int cheaper(const elimination *x, queue_item a, queue_item b) {
    if (a.cost != b.cost) return a.cost < b.cost;
    return x->last ? a.vertex > b.vertex : a.vertex < b.vertex;
}

static ad_status enqueue(elimination *x, uint32_t t) {
    queue_item it = {cost_of(x, t), t};
    ad_status status = ad_grow((void **)&x->queue, &x->room_queue, x->queued + 1, sizeof *x->queue);
    if (status != AD_OK) return status;
    size_t k = x->queued++;
    for (; k > 0 && cheaper(x, it, x->queue[(k - 1) / 2]); k = (k - 1) / 2) {
        x->queue[k] = x->queue[(k - 1) / 2];
    }
    x->queue[k] = it;
    return AD_OK;
}

static queue_item dequeue(elimination *x) {
    queue_item top = x->queue[0], it = x->queue[--x->queued];
    size_t k = 0;
    for (;;) {
        size_t child = 2 * k + 1;
        if (child >= x->queued) break;
        if (child + 1 < x->queued && cheaper(x, x->queue[child + 1], x->queue[child])) child++;
        if (!cheaper(x, x->queue[child], it)) break;
        x->queue[k] = x->queue[child];
        k = child;
    }
    x->queue[k] = it;
    return top;
}

/* Enter the local partials as edges, and an edge of value 1 from each output's term to the
 * output. */
static ad_status build_edges(elimination *x) {
    ad_graph *g = x->f->graph;
    for (size_t t = 0; t < x->terms; t++) {
        if (!x->active[t] || x->number[t] != NO_EDGE) continue;
        size_t arity = ad_graph_arity(g, (ad_term)t);
        ad_status status =
            ad_grow((void **)&x->partial, &x->room_partial, arity, sizeof *x->partial);
        if (status != AD_OK) return status;
        ad_graph_partials(g, (ad_term)t, x->partial);
        for (size_t j = 0; j < arity && g->status == AD_OK; j++) {
            ad_term from = ad_graph_operand(g, (ad_term)t, j);
            if (!x->active[from] || ad_graph_is_zero(g, x->partial[j])) continue;
            status = add_edge(x, from, (uint32_t)t, x->partial[j]);
            if (status != AD_OK) return status;
        }
        if (g->status != AD_OK) return g->status;
    }
    ad_term one = ad_graph_constant(g, 1);
    for (size_t k = 0; k < x->f->K; k++) {
        if (!x->active[x->f->output[k]]) continue;
        ad_status status = add_edge(x, x->f->output[k], (uint32_t)(x->terms + k), one);
        if (status != AD_OK) return status;
    }
    return AD_OK;
}

static ad_status eliminate(elimination *x, uint32_t t) {
    ad_graph *g = x->f->graph;
    vertex *v = &x->vertex[t];
    ad_status status = AD_OK;
    for (uint32_t i = v->first_in; i != NO_EDGE && status == AD_OK; i = x->edge[i].next_in) {
        for (uint32_t o = v->first_out; o != NO_EDGE && status == AD_OK; o = x->edge[o].next_out) {
            ad_term p = ad_graph_product(g, x->edge[o].partial, x->edge[i].partial);
            status = g->status;
            if (status == AD_OK) status = add_edge(x, x->edge[i].from, x->edge[o].to, p);
        }
    }
    while (v->first_in != NO_EDGE && status == AD_OK) {
        uint32_t from = x->edge[v->first_in].from;
        remove_edge(x, v->first_in);
        if (x->number[from] == NO_EDGE) status = enqueue(x, from);
    }
    while (v->first_out != NO_EDGE && status == AD_OK) {
        uint32_t to = x->edge[v->first_out].to;
        remove_edge(x, v->first_out);
        if (to < x->terms) status = enqueue(x, to);
    }
    return status;
}

static ad_status eliminate_all(elimination *x, ad_entries *entries) {
    ad_status status = build_edges(x);
    for (size_t t = 0; t < x->terms && status == AD_OK; t++) {
        if (x->active[t] && x->number[t] == NO_EDGE) status = enqueue(x, (uint32_t)t);
    }
    while (x->queued > 0 && status == AD_OK) {
        queue_item it = dequeue(x);
        if (it.cost != cost_of(x, it.vertex)) continue; /* stale */
        status = eliminate(x, it.vertex);
    }
    for (size_t d = 0; d < x->f->D && status == AD_OK; d++) {
        uint32_t e = x->active[x->f->input[d]] ? x->vertex[x->f->input[d]].first_out : NO_EDGE;
        for (; e != NO_EDGE && status == AD_OK; e = x->edge[e].next_out) {
            if (ad_graph_is_zero(x->f->graph, x->edge[e].partial)) continue;
            status = ad_entries_append(entries, x->edge[e].to - (uint32_t)x->terms, (uint32_t)d,
                                       x->edge[e].partial);
        }
    }
    return status;
}

ad_status ad_eliminate(const ad_mapping *f, int last, ad_entries *entries) {
    size_t n = f->graph->terms, all = n + f->K;
    if (f->graph->rules > 0) return AD_TOO_LARGE;
    elimination x = {.f = f, .terms = n, .last = last, .spare = NO_EDGE};
    x.vertex = ad_alloc(all, sizeof *x.vertex);
    x.number = ad_alloc(n, sizeof *x.number);
    if (x.number != NULL) x.active = ad_active_terms(f, x.number);
    ad_status status = AD_NO_MEMORY;
    if (x.vertex != NULL && x.active != NULL) {
        for (size_t t = 0; t < all; t++) x.vertex[t] = (vertex){NO_EDGE, NO_EDGE, 0, 0};
        status = eliminate_all(&x, entries);
    }
    ad_free(x.edge);
    ad_free(x.vertex);
    ad_free(x.queue);
    ad_free(x.active);
    ad_free(x.number);
    ad_free(x.partial);
    return status;
}
