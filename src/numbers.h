/* SPDX-License-Identifier: Apache-2.0 */
/* Rules for zeros, infinities and NaN. */
#ifndef AD_NUMBERS_H
#define AD_NUMBERS_H

#include <stddef.h>

/* A product in which an exact zero wins over infinities and NaN: what an
 * adjoint or tangent that is structurally absent must do to a partial. */
static inline double ad_guarded(double a, double b) { return a == 0 || b == 0 ? 0 : a * b; }

/* Whether one of n numbers is not zero. */
static inline int ad_any(size_t n, const double *x) {
    for (size_t k = 0; k < n; k++) {
        if (x[k] != 0) return 1;
    }
    return 0;
}

/* Whether none of n numbers is infinite or NaN: x - x is 0 unless x is. */
static inline int ad_all_finite(size_t n, const double *x) {
    double sum = 0;
    for (size_t k = 0; k < n; k++) sum += x[k] - x[k];
    return sum == 0;
}

#endif
