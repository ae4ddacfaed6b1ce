/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "simd/vmath.h"

#include <stddef.h>

ad_vmath_table ad_vmath_2, ad_vmath_4, ad_vmath_8;

#if defined(__linux__) && defined(__x86_64__)
#include <dlfcn.h>

/* The names follow the x86-64 vector ABI: _ZGV, register class, N, lanes, one v per operand. */
void ad_vmath_resolve(void) {
    static void *library;
    if (library != NULL) return;
    library = dlopen("libmvec.so.1", RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) return;
#define FIND(NAME, TABLE, PREFIX, SIGNATURE)                              \
    {                                                                     \
        void *found = dlsym(library, PREFIX SIGNATURE "_" #NAME);         \
        TABLE.NAME = (ad_vmath_fn)(size_t)found;                          \
    }
#define FIND1(NAME)                           \
    FIND(NAME, ad_vmath_2, "_ZGVbN2", "v")    \
    FIND(NAME, ad_vmath_4, "_ZGVdN4", "v")    \
    FIND(NAME, ad_vmath_8, "_ZGVeN8", "v")
#define FIND2(NAME)                           \
    FIND(NAME, ad_vmath_2, "_ZGVbN2", "vv")   \
    FIND(NAME, ad_vmath_4, "_ZGVdN4", "vv")   \
    FIND(NAME, ad_vmath_8, "_ZGVeN8", "vv")
    AD_VMATH1(FIND1)
    AD_VMATH2(FIND2)
}
#else
void ad_vmath_resolve(void) {}
#endif
