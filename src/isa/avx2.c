/* SPDX-License-Identifier: Apache-2.0 */
#include "isa/select.h"

#if defined(__x86_64__) && defined(__GNUC__)
#if !defined(__AVX2__) || !defined(__FMA__)
#error "compile avx2.c with the options in avx2.flags"
#endif
#define ISA avx2
#define REGISTER 4
#include "simd/lanes.inc"

#include "program/eval.inc"
#include "sweep/kernels.inc"
#endif
