/* SPDX-License-Identifier: Apache-2.0 */
/* Declarations that the source files of the colourings share. */
#ifndef AD_COLOUR_PARTS_H
#define AD_COLOUR_PARTS_H

#include "sparse/colour.h"

#define AD_NO_VERTEX UINT32_MAX

ad_status ad_pattern_check(const ad_pattern *p);

/* Make the pattern by columns, whose start and index are allocated; ad_pattern_free() releases
 * them.  `place`, if not NULL, receives for each entry of t the number of the entry of p.  Returns
 * AD_NO_MEMORY on failure. */
ad_status ad_pattern_transpose(const ad_pattern *p, ad_pattern *t, size_t *place);
void ad_pattern_free(ad_pattern *t);

/* For a checked pattern, place[k] becomes the number of the mirror image of entry k.  `place` may
 * be NULL.  Returns AD_BAD_INDEX if the pattern is not symmetric, or AD_NO_MEMORY. */
ad_status ad_pattern_mirror(const ad_pattern *p, size_t *place);

/* Vertices sorted into buckets by small keys, which change by one.  A vertex with the least or the
 * largest key is found without a search. */
typedef struct ad_buckets {
    uint32_t *head, *next, *last, *key;
    size_t keys, vertices;
    size_t least, most; /* all keys of vertices are within */
} ad_buckets;

/* Enter the vertices with their keys, which are below `keys`.  Of equal keys the first vertex is
 * found first.  Returns AD_NO_MEMORY on failure. */
ad_status ad_buckets_init(ad_buckets *b, size_t vertices, size_t keys, const uint32_t *key);
void ad_buckets_free(ad_buckets *b);
void ad_buckets_remove(ad_buckets *b, uint32_t v);
void ad_buckets_move(ad_buckets *b, uint32_t v, int by);
uint32_t ad_buckets_least(ad_buckets *b); /* AD_NO_VERTEX if none is left */
uint32_t ad_buckets_most(ad_buckets *b);

/* Write the vertices in the given order.  The vertices are the columns of `rows`, and neighbours
 * have a row in common.  If `columns` (the transpose of rows) is NULL, the neighbours of a vertex
 * are its row.  Returns AD_NO_MEMORY on failure. */
ad_status ad_colour_order(const ad_pattern *rows, const ad_pattern *columns, ad_ordering ordering,
                          uint32_t *order);

/* The columns to be coloured.  If times are given, an entry is recovered from the product of its
 * column if its row has an earlier time than its column, and otherwise from that of its row.  The
 * entries recovered from columns come first in each row, and own[i] is their number in row i.  For
 * direct recovery, no other entry of the row may have the colour of such an entry.  For recovery by
 * substitution, no other entry of the row that is recovered from its column may have it. */
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
