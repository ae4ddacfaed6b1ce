/* SPDX-License-Identifier: Apache-2.0 */
/* Forward and reverse sweeps over the stored partials.  They look at forms, places
 * and partials, never at an operation, and touch nothing but their own arrays, so
 * any number may run at once, without the GIL.  With one seed, long consecutive elementwise
 * runs are swept in interleaved chunks.
 *
 * Arrays hold p numbers a node, node major: seed s of node i is at [i * p + s].
 *   forward:  t_i = sum over operands j of (partial of i along j) * t_j
 *   reverse:  w_j = sum over children i of w_i * (partial of i along j)
 * (Bishop, Deep Learning, equations 8.57 to 8.69.)  An exact zero on either side of a
 * product wins over infinities and NaN on the other; but a sweep in which some occurred returns
 * AD_NOT_FINITE instead of AD_OK, and must be done again carefully (careful.h). */
#ifndef AD_SWEEP_H
#define AD_SWEEP_H

#include "base/poll.h"
#include "sweep/first_write.h"
#include "tape/tape.h"

/* Doubles of scratch memory a sweep needs, however many seeds it carries. */
size_t ad_sweep_scratch(const ad_tape *tape);

/* Write p zeros at every leaf, except at the constants in `writes`, whose tangents nobody reads.
 * `writes` may be NULL. */
void ad_zero_leaves(const ad_tape *tape, const ad_first_writes *writes, double *array, size_t p);

/* A number of seeds >= p that the sweeps' inner loops are made for, for small tapes. */
size_t ad_seeds_padded(const ad_tape *tape, size_t p);

/* tangent: nodes * p doubles, at the leaves zeros and the inputs' seeds; other nodes need
 * no value.  On return every node's tangents.  Returns AD_OK or AD_INTERRUPTED. */
ad_status ad_forward(const ad_tape *tape, double *tangent, size_t p, double *scratch,
                     const ad_poll *poll);

/* adjoint: nodes * p doubles, zero but for the seeds at the outputs.  On return every node's
 * adjoints.  With one seed and `writes` (else NULL), the arrays that it lists need no zeros, and
 * on return only the adjoints of leaves are meaningful. */
ad_status ad_reverse(const ad_tape *tape, double *adjoint, size_t p, double *scratch,
                     const ad_first_writes *writes, const ad_poll *poll);

/* Second order: what a reverse sweep with one seed carries beside the adjoints w.  With tangents t
 * of all nodes, those of the adjoints, u, obey
 *     u_j = sum over children i of  u_i p_ij + w_i p'_ij,   p'_ij the tangent of the partial. */
typedef struct ad_second {
    double *adjoint;       /* u: as w */
    const double *tangent; /* t */
    /* slope[j] = p' of elements [k, k + n) of an elementwise run along edge j, n <= AD_CHUNK, in a
     * row; NULL where they are zero.  Of a span those are asked for whose partials are stored, of
     * a scalar run all.  `operand`: where the operands lie. */
    ad_status (*slopes)(void *context, const ad_run *run, size_t k, size_t n,
                        const ad_place operand[], const double *slope[]);
    void *context;
} ad_second;

/* Both in one sweep.  What is written to the result of a redirected region (first_write.h) is u.
 * On return w holds nothing meaningful, and at leaves before the first run it is not computed.  The
 * tape must have no calls of rules.  Also returns what slopes returns if not AD_OK. */
ad_status ad_reverse_second(const ad_tape *tape, double *adjoint, const ad_second *second,
                            double *scratch, const ad_first_writes *writes, const ad_poll *poll);

#endif
