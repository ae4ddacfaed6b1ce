/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/call.h"

static ad_callbacks chosen;

void ad_callbacks_set(const ad_callbacks *callbacks) { chosen = *callbacks; }

const ad_callbacks *ad_callbacks_get(void) { return &chosen; }
