/* SPDX-License-Identifier: Apache-2.0 */
/* Vector mathematics from the platform: glibc's libmvec, found at run time,
 * so that one wheel serves machines with and without it.  An entry stays NULL
 * where the library has no such function, and lanes fall back to libm. */
#ifndef AD_VMATH_H
#define AD_VMATH_H

/* name on lanes, name in libmvec */
#define AD_VMATH1(X)                                                                              \
    X(sin) X(cos) X(tan) X(asin) X(acos) X(atan) X(sinh) X(cosh) X(tanh) X(asinh) X(acosh)        \
        X(atanh) X(exp) X(exp2) X(expm1) X(log) X(log2) X(log10) X(log1p) X(cbrt)
#define AD_VMATH2(X) X(pow) X(atan2) X(hypot)

/* Functions of 2, 4 and 8 doubles in vector registers; the caller, compiled
 * for that instruction set, casts each to its own vector type. */
typedef void (*ad_vmath_fn)(void);
typedef struct ad_vmath_table {
#define FIELD(NAME) ad_vmath_fn NAME;
    AD_VMATH1(FIELD) AD_VMATH2(FIELD)
#undef FIELD
} ad_vmath_table;

extern ad_vmath_table ad_vmath_2, ad_vmath_4, ad_vmath_8;

/* Fill the tables; idempotent. */
void ad_vmath_resolve(void);

#endif
