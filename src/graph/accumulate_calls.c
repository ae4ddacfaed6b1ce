/* SPDX-License-Identifier: Apache-2.0 */
/* Derivatives through calls of rules.  Calls have no partials, but products with their Jacobian.
 * Elementwise calls can have partials as terms. */
#include <stdlib.h>

#include "base/alloc.h"
#include "graph/accumulate_parts.h"
#include "ops/call.h"

/* The blocks of a call's rule: of each operand and result, and where the derivatives that reach each
 * block begin among all (`start`, one more than there are blocks). */
typedef struct call_blocks {
    uint32_t *operand, *result;
    size_t *start;
    size_t count;
} call_blocks;

static void blocks_free(call_blocks *b) {
    ad_free(b->operand);
    ad_free(b->start);
}

static ad_status blocks_of(ad_call_rule c, call_blocks *b) {
    b->count = (size_t)c.blocks + 1; /* the last one has no operands */
    b->operand = ad_alloc((size_t)c.n + c.m, sizeof *b->operand);
    b->start = ad_alloc(b->count + 1, sizeof *b->start);
    if (b->operand == NULL || b->start == NULL) return AD_NO_MEMORY;
    b->result = b->operand + c.n;
    ad_callbacks_get()->blocks(c.rule, 0, c.n, b->operand);
    ad_callbacks_get()->blocks(c.rule, 1, c.m, b->result);
    return AD_OK;
}

/* Keep the shares in `met` as seeds of operand or result `place` of a call, in this block. */
static ad_status keep_seeds(ad_accumulation *x, size_t place, uint32_t block) {
    for (size_t k = 0; k < x->met.count; k++) {
        ad_status status =
            ad_grow((void **)&x->seeds, &x->room_seeds, x->seeded + 1, sizeof *x->seeds);
        if (status != AD_OK) return status;
        x->seeds[x->seeded++] =
            (ad_seed){block, x->met.item[k].at, (uint32_t)place, x->met.item[k].term};
    }
    return AD_OK;
}

static int by_position(const void *a, const void *b) {
    const ad_seed *x = a, *y = b;
    if (x->block != y->block) return x->block < y->block ? -1 : 1;
    if (x->at != y->at) return x->at < y->at ? -1 : 1;
    return x->place < y->place ? -1 : x->place > y->place;
}

static int is_same_column(const ad_seed *a, const ad_seed *b) {
    return a->block == b->block && a->at == b->at;
}

/* The largest number of derivatives that reach one block: the seeds of the products. */
static size_t count_columns(const ad_accumulation *x) {
    size_t most = 1, columns = 1;
    for (size_t k = 1; k < x->seeded; k++) {
        const ad_seed *own = &x->seeds[k], *before = own - 1;
        if (own->block != before->block) columns = 0;
        if (!is_same_column(own, before)) columns++;
        if (columns > most) most = columns;
    }
    return most;
}

/* Write the terms of the seeds, p for each place, to `to`.  The blocks do not affect each other, so
 * that they share columns.  x->seeds becomes the list of columns of each block: seeds[start[b] + q]
 * belongs to column q of block b. */
static void write_seeds(ad_accumulation *x, call_blocks *b, size_t p, ad_term *to) {
    size_t columns = 0, block = 0;
    for (size_t k = 0; k < x->seeded; k++) {
        ad_seed s = x->seeds[k];
        while (block <= s.block) b->start[block++] = columns;
        if (columns == b->start[s.block] || !is_same_column(&s, &x->seeds[columns - 1])) {
            x->seeds[columns++] = s; /* overwrites only seeds that have been read */
        }
        to[s.place * p + columns - 1 - b->start[s.block]] = s.term;
    }
    while (block <= b->count) b->start[block++] = columns;
}

/* Enter the products of a call's Jacobian with its seeds as one more call.  Returns its first
 * result, and in *p the number of seeds. */
