/* SPDX-License-Identifier: Apache-2.0 */
/* What the sources of colour share. */
#ifndef AD_COLOUR_PARTS_H
#define AD_COLOUR_PARTS_H

#include "sparse/colour.h"

#define AD_NO_VERTEX UINT32_MAX

ad_status ad_pattern_check(const ad_pattern *p);

/* The pattern by columns, in memory of its own.  place, if not NULL, gets the entry of p that
 * each one is.  Free start and index. */
ad_status ad_pattern_transpose(const ad_pattern *p, ad_pattern *t, size_t *place);
void ad_pattern_free(ad_pattern *t);

/* Of a checked pattern: place[k] is where entry k's mirror image stands; AD_BAD_INDEX where the
 * pattern is not symmetric.  place may be NULL. */
ad_status ad_pattern_mirror(const ad_pattern *p, size_t *place);

/* Vertices by small keys that change by one: take the least or the largest. */
typedef struct ad_buckets {
    uint32_t *head, *next, *last, *key;
    size_t keys, vertices;
    size_t least, most; /* no vertex has a key outside */
} ad_buckets;

/* Vertices of keys below `keys`; of equal ones the first is found first. */
ad_status ad_buckets_init(ad_buckets *b, size_t vertices, size_t keys, const uint32_t *key);
void ad_buckets_free(ad_buckets *b);
void ad_buckets_remove(ad_buckets *b, uint32_t v);
void ad_buckets_move(ad_buckets *b, uint32_t v, int by);
uint32_t ad_buckets_least(ad_buckets *b); /* AD_NO_VERTEX where there is none left */
uint32_t ad_buckets_most(ad_buckets *b);

/* Vertices are the columns of `rows`, neighbours those that have a row in common; without
 * `columns` (the transpose of rows) a vertex's neighbours are its row. */
ad_status ad_colour_order(const ad_pattern *rows, const ad_pattern *columns, ad_ordering ordering,
                          uint32_t *order);

/* Columns to be coloured.  Where there are times, only those entries are read off columns whose
 * row has an earlier time than their column; in each row they stand before the others, and own
 * counts them.  Read off directly, such an entry wants its colour alone in its row; by
 * substitution, apart from its like. */
typedef struct ad_side {
    ad_pattern rows, columns;
    const uint32_t *row_time, *column_time;
    const size_t *own;
    int substitution;
} ad_side;

ad_status ad_colour_side(const ad_side *side, const uint32_t *order, uint32_t *colour,
                         size_t *colours);

ad_status ad_colour_star(const ad_pattern *p, const uint32_t *order, uint32_t *colour,
                         size_t *colours);
ad_status ad_colour_acyclic(const ad_pattern *p, const uint32_t *order, uint32_t *colour,
                            size_t *colours);

#endif
