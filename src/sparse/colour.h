/* SPDX-License-Identifier: Apache-2.0 */
/* Colourings of sparse matrices: which columns, rows or both may share one product with the
 * matrix, and how its entries are read off such products.  It knows patterns alone.
 * Gebremedhin, Manne, Pothen, What color is your Jacobian?, SIAM Review 47 (2005); Gebremedhin,
 * Tarafdar, Manne, Pothen, New acyclic and star coloring algorithms, SISC 29 (2007).
 *
 * Every function checks its pattern: AD_BAD_INDEX where it is none, or not symmetric where it has
 * to be.  The other failure is AD_NO_MEMORY; either way nothing is written and nothing kept. */
#ifndef AD_COLOUR_H
#define AD_COLOUR_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

/* Entries of a matrix by rows; rows and columns together are fewer than 2^32 - 1. */
typedef struct ad_pattern {
    size_t rows, columns;
    const size_t *start;   /* rows + 1, from 0 on */
    const uint32_t *index; /* the columns of each row, strictly ascending */
} ad_pattern;

typedef enum ad_colouring {
    AD_COLOUR_COLUMNS, /* no two columns of a colour have an entry in one row */
    AD_COLOUR_ROWS,    /* no two rows of a colour have an entry in one column */
    /* Of a symmetric matrix as a graph, neighbours apart and in addition: */
    AD_COLOUR_STAR,    /* no path of four vertices has two colours: entries read off directly */
    AD_COLOUR_ACYCLIC, /* no cycle has two colours: entries by substitution */
    AD_COLOURINGS
} ad_colouring;

/* The order in which a greedy colouring takes the vertices. */
typedef enum ad_ordering {
    AD_ORDER_NATURAL,
    AD_ORDER_LARGEST_FIRST, /* by falling degree */
    AD_ORDER_SMALLEST_LAST, /* the last has least degree, and so on in what is left without it */
    AD_ORDER_INCIDENCE,     /* next is the one with most neighbours taken */
    AD_ORDERINGS
} ad_ordering;

#define AD_NO_COLOUR UINT32_MAX

/* Colours 0, 1, ... of the columns (AD_COLOUR_ROWS: rows), and how many there are.  Columns take
 * the time of the sum of d^2 over the rows of d entries, rows likewise, but rows longer than 64 and
 * than a 64th of the columns take no more than their length; star and acyclic colourings take the
 * sum over the entries of the colours beside an end.  Memory: 16 bytes an entry (star and acyclic
 * 28) and 60 a row and column. */
ad_status ad_colour(const ad_pattern *p, ad_colouring kind, ad_ordering ordering, uint32_t *colour,
                    size_t *colours);

/* The same by the ordering that needs the fewest colours, the first of equal ones. */
ad_status ad_colour_best(const ad_pattern *p, ad_colouring kind, uint32_t *colour, size_t *colours,
                         ad_ordering *ordering);

/* Colours of the columns and of the rows at once, numbered apart: every entry can be read off
 * one product, directly or, with `substitution`, after others.  AD_NO_COLOUR stands for what is in
 * no product.  Fewest in sum of two ways to divide the entries, columns alone and rows alone, each
 * by all orderings; takes the time of these.  Memory: 16 bytes an entry, 110 a row and column. */
ad_status ad_colour_both(const ad_pattern *p, int substitution, uint32_t *column_colour,
                         size_t *column_colours, uint32_t *row_colour, size_t *row_colours);

/* How a matrix's entries follow from its products.  The product of colour c is the sum of the
 * columns of that colour (rows of the matrix many numbers) or of the rows (columns many).
 * `packed` numbers are the products in the order of colours, those of columns before those of
 * rows.  Direct if there are no steps. */
typedef struct ad_recovery_step {
    size_t entry, mirror; /* what it gives: one entry, or it and its mirror image */
    size_t end;           /* of its range of `minus`, which starts where the last one ends */
} ad_recovery_step;

typedef struct ad_recovery {
    size_t entries, packed;
    size_t *from; /* of each entry: its place in the products */
    ad_recovery_step *step;
    size_t steps, room_steps;
    size_t *minus; /* entries to take away, all found before */
    size_t minuses, room_minus;
} ad_recovery;

/* AD_BAD_INDEX where some entry cannot be found from these products, so that it checks a
 * colouring too: also a star one that is not direct.  Keeps 8 bytes an entry, with steps about 40
 * more; while it is made it takes 130. */
ad_status ad_recovery_make(const ad_pattern *p, ad_colouring kind, const uint32_t *colour,
                           size_t colours, ad_recovery *r);
ad_status ad_recovery_make_both(const ad_pattern *p, const uint32_t *column_colour,
                                size_t column_colours, const uint32_t *row_colour,
                                size_t row_colours, ad_recovery *r);
void ad_recovery_free(ad_recovery *r);

/* `count` matrices at once: packed is (count, r->packed), entry (count, r->entries) in the order
 * of the pattern.  Steps carry rounding errors, infinities and NaNs on to what follows them. */
void ad_recover(const ad_recovery *r, size_t count, const double *packed, double *entry);

#endif
