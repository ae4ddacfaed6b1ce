/* SPDX-License-Identifier: Apache-2.0 */
/* The state of an accumulation of derivatives, shared by accumulate.c (vertices),
 * accumulate_calls.c (calls) and shares.c. */
#ifndef AD_ACCUMULATE_PARTS_H
#define AD_ACCUMULATE_PARTS_H

#include "graph/accumulate.h"

/* A contribution to the derivative at one vertex, with respect to input number `at` (forward) or of
 * output number `at` (reverse). */
typedef struct ad_share {
    uint32_t at;
    ad_term term;
} ad_share;

typedef struct ad_shares {
    ad_share *item;
    size_t count, room;
} ad_shares;

/* A share of derivative number `at` that reaches operand or result `place` of a call, which is in
 * this block of its rule (call.h). */
typedef struct ad_seed {
    uint32_t block, at, place;
    ad_term term;
} ad_seed;

/* The state of one accumulation. */
typedef struct ad_accumulation {
    const ad_mapping *f;
    size_t terms;     /* of the graph before it */
    size_t most;      /* shares that may be stored; more are AD_TOO_LARGE */
    uint8_t *active;  /* terms that depend on an input and that an output needs */
    uint32_t *number; /* number of an input, UINT32_MAX for other terms */
    size_t *first;    /* reverse: head of a vertex's chain; forward: its first share */
    size_t *count;
    ad_term *order; /* reverse: consumers before operands */
    ad_term *partial, *buffer;
    size_t room_partial, room_buffer;
    ad_shares met, store;
    ad_seed *seeds; /* of one call */
    size_t seeded, room_seeds;
    size_t spare; /* reverse: chain of unused links */
} ad_accumulation;

ad_status ad_share_append(ad_shares *s, uint32_t at, ad_term term);

/* Sort the shares of a vertex by their numbers and add up those with equal numbers.  The sums
 * replace them in `met`; zeros are dropped. */
ad_status ad_shares_add_up(ad_graph *g, ad_shares *met, ad_term **buffer, size_t *room);

/* Reverse: insert a share at the head of a vertex's chain, or move a chain to `met`. */
ad_status ad_share_link(ad_accumulation *x, ad_term to, uint32_t at, ad_term term);
ad_status ad_chain_take(ad_accumulation *x, ad_term t);

/* Forward: store the shares in `met` as those of vertex t. */
ad_status ad_shares_keep(ad_accumulation *x, size_t t);

/* Accumulate through a call: in reverse from the chains of its results to its arguments, forward
 * from its arguments to its results.  Returns AD_TOO_LARGE for a call that is itself a product with
 * a Jacobian: such calls have no rules, and their derivatives are taken on the tape. */
ad_status ad_call_reverse(ad_accumulation *x, ad_term t);
ad_status ad_call_forward(ad_accumulation *x, ad_term t);

#endif
