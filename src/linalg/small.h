/* SPDX-License-Identifier: Apache-2.0 */
/* Small matrices at many points at once, without LAPACK: one lane of eight points after the other.
 * There is nothing to allocate, and threads share nothing.
 *
 * These functions are for well-conditioned matrices of ordinary numbers.  A point is left to LAPACK
 * if a pivot is as small as the rounding errors of the matrix, or if a number is infinite or NaN,
 * so that singular and nonfinite matrices have the results that they have elsewhere. */
#ifndef AD_SMALL_H
#define AD_SMALL_H

#include <float.h>
#include <string.h>

#include "linalg/lapack.h"

#define AD_SMALL 8 /* largest number of rows */
#define AD_LANE 8

typedef double ad_lane[AD_LANE];

/* What is computed at `count` <= AD_LANE points: pointers to the first of their numbers.  Number k
 * of all points is at [k * step].  Seeds and results of products have p columns; out has the
 * results or products. */
typedef struct ad_small_work {
    const ad_linear *l;
    const double *x, *y, *seed;
    double *out;
    size_t p, step, count;
    ad_lane good; /* 0 for points that are left to LAPACK */
} ad_small_work;

typedef struct ad_small_row {
    void (*value)(ad_small_work *w);
    void (*push)(ad_small_work *w);
    void (*pull)(ad_small_work *w);
} ad_small_row;

extern const ad_small_row ad_small_solve, ad_small_inv, ad_small_det, ad_small_slogdet,
    ad_small_cholesky, ad_small_eigh;

/* Relative to the largest element, pivots below this are rounding errors. */
static inline double ad_small_rounding(size_t n) { return 16.0 * (double)n * DBL_EPSILON; }

/* Copy number k of all points into a lane; lanes beyond the points repeat the last one. */
static inline void ad_small_load(const ad_small_work *w, const double *from, size_t k, ad_lane to) {
    const double *row = from + k * w->step;
    if (w->count == AD_LANE) {
        memcpy(to, row, sizeof(ad_lane));
        return;
    }
    for (size_t e = 0; e < AD_LANE; e++) to[e] = row[e < w->count ? e : w->count - 1];
}

/* Write a lane as number k of the results.  Points where it is not finite are left. */
static inline void ad_small_store(ad_small_work *w, size_t k, const ad_lane from) {
    double *row = w->out + k * w->step;
    for (size_t e = 0; e < AD_LANE; e++) w->good[e] = from[e] - from[e] == 0 ? w->good[e] : 0;
    for (size_t e = 0; e < w->count; e++) row[e] = from[e];
}

/* c += sign a b */
static inline void ad_small_add(ad_lane c, double sign, const ad_lane a, const ad_lane b) {
    for (size_t e = 0; e < AD_LANE; e++) c[e] += sign * (a[e] * b[e]);
}

#endif
