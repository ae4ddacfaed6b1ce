/* SPDX-License-Identifier: Apache-2.0 */
/* Products and tests in which zeros, infinities and NaN need special treatment. */
#ifndef AD_NONFINITE_H
#define AD_NONFINITE_H

#include <stddef.h>

#include "ad_core_math.h"

/* Returns whether one of n numbers is not zero. */
static inline int ad_any(size_t n, const double *x) {
    for (size_t k = 0; k < n; k++) {
        if (x[k] != 0) return 1;
    }
    return 0;
}

/* Returns whether all of n numbers are finite, since x - x is 0 unless x is infinite or NaN.  Eight
 * sums run side by side, because a single one would wait for the latency of each addition. */
static inline int ad_all_finite(size_t n, const double *x) {
    double sum[8] = {0};
    size_t k = 0;
    for (; k + 8 <= n; k += 8) {
        for (int j = 0; j < 8; j++) sum[j] += x[k + j] - x[k + j];
    }
    for (; k < n; k++) sum[0] += x[k] - x[k];
    return sum[0] + sum[1] + sum[2] + sum[3] + sum[4] + sum[5] + sum[6] + sum[7] == 0;
}

#endif
