# SPDX-License-Identifier: Apache-2.0
"""Instruction sets that this machine runs, and rows that NumPy rounds correctly."""

from ad_core import _core

# Functions that are right to the last bit wherever they are computed, besides the table's own
# helpers, which run on each lane as they run on a scalar.
CORRECTLY_ROUNDED = {
    "sel", "sqrt", "fabs", "floor", "ceil", "trunc", "rint", "fmod", "fmax", "fmin", "copysign",
    "nextafter",
}  # fmt: skip


def runnable():
    before = _core.isa()
    found = [isa for isa in ("base", "avx2", "avx512") if _core.choose_isa(isa)]
    _core.choose_isa(before)
    return found
