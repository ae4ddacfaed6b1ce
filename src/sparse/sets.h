/* SPDX-License-Identifier: Apache-2.0 */
/* Sets of small numbers as words of 64 bits, without empty words.  A set never changes.  Sets are
 * referred to by numbers, and 0 is the empty one. */
#ifndef AD_SETS_H
#define AD_SETS_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

typedef struct ad_word {
    uint64_t bits;
    uint32_t block; /* bits for the numbers from 64 block on; blocks ascend in a set */
} ad_word;

typedef struct ad_set {
    size_t start;
    uint32_t words;
} ad_set;

/* The first failure stays in `status`: AD_NO_MEMORY, or AD_TOO_LARGE for more than `limit` words.
 * Later sets are empty. */
typedef struct ad_sets {
    ad_word *word;
    ad_set *set;
    size_t words, sets, room_words, room_sets, limit;
    uint64_t *gather;  /* the union being formed: words by block, */
    uint32_t *touched; /* its blocks that are not empty, */
    size_t touches;
    uint32_t only; /* and its set while it consists of a single one */
    size_t blocks; /* number of blocks that there is room for */
    ad_status status;
} ad_sets;

/* Prepare sets of numbers below n in about `room` bytes; for n <= 64 memory is not limited.  *s
 * must be zeroed before the first call, which must have the largest n.  Returns AD_NO_MEMORY on
 * failure. */
ad_status ad_sets_begin(ad_sets *s, size_t n, size_t room);
void ad_sets_free(ad_sets *s);

/* Remove all sets except the empty one. */
void ad_sets_clear(ad_sets *s);

/* Return the set of one number, and the union of two sets. */
uint32_t ad_sets_single(ad_sets *s, size_t number);
uint32_t ad_sets_join(ad_sets *s, uint32_t a, uint32_t b);

/* Form the union of many sets: call ad_sets_gather() for each of them, and then ad_sets_gathered()
 * once, which returns it. */
void ad_sets_gather(ad_sets *s, uint32_t a);
uint32_t ad_sets_gathered(ad_sets *s);

/* ad_sets_size() returns the number of elements of a set.  ad_sets_list() writes the elements, plus
 * `first`, in ascending order. */
size_t ad_sets_size(const ad_sets *s, uint32_t a);
void ad_sets_list(const ad_sets *s, uint32_t a, uint32_t first, uint32_t *out);

#endif
