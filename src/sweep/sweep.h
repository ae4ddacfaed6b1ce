/* SPDX-License-Identifier: Apache-2.0 */
/* Forward and reverse sweeps over the stored partials.  They use forms, places and partials, but no
 * operation by name.  They write only to their own arrays, so that any number of them may run at
 * once, without the GIL.  With one seed, long consecutive elementwise runs are swept in interleaved
 * chunks.
 *
 * Arrays hold p numbers per node, node major: seed s of node i is at [i * p + s].
 *   forward:  t_i = sum over operands j of (partial of i along j) * t_j
 *   reverse:  w_j = sum over children i of w_i * (partial of i along j)
 * (Bishop, Deep Learning, equations 8.57 to 8.69.)  An exact zero on either side of a product wins
 * over an infinity or NaN on the other side.  But a sweep in which an infinity or NaN arose returns
 * AD_NOT_FINITE instead of AD_OK, and has to be repeated as a careful sweep (careful.h). */
#ifndef AD_SWEEP_H
#define AD_SWEEP_H

#include "base/poll.h"
#include "sweep/first_write.h"
#include "tape/tape.h"

/* Returns the number of doubles of scratch memory that a sweep of p seeds needs. */
size_t ad_sweep_scratch(const ad_tape *tape, size_t p);

/* Write p zeros at every leaf, except at the constants in `writes` (or NULL), whose tangents are
 * not read. */
void ad_zero_leaves(const ad_tape *tape, const ad_first_writes *writes, double *array, size_t p);

/* Write p zeros at every node, except at the constants in `writes`, to which nothing is added. */
void ad_zero_adjoints(const ad_tape *tape, const ad_first_writes *writes, double *array, size_t p);

/* Returns the number of seeds >= p for which the inner loops are specialised or, for large tapes,
 * p. */
size_t ad_seeds_padded(const ad_tape *tape, size_t p);

/* Compute the tangents of all nodes.  `tangent` has nodes * p doubles.  On entry leaves hold zeros
 * or, at inputs, seeds; other nodes need no value.  Returns AD_OK, AD_NOT_FINITE, AD_INTERRUPTED,
 * AD_NO_MEMORY, or the status of a rule's callback. */
ad_status ad_forward(const ad_tape *tape, double *tangent, size_t p, double *scratch,
                     const ad_poll *poll);

/* Compute the adjoints of all nodes.  `adjoint` has nodes * p doubles.  On entry they are zero
 * except for the seeds at the outputs.  With one seed, `writes` may list arrays that need no zeros
 * (otherwise it is NULL); on return only the adjoints of leaves are then meaningful.  Returns the
 * same as ad_forward(). */
ad_status ad_reverse(const ad_tape *tape, double *adjoint, size_t p, double *scratch,
                     const ad_first_writes *writes, const ad_poll *poll);

/* Second order: what a reverse sweep with one seed computes besides the adjoints w.  Given the
 * tangents t of all nodes, the tangents u of the adjoints obey
 *     u_j = sum over children i of  u_i p_ij + w_i p'_ij,
 * where p'_ij is the tangent of the partial p_ij. */
typedef struct ad_second {
    double *adjoint;       /* u, laid out like w */
    const double *tangent; /* t */
    /* Sets slope[j] to the tangents p' along edge j of elements [k, k + n) of an elementwise run,
     * n <= AD_CHUNK, contiguously, or to NULL if they are zero.  In spans the sweep uses only the
     * slopes of stored partials, in scalar runs all.  `operand` holds the places of the
     * operands. */
    ad_status (*slopes)(void *context, const ad_run *run, size_t k, size_t n,
                        const ad_place operand[], const double *slope[]);
    void *context;
} ad_second;

/* Compute w and u in one sweep.  The result of a redirected region (first_write.h) receives u.  On
 * return w has no meaning; at leaves before the first run it is not even computed.  The tape must
 * have no calls of rules.  Returns the same as ad_forward(), or the status of slopes() if it
 * fails. */
ad_status ad_reverse_second(const ad_tape *tape, double *adjoint, const ad_second *second,
                            double *scratch, const ad_first_writes *writes, const ad_poll *poll);

#endif
