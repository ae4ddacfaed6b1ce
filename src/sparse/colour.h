/* SPDX-License-Identifier: Apache-2.0 */
/* Colourings of sparse matrices: which columns, rows or both can share one product with the matrix,
 * and how its entries are recovered from such products.  Only patterns are used, no values.
 * Gebremedhin, Manne, Pothen, What color is your Jacobian?, SIAM Review 47 (2005); Gebremedhin,
 * Tarafdar, Manne, Pothen, New acyclic and star coloring algorithms, SISC 29 (2007).
 *
 * Every function checks its pattern.  It returns AD_BAD_INDEX if the pattern is invalid, or not
 * symmetric where it has to be, and AD_NO_MEMORY if memory is exhausted.  After a failure nothing
 * is written and no memory is kept. */
#ifndef AD_COLOUR_H
#define AD_COLOUR_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

/* The entries of a matrix by rows.  The sum rows + columns is less than 2^32 - 1. */
typedef struct ad_pattern {
    size_t rows, columns;
    const size_t *start;   /* rows + 1 numbers; start[0] is 0 */
    const uint32_t *index; /* the columns of each row, strictly ascending */
} ad_pattern;

typedef enum ad_colouring {
    AD_COLOUR_COLUMNS, /* no two columns of a colour have entries in the same row */
    AD_COLOUR_ROWS,    /* no two rows of a colour have entries in the same column */
    /* For a symmetric matrix as a graph: neighbours have different colours, and in addition */
    AD_COLOUR_STAR,    /* no path of four vertices has only two colours: direct */
    AD_COLOUR_ACYCLIC, /* no cycle has only two colours: by substitution */
    AD_COLOURINGS
} ad_colouring;

/* The order in which a greedy colouring processes the vertices. */
typedef enum ad_ordering {
    AD_ORDER_NATURAL,
    AD_ORDER_LARGEST_FIRST, /* by decreasing degree */
    AD_ORDER_SMALLEST_LAST, /* from the end: the vertex of least degree in the remaining graph */
    AD_ORDER_INCIDENCE,     /* the next vertex has the most neighbours processed already */
    AD_ORDERINGS
} ad_ordering;

#define AD_NO_COLOUR UINT32_MAX

/* Compute colours 0, 1, ... of the columns (AD_COLOUR_ROWS: rows), and their number.
 *
 * The time for columns is the sum of d^2 over the rows with d entries, and likewise for rows.  But
 * rows longer than 64 and than a 64th of the columns take time proportional to their length.  The
 * time of star and acyclic colourings is the sum, over the entries, of the number of colours
 * adjacent to one end.  Memory: 16 bytes per entry (star and acyclic 28) and 60 per row and
 * column. */
ad_status ad_colour(const ad_pattern *p, ad_colouring kind, ad_ordering ordering, uint32_t *colour,
                    size_t *colours);

/* The same by the ordering that needs the fewest colours; of equal ones, the first. */
ad_status ad_colour_best(const ad_pattern *p, ad_colouring kind, uint32_t *colour, size_t *colours,
                         ad_ordering *ordering);

/* Compute colours of the columns and of the rows together, numbered separately.  Every entry can be
 * read off one product, directly or, if `substitution` is set, after others.  AD_NO_COLOUR marks
 * lines that are in no product.  The result has the least sum of colours among two ways to divide
 * the entries, columns only and rows only, each with all orderings; the time is that of all of
 * these.  Memory: 16 bytes per entry, 110 per row and column. */
ad_status ad_colour_both(const ad_pattern *p, int substitution, uint32_t *column_colour,
                         size_t *column_colours, uint32_t *row_colour, size_t *row_colours);

/* How the entries of a matrix follow from its products.  The product of colour c is the sum of the
 * columns of that colour (`rows` numbers) or of the rows of that colour (`columns` numbers).  The
 * `packed` numbers are the products in the order of colours, those of columns before those of rows.
 * Without steps, entries are read off directly. */
typedef struct ad_recovery_step {
    size_t entry, mirror; /* the entry found, and its mirror image or the entry again */
    size_t end;           /* of its range in `minus`, which starts at the previous step's end */
} ad_recovery_step;

typedef struct ad_recovery {
    size_t entries, packed;
    size_t *from; /* of each entry: its place in the products */
    ad_recovery_step *step;
    size_t steps, room_steps;
    size_t *minus; /* entries to subtract; all are found before */
    size_t minuses, room_minus;
} ad_recovery;

/* Make the recovery for given colours.  Returns AD_BAD_INDEX if an entry cannot be found from these
 * products, or if a star colouring is not direct; so the functions verify colourings too.  *r keeps
 * 8 bytes per entry, with steps about 40 more; up to 130 are needed while it is made, and a bit per
 * number of the products of a single side.  ad_recovery_free()
 * releases it. */
ad_status ad_recovery_make(const ad_pattern *p, ad_colouring kind, const uint32_t *colour,
                           size_t colours, ad_recovery *r);
ad_status ad_recovery_make_both(const ad_pattern *p, const uint32_t *column_colour,
                                size_t column_colours, const uint32_t *row_colour,
                                size_t row_colours, ad_recovery *r);
void ad_recovery_free(ad_recovery *r);

/* Recover `count` matrices: packed is (count, r->packed), entry is (count, r->entries) in the order
 * of the pattern.  Steps propagate rounding errors, infinities and NaN to the entries found after
 * them. */
void ad_recover(const ad_recovery *r, size_t count, const double *packed, double *entry);

#endif
