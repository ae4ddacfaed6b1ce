/* SPDX-License-Identifier: Apache-2.0 */
/* Large arrays of nodes whose adjoints need no zeros beforehand: the consumer that a
 * reverse sweep meets first covers the array whole, so it may write instead of add.  What
 * that saves are passes over memory, which for a network cost as much as its tape. */
#ifndef AD_FRESH_H
#define AD_FRESH_H

#include "tape.h"

#define AD_FRESH_MOST 64

typedef struct ad_region {
    size_t first, end; /* nodes [first, end) */
    size_t run;        /* its last consumer on the tape, and through which operand */
    int operand;
    int whole; /* that consumer covers it whole and in order, and nothing was seeded in it */
} ad_region;

typedef struct ad_fresh {
    size_t count;
    ad_region region[AD_FRESH_MOST]; /* ascending, not overlapping */
} ad_fresh;

/* Find such arrays for a sweep from these outputs; none on tapes of many runs. */
void ad_fresh_find(const ad_tape *tape, size_t outputs, const ad_node *output, ad_fresh *fresh);

/* Zeros for one seed everywhere but in the arrays found. */
void ad_fresh_zero(const ad_tape *tape, const ad_fresh *fresh, double *adjoint);

/* Whether a run's operand is to be written, not added to. */
int ad_fresh_writes(const ad_fresh *fresh, size_t run, int operand);

#endif
