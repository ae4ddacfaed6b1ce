/* SPDX-License-Identifier: Apache-2.0 */
/* Careful sweeps, which distinguish derivatives that are structurally zero from zeros at one point.
 * They are needed after a sweep with infinities or NaN (AD_NOT_FINITE).  They process one seed at a
 * time, edge by edge, and so are many times slower than the other sweeps.
 *
 * Edges that are dead near the point (local.h) are left out.  A node that no seed reaches along
 * live edges has the derivative 0.  Along all other edges numbers are multiplied as they are, so
 * that a zero at this point only times an infinity is NaN.  The exceptions are roots of sums of
 * squares, for which the middle of the subgradients at their kink is taken (vanish.h).
 *
 * An infinite partial is represented by a symbol w with the only rule w w = w, and a tangent or
 * adjoint is x + y w.  So the coefficients y of all paths to a node are added before the infinity
 * is evaluated, and forward and reverse sweeps agree: the result is infinite where y is not zero,
 * and NaN where y cancelled. */
#ifndef AD_CAREFUL_H
#define AD_CAREFUL_H

#include "sweep/sweep.h"
#include "tape/local.h"

typedef struct ad_careful {
    const ad_tape *tape;
    ad_local local;
    float *order; /* NULL if the tape has no roots */
    double *finite, *infinite;
    uint8_t *state;
    int backward;
} ad_careful;

/* Prepare sweeps over the tape, any number of them, with 17 bytes and a bit per node, and 4 bytes
 * more on tapes with roots.  ad_careful_end() frees the memory, also after a failure.  Returns
 * AD_NO_MEMORY on failure. */
ad_status ad_careful_begin(const ad_tape *tape, int backward, ad_careful *c);
void ad_careful_end(ad_careful *c);

/* Seed nodes[k] with seeds[k * step], k < n, and sweep.  Returns AD_NO_MEMORY, AD_INTERRUPTED, or
 * the status of a rule's callback on failure. */
ad_status ad_careful_sweep(ad_careful *c, size_t n, const ad_node *nodes, const double *seeds,
                           size_t step, const ad_poll *poll);

/* Returns the tangent or adjoint of a node after a sweep. */
double ad_careful_result(const ad_careful *c, ad_node node);

#endif
