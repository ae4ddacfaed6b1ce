/* SPDX-License-Identifier: Apache-2.0 */
/* Products with Hessians by sweeps over a recording, without recording its gradient. */
#ifndef AD_HESSIAN_H
#define AD_HESSIAN_H

#include "jacobian.h"

/* out (D) = H t for the function sum of weight[i] output i, H its Hessian by the inputs and t the
 * direction (D).  With adjoints w and tangents t of all nodes, the adjoints' tangents u obey
 *     u_j = sum over children i of  u_i p_ij + w_i p'_ij,   p'_ij the tangent of the partial,
 * so that one reverse sweep gives w and another, begun with the second terms, gives u (Griewank and
 * Walther, Evaluating Derivatives, 2008, section 5.4).  p' comes from recurrences (recurrence.h).
 *
 * Cost: a forward and two reverse sweeps, and p' of the edges that are not linear; 3 numbers a node.
 * ad_expr_prepare must have run.  AD_NO_MEMORY; AD_INTERRUPTED; AD_BAD_OP for a call of a rule. */
ad_status ad_hessian_product(const ad_function *f, const double *weight, const double *direction,
                             double *out, ad_workspace work, const ad_poll *poll);

/* Doubles that it works in. */
size_t ad_hessian_need(const ad_tape *tape);

#endif
