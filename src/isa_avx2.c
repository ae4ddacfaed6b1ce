/* SPDX-License-Identifier: Apache-2.0 */
#if defined(__x86_64__) && defined(__GNUC__)
#pragma GCC target("avx2,fma")
#define ISA avx2
#define REGISTER 4
#include "lanes.inc"

#include "eval.inc"
#include "sweep.inc"
#endif
