/* SPDX-License-Identifier: Apache-2.0 */
/* The op table compiled on vectors of doubles, once per instruction set. */
#ifndef AD_LANES_H
#define AD_LANES_H

#include <stddef.h>

#include "ops/ops.h"

#define AD_LANES 8 /* doubles a vector, whatever the machine's registers hold */

/* out[k] for k < n from contiguous operands and values; unused ones may be NULL. */
typedef void (*ad_lane_fn)(size_t n, const double *a, const double *b, const double *c,
                           const double *v, double *out);

typedef struct ad_lane_table {
    const char *isa;
    ad_lane_fn value[AD_OP_COUNT];
    ad_lane_fn partial[AD_OP_COUNT][AD_MAX_ARITY]; /* beyond the arity NULL */
} ad_lane_table;

extern const ad_lane_table ad_lanes_base;
#if defined(__x86_64__) && defined(__GNUC__)
extern const ad_lane_table ad_lanes_avx2;
extern const ad_lane_table ad_lanes_avx512;
#endif

/* The table in use.  ad_lanes_choose(NULL) takes the best the machine can run;
 * a name ("base", "avx2", "avx512") takes that one.  Returns 0 when the name
 * is unknown or the machine cannot run it; the choice is then unchanged. */
const ad_lane_table *ad_lanes(void);
const struct ad_sweep_table *ad_sweep_kernels(void);
int ad_lanes_choose(const char *isa);

#endif
