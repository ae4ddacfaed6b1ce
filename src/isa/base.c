/* SPDX-License-Identifier: Apache-2.0 */
#define ISA base
#define REGISTER 2
#include "isa/select.h"
#include "simd/lanes.inc"

#include "program/eval.inc"
#include "sweep/kernels.inc"
