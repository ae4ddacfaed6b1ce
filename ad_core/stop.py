# SPDX-License-Identifier: Apache-2.0
"""Values held constant under differentiation."""

from ad_core import _core
from ad_core.complexes.array import TracedComplex
from ad_core.trees import map_leaves

__all__ = ["stop_gradient"]


def stop_gradient(x):
    """x itself, with derivative zero of every order; trees of arrays leaf by leaf.

    Outside a derivative it returns x unchanged.

    >>> import ad_core
    >>> ad_core.grad(lambda x: x * ad_core.stop_gradient(x))(3.0)
    np.float64(3.0)
    """
    return map_leaves(_stopped, x)


def _stopped(leaf):
    if type(leaf) is TracedComplex:
        return TracedComplex(_stopped(leaf.re), _stopped(leaf.im))
    if not _core.traced(leaf) or _core.whole(leaf):  # truth values have no derivative
        return leaf
    return _core.record_op("STOP", leaf)
