/* SPDX-License-Identifier: Apache-2.0 */
/* Products with Hessians by sweeps over a recording, without recording its gradient. */
#ifndef AD_HESSIAN_H
#define AD_HESSIAN_H

#include "sweep/jacobian.h"

/* Compute out (D) = H t, where H is the Hessian of the sum of weight[i] times output i with respect
 * to the inputs, which are leaves, and t is the direction (D).  A forward sweep computes the
 * tangents of all nodes.  One reverse sweep computes the adjoints and their tangents
 * (ad_reverse_second()), and the tangents of the inputs' adjoints are the product.  The tangents of
 * stored partials come from recurrences (recurrence.h).  (Griewank and Walther, Evaluating
 * Derivatives, 2008, section 5.4.)
 *
 * The cost is one operation per edge forward, three per edge backward, and the tangents of the
 * stored partials.  Three doubles per node are needed.  ad_expr_prepare() must have been called.
 *
 * Returns AD_NO_MEMORY, AD_INTERRUPTED, or AD_BAD_OP if the tape has calls of rules.  Returns
 * AD_NOT_FINITE if an infinity or NaN arose.  The caller then has to differentiate a recorded
 * gradient, since only that distinguishes the kinds of zeros that meet an infinity. */
ad_status ad_hessian_product(const ad_function *f, const double *weight, const double *direction,
                             double *out, ad_workspace work, const ad_poll *poll);

/* Returns the number of doubles of its workspace. */
size_t ad_hessian_need(const ad_tape *tape);

#endif
