# SPDX-License-Identifier: Apache-2.0
"""Which mode a Jacobian takes, and why."""

from typing import NamedTuple

from ad_core import _core
from ad_core.recording.record import check_mode, record
from ad_core.sparse.compression import Compression
from ad_core.sparse.transforms import recorded

__all__ = ["Explanation", "explain", "route_rows", "table"]


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
        return table(rows)


def table(rows):
    """Names and values, one a line."""
    width = max(len(name) for name, _ in rows)
    return "\n".join(f"{name:<{width}}  {value}" for name, value in rows)


def route_rows(route, candidates):
    """A row for each candidate with its operations, and which one was taken.

    None stands for one that was given up, a text for one that need not be counted exactly.
    """
    rows = [] if candidates else [("route", route)]
    for name, count in candidates.items():
        told = "given up: too many" if count is None else count
        told = f"{count:,} operations" if isinstance(count, int) else told
        rows.append((f"route {name}", told + "   <- taken" * (name == route)))
    return rows


def explain(fun, *args, argnums=0, mode=None, sparse=False, **kwargs):
    """Record fun at args and say how its Jacobian is computed: an :class:`Explanation`.

    Forward mode takes D tangents (columns), reverse mode K adjoints (rows) at about one and
    a half times the cost of a tangent each; the cheaper one is taken unless mode says
    otherwise.  sparse=True says it of ``jacobian(fun, sparse=True)``: mode is then the route,
    passes the colours (all inputs or outputs where the structure is dense), size has the entries,
    and the reason tells the operations of all routes that were counted.

    >>> import numpy as np, ad_core
    >>> e = ad_core.explain(lambda x: np.outer(np.ones(5000), x).ravel(), np.ones(3))
    >>> e.mode, e.passes
    ('fwd', 3)
    >>> e = ad_core.explain(lambda x: np.diff(x**2), np.ones(1000), sparse=True)
    >>> e.mode, e.passes, e.size["entries"]
    ('compressed forward', 2, 1998)
    """
    check_mode(mode)
    if sparse:
        return _sparse(fun, args, kwargs, argnums, mode)
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


def _sparse(fun, args, kwargs, argnums, mode):
    recording = recorded(fun, args, kwargs, argnums, False, False)
    swept = Compression(recording, _core.name_of(fun), mode=mode)
    route = swept.route
    reason = "; ".join(f"{name}: {count:,} operations" for name, count in route.candidates.items())
    size = {"entries": swept.structure.nnz, "edges": swept.edges}
    return Explanation(
        _core.name_of(fun), route.name, route.passes, recording.inputs.size,
        recording.outputs.size, _core.seed_chunk(recording.trace, route.passes),
        size | _core.tape_size(recording.trace), reason if mode is None else "asked for",
    )  # fmt: skip