static ad_term call_products(ad_accumulation *x, ad_term t, ad_call_mode mode, call_blocks *b,
                             size_t *p) {
    ad_graph *g = x->f->graph;
    ad_call_rule c = ad_graph_call_rule(g, t);
    size_t known = (size_t)c.n + c.m;
    if (x->seeded > 1) qsort(x->seeds, x->seeded, sizeof *x->seeds, by_position);
    *p = count_columns(x);
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
    write_seeds(x, b, *p, x->buffer + known);
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

/* Reverse, for rules without partials. */
static ad_status pull_through(ad_accumulation *x, ad_term t, ad_call_rule c, call_blocks *b) {
    ad_graph *g = x->f->graph;
    ad_status status = AD_OK;
    x->seeded = 0;
    for (size_t k = 0; k < c.m && status == AD_OK; k++) {
        status = ad_chain_take(x, t + 1 + (ad_term)k);
        if (status == AD_OK) status = ad_shares_add_up(g, &x->met, &x->buffer, &x->room_buffer);
        if (status == AD_OK) status = keep_seeds(x, k, b->result[k]);
    }
    if (status != AD_OK || x->seeded == 0) return status;
    size_t p;
    ad_term first = call_products(x, t, AD_CALL_PULL, b, &p);
    status = g->status;
    for (size_t j = 0; j < c.n && status == AD_OK; j++) {
        ad_term to = ad_graph_operand(g, t, j);
        size_t from = b->start[b->operand[j]], columns = b->start[b->operand[j] + 1] - from;
        for (size_t q = 0; q < columns && x->active[to] && status == AD_OK; q++) {
            status = ad_share_link(x, to, x->seeds[from + q].at, first + (ad_term)(j * p + q));
        }
    }
    return status;
}

/* Forward, for rules without partials. */
static ad_status push_through(ad_accumulation *x, ad_term t, ad_call_rule c, call_blocks *b) {
    ad_graph *g = x->f->graph;
    ad_status status = AD_OK;
    x->seeded = 0;
    for (size_t j = 0; j < c.n && status == AD_OK; j++) {
        ad_term from = ad_graph_operand(g, t, j);
        if (!x->active[from]) continue;
        x->met.count = 0;
        for (size_t k = 0; k < x->count[from] && status == AD_OK; k++) {
            ad_share s = x->store.item[x->first[from] + k];
            status = ad_share_append(&x->met, s.at, s.term);
        }
        if (status == AD_OK) status = keep_seeds(x, j, b->operand[j]);
    }
    if (status != AD_OK || x->seeded == 0) return status;
    size_t p;
    ad_term first = call_products(x, t, AD_CALL_PUSH, b, &p);
    status = g->status;
    for (size_t r = 0; r < c.m && status == AD_OK; r++) {
        size_t begin = b->start[b->result[r]], columns = b->start[b->result[r] + 1] - begin;
        x->met.count = 0;
        for (size_t q = 0; q < columns && status == AD_OK; q++) {
            status = ad_share_append(&x->met, x->seeds[begin + q].at, first + (ad_term)(r * p + q));
        }
        if (status == AD_OK) status = ad_shares_keep(x, t + 1 + r);
    }
    return status;
}

/* Propagate the shares of a call by its partials, result by result, or by products. */
static ad_status
propagate(ad_accumulation *x, ad_term t,
          ad_status (*by_slopes)(ad_accumulation *x, ad_term t, ad_call_rule c, size_t k),
          ad_status (*through)(ad_accumulation *x, ad_term t, ad_call_rule c, call_blocks *b)) {
    ad_call_rule c = ad_graph_call_rule(x->f->graph, t);
    ad_status status = slopes_of(x, t, c);
    for (size_t k = 0; k < c.m && status == AD_OK; k++) status = by_slopes(x, t, c, k);
    if (status != AD_CALL_FAILED) return status;
    call_blocks blocks = {0};
    status = check_way(x->f->graph, t);
    if (status == AD_OK) status = blocks_of(c, &blocks);
    if (status == AD_OK) status = through(x, t, c, &blocks);
    blocks_free(&blocks);
    return status;
}

ad_status ad_call_forward(ad_accumulation *x, ad_term t) {
    return propagate(x, t, slopes_forward, push_through);
}

ad_status ad_call_reverse(ad_accumulation *x, ad_term t) {
    return propagate(x, t, slopes_reverse, pull_through);
}
