# SPDX-License-Identifier: Apache-2.0
"""What a function decides from the values of arrays (a rank, an order of rows, whether a matrix is
symmetric), kept as a guard."""

import numpy as np

from ad_core import _core
from ad_core.errors.decisions import Decided
from ad_core.rules.rule import Rule

__all__ = ["decision"]


def decision(name, function, *arrays):
    """function(*values of the arrays), which is plain. A guard keeps that it is the same at other
    points; so its text must tell results apart."""
    plain = [_core.current_values(x) if _core.traced(x) else x for x in arrays]
    found = _core.untraced(function, *plain)
    if not any(map(_core.traced, arrays)):
        return found

    def value(*arrays):
        raise Decided(_text(function(*arrays)))

    arrays = tuple(x if _core.traced(x) else np.asarray(x, float) for x in arrays)
    shapes = [np.shape(x) for x in arrays]
    rule = Rule(name, shapes, None, value, None, None)
    _core.record_outcome(rule, arrays, Decided(_text(found)))
    return found


def _text(found):
    return repr(found.tolist() if isinstance(found, np.ndarray) else found)
