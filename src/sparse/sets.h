/* SPDX-License-Identifier: Apache-2.0 */
/* Sets of small numbers as words of 64 of them, empty words left out.  Sets are made once and
 * never change; they are known by numbers, 0 the empty one. */
#ifndef AD_SPARSITY_SETS_H
#define AD_SPARSITY_SETS_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

typedef struct ad_word {
    uint64_t bits;
    uint32_t block; /* holds the numbers from 64 block on; blocks ascend in a set */
} ad_word;

typedef struct ad_set {
    size_t start;
    uint32_t words;
} ad_set;

/* The first failure stays in `status`: AD_NO_MEMORY, or AD_TOO_LARGE beyond `limit` words. Later
 * sets are empty. */
typedef struct ad_sets {
    ad_word *word;
    ad_set *set;
    size_t words, sets, room_words, room_sets, limit;
    uint64_t *gather;  /* a union that is being made: words by block, */
    uint32_t *touched; /* the blocks that are not empty, */
    size_t touches;
    uint32_t only; /* and its set as long as that is a single one */
    size_t blocks; /* how many there is room for */
    ad_status status;
} ad_sets;

/* For numbers below n, in about `room` bytes, of one word in any; zeroed before the first time,
 * when n must be largest. */
ad_status ad_sets_begin(ad_sets *s, size_t n, size_t room);
void ad_sets_free(ad_sets *s);

/* Forget all sets but the empty one. */
void ad_sets_clear(ad_sets *s);

uint32_t ad_sets_single(ad_sets *s, size_t number);
uint32_t ad_sets_join(ad_sets *s, uint32_t a, uint32_t b);

/* The union of many: any number of the first, then the second once. */
void ad_sets_gather(ad_sets *s, uint32_t a);
uint32_t ad_sets_gathered(ad_sets *s);

/* How many numbers a set has; and these, plus `first`, in ascending order. */
size_t ad_sets_size(const ad_sets *s, uint32_t a);
void ad_sets_list(const ad_sets *s, uint32_t a, uint32_t first, uint32_t *out);

#endif
