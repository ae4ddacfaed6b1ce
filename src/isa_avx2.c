/* SPDX-License-Identifier: Apache-2.0 */
#if defined(__x86_64__) && defined(__GNUC__)
#if !defined(__AVX2__) || !defined(__FMA__)
#error "compile isa_avx2.c with the options that stand in isa_avx2.flags"
#endif
#define ISA avx2
#define REGISTER 4
#include "lanes.inc"

#include "eval.inc"
#include "sweep.inc"
#endif
