# SPDX-License-Identifier: Apache-2.0
"""Taylor coefficients of a function along a curve, to any order."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from ad_core import _core
from ad_core.errors.integers import integer
from ad_core.recording import debugging
from ad_core.recording.plain import flatten_inputs, flatten_result, leaves_like
from ad_core.recording.record import record
from ad_core.recording.trees import flatten
from ad_core.transforms.first_order import as_tuple, jvp

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["jet"]

Y = TypeVar("Y")


def jet(
    fun: Callable[..., Y],
    primals: tuple[Any, ...] | list[Any],
    series: tuple[Any, ...] | list[Any],
    *,
    order: int | None = None,
) -> tuple[Y, NDArray[np.float64] | Any]:
    """Compute Taylor coefficients of fun along a curve x(t) = x_0 + x_1 t + ... + x_d t^d.

    Parameters: fun; primals, the tuple of arguments x_0; series, a tuple of the same structure, in
    which each array has the coefficients x_1, ..., x_d along its first axis: shape (d,) + shape.
    order is the number of coefficients of the result; None: d.  Coefficients that the series does
    not have are zero, and those beyond order have no influence.  So
    ``jet(fun, (x,), (v[None],), order=5)`` follows the line x + t v.

    Returns ``(y, ys)``: y = fun(*primals), and ys of y's structure, each leaf of shape
    (order,) + shape, with the coefficients y_k of fun(x(t)) = y + y_1 t + y_2 t^2 + ...  Both
    series are Taylor coefficients, which are derivatives divided by k! (jax.experimental.jet
    takes and returns the derivatives).

    Raises TypeError or ValueError that names the argument which does not fit.  Cost: one recording
    and one sweep, O(order^2) for each nonlinear operation and O(order) for each linear one, with
    order + 1 numbers for each node.  If fun calls functions known by rules alone (np.linalg,
    custom derivatives), or is traced itself, tangents are nested instead, which doubles the cost
    with each order.  Source: Griewank and Walther, Evaluating Derivatives, chapter 13.

    >>> import numpy as np, ad_core
    >>> y, ys = ad_core.jet(np.exp, (0.0,), (np.array([1.0]),), order=4)
    >>> float(y), ys
    (1.0, array([1.        , 0.5       , 0.16666667, 0.04166667]))
    >>> ad_core.jet(lambda x: x[0] * x[1], (np.array([2.0, 3.0]),), (np.eye(2)[:1],), order=2)
    (np.float64(6.0), array([3., 0.]))
    """
    primals, series = as_tuple(primals, "primals"), as_tuple(series, "series")
    leaves, tree = flatten_inputs(primals)
    curves, order = _coefficients(leaves, tree, series, order)
    if not any(map(_core.traced, [*leaves, *curves])):
        recording = record(fun, primals, {}, tuple(range(len(primals))))
        if order == 0 or not (recording.nested or _core.has_calls(recording.trace)):
            found = _swept(recording, curves, order)
            if found is not None and not debugging.is_nonfinite(flatten(found)[0]):
                return recording.value(), found
            recording.product([curve[0] for curve in curves], forward=True)
    return _nested(fun, leaves, tree, curves, order)


MOST = 10**6  # the highest order, since the cost grows with its square
MOST_NESTED = 3  # the highest order by nested tangents, since each order doubles the cost


def _coefficients(leaves, tree, series, order):
    """(the leaves of the series, the order), checked."""
    curves = leaves_like(tree, series, "the series", "the structure of the primals")
    if order is not None:
        order = integer(order, "order", "an int >= 0 or None", least=0, most=MOST)
    given = None
    for k, (leaf, curve) in enumerate(zip(leaves, curves, strict=True)):
        what = "the series" if len(curves) == 1 else f"the series (leaf {k})"
        shape = np.shape(curve)
        if not _core.traced(curve) and np.asarray(curve).dtype.kind not in "fiu":
            raise TypeError(f"{what} must be real numbers, got {np.asarray(curve).dtype}")
        if shape[1:] != np.shape(leaf) or not shape:
            raise ValueError(
                f"{what} must have shape (d,) + {np.shape(leaf)}, the coefficients of order 1 to d "
                f"stacked, got {shape}"
            )
        if given not in (None, shape[0]):
            raise ValueError(
                f"{what} must have as many coefficients as those before it, {given}, got {shape[0]}"
            )
        given = shape[0]
    wanted = given or 0 if order is None else order
    return [curve[:wanted] for curve in curves], wanted


def _swept(recording, curves, order):
    """The coefficients by one sweep; None if an infinity came up which nested tangents (for a few
    orders) may resolve."""
    inputs, outputs = recording.inputs, recording.outputs
    rows = np.zeros((inputs.size, order))
    first = 0
    for curve, shape in zip(curves, inputs.shapes, strict=True):
        size, given = math.prod(shape), len(curve)
        rows[first : first + size, :given] = np.reshape(curve, (given, size)).T
        first += size
    found = rows[:0].reshape(outputs.size, 0)
    if order:
        found = _core.taylor_coefficients(
            recording.trace, inputs.nodes, outputs.nodes, rows, order > MOST_NESTED
        )
    if found is None:
        return None
    return outputs.tree.build(
        [
            np.ascontiguousarray(part.T).reshape(order, *shape)
            for part, shape in outputs.split(found)
        ]
    )


def _nested(fun, leaves, tree, curves, order):
    """The coefficients by nested tangents of fun along the curve, with respect to t at t = 0."""

    def at(t):
        moved = []
        for leaf, curve in zip(leaves, curves, strict=True):
            x = 0.0
            for k in range(len(curve) - 1, -1, -1):
                x = t * (curve[k] + x)
            moved.append(leaf + x)
        return fun(*tree.fill(moved))

    def tangent(g):
        pushed = lambda t: jvp(g, (t,), (1.0,))[1]  # noqa: E731
        pushed.__wrapped__ = fun  # messages use its name
        return pushed

    at.__wrapped__ = fun
    value, derivatives = at(0.0), []
    for k in range(1, order + 1):
        at = tangent(at)
        derivatives.append([y / math.factorial(k) for y in flatten_result(at(0.0))[0]])
    found, structure = flatten_result(value)
    rows = [np.stack(row) for row in zip(*derivatives, strict=True)]
    return value, structure.build(rows or [np.zeros((0, *np.shape(y))) for y in found])
