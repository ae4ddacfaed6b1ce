/* SPDX-License-Identifier: Apache-2.0 */
#include "simd/lanes.h"

#include <string.h>

#include "program/eval.h"
#include "simd/vmath.h"
#include "sweep/kernels.h"

/* The kernels of one instruction set. */
typedef struct variant {
    const ad_lane_table *lanes;
    const ad_sweep_table *sweeps;
    const ad_eval_table *evals;
} variant;

static variant chosen = {&ad_lanes_base, &ad_sweep_base, &ad_eval_base};

const ad_lane_table *ad_lanes(void) { return chosen.lanes; }

const ad_sweep_table *ad_sweep_kernels(void) { return chosen.sweeps; }

static int runnable(const ad_lane_table *table) {
#if defined(__x86_64__) && defined(__GNUC__)
    __builtin_cpu_init();
    if (table == &ad_lanes_avx2) {
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    }
    if (table == &ad_lanes_avx512) {
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq");
    }
#endif
    return table == &ad_lanes_base;
}

int ad_lanes_choose(const char *isa) {
    static const variant best_first[] = {
#if defined(__x86_64__) && defined(__GNUC__)
        {&ad_lanes_avx512, &ad_sweep_avx512, &ad_eval_avx512},
        {&ad_lanes_avx2, &ad_sweep_avx2, &ad_eval_avx2},
#endif
        {&ad_lanes_base, &ad_sweep_base, &ad_eval_base},
    };
    ad_vmath_resolve();
    for (size_t k = 0; k < sizeof best_first / sizeof *best_first; k++) {
        const ad_lane_table *lanes = best_first[k].lanes;
        if ((isa == NULL || strcmp(isa, lanes->isa) == 0) && runnable(lanes)) {
            chosen = best_first[k];
            ad_eval_choose(chosen.evals);
            return 1;
        }
    }
    return 0;
}
