/* SPDX-License-Identifier: Apache-2.0 */
#include "isa/select.h"

#if defined(__x86_64__) && defined(__GNUC__)
#if !defined(__AVX512F__) || !defined(__AVX512DQ__)
#error "compile avx512.c with the options in avx512.flags"
#endif
#define ISA avx512
#define REGISTER 8
#include "simd/lanes.inc"

#include "program/eval.inc"
#include "sweep/kernels.inc"
#endif
