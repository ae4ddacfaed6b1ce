/* SPDX-License-Identifier: Apache-2.0 */
#include "base/floating.h"

_Thread_local int ad_float_noted;
