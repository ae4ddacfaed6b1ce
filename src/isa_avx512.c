/* SPDX-License-Identifier: Apache-2.0 */
#if defined(__x86_64__) && defined(__GNUC__)
#pragma GCC target("avx512f,avx512dq,avx2,fma,prefer-vector-width=512")
#define ISA avx512
#define REGISTER 8
#include "lanes.inc"

#include "eval.inc"
#include "sweep.inc"
#endif
