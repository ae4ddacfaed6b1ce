# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""An operator in place on a plain array, as in ``c *= x``, where x is traced. The name c gets a new
traced array if nothing else holds the plain one. Otherwise its other holders would miss the change,
and the call is refused."""

import dis
import sys
import weakref

import numpy as np

from ad_core import _core
from ad_core.errors.callers import OURS
from ad_core.recording.arrays import as_array

__all__ = ["is_candidate", "measure", "replaced"]

BINARY_OP = dis.opmap["BINARY_OP"]
FIRST_IN_PLACE = 13  # of the arguments of BINARY_OP: those from += on

_probes = []  # references to the array of a probe, counted by measure()


def is_candidate(method, inputs, out):
    """Whether a call of a ufunc has the form of an operator in place on a plain array."""
    return (
        method == "__call__" and len(inputs) == 2 and len(out) == 1 and out[0] is inputs[0]
        and type(out[0]) is np.ndarray and out[0].dtype == np.float64
    )  # fmt: skip


def measure(count):
    """Note the number of references if a probe is running, which needs no result."""
    running = bool(_probes) and _probes[-1] is None
    if running:
        _probes[-1] = count
    return running


def _references(other):
    """The number of references to an array that only the name of an operator in place holds, as
    call_ufunc counts them. It is measured, as it differs between versions of Python."""
    probe = _core.plain_function("ones")(1)
    _probes.append(None)
    try:
        probe *= other
    finally:
        found = _probes.pop()
    return found


def _operator_runs():
    """Whether the innermost frame outside of ad_core runs an operator in place, the result of which
    does not become a global name: that would keep the traced array after the trace."""
    frame = sys._getframe(1)
    while frame is not None and frame.f_code.co_filename.startswith(OURS):
        frame = frame.f_back
    if frame is None:
        return False
    runs = False
    for instruction in dis.get_instructions(frame.f_code):
        if runs:
            return instruction.opname not in ("STORE_GLOBAL", "STORE_NAME")
        runs = instruction.offset == frame.f_lasti and (
            instruction.opcode == BINARY_OP and instruction.arg >= FIRST_IN_PLACE
        )
    return False


def replaced(array, count, other, result):
    """The traced result that takes the place of a plain array; None if something else holds it."""
    result = as_array(result)
    if (
        array.base is None
        and result.shape == array.shape
        and not weakref.getweakrefcount(array)
        and count == _references(other)
        and _operator_runs()
    ):
        return result
    return None
