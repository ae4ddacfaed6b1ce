# SPDX-License-Identifier: Apache-2.0
"""Finding the user's line: where an operation stands, where a NaN was born."""

import numpy as np

from ad_core import _core
from ad_core.errors.callers import line_text

__all__ = ["check_derivative", "check_value", "debug", "is_wild"]


class debug(_core.Debugging):
    """A context in which recordings keep the user's file and line of every operation.

    nans: results and derivatives that come out infinite or NaN raise FloatingPointError, which
    names the operation and the line where the first such number was born: the first, in the order
    of evaluation, whose operands are all finite.  What no result depends on (the branch that
    np.where does not take) is not looked at.

    It holds for all threads, may be nested, and costs about a microsecond for each line of the
    user's that records; checking costs a pass over the recording, and only where a result is not
    finite.  In pytest::

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


def is_wild(leaves):
    """Whether debug(nans=True) is on and results of higher order are not finite: then those of
    lower order are asked first, and a recording of derivatives next, which name an operation."""
    return _core.watches_nans() and not all(np.all(np.isfinite(leaf)) for leaf in leaves)


def check_value(recording):
    """Raise FloatingPointError for a recording whose result is not finite, in debug(nans=True)."""
    nodes = recording.outputs.nodes
    if _core.watches_nans() and not np.all(
        np.isfinite(_core.values_at(recording.trace, nodes, nodes.shape))
    ):
        _report(recording, False)


def check_derivative(recording, found):
    """The same for its derivative, which is returned."""
    if _core.watches_nans() and not _core.traced(found) and not np.all(np.isfinite(found)):
        _report(recording, True)
    return found


def _report(recording, derivative):
    trace = recording.trace
    born = _core.first_nonfinite(trace, recording.outputs.nodes, derivative)
    what = f"the {'derivative' if derivative else 'result'} of {trace.name} is not finite"
    if born is None:
        raise FloatingPointError(f"{what}, and neither are the inputs that it depends on")
    name, run, value = born
    place, line = _core.run_line(trace, run), ""
    if place is not None:
        text = line_text(*place)
        line = f" ({place[0]}, line {place[1]}{': ' + text if text else ''})"
    of = "that of " if derivative else ""
    raise FloatingPointError(f"{what}: {of}{name} is {value}{line}")
