# SPDX-License-Identifier: Apache-2.0
"""Which mode a Jacobian takes, and why."""

from typing import NamedTuple

from ad_core import _core
from ad_core.recording import check_mode, record

__all__ = ["Explanation", "explain"]


class Explanation(NamedTuple):
    """What :func:`ad_core.jacobian` does for a function at a point; ``str()`` is a table.

    >>> import numpy as np, ad_core
    >>> ad_core.explain(lambda x: np.sum(x * x), np.ones(1000)).mode
    'rev'
    """

    function: str
    mode: str
    passes: int
    inputs: int
    outputs: int
    chunk: int
    size: dict
    reason: str

    def __str__(self):
        rows = [
            ("function", self.function),
            ("inputs D", self.inputs),
            ("outputs K", self.outputs),
            ("mode", f"{self.mode} ({self.reason})"),
            ("passes", f"{self.passes}, {self.chunk} seeds a sweep"),
            *((name, f"{count:,}") for name, count in self.size.items()),
        ]
        width = max(len(name) for name, _ in rows)
        return "\n".join(f"{name:<{width}}  {value}" for name, value in rows)


def explain(fun, *args, argnums=0, mode=None, **kwargs):
    """Record fun at args and say how its Jacobian is computed: an :class:`Explanation`.

    Forward mode takes D tangents (columns), reverse mode K adjoints (rows) at about one and
    a half times the cost of a tangent each; the cheaper one is taken unless mode says
    otherwise.

    >>> import numpy as np, ad_core
    >>> e = ad_core.explain(lambda x: np.outer(np.ones(5000), x).ravel(), np.ones(3))
    >>> e.mode, e.passes
    ('fwd', 3)
    """
    check_mode(mode)
    recording = record(fun, args, kwargs, argnums)
    D, K = recording.inputs.size, recording.outputs.size
    forward = _core.cheapest_forward(D, K) if mode is None else mode == "fwd"
    n = D if forward else K
    sign = "<=" if forward else ">"
    reason = "asked for" if mode is not None else f"D = {D} {sign} 1.5 K = {1.5 * K:g}"
    return Explanation(
        _core.name_of(fun), "fwd" if forward else "rev", n, D, K,
        _core.seed_chunk(recording.trace, n), _core.tape_size(recording.trace), reason,
    )  # fmt: skip
