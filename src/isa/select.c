/* SPDX-License-Identifier: Apache-2.0 */
#include "isa/select.h"

#include <string.h>

#include "simd/vmath.h"

typedef struct instruction_set {
    const ad_lane_table *lanes;
    const ad_sweep_table *sweeps;
    const ad_eval_table *evals;
} instruction_set;

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

int ad_isa_choose(const char *isa) {
    static const instruction_set best_first[] = {
#if defined(__x86_64__) && defined(__GNUC__)
        {&ad_lanes_avx512, &ad_sweep_avx512, &ad_eval_avx512},
        {&ad_lanes_avx2, &ad_sweep_avx2, &ad_eval_avx2},
#endif
        {&ad_lanes_base, &ad_sweep_base, &ad_eval_base},
    };
    ad_vmath_resolve();
    for (size_t k = 0; k < sizeof best_first / sizeof *best_first; k++) {
        const instruction_set *set = &best_first[k];
        if ((isa == NULL || strcmp(isa, set->lanes->isa) == 0) && runnable(set->lanes)) {
            ad_lanes_use(set->lanes);
            ad_sweep_kernels_use(set->sweeps);
            ad_eval_kernels_use(set->evals);
            return 1;
        }
    }
    return 0;
}
