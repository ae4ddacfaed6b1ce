/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/call.h"

static ad_callbacks callbacks_in_use;

void ad_callbacks_set(const ad_callbacks *callbacks) { callbacks_in_use = *callbacks; }

const ad_callbacks *ad_callbacks_get(void) { return &callbacks_in_use; }
