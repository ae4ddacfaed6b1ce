/* SPDX-License-Identifier: Apache-2.0 */
#define ISA base
#define REGISTER 2
#include "lanes.inc"

#include "eval.inc"
#include "sweep.inc"
