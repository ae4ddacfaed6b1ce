/* SPDX-License-Identifier: Apache-2.0 */
/* One accumulation of derivatives while it runs; by vertices in accumulate.c,
 * by calls in accumulate_calls.c. */
#ifndef AD_ACCUMULATE_PARTS_H
#define AD_ACCUMULATE_PARTS_H

#include "graph/accumulate.h"

/* A derivative with respect to (of) number `at`: what accumulates at one vertex. */
typedef struct ad_share {
    uint32_t at;
    ad_term term;
} ad_share;

typedef struct ad_shares {
    ad_share *item;
    size_t count, room;
} ad_shares;

/* What reaches operand or result `place` of a call, of derivative number `at`. */
typedef struct ad_seed {
    uint32_t at, place;
    ad_term term;
} ad_seed;

/* Everything one accumulation carries along. */
typedef struct ad_accumulation {
    const ad_mapping *f;
    size_t terms;     /* of the graph before it */
    uint8_t *active;  /* depends on an input and an output needs it */
    uint32_t *number; /* of an input, UINT32_MAX for what is none */
    size_t *first;    /* reverse: head of a vertex' chain; forward: its first share */
    size_t *count;
    ad_term *order; /* reverse: consumers first */
    ad_term *partial, *buffer;
    size_t room_partial, room_buffer;
    ad_shares met, store;
    ad_seed *seeds; /* of one call */
    size_t seeded, room_seeds;
    size_t spare; /* reverse: chain of links to use again */
} ad_accumulation;

ad_status ad_share_append(ad_shares *s, uint32_t at, ad_term term);

/* Sort what meets at a vertex by its number and add up what has the same; the sums replace it. */
ad_status ad_shares_add_up(ad_graph *g, ad_shares *met, ad_term **buffer, size_t *room);

/* Reverse: put a share at the head of a vertex' chain; take a chain into `met`. */
ad_status ad_share_link(ad_accumulation *x, ad_term to, uint32_t at, ad_term term);
ad_status ad_chain_take(ad_accumulation *x, ad_term t);

/* Forward: what met is the vertex' own. */
ad_status ad_shares_keep(ad_accumulation *x, size_t t);

/* From a call's results, whose chains have waited, to what it reads; and from what it reads to its
 * results.  AD_TOO_LARGE for a call that is a product itself: those have no rules, their
 * derivatives are taken on the tape. */
ad_status ad_call_reverse(ad_accumulation *x, ad_term t);
ad_status ad_call_forward(ad_accumulation *x, ad_term t);

#endif
