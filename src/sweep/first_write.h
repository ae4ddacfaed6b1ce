/* SPDX-License-Identifier: Apache-2.0 */
/* Large arrays of nodes whose adjoints need no zeros beforehand: constants, which nobody adds
 * to nor asks for tangents, and arrays that the consumer which a reverse sweep meets first covers
 * whole, so that it may write instead of add.  Where that consumer is a matrix product and the only
 * one of an input array, it writes straight into the result.  What all this saves are passes over
 * memory, which for a network cost as much as its tape. */
#ifndef AD_FRESH_H
#define AD_FRESH_H

#include "tape/tape.h"

#define AD_FRESH_MOST 64
#define AD_FRESH_LARGE 4096 /* nodes from which a pass over memory counts */

typedef struct ad_region {
    size_t first, end; /* nodes [first, end) */
    size_t run;        /* its last consumer on the tape, and through which operand */
    int operand;
    int whole;      /* that consumer covers it whole and in order, and nothing was seeded in it */
    int sole;       /* and it is a matrix product and the only consumer */
    double *result; /* where its adjoints go if not into the sweep's array */
} ad_region;

typedef struct ad_fresh {
    size_t count;
    ad_region region[AD_FRESH_MOST]; /* ascending, not overlapping */
} ad_fresh;

/* Find such arrays for a sweep from these outputs; none on tapes of many runs. */
void ad_fresh_find(const ad_tape *tape, size_t outputs, const ad_node *output, ad_fresh *fresh);

/* Let the arrays among nodes [first, first + n) that have one consumer go straight to
 * result, where node first + k belongs at result[k]. */
void ad_fresh_redirect(ad_fresh *fresh, size_t first, size_t n, double *result);

/* Copy the adjoints of these nodes that did not go there. */
void ad_fresh_harvest(const ad_fresh *fresh, const double *adjoint, size_t first, size_t n,
                      double *result);

/* Zeros for one seed everywhere but in the arrays found. */
void ad_fresh_zero(const ad_tape *tape, const ad_fresh *fresh, double *adjoint);

/* The array that a run's operand is to be written to, not added to; or NULL. */
const ad_region *ad_fresh_written(const ad_fresh *fresh, size_t run, int operand);

/* Whether these nodes are such an array, computed by one run and read by runs up to number `last`
 * alone. */
int ad_fresh_private(const ad_fresh *fresh, size_t first, size_t n, size_t last);

#endif
