/* SPDX-License-Identifier: Apache-2.0 */
/* Large arrays of nodes whose adjoints need not be set to zero before a reverse sweep.  Some are
 * arrays of constants: nothing is added to their adjoints, and their tangents are not read.  The
 * others are arrays whose first consumer in the order of the sweep reads every element: it writes
 * the adjoints, and only later consumers add to them.  If that consumer is a matrix product or a
 * call, and the only consumer of an input array, it writes directly into the result.  This saves
 * passes over memory. */
#ifndef AD_FIRST_WRITE_H
#define AD_FIRST_WRITE_H

#include "tape/tape.h"

#define AD_FIRST_WRITE_MOST 64
#define AD_FIRST_WRITE_LARGE 4096 /* nodes from which on a pass over memory matters */

typedef struct ad_region {
    size_t first, end; /* nodes [first, end) */
    size_t run;        /* its last consumer on the tape, the first one in a reverse sweep */
    int operand;       /* the operand through which that consumer reads it */
    int whole;         /* the consumer reads all of it in order, and no seeds are in it */
    int sole;          /* it is a matrix product or a call, and there is no other consumer */
    double *result;    /* where its adjoints are written; NULL: the sweep's array */
} ad_region;

typedef struct ad_first_writes {
    size_t count;
    ad_region region[AD_FIRST_WRITE_MOST]; /* ascending, without overlap */
} ad_first_writes;

/* Find such arrays for a sweep from these outputs.  On tapes of many runs the search is omitted and
 * finds none. */
void ad_first_write_find(const ad_tape *tape, size_t outputs, const ad_node *output,
                         ad_first_writes *writes);

/* Redirect the adjoints of arrays among nodes [first, first + n) that have a single consumer to
 * `result`, where result[k] belongs to node first + k. */
void ad_first_write_redirect(ad_first_writes *writes, size_t first, size_t n, double *result);

/* Copy the adjoints of these nodes that were not redirected to `result`. */
void ad_first_write_harvest(const ad_first_writes *writes, const double *adjoint, size_t first,
                            size_t n, double *result);

/* Set the adjoints of one seed to zero, except those of the arrays found. */
void ad_first_write_zero(const ad_tape *tape, const ad_first_writes *writes, double *adjoint);

/* Returns the array whose adjoints a run writes, instead of adding to them, through this operand;
 * NULL if it adds. */
const ad_region *ad_first_write_region(const ad_first_writes *writes, size_t run, int operand);

/* Returns whether these nodes are such an array and are read only by runs up to number `last`. */
int ad_first_write_private(const ad_first_writes *writes, size_t first, size_t n, size_t last);

#endif
