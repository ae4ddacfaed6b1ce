# SPDX-License-Identifier: Apache-2.0
"""debug(): the user's line of every operation, and the operation that first gave a NaN."""

import numpy as np

from ad_core import _core
from ad_core.errors.callers import line_text

__all__ = ["check_derivative", "check_value", "debug", "is_nonfinite"]


class debug(_core.Debugging):
    """A context in which recordings keep the user's file and line of every operation.

    With nans=True, a result or derivative that is infinite or NaN raises FloatingPointError. The
    error names the operation that produced the first such number, and its line: in the order of
    evaluation, the first operation that is not finite although all its operands are. Operations
    that no result depends on (the branch that np.where does not take) are not checked.

    The context applies to all threads and may be nested. It costs about a microsecond for each of
    the user's lines that records. The check costs a pass over the recording, and only if a result
    is not finite. In pytest::

        @pytest.fixture(autouse=True)
        def lines():
            with ad_core.debug():
                yield

    >>> import numpy as np, ad_core
    >>> with ad_core.debug(nans=True):
    ...     ad_core.grad(lambda x: np.sum(np.sqrt(x) * 2.0))(np.array([1.0, 0.0]))
    Traceback (most recent call last):
    FloatingPointError: the derivative of <lambda> is not finite: that of sqrt is inf (...
    """


def is_nonfinite(leaves):
    """Whether debug(nans=True) is on and results of higher order are not finite.

    The caller then checks the results of lower order first and a recording of the derivatives
    next, because those checks name an operation."""
    return _core.watches_nans() and not all(np.all(np.isfinite(leaf)) for leaf in leaves)


def check_value(recording):
    """Within debug(nans=True), raise FloatingPointError if the recording's result is not finite."""
    nodes = recording.outputs.nodes
    if _core.watches_nans() and not np.all(
        np.isfinite(_core.values_at(recording.trace, nodes, nodes.shape))
    ):
        _report(recording, False)


def check_derivative(recording, found):
    """Within debug(nans=True), raise if the derivative `found` is not finite; else return it."""
    if _core.watches_nans() and not _core.traced(found) and not np.all(np.isfinite(found)):
        _report(recording, True)
    return found


def _report(recording, derivative):
    trace = recording.trace
    first = _core.first_nonfinite(trace, recording.outputs.nodes, derivative)
    what = f"the {'derivative' if derivative else 'result'} of {trace.name} is not finite"
    if first is None:
        raise FloatingPointError(f"{what}, and neither are the inputs that it depends on")
    name, run, value = first
    place, line = _core.run_line(trace, run), ""
    if place is not None:
        text = line_text(*place)
        line = f" ({place[0]}, line {place[1]}{': ' + text if text else ''})"
    of = "that of " if derivative else ""
    raise FloatingPointError(f"{what}: {of}{name} is {value}{line}")
