/* SPDX-License-Identifier: Apache-2.0 */
#include "sparse/sets.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

#define FAR_SMALLER 16 /* ratio of sizes from which a smaller set is searched in a larger one */

ad_status ad_sets_begin(ad_sets *s, size_t n, size_t room) {
    size_t blocks = (n + 63) / 64;
    s->status = AD_OK;
    s->limit = blocks > 1 ? room / (sizeof(ad_word) + sizeof(ad_set)) : SIZE_MAX;
    if (s->gather != NULL) return AD_OK;
    s->gather = ad_alloc_zeroed(blocks, sizeof *s->gather);
    s->touched = ad_alloc(blocks, sizeof *s->touched);
    s->blocks = blocks;
    return s->gather != NULL && s->touched != NULL ? AD_OK : AD_NO_MEMORY;
}

void ad_sets_free(ad_sets *s) {
    ad_free(s->word);
    ad_free(s->set);
    ad_free(s->gather);
    ad_free(s->touched);
}

void ad_sets_clear(ad_sets *s) {
    s->words = 0;
    s->sets = 1;
    s->touches = 0;
    s->only = 0;
    if (s->gather != NULL) memset(s->gather, 0, s->blocks * sizeof *s->gather);
}

/* Room for one more set of so many words, which are not counted yet. */
static ad_word *make_room(ad_sets *s, size_t words) {
    if (s->status == AD_OK && s->words + words > s->limit) s->status = AD_TOO_LARGE;
    if (s->status == AD_OK) {
        s->status = ad_grow((void **)&s->word, &s->room_words, s->words + words, sizeof *s->word);
    }
    if (s->status == AD_OK) {
        s->status = ad_grow((void **)&s->set, &s->room_sets, s->sets + 2, sizeof *s->set);
    }
    return s->status == AD_OK ? s->word + s->words : NULL;
}

/* Make a set of the words written to that room. */
static uint32_t keep(ad_sets *s, size_t words) {
    s->set[s->sets] = (ad_set){s->words, (uint32_t)words};
    s->words += words;
    return (uint32_t)s->sets++;
}

uint32_t ad_sets_single(ad_sets *s, size_t number) {
    ad_word *to = make_room(s, 1);
    if (to == NULL) return 0;
    *to = (ad_word){(uint64_t)1 << (number & 63), (uint32_t)(number >> 6)};
    return keep(s, 1);
}

/* Returns whether a small set is a subset of a large one. */
static int within(const ad_word *small, size_t few, const ad_word *large, size_t many) {
    for (size_t k = 0, low = 0; k < few; k++) {
        size_t high = many;
        while (low < high) {
            size_t middle = low + (high - low) / 2;
            if (large[middle].block < small[k].block) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        if (low == many || large[low].block != small[k].block) return 0;
        if (small[k].bits & ~large[low].bits) return 0;
    }
    return 1;
}

uint32_t ad_sets_join(ad_sets *s, uint32_t a, uint32_t b) {
    if (a == b || b == 0) return a;
    if (a == 0) return b;
    size_t m = s->set[a].words, n = s->set[b].words;
    const ad_word *p = s->word + s->set[a].start, *q = s->word + s->set[b].start;
    if (m >= FAR_SMALLER * n && within(q, n, p, m)) return a;
    if (n >= FAR_SMALLER * m && within(p, m, q, n)) return b;
    ad_word *to = make_room(s, m + n);
    if (to == NULL) return 0;
    p = s->word + s->set[a].start; /* the words may have been reallocated */
    q = s->word + s->set[b].start;
    const ad_word *p_end = p + m, *q_end = q + n;
    size_t k = 0;
    int more_a = 0, more_b = 0; /* whether either has elements that the other has not */
    while (p < p_end && q < q_end) {
        if (p->block == q->block) {
            more_a |= (p->bits & ~q->bits) != 0;
            more_b |= (q->bits & ~p->bits) != 0;
            to[k++] = (ad_word){p->bits | q->bits, p->block};
            p++;
            q++;
        } else if (p->block < q->block) {
            more_a = 1;
            to[k++] = *p++;
        } else {
            more_b = 1;
            to[k++] = *q++;
        }
    }
    more_a |= p < p_end;
    more_b |= q < q_end;
    if (!more_b) return a;
    if (!more_a) return b;
    while (p < p_end) to[k++] = *p++;
    while (q < q_end) to[k++] = *q++;
    return keep(s, k);
}

void ad_sets_gather(ad_sets *s, uint32_t a) {
    if (a == 0 || a == s->only) return;
    const ad_word *p = s->word + s->set[a].start;
    s->only = s->touches == 0 ? a : 0;
    for (size_t k = 0; k < s->set[a].words; k++) {
        if (s->gather[p[k].block] == 0) s->touched[s->touches++] = p[k].block;
        s->gather[p[k].block] |= p[k].bits;
    }
}

static int ascending(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

uint32_t ad_sets_gathered(ad_sets *s) {
    size_t n = s->touches, k = 1;
    uint32_t only = s->only;
    ad_word *to = only == 0 && n > 0 ? make_room(s, n) : NULL;
    while (k < n && s->touched[k - 1] < s->touched[k]) k++;
    if (to != NULL && k < n) qsort(s->touched, n, sizeof *s->touched, ascending);
    for (k = 0; k < n; k++) {
        uint32_t block = s->touched[k];
        if (to != NULL) to[k] = (ad_word){s->gather[block], block};
        s->gather[block] = 0;
    }
    s->touches = 0;
    s->only = 0;
    return to != NULL ? keep(s, n) : only;
}

size_t ad_sets_size(const ad_sets *s, uint32_t a) {
    size_t count = 0;
    if (a == 0) return 0;
    const ad_word *p = s->word + s->set[a].start;
    for (size_t k = 0; k < s->set[a].words; k++) count += (size_t)__builtin_popcountll(p[k].bits);
    return count;
}

void ad_sets_list(const ad_sets *s, uint32_t a, uint32_t first, uint32_t *out) {
    if (a == 0) return;
    const ad_word *p = s->word + s->set[a].start;
    for (size_t k = 0; k < s->set[a].words; k++) {
        for (uint64_t rest = p[k].bits; rest != 0; rest &= rest - 1) {
            *out++ = first + 64 * p[k].block + (uint32_t)__builtin_ctzll(rest);
        }
    }
}
