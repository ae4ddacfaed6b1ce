/* SPDX-License-Identifier: Apache-2.0 */
/* Edges of a sweep between the nodes of a run and those of its operands. */
#include <string.h>

#include "sweep/parts.h"

static const double one = 1;
const ad_numbers ad_sweep_ones = {&one, 0}, ad_sweep_zeros = {NULL, 0};

/* Returns whether m nodes precede every run. */
static int are_leaves(const ad_sweep *s, size_t m, ad_place place) {
    if (place.list == NULL) {
        int64_t last = (int64_t)place.base + (int64_t)(m - 1) * place.stride;
        return place.base < s->leaves && last < (int64_t)s->leaves;
    }
    ad_node high = 0;
    for (size_t e = 0; e < m; e++) high = place.list[e] > high ? place.list[e] : high;
    return high < s->leaves;
}

ad_endpoint ad_sweep_endpoint(const ad_sweep *s, size_t m, ad_place place) {
    if (s->second == NULL) return (ad_endpoint){s->array, NULL, place};
    return (ad_endpoint){are_leaves(s, m, place) ? NULL : s->array, s->second->adjoint, place};
}

void ad_sweep_clear(const ad_sweep *s, const ad_run *run) {
    if (!s->backward) {
        memset(s->array + (size_t)run->node * s->p, 0,
               ad_run_count(s->tape, run) * s->p * sizeof(double));
    }
}

void ad_sweep_propagate(ad_sweep *s, size_t m, ad_endpoint own, ad_endpoint operand,
                        ad_numbers partial, ad_numbers slope, int first) {
    const ad_endpoint to = s->backward ? operand : own, from = s->backward ? own : operand;
    if (operand.w != NULL) {
        s->kernel->edges(to.w, from.w, m, s->p, to.place, from.place, partial.at, partial.step,
                         first, &s->nonfinite);
    }
    if (s->second == NULL) return;
    s->kernel->edges(to.u, from.u, m, 1, to.place, from.place, partial.at, partial.step, first,
                     &s->nonfinite);
    if (slope.at == NULL) return;
    s->kernel->edges(to.u, from.w, m, 1, to.place, from.place, slope.at, slope.step, 0,
                     &s->nonfinite);
}

int ad_sweep_listed_sums(ad_sweep *s, const ad_run *run, const ad_block *block) {
    const uint32_t inner = block->extent[1].count, count = block->extent[0].count * inner;
    const ad_node *list = s->tape->list + block->operand[0].list;
    ad_node own[AD_CHUNK], node = run->node;
    ad_sweep_clear(s, run);
    for (uint32_t k = 0, m, r = 0; k < count; k += m) {
        m = count - k < AD_CHUNK ? count - k : AD_CHUNK;
        for (uint32_t e = 0; e < m; e++) {
            own[e] = node;
            if (++r < inner) continue;
            r = 0;
            node++;
        }
        ad_sweep_propagate(s, m, ad_sweep_endpoint(s, m, (ad_place){0, 0, own}),
                           ad_sweep_endpoint(s, m, (ad_place){0, 0, list + k}), ad_sweep_ones,
                           ad_sweep_zeros, 0);
        if (ad_pace_stops(&s->pace, m * s->p)) return 1;
    }
    return 0;
}

const ad_region *ad_sweep_first(const ad_sweep *s, const ad_run *run, int j) {
    return ad_first_write_region(s->writes, (size_t)(run - s->tape->run), j);
}
