# SPDX-License-Identifier: Apache-2.0
"""Whether two runs of a function at one point agree up to rounding."""

import numpy as np

from ad_core import _core
from ad_core.recording.plain import flatten_numbers

__all__ = ["are_close", "difference", "short"]

CLOSE = 1e-10  # the largest difference by rounding, relative to the largest number of a result


def are_close(x, y):
    """Whether two results differ by rounding at most."""
    if np.iscomplexobj(x) or np.iscomplexobj(y):
        x, y = (np.stack([np.real(z), np.imag(z)]) for z in (x, y))
    x, y = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    if x.shape != y.shape:
        return False
    finite = np.isfinite(x) & np.isfinite(y)
    scale = np.max(np.abs(x[finite]), initial=0.0)
    near = np.abs(np.subtract(x, y, where=finite, out=np.zeros(x.shape))) <= CLOSE * scale
    return bool(np.all(np.where(finite, near, (x == y) | (np.isnan(x) & np.isnan(y)))))


def difference(one, other):
    """How two recordings at one point differ, in words; None if they agree."""
    traces = one._recording.trace, other._recording.trace
    if _core.guard_outcomes(traces[0]) != _core.guard_outcomes(traces[1]):
        return "it took another branch the second time"
    r, s = one._recording, other._recording
    if r.outputs.tree != s.outputs.tree or r.outputs.shapes != s.outputs.shapes:
        return "it returned results of other shapes the second time"
    values = flatten_numbers(r.value())[0], flatten_numbers(s.value())[0]
    for x, y in zip(*values, strict=True):
        if not are_close(x, y):
            return f"it returned {short(x)} and then {short(y)}"
    return None


def short(x):
    """A result as short text."""
    text = np.array2string(np.asarray(x), precision=17, threshold=6, edgeitems=2)
    return " ".join(text.split())
