# SPDX-License-Identifier: Apache-2.0
"""The mode that a Jacobian takes, and the reason."""

from collections.abc import Callable
from typing import Any, Literal, NamedTuple

from ad_core import _core
from ad_core.recording.argnums import Argnums
from ad_core.recording.record import check_mode, record
from ad_core.sparse.compression import Compression
from ad_core.sparse.transforms import recorded

__all__ = ["Explanation", "explain", "route_rows", "table"]


class Explanation(NamedTuple):
    """How :func:`ad_core.jacobian` works for a function at a point; ``str()`` is a table.

    Fields: function (its name), mode, passes, inputs (D), outputs (K), chunk (seeds in one sweep),
    size (of the recording) and reason (for the mode).

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
    size: dict[str, int]
    reason: str

    def __str__(self) -> str:
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
    """Names and values as text, one row on each line."""
    width = max(len(name) for name, _ in rows)
    return "\n".join(f"{name:<{width}}  {value}" for name, value in rows)


def route_rows(route, candidates):
    """A row for each candidate with its operations, and a mark for the one that was taken.

    The count None stands for a candidate that was given up, a text for one that was not counted
    exactly.
    """
    rows = [] if candidates else [("route", route)]
    for name, count in candidates.items():
        text = "given up: too many operations" if count is None else count
        text = f"{count:,} operations" if isinstance(count, int) else text
        rows.append((f"route {name}", text + "   <- taken" * (name == route)))
    return rows


def explain(
    fun: Callable[..., Any],
    *args: Any,
    argnums: Argnums = 0,
    mode: Literal["fwd", "rev"] | None = None,
    sparse: bool = False,
    **kwargs: Any,
) -> Explanation:
    """Record fun at args, and return an :class:`Explanation` of how its Jacobian is computed.

    Forward mode takes D tangents (columns), reverse mode K adjoints (rows), each at about one and
    a half times the cost of a tangent.  The cheaper mode is taken unless mode is given.
    sparse=True explains ``jacobian(fun, sparse=True)``: then mode is the route, passes is the
    number of colours (of all inputs or outputs if the pattern is dense), size has the number of
    entries, and reason lists the operations of all routes that were counted.

    Raises TypeError for a function that jacobian does not accept, and ValueError for a wrong mode.
    Cost: one recording; for a sparse one also the sparsity pattern and its colourings.

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
    reason = "requested" if mode is not None else f"D = {D} {sign} 1.5 K = {1.5 * K:g}"
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
        size | _core.tape_size(recording.trace), reason if mode is None else "requested",
    )  # fmt: skip
