# SPDX-License-Identifier: Apache-2.0
"""Roots that the traced function found by bisection, which are refused.

Bisection halves an interval, by the sign of f(x, p) in its middle. The middle depends on the first
ends of the interval alone, so the derivative of the root by p, computed from these steps, is finite
and wrong. All other iterations (Newton's, secants, fixed points) converge with their derivatives.

Bisection is found by its comparisons. The difference between the two compared values halves from
step to step, while its derivative by the inputs stays. In an iteration whose derivative is right,
the derivative of the difference f(x(p), p) vanishes together with the difference itself. Other
differences that become small by chance do not change by half as much in each step as in the one
before, as those do in the middles of halved intervals.
"""

import numpy as np

from ad_core import _core
from ad_core.errors import NoDerivativeError, callers

__all__ = ["refuse_bisection"]

STEPS = 10  # the fewest of a bisection, as in the core
STEPS_IN_TABLE = 24  # the fewest where a number is compared with constants, as in a sorted table
ELEMENTS = 16  # of arrays that are bisected together, that are looked at
STRIDES = (1, 2, 3)  # comparisons of a step
SLACK = 16.0  # the difference may be this much larger than by halving that of the first two steps
LAST = 5  # steps whose differences have the same derivative,
SAME = 0.3  # up to this, relative to the last one
NEAR = 0.02  # of the inputs, relative: a change of this size changes the last comparison
ENVELOPE = SLACK * 0.5 ** np.arange(STEPS)


def refuse_bisection(trace, inputs):
    """Raise NoDerivativeError if comparisons of the recording were the steps of a bisection.

    inputs: the nodes of the inputs of the recording, which does not continue on another tape."""
    for place, tests in _comparisons(trace):
        for left, right in _sequences(trace, tests):
            if _is_bisection(trace, inputs, left, right):
                if _core.refusals_allowed(trace):
                    return
                line = "" if place is None else " ({}, line {})".format(*place)
                raise NoDerivativeError(
                    f"{trace.name}{callers.place_of_function(trace.fun)} finds a root by "
                    f"bisection{line}. The steps of bisection do not depend on all that the root "
                    f"depends on, so its derivative would be wrong. "
                    f"Find the root by scipy.optimize.brentq or ad_core.implicit.root, or "
                    f"differentiate within `with ad_core.allow_refusals():` if the result does not "
                    f"depend on the root"
                )


def _comparisons(trace):
    yield from _core.tests_by_line(trace).items()
    for tests in _core.tests_without_line(trace, ELEMENTS):
        yield None, tests


def _sequences(trace, tests):
    """The nodes that were compared, as arrays of the left and the right ones: for each kind of
    test, and for every number of tests in a step. Nothing, if no difference moves by halves."""
    if not _core.may_bisect(trace, tests, STRIDES):
        return
    for kind in np.unique(tests[:, 0]):
        _, left, right = tests[tests[:, 0] == kind].T
        for stride in STRIDES:
            for start in range(stride):
                if left[start::stride].size >= STEPS:
                    yield left[start::stride], right[start::stride]


def _is_bisection(trace, inputs, left, right):
    gaps = _values(trace, left) - _values(trace, right)
    starts = _halving(np.abs(gaps))
    if not starts:
        return False
    of_left, of_right = _changes(trace, inputs, left), _changes(trace, inputs, right)
    fewest = STEPS
    if not (np.any(of_left[left != left[0]]) or np.any(of_right[right != right[0]])):
        fewest = STEPS_IN_TABLE
    return any(_keep_changing(gaps, of_left - of_right, start, fewest) for start in starts)


def _halving(gaps):
    """Where sequences of STEPS numbers begin that decrease like those of a bisection."""
    windows = np.lib.stride_tricks.sliding_window_view(gaps, STEPS)
    first = np.maximum(windows[:, 0], windows[:, 1])
    decrease = np.all(windows <= first[:, None] * ENVELOPE, axis=1)
    return np.flatnonzero(decrease & (np.count_nonzero(windows, axis=1) >= STEPS - 1)).tolist()


def _keep_changing(gaps, changes, start, fewest):
    """Whether the derivatives of gaps that decrease, in at least `fewest` steps, stay as they are
    until the decrease ends."""
    end = start + STEPS
    largest = max(abs(gaps[start]), abs(gaps[start + 1]))
    while end < gaps.size and abs(gaps[end]) <= largest * SLACK * 0.5 ** (end - start):
        end += 1
    last, size = changes[end - LAST : end], abs(changes[end - 1])
    return (
        end - start >= fewest
        and size > 0.0
        and _core.moves_by_halves(gaps[start:end])
        and abs(gaps[end - 1]) <= NEAR * size
        and bool(np.all(np.abs(last - changes[end - 1]) <= SAME * size))
    )


def _values(trace, nodes):
    found, known = np.zeros(nodes.shape), nodes >= 0
    found[known] = _core.values_at(trace, nodes[known].astype(np.uint32), (int(known.sum()),))
    return found


def _changes(trace, inputs, nodes):
    """The derivatives of nodes along one direction of the inputs, in general position."""
    x = _core.values_at(trace, inputs, inputs.shape)
    direction = np.where(x == 0.0, 1.0, x) * np.cos(np.arange(1.0, x.size + 1.0))
    found, known = np.zeros(nodes.shape), nodes >= 0
    nodes = nodes[known].astype(np.uint32)
    found[known] = _core.push_forward(trace, inputs, nodes, direction[:, None])[:, 0]
    return found
