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


def _references(other, local):
    """The number of references to an array that only the name of an operator in place holds, as
    call_ufunc counts them. It is measured, as it differs between versions of Python.

    local: the name is a local variable, to which Python 3.14 adds no reference."""
    probe = _core.plain_function("ones")(1)
    held = [probe]
    _probes.append(None)
    try:
        if local:
            held.clear()
            probe *= other
        else:
            del probe
            held[0] *= other
    finally:
        found = _probes.pop()
    return found


def _held_by_callers(frame, array):
    """Whether a local variable of a calling function is the array. Python 3.14 may count one
    reference for such a variable and for an argument together."""
    frame = frame.f_back if sys.version_info >= (3, 14) else None
    while frame is not None:
        code, variables = frame.f_code, frame.f_locals
        for name in code.co_varnames:
            if name not in code.co_cellvars and variables.get(name) is array:
                return True
        frame = frame.f_back
    return False


def _operator():
    """(the innermost frame outside of ad_core, whether the name is a local variable) if that frame
    runs an operator in place, the result of which does not become a global name: that would keep
    the traced array after the trace. Else (None, False)."""
    frame = sys._getframe(1)
    while frame is not None and frame.f_code.co_filename.startswith(OURS):
        frame = frame.f_back
    if frame is None:
        return None, False
    runs = False
    for instruction in dis.get_instructions(frame.f_code):
        if runs:
            if instruction.opname in ("STORE_GLOBAL", "STORE_NAME"):
                break
            return frame, instruction.opname.startswith("STORE_FAST")
        runs = instruction.offset == frame.f_lasti and (
            instruction.opcode == BINARY_OP and instruction.arg >= FIRST_IN_PLACE
        )
    return None, False


def replaced(array, count, other, result):
    """The traced result that takes the place of a plain array; None if something else holds it."""
    result = as_array(result)
    frame, local = _operator()
    if (
        frame is not None
        and array.base is None
        and result.shape == array.shape
        and not weakref.getweakrefcount(array)
        and count == _references(other, local)
        and not _held_by_callers(frame, array)
    ):
        return result
    return None
