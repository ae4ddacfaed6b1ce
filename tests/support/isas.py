# SPDX-License-Identifier: Apache-2.0
"""Instruction sets of this machine, and rows that NumPy rounds correctly."""

from ad_core import _core

# Functions that are right to the last bit on all machines. The table's own helpers are not listed;
# they give the same result for vectors as for scalars.
CORRECTLY_ROUNDED = {
    "sel", "sqrt", "fabs", "floor", "ceil", "trunc", "rint", "fmod", "fmax", "fmin", "copysign",
    "nextafter",
}  # fmt: skip


def runnable():
    before = _core.isa()
    found = [isa for isa in ("base", "avx2", "avx512") if _core.choose_isa(isa)]
    _core.choose_isa(before)
    return found
