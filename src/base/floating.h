/* SPDX-License-Identifier: Apache-2.0 */
/* Floating-point errors (division by zero, overflow, invalid operations) of the values of array
 * operations, as the processor notes them.  NumPy looks at the same notes after each of its loops,
 * and warns or raises; whoever records asks it to, where something was noted. */
#ifndef AD_FLOATING_H
#define AD_FLOATING_H

#include <fenv.h>

#define AD_FLOAT_ERRORS (FE_DIVBYZERO | FE_OVERFLOW | FE_INVALID)

/* Not 0 if there was one on this thread since somebody has set it to 0. */
#ifdef __GLIBC__ /* a fixed slot: one load instead of a call */
extern _Thread_local int ad_float_noted __attribute__((tls_model("initial-exec")));
#else
extern _Thread_local int ad_float_noted;
#endif

/* Before values are computed, and behind them; what else is computed does not count. */
static inline void ad_float_begin(void) {
    if (fetestexcept(AD_FLOAT_ERRORS) != 0) feclearexcept(AD_FLOAT_ERRORS);
}
static inline void ad_float_end(void) { ad_float_noted |= fetestexcept(AD_FLOAT_ERRORS); }

#endif
