/* SPDX-License-Identifier: Apache-2.0 */
/* Products with Hessians by sweeps over a recording, without recording its gradient. */
#ifndef AD_HESSIAN_H
#define AD_HESSIAN_H

#include "sweep/jacobian.h"

/* out (D) = H t for the function sum of weight[i] output i, H its Hessian by the inputs, which are
 * leaves, and t the direction (D).  A forward sweep gives the tangents of all nodes, one reverse
 * sweep the adjoints and their tangents (ad_reverse_second), whose values at the inputs are the
 * product.  Tangents of stored partials come from recurrences (recurrence.h).  (Griewank and
 * Walther, Evaluating Derivatives, 2008, section 5.4.)
 *
 * Cost: an operation for each edge forward, three backward, and the tangents of the partials that
 * are stored; 3 numbers a node. ad_expr_prepare must have run.  AD_NO_MEMORY; AD_INTERRUPTED;
 * AD_BAD_OP for a call of a rule; AD_NOT_FINITE where an infinity or NaN came up, of which a
 * recorded gradient alone can tell what it makes of a zero. */
ad_status ad_hessian_product(const ad_function *f, const double *weight, const double *direction,
                             double *out, ad_workspace work, const ad_poll *poll);

/* Doubles that it works in. */
size_t ad_hessian_need(const ad_tape *tape);

#endif
