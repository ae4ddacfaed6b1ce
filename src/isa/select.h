/* SPDX-License-Identifier: Apache-2.0 */
/* The choice of the instruction set for all vector loops of the core. */
#ifndef AD_SELECT_H
#define AD_SELECT_H

#include "program/eval.h"
#include "simd/lanes.h"
#include "sweep/kernels.h"

/* The loops of one instruction set.  Each is compiled in its own file of this folder. */
#define AD_ISA(NAME)                                 \
    extern const ad_lane_table ad_lanes_##NAME;      \
    extern const ad_sweep_table ad_sweep_##NAME;     \
    extern const ad_eval_table ad_eval_##NAME;
AD_ISA(base)
#if defined(__x86_64__) && defined(__GNUC__)
AD_ISA(avx2)
AD_ISA(avx512)
#endif
#undef AD_ISA

/* Choose the best instruction set that the machine can run if isa is NULL, else the named one
 * ("base", "avx2", "avx512").  Returns 0, without a change, if the name is unknown or the machine
 * cannot run it.  Must be called once before anything is recorded or evaluated, and not while
 * another thread does so. */
int ad_isa_choose(const char *isa);

#endif
