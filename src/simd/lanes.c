/* SPDX-License-Identifier: Apache-2.0 */
#include "simd/lanes.h"

static const ad_lane_table *lanes_in_use;

const ad_lane_table *ad_lanes(void) { return lanes_in_use; }

void ad_lanes_use(const ad_lane_table *table) { lanes_in_use = table; }
