# SPDX-License-Identifier: Apache-2.0
"""A check of a function's derivatives, for use in tests."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ad_core import _core
from ad_core.errors.integers import integer, real
from ad_core.recording.plain import (
    flatten_inputs,
    flatten_numbers,
    flatten_result,
    leaves_like,
)
from ad_core.transforms.first_order import jvp, vjp

__all__ = ["check_grads"]

MOST = 20  # the highest order, since each order doubles the cost
SEED = 20190427  # of the random directions, which are the same in every run


def check_grads(
    f: Callable[..., Any],
    args: tuple[Any, ...] | list[Any],
    order: int = 2,
    modes: str | Sequence[str] = ("fwd", "rev"),
    *,
    atol: float | None = None,
    rtol: float | None = None,
    eps: float = 1e-4,
) -> None:
    """Compare f's derivatives along random directions with finite differences, up to an order.

    Parameters: args, a tuple of (nested) arguments; order, the highest derivative that is checked;
    modes, "fwd", "rev" or both; eps, the step of the differences, relative to each array's largest
    element (or to 1 if that is less).  Each mode is compared with a fourth-order central
    difference, to rtol and atol (None: 1e-6 of the result's size).  With both modes, the
    dot-product test w (J v) = (J^T w) v must hold to 1e-12, which is far more sensitive.  Products
    of complex numbers count by their real parts.
    Raises AssertionError that names the mode, the order and both numbers.  Cost: about 5
    evaluations for each mode and order.

    >>> import numpy as np, ad_core
    >>> ad_core.check_grads(lambda x: np.sin(x) * x, (np.array([1.0, 2.0]),))
    >>> def wrong(x):
    ...     return x * ad_core.stop_gradient(x)
    >>> ad_core.check_grads(wrong, (np.array([1.0, 2.0]),))
    Traceback (most recent call last):
        ...
    AssertionError: fwd derivative of order 1 of wrong: ...
    """
    if isinstance(modes, str):
        modes = (modes,)
    if not isinstance(args, (tuple, list)):
        raise TypeError(f"args must be a tuple of arguments, got {type(args).__name__}")
    unknown = set(modes) - {"fwd", "rev"}
    if unknown or not modes:
        raise ValueError(f"modes must be 'fwd', 'rev' or both, got {modes!r}")
    order = integer(order, "order", "an int >= 1", least=1, most=MOST)
    eps = real(eps, "eps", "a step > 0")
    if eps == 0.0:
        raise ValueError(f"eps must be a step > 0, got {eps}")
    atol = None if atol is None else real(atol, "atol", "a number >= 0 or None", np.inf)
    rtol = None if rtol is None else real(rtol, "rtol", "a number >= 0 or None", np.inf)
    rng = np.random.default_rng(SEED)
    leaves, tree = flatten_inputs(tuple(args))
    sizes = [np.asarray(leaf, dtype=np.float64) for leaf in leaves]
    # Each array has its own scale: the step of the largest array would be too large for others.
    direction = tree.build(
        [_random(rng, leaf) * max(1.0, np.max(np.abs(leaf), initial=0.0)) for leaf in sizes]
    )
    _check(f, tuple(args), direction, order, 1, tuple(modes), rng, atol, rtol, eps)


def _random(rng, like):
    return rng.standard_normal(like.shape)[()]


def _check(f, args, direction, order, depth, modes, rng, atol, rtol, eps):
    name = _core.name_of(f)
    expected = _difference(f, args, direction, eps)
    y, tangent = jvp(f, args, direction)
    leaves, structure = flatten_result(y)
    cotangent = structure.build([_random(rng, np.asarray(leaf)) for leaf in leaves])
    if "fwd" in modes:
        _compare(_dot(tangent, cotangent), _dot(expected, cotangent), "fwd", depth, name,
                 _scale(expected, cotangent), atol, rtol)  # fmt: skip
    if "rev" in modes:
        pulled = vjp(f, *args)[1](cotangent)
        _compare(_dot(pulled, direction), _dot(expected, cotangent), "rev", depth, name,
                 _scale(expected, cotangent), atol, rtol)  # fmt: skip
        if "fwd" in modes:
            left, right = _dot(tangent, cotangent), _dot(pulled, direction)
            bound = 1e-12 * (_scale(tangent, cotangent) + _scale(pulled, direction))
            if not abs(left - right) <= bound:
                raise AssertionError(
                    f"dot-product test of {name} failed at order {depth}: w (J v) = {left!r} but "
                    f"(J^T w) v = {right!r}"
                )
    if depth == order:
        return

    def pushed(*primals):
        return jvp(f, primals, direction)[1]

    def pulled_back(*primals):
        return vjp(f, *primals)[1](cotangent)

    pushed.__name__ = pulled_back.__name__ = name
    for mode, derived in (("fwd", pushed), ("rev", pulled_back)):
        if mode in modes:
            _check(derived, args, direction, order, depth + 1, modes, rng, atol, rtol, eps)


def _difference(f, args, direction, eps):
    """J v by central differences of order 4 along the direction."""
    leaves, tree = flatten_inputs(tuple(args))
    steps = leaves_like(tree, tuple(direction), "the direction")

    def at(k):
        moved = [
            np.asarray(x, dtype=np.float64) + k * eps * v
            for x, v in zip(leaves, steps, strict=True)
        ]
        found, structure = flatten_result(f(*tree.fill([m[()] for m in moved])))
        return [np.asarray(y, dtype=np.float64) for y in found], structure

    (near, structure), *others = (at(k) for k in (1, -1, 2, -2))
    rows = zip(near, *(found for found, _ in others), strict=True)
    return structure.build([((8 * (a - b) - (c - d)) / (12 * eps))[()] for a, b, c, d in rows])


def _dot(a, b):
    left, right = flatten_numbers(a)[0], flatten_numbers(b)[0]
    return float(sum(np.sum(np.real(np.multiply(x, y))) for x, y in zip(left, right, strict=True)))


def _scale(values, weights):
    leaves, others = flatten_numbers(values)[0], flatten_numbers(weights)[0]
    return 1.0 + float(
        sum(np.sum(np.abs(x) * np.abs(w)) for x, w in zip(leaves, others, strict=True))
    )


def _compare(found, expected, mode, depth, name, scale, atol, rtol):
    bound = (1e-6 * scale if atol is None else atol) + (
        0.0 if rtol is None else rtol * abs(expected)
    )
    if not abs(found - expected) <= bound:
        raise AssertionError(
            f"{mode} derivative of order {depth} of {name}: {found!r} but differences give "
            f"{expected!r} (allowed {bound:.1e})"
        )
