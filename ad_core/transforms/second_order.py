# SPDX-License-Identifier: Apache-2.0
"""Second derivatives for functions with many results: Lagrangians and least squares.

Like the other transforms, these record the function in every call.  A Tape and a Function have
methods of the same names.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ad_core import _core
from ad_core.recording.argnums import Argnums
from ad_core.recording.complex_leaves import refuse_complex_weights
from ad_core.recording.plain import flatten_result, leaves_like
from ad_core.recording.record import record
from ad_core.transforms.derived import input_seeds
from ad_core.transforms.first_order import as_tuple, hessian, hvp

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["ggnvp", "lagrangian_hessian"]


def lagrangian_hessian(
    fun: Callable[..., Any],
    primals: tuple[Any, ...] | list[Any],
    multipliers: Any,
    *,
    argnums: Argnums = 0,
) -> NDArray[np.float64] | Any:
    """Compute the Hessian of multipliers @ fun(*primals), sum_k multipliers[k] H_k, as one Hessian.

    primals: a tuple of arguments.  multipliers have the result's structure and shapes; for a
    function that returns (objective, constraints) they are (factor, array with one multiplier for
    each constraint).  argnums is as in :func:`hessian`.  Returns the Hessian by that argument, of
    shape input shape + input shape; if fun has no results it is zero.

    Raises ValueError for multipliers of another structure or shape.  Cost: that of
    :func:`hessian` of one scalar function; for many points see :meth:`Tape.lagrangian_hessian`.
    Source: Nocedal and Wright, Numerical Optimization, section 12.1.

    >>> import numpy as np, ad_core
    >>> constraints = lambda x: np.stack([x[0] * x[1], x @ x])
    >>> ad_core.lagrangian_hessian(constraints, (np.ones(2),), np.array([3.0, 0.5]))
    array([[1., 3.],
           [3., 1.]])
    """
    primals = as_tuple(primals, "primals")

    def lagrangian(*args):
        leaves, tree = flatten_result(fun(*args))
        factors = _fitting(multipliers, leaves, tree, "the multipliers")
        return sum((np.sum(m * y) for m, y in zip(factors, leaves, strict=True)), 0.0)

    lagrangian.__name__ = _core.name_of(fun)
    return hessian(lagrangian, argnums)(*primals)


def ggnvp(
    fun: Callable[..., Any],
    primals: tuple[Any, ...] | list[Any],
    tangents: tuple[Any, ...] | list[Any],
    weights: Any = None,
    *,
    loss: Callable[..., Any] | None = None,
) -> NDArray[np.float64] | Any:
    """Compute the product of the generalised Gauss-Newton matrix with a direction, J^T W J t.

    Parameters: fun; primals and tangents, tuples of the same structure.  W is the identity (the
    Gauss-Newton matrix of half a sum of squares), or the diagonal matrix of `weights`, which have
    the result's structure and shapes, or the Hessian of `loss`, a scalar function of fun's result.
    The result has primals' structure; if there is one primal, it is not a tuple.

    Raises ValueError for tangents and weights that do not fit, and TypeError for weights and a loss
    together.  Cost: one recording of fun, a tangent sweep and an adjoint sweep; with a loss, its
    :func:`hvp` too.  J is never formed.  Source: Schraudolph, Fast curvature matrix-vector products
    for second-order gradient descent, Neural Computation 14, 2002.

    >>> import numpy as np, ad_core
    >>> residual = lambda x: np.array([x[0] * x[1], x[1]])
    >>> x, t = np.array([2.0, 3.0]), np.array([1.0, 0.0])
    >>> ad_core.ggnvp(residual, (x,), (t,))
    array([9., 6.])
    >>> ad_core.ggnvp(residual, (x,), (t,), loss=lambda y: np.sum(y**4) / 12.0)
    array([324., 216.])
    """
    if weights is not None and loss is not None:
        raise TypeError("ggnvp takes weights or a loss, got both; include the weights in the loss")
    primals, tangents = as_tuple(primals, "primals"), as_tuple(tangents, "tangents")
    recording = record(fun, primals, {}, tuple(range(len(primals))))
    seeds = input_seeds(recording, tangents)
    pushed = recording.product(seeds, forward=True)
    middle = [np.reshape(part, shape) for part, shape in recording.outputs.split(pushed)]
    tree = recording.outputs.tree
    if weights is not None:
        refuse_complex_weights(f"ggnvp of {_core.name_of(fun)}", tree)
        factors = _fitting(weights, middle, tree, "the weights")
        middle = [w * t for w, t in zip(factors, middle, strict=True)]
    elif loss is not None:
        direction = tree.build([t[()] for t in middle])
        curved = hvp(loss, (recording.value(),), (direction,))
        middle = leaves_like(tree, curved, "the product of the loss's Hessian")
    found = recording.inputs.build(recording.product(middle, forward=False))
    return found[0] if len(primals) == 1 else tuple(found)


def _fitting(given, leaves, tree, what):
    """The leaves of `given`; raises ValueError unless they have this structure and these shapes."""
    found = leaves_like(tree, given, what, "the result's structure")
    for one, leaf in zip(found, leaves, strict=True):
        if np.shape(one) != np.shape(leaf):
            raise ValueError(
                f"{what} must have the result's shape {np.shape(leaf)}, got {np.shape(one)}"
            )
    return found
