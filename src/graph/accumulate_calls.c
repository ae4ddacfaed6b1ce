/* SPDX-License-Identifier: Apache-2.0 */
/* Derivatives through calls of rules.  Calls have no partials, but products with their Jacobian.
 * Elementwise calls can have partials as terms. */
#include <stdlib.h>

#include "base/alloc.h"
#include "graph/accumulate_parts.h"
#include "ops/call.h"

/* Keep the shares in `met` as seeds of operand or result `place` of a call. */
static ad_status keep_seeds(ad_accumulation *x, size_t place) {
    for (size_t k = 0; k < x->met.count; k++) {
        ad_status status =
            ad_grow((void **)&x->seeds, &x->room_seeds, x->seeded + 1, sizeof *x->seeds);
        if (status != AD_OK) return status;
        x->seeds[x->seeded++] = (ad_seed){x->met.item[k].at, (uint32_t)place, x->met.item[k].term};
    }
    return AD_OK;
}

static int by_position(const void *a, const void *b) {
    const ad_seed *x = a, *y = b;
    if (x->at != y->at) return x->at < y->at ? -1 : 1;
    return x->place < y->place ? -1 : x->place > y->place;
}

/* Enter the products of a call's Jacobian with its seeds as one more call.  Returns its first
 * result, and in *p the number of derivatives that reach it.  The derivative of seed q has the
 * number x->seeds[q].at. */
static ad_term call_products(ad_accumulation *x, ad_term t, ad_call_mode mode, size_t *p) {
    ad_graph *g = x->f->graph;
    ad_call_rule c = ad_graph_call_rule(g, t);
    size_t known = (size_t)c.n + c.m, q = 0;
    if (x->seeded > 1) qsort(x->seeds, x->seeded, sizeof *x->seeds, by_position);
    *p = 1;
    for (size_t k = 1; k < x->seeded; k++) *p += x->seeds[k].at != x->seeds[k - 1].at;
    size_t reads = ad_call_operands(c, mode, *p);
    if (reads + ad_call_results(c, mode, *p) > g->limit - g->terms) {
        g->status = AD_TOO_LARGE;
        return AD_NO_TERM;
    }
    if (ad_grow((void **)&x->buffer, &x->room_buffer, reads, sizeof *x->buffer) != AD_OK) {
        g->status = AD_NO_MEMORY;
        return AD_NO_TERM;
    }
    ad_term zero = ad_graph_constant(g, 0);
    for (size_t j = 0; j < c.n; j++) x->buffer[j] = ad_graph_operand(g, t, j);
    for (size_t j = 0; j < c.m; j++) x->buffer[c.n + j] = t + 1 + (ad_term)j;
    for (size_t j = known; j < reads; j++) x->buffer[j] = zero;
    for (size_t k = 0; k < x->seeded; k++) {
        ad_seed s = x->seeds[k];
        if (k > 0 && s.at != x->seeds[q].at) q++;
        x->seeds[q].at = s.at; /* overwrites only seeds that have been read */
        x->buffer[known + s.place * *p + q] = s.term;
    }
    return ad_graph_call(g, g->vertex[t].x[2] / AD_CALL_MODES, mode, *p, x->buffer);
}

static ad_status check_way(const ad_graph *g, ad_term t) {
    return ad_graph_call_mode(g, t) == AD_CALL_VALUE ? AD_OK : AD_TOO_LARGE;
}

/* Write the partials of an elementwise call, one for each of its arguments, to x->partial.  Returns
 * AD_CALL_FAILED if the rule has none. */
static ad_status slopes_of(ad_accumulation *x, ad_term t, ad_call_rule c) {
    ad_graph *g = x->f->graph;
    if (!c.elementwise || ad_graph_call_mode(g, t) != AD_CALL_VALUE) return AD_CALL_FAILED;
    ad_status status =
        ad_grow((void **)&x->partial, &x->room_partial, 2 * (size_t)c.n, sizeof *x->partial);
    if (status != AD_OK) return status;
    ad_term *read = x->partial + c.n;
    for (size_t j = 0; j < c.n; j++) read[j] = ad_graph_operand(g, t, j);
    return ad_callbacks_get()->slopes(c.rule, g, c.n, read, c.m, t + 1, x->partial);
}

