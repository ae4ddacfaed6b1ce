/* SPDX-License-Identifier: Apache-2.0 */
/* The atomic operations of the core, on integers and pointers.  They are those of GCC and Clang,
 * because <stdatomic.h> asks for atomic types, which the structs of public headers do not have, and
 * because not every library has it. */
#ifndef AD_ATOMIC_H
#define AD_ATOMIC_H

#if !defined(__GNUC__) && !defined(__clang__)
#error "ad_core is compiled by GCC or Clang, on Windows by clang-cl: others lack its vector types"
#endif

#define AD_LOAD_RELAXED(P) __atomic_load_n(P, __ATOMIC_RELAXED)
#define AD_LOAD_ACQUIRE(P) __atomic_load_n(P, __ATOMIC_ACQUIRE)
#define AD_STORE_RELAXED(P, X) __atomic_store_n(P, X, __ATOMIC_RELAXED)
#define AD_STORE_RELEASE(P, X) __atomic_store_n(P, X, __ATOMIC_RELEASE)

/* Add X to *P, or store X in *P, and return what *P was before. */
#define AD_ADD_RELAXED(P, X) __atomic_fetch_add(P, X, __ATOMIC_RELAXED)
#define AD_EXCHANGE_RELAXED(P, X) __atomic_exchange_n(P, X, __ATOMIC_RELAXED)
#define AD_EXCHANGE_ACQUIRE(P, X) __atomic_exchange_n(P, X, __ATOMIC_ACQUIRE)
#define AD_EXCHANGE_RELEASE(P, X) __atomic_exchange_n(P, X, __ATOMIC_RELEASE)

/* Store X in *P if *P is *OLD, and return 1; else store *P in *OLD and return 0. */
#define AD_REPLACE_RELEASE(P, OLD, X) \
    __atomic_compare_exchange_n(P, OLD, X, 0, __ATOMIC_RELEASE, __ATOMIC_RELAXED)

#endif
