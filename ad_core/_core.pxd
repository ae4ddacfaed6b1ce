# SPDX-License-Identifier: Apache-2.0
# Declarations of the C core for Cython.  There are no others in the binding, except those of
# linalg/linear.h in binding/record/lapack.pxi.
from libc.stdint cimport (INT64_MAX, INT64_MIN, UINT64_MAX, int32_t, int64_t, intptr_t, uint8_t,
                          uint16_t, uint32_t, uint64_t)

include "binding/declarations/base.pxi"
include "binding/declarations/ops.pxi"
include "binding/declarations/simd.pxi"
include "binding/declarations/tape.pxi"
include "binding/declarations/sweep.pxi"
include "binding/declarations/graph.pxi"
include "binding/declarations/sparse.pxi"
include "binding/declarations/program.pxi"
include "binding/declarations/cfunction.pxi"
include "binding/declarations/solve.pxi"
include "binding/declarations/isa.pxi"
