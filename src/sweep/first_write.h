/* SPDX-License-Identifier: Apache-2.0 */
/* Large arrays of nodes whose adjoints need not be set to zero before a reverse sweep.  These are
 * constants, whose adjoints nobody adds to and whose tangents nobody reads, and arrays whose first
 * consumer in the order of the sweep reads every element: it writes the adjoints, and only later
 * consumers add to them.  If that consumer is a matrix product or a call, and the only consumer of
 * an input array, it writes directly into the result.  This saves passes over memory. */
#ifndef AD_FIRST_WRITE_H
#define AD_FIRST_WRITE_H

#include "tape/tape.h"

#define AD_FIRST_WRITE_MOST 64
#define AD_FIRST_WRITE_LARGE 4096 /* nodes from which a pass over memory counts */

typedef struct ad_region {
    size_t first, end; /* nodes [first, end) */
    size_t run;        /* its last consumer on the tape, the first that a reverse sweep meets */
    int operand;       /* the operand through which that consumer reads it */
    int whole;         /* the consumer reads all of it in order, and no seeds lie in it */
    int sole;          /* it is a matrix product or a call, and there is no other consumer */
    double *result;    /* where its adjoints go; NULL: into the sweep's array */
} ad_region;

typedef struct ad_first_writes {
    size_t count;
    ad_region region[AD_FIRST_WRITE_MOST]; /* ascending, without overlap */
} ad_first_writes;

/* Find such arrays for a sweep from these outputs.  On tapes of many runs none are looked for. */
void ad_first_write_find(const ad_tape *tape, size_t outputs, const ad_node *output,
                         ad_first_writes *writes);

/* Have the adjoints of arrays among nodes [first, first + n) that have one consumer written to
 * `result`, that of node first + k to result[k]. */
void ad_first_write_redirect(ad_first_writes *writes, size_t first, size_t n, double *result);

/* Copy the other adjoints of these nodes there. */
void ad_first_write_harvest(const ad_first_writes *writes, const double *adjoint, size_t first,
                            size_t n, double *result);

/* Set the adjoints of one seed to zero everywhere but in the arrays found. */
void ad_first_write_zero(const ad_tape *tape, const ad_first_writes *writes, double *adjoint);

/* The array to whose adjoints a run writes through this operand, instead of adding to them; NULL if
 * it adds. */
const ad_region *ad_first_write_region(const ad_first_writes *writes, size_t run, int operand);

/* Whether these nodes are such an array, computed by one run and read only by runs up to number
 * `last`. */
int ad_first_write_private(const ad_first_writes *writes, size_t first, size_t n, size_t last);

#endif
