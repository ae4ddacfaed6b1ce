/* SPDX-License-Identifier: Apache-2.0 */
/* The op table compiled on vectors of doubles, once per instruction set. */
#ifndef AD_LANES_H
#define AD_LANES_H

#include <stddef.h>

#include "ops/ops.h"

#define AD_LANES 8 /* doubles per vector, independent of the size of the machine's registers */

/* Write out[k] for k < n from contiguous operands and values.  Those that the row does not use may
 * be NULL. */
typedef void (*ad_lane_fn)(size_t n, const double *a, const double *b, const double *c,
                           const double *v, double *out);

typedef struct ad_lane_table {
    const char *isa;
    ad_lane_fn value[AD_OP_COUNT];
    ad_lane_fn partial[AD_OP_COUNT][AD_MAX_ARITY]; /* NULL beyond the arity */
} ad_lane_table;

/* ad_lanes() returns the table in use, NULL until ad_isa_choose() (isa/select.h) has set one by
 * ad_lanes_use(). */
const ad_lane_table *ad_lanes(void);
void ad_lanes_use(const ad_lane_table *table);

#endif
