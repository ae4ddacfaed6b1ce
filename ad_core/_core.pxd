# SPDX-License-Identifier: Apache-2.0
# Declarations of the C core for Cython.  There are no others in the binding, except those of
# linalg/linear.h in binding/record/lapack.pxi.
from libc.stdint cimport (INT64_MAX, INT64_MIN, UINT64_MAX, int32_t, int64_t, intptr_t, uint8_t,
                          uint16_t, uint32_t, uint64_t)

include "binding/core/base.pxi"
include "binding/core/ops.pxi"
include "binding/core/simd.pxi"
include "binding/core/tape.pxi"
include "binding/core/sweep.pxi"
include "binding/core/graph.pxi"
include "binding/core/sparse.pxi"
include "binding/core/program.pxi"
include "binding/core/isa.pxi"
