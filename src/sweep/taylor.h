/* SPDX-License-Identifier: Apache-2.0 */
/* Taylor coefficients of a recorded function along a curve, all orders in one forward sweep. */
#ifndef AD_TAYLOR_H
#define AD_TAYLOR_H

#include "sweep/jacobian.h"

/* For inputs x(t) = x_0 + x_1 t + ... + x_d t^d, with d = order > 0, x_0 as recorded and x_k[i] at
 * series[i * d + k - 1], the coefficients y_1 .. y_d of output i at out[i * d]: the derivatives by
 * t over k!.
 *
 * Cost: O(d^2) an operation that is nonlinear, O(d) one that is linear, d + 1 matrix products a
 * constant matrix and (d + 1)(d + 2) / 2 two that move; nodes * (d + 1) doubles.  ad_expr_prepare
 * must have run.  AD_NO_MEMORY; AD_INTERRUPTED; AD_BAD_OP for a call of a rule, which gives first
 * derivatives alone; AD_NOT_FINITE where coefficients are infinite or NaN: `out` then holds what
 * they are if every zero wins, and only a recorded derivative can tell whether that is right. */
ad_status ad_taylor(const ad_function *f, size_t order, const double *series, double *out,
                    const ad_poll *poll);

#endif
