/* SPDX-License-Identifier: Apache-2.0 */
#include "sweep/kernels.h"

static const ad_sweep_table *kernels_in_use;

const ad_sweep_table *ad_sweep_kernels(void) { return kernels_in_use; }

void ad_sweep_kernels_use(const ad_sweep_table *kernels) { kernels_in_use = kernels; }
