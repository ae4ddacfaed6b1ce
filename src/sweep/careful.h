/* SPDX-License-Identifier: Apache-2.0 */
/* Sweeps that tell zeros from zeros: what is to be done again where an infinity or NaN came up
 * (AD_NOT_FINITE).  One seed at a time and edge by edge, so many times slower than the others.
 *
 * Edges that are dead near the point (local.h) are left out, and so is what no seed reaches along
 * edges that are alive: its derivative is 0.  On all others numbers are multiplied as they are, so
 * that a zero that merely is one at this point makes NaN of an infinity.  Only roots of sums of
 * squares have their kinks' middle (vanish.h).
 *
 * An infinite partial is carried as a number w of which nothing is known but that w w = w: a
 * tangent or adjoint is x + y w.  Thus y is added up over all ways to a node before the infinity
 * counts, and forward and reverse sweeps agree: infinite where y is not zero, unknown where it
 * cancelled. */
#ifndef AD_CAREFUL_H
#define AD_CAREFUL_H

#include "sweep/sweep.h"
#include "tape/local.h"

typedef struct ad_careful {
    const ad_tape *tape;
    ad_local local;
    float *order; /* NULL: no roots on the tape */
    double *finite, *infinite;
    uint8_t *state;
    int backward;
} ad_careful;

/* For any number of sweeps over the tape, 17 bytes a node; ad_careful_end frees what there is, also
 * after a failure.  AD_NO_MEMORY. */
ad_status ad_careful_begin(const ad_tape *tape, int backward, ad_careful *c);
void ad_careful_end(ad_careful *c);

/* Seed nodes[k] with seeds[k * step], k < n, and sweep.  AD_NO_MEMORY, AD_INTERRUPTED, and what
 * calls of rules return. */
ad_status ad_careful_sweep(ad_careful *c, size_t n, const ad_node *nodes, const double *seeds,
                           size_t step, const ad_poll *poll);

/* A node's tangent or adjoint after that. */
double ad_careful_result(const ad_careful *c, ad_node node);

#endif