/* Multiply the shares of result k by its partials and link them to its arguments. */
static ad_status slopes_reverse(ad_accumulation *x, ad_term t, ad_call_rule c, size_t k) {
    ad_graph *g = x->f->graph;
    ad_status status = ad_chain_take(x, t + 1 + (ad_term)k);
    if (status == AD_OK) status = ad_shares_add_up(g, &x->met, &x->buffer, &x->room_buffer);
    for (size_t j = k; j < c.n && status == AD_OK; j += c.m) {
        ad_term to = ad_graph_operand(g, t, j);
        if (!x->active[to] || ad_graph_is_zero(g, x->partial[j])) continue;
        for (size_t q = 0; q < x->met.count && status == AD_OK; q++) {
            ad_term p = ad_graph_product(g, x->partial[j], x->met.item[q].term);
            status = g->status;
            if (status == AD_OK) status = ad_share_link(x, to, x->met.item[q].at, p);
        }
    }
    return status;
}

static ad_status slopes_forward(ad_accumulation *x, ad_term t, ad_call_rule c, size_t k) {
    ad_graph *g = x->f->graph;
    ad_status status = AD_OK;
    x->met.count = 0;
    for (size_t j = k; j < c.n && status == AD_OK; j += c.m) {
        ad_term from = ad_graph_operand(g, t, j);
        if (!x->active[from] || ad_graph_is_zero(g, x->partial[j])) continue;
        for (size_t q = 0; q < x->count[from] && status == AD_OK; q++) {
            ad_share s = x->store.item[x->first[from] + q];
            ad_term p = ad_graph_product(g, x->partial[j], s.term);
            status = g->status;
            if (status == AD_OK) status = ad_share_append(&x->met, s.at, p);
        }
    }
    if (status == AD_OK) status = ad_shares_add_up(g, &x->met, &x->buffer, &x->room_buffer);
    return status == AD_OK ? ad_shares_keep(x, t + 1 + k) : status;
}

ad_status ad_call_reverse(ad_accumulation *x, ad_term t) {
    ad_graph *g = x->f->graph;
    ad_call_rule c = ad_graph_call_rule(g, t);
    ad_status status = slopes_of(x, t, c);
    for (size_t k = 0; k < c.m && status == AD_OK; k++) status = slopes_reverse(x, t, c, k);
    if (status != AD_CALL_FAILED) return status;
    status = check_way(g, t);
    x->seeded = 0;
    for (size_t k = 0; k < c.m && status == AD_OK; k++) {
        status = ad_chain_take(x, t + 1 + (ad_term)k);
        if (status == AD_OK) status = ad_shares_add_up(g, &x->met, &x->buffer, &x->room_buffer);
        if (status == AD_OK) status = keep_seeds(x, k);
    }
    if (status != AD_OK || x->seeded == 0) return status;
    size_t p;
    ad_term first = call_products(x, t, AD_CALL_PULL, &p);
    status = g->status;
    for (size_t j = 0; j < c.n && status == AD_OK; j++) {
        ad_term to = ad_graph_operand(g, t, j);
        for (size_t q = 0; q < p && x->active[to] && status == AD_OK; q++) {
            status = ad_share_link(x, to, x->seeds[q].at, first + (ad_term)(j * p + q));
        }
    }
    return status;
}

ad_status ad_call_forward(ad_accumulation *x, ad_term t) {
    ad_graph *g = x->f->graph;
    ad_call_rule c = ad_graph_call_rule(g, t);
    ad_status status = slopes_of(x, t, c);
    for (size_t k = 0; k < c.m && status == AD_OK; k++) status = slopes_forward(x, t, c, k);
    if (status != AD_CALL_FAILED) return status;
    status = check_way(g, t);
    x->seeded = 0;
    for (size_t j = 0; j < c.n && status == AD_OK; j++) {
        ad_term from = ad_graph_operand(g, t, j);
        if (!x->active[from]) continue;
        x->met.count = 0;
        for (size_t k = 0; k < x->count[from] && status == AD_OK; k++) {
            ad_share s = x->store.item[x->first[from] + k];
            status = ad_share_append(&x->met, s.at, s.term);
        }
        if (status == AD_OK) status = keep_seeds(x, j);
    }
    if (status != AD_OK || x->seeded == 0) return status;
    size_t p;
    ad_term first = call_products(x, t, AD_CALL_PUSH, &p);
    status = g->status;
    for (size_t r = 0; r < c.m && status == AD_OK; r++) {
        x->met.count = 0;
        for (size_t q = 0; q < p && status == AD_OK; q++) {
            status = ad_share_append(&x->met, x->seeds[q].at, first + (ad_term)(r * p + q));
        }
        if (status == AD_OK) status = ad_shares_keep(x, t + 1 + r);
    }
    return status;
}
