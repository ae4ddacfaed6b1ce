/* SPDX-License-Identifier: Apache-2.0 */
/* Taylor coefficients of a recorded function along a curve, all orders in one forward sweep. */
#ifndef AD_TAYLOR_H
#define AD_TAYLOR_H

#include "sweep/jacobian.h"

/* Compute the coefficients y_1 .. y_d of output i at out[i * d], for inputs
 * x(t) = x_0 + x_1 t + ... + x_d t^d with d = order > 0. x_0 is the recorded point, and x_k of
 * input i is series[i * d + k - 1]. y_k is the k-th derivative with respect to t divided by k!.
 *
 * The cost is O(d^2) per nonlinear operation, O(d) per linear one, d matrix products for a product
 * with a constant matrix, and d (d + 3) / 2 for a product of two matrices that are not constant.
 * The sweep needs nodes * (d + 1) doubles.  ad_expr_prepare() must have been called.
 *
 * Returns AD_NO_MEMORY, AD_INTERRUPTED, or AD_BAD_OP if the tape has calls of rules, which provide
 * only first derivatives.  Returns AD_NOT_FINITE if coefficients are infinite or NaN.  `out` then
 * holds coefficients computed as if every zero wins, and whether they are right can be found only
 * by differentiating a recorded derivative. */
ad_status ad_taylor(const ad_function *f, size_t order, const double *series, double *out,
                    const ad_poll *poll);

#endif
