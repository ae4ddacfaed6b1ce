/* SPDX-License-Identifier: Apache-2.0 */
/* The processor's floating-point exception flags (division by zero, overflow, invalid operation)
 * for the values of array operations.  NumPy tests the same flags after each of its loops, and
 * warns or raises.  The caller that records makes NumPy do the same if ad_float_noted is set. */
#ifndef AD_FLOATING_H
#define AD_FLOATING_H

#include <fenv.h>

#define AD_FLOAT_ERRORS (FE_DIVBYZERO | FE_OVERFLOW | FE_INVALID)

/* Nonzero if an exception flag was raised on this thread since a caller last set this to 0. */
#ifdef __GLIBC__ /* static TLS: one load instead of a call */
extern _Thread_local int ad_float_noted __attribute__((tls_model("initial-exec")));
#else
extern _Thread_local int ad_float_noted;
#endif

/* Called before and after the computation of values.  Flags that other computations raise are not
 * counted. */
static inline void ad_float_begin(void) {
    if (fetestexcept(AD_FLOAT_ERRORS) != 0) feclearexcept(AD_FLOAT_ERRORS);
}
static inline void ad_float_end(void) { ad_float_noted |= fetestexcept(AD_FLOAT_ERRORS); }

#endif
