/* SPDX-License-Identifier: Apache-2.0 */
/* Vector functions of the platform: glibc's libmvec, found at run time, so that one binary runs
 * with and without it.  The entry of a function that the library does not have stays NULL, and the
 * lanes fall back to libm. */
#ifndef AD_VMATH_H
#define AD_VMATH_H

/* The names of the functions, which libm and libmvec share. */
#define AD_VMATH1(X)                                                                              \
    X(sin) X(cos) X(tan) X(asin) X(acos) X(atan) X(sinh) X(cosh) X(tanh) X(asinh) X(acosh)        \
        X(atanh) X(exp) X(exp2) X(expm1) X(log) X(log2) X(log10) X(log1p) X(cbrt)
#define AD_VMATH2(X) X(pow) X(atan2) X(hypot)

/* Functions of 2, 4 and 8 doubles in vector registers.  The caller is compiled for the instruction
 * set and casts each to its own vector type. */
typedef void (*ad_vmath_fn)(void);
typedef struct ad_vmath_table {
#define FIELD(NAME) ad_vmath_fn NAME;
    AD_VMATH1(FIELD) AD_VMATH2(FIELD)
#undef FIELD
} ad_vmath_table;

extern ad_vmath_table ad_vmath_2, ad_vmath_4, ad_vmath_8;

/* Fill the tables.  Further calls do nothing. */
void ad_vmath_resolve(void);

#endif
