/* SPDX-License-Identifier: Apache-2.0 */
/* The choice of the instruction set that all vector loops of the core run on. */
#ifndef AD_SELECT_H
#define AD_SELECT_H

#include "program/eval.h"
#include "simd/lanes.h"
#include "sweep/kernels.h"

/* The loops of one instruction set, compiled in its own file of this folder. */
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

/* ad_isa_choose(NULL) takes the best set that the machine can run; a name ("base", "avx2",
 * "avx512") takes that one.  Returns 0 when the name is unknown or the machine cannot run it; the
 * choice is then unchanged.  To be called once before anything is recorded or evaluated, and not
 * while another thread does so. */
int ad_isa_choose(const char *isa);

#endif
