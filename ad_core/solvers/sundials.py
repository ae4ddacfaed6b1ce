# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""CVODE and IDA of SUNDIALS with exact Jacobians, through the package scikit-sundae."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ad_core.solvers.arguments import array_function, check_like, needed, start, tupled
from ad_core.solvers.evaluation import is_sparse
from ad_core.solvers.gradual import Gradual
from ad_core.solvers.rates import Rates
from ad_core.solvers.structure import Structure

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

__all__ = ["cvode", "ida"]


def cvode(
    fun: Callable[..., Any],
    t0: float,
    y0: ArrayLike,
    *,
    args: Any = (),
    sparse: bool | None = None,
) -> dict[str, Any]:
    """Return options of sksundae.cvode.CVODE for dy/dt = fun(t, y, *args).

    They are used as CVODE(**cvode(f, t0, y0)).

    Parameters: fun takes a number t and y of shape (n,), and returns n numbers as an array or a
    list; an ad_core.Function keeps its recordings.  fun is first called at t0 and y0 of shape (n,).
    sparse says whether the Jacobian is sparse; None makes it sparse if it has at least
    10,000 entries and less than 20 % of them are different from zero.

    Returns a dict of rhsfn(t, y, yp), jacfn(t, y, yp, JJ) and linsolver: "dense", with JJ of shape
    (n, n), or "sparse" with sparsity, a csc_matrix whose nnz entries JJ holds by columns.
    CVODE warns that the sparsity is not used for differences; you can ignore this, since the
    Jacobian is exact.

    Raises TypeError for a y0 that does not hold real numbers, ValueError for results of wrong
    shapes and, from jacfn, for a branch of fun with entries elsewhere, and ImportError for a sparse
    Jacobian without SciPy.  SUNDIALS itself is not needed here.  Cost: values are fun's own and
    Jacobians one-shot, until programs for them pay.

    >>> import numpy as np
    >>> from ad_core import solvers
    >>> options = solvers.cvode(lambda t, y: [y[1] - y[0], y[0] - y[1] ** 2], 0, [1, 0])
    >>> J = np.zeros((2, 2))
    >>> options["jacfn"](0.0, np.array([1.0, 3.0]), None, J)
    >>> J
    array([[-1.,  1.],
           [ 1., -6.]])
    """
    t0, y0 = float(t0), start(y0, "y0")
    rates = Rates(fun, t0, y0, args, sparse)

    def rhsfn(t, y, yp):
        yp[:] = rates.value(t, y)

    def evaluate(t, y, yp):
        return rates.jacobian(t, y)

    fill, options = _newton(evaluate, rates.sparse, (t0, y0, None), "cvode")

    def jacfn(t, y, yp, JJ):  # the solver checks the number of parameters
        fill(JJ, t, y, yp)

    return {"rhsfn": rhsfn, "jacfn": jacfn} | options


def ida(
    fun: Callable[..., Any],
    t0: float,
    y0: ArrayLike,
    yp0: ArrayLike,
    *,
    args: Any = (),
    sparse: bool | None = None,
) -> dict[str, Any]:
    """Return options of sksundae.ida.IDA for 0 = fun(t, y, dy/dt, *args).

    They are used as IDA(**ida(f, t0, y0, yp0)).

    Parameters: fun takes a number t and y and yp of shape (n,), and returns n residuals as an array
    or a list.  fun is first called at t0, y0 and yp0 of shape (n,); yp0 need not satisfy the
    equations.  args and sparse are as in :func:`cvode`; sparse refers to the matrix JJ below.

    Returns a dict of resfn(t, y, yp, res), jacfn(t, y, yp, res, cj, JJ) and linsolver, as
    :func:`cvode` does.  JJ is df/dy + cj df/dyp (Brenan, Campbell and Petzold, Numerical Solution
    of Initial-Value Problems in Differential-Algebraic Equations, 1996, ch. 5).  It is computed as
    one Jacobian, that of fun(t, y + z, yp + cj z) by z at 0, whose pattern is that of both parts.

    Errors and cost are those of :func:`cvode`; also ValueError for a yp0 of another shape than y0.

    >>> import numpy as np
    >>> from ad_core import solvers
    >>> options = solvers.ida(lambda t, y, yp: [yp[0] + y[0], y[0] + y[1] - 1], 0, [1, 0], [-1, 1])
    >>> J = np.zeros((2, 2))
    >>> options["jacfn"](0.0, np.ones(2), np.zeros(2), None, 10.0, J)
    >>> J
    array([[11.,  0.],
           [ 1.,  1.]])
    """
    t0, y0, yp0 = float(t0), start(y0, "y0"), start(yp0, "yp0")
    if yp0.shape != y0.shape:
        raise ValueError(f"yp0 must have the shape of y0, {y0.shape}, got {yp0.shape}")
    residual = array_function(fun, tupled(args))
    value = Gradual(lambda y, yp, t: residual(t, y, yp))
    shifted = Gradual(lambda z, y, yp, cj, t: residual(t, y + z, yp + cj * z))
    still = np.zeros(y0.size)
    check_like(fun, value(y0, yp0, t0), y0, "the residuals of the equations, one for each of y")

    def resfn(t, y, yp, res):
        res[:] = value(np.array(y), np.array(yp), float(t))

    def evaluate(t, y, yp, cj=1.0, sparse=None):
        sparse = chosen if sparse is None else sparse
        arrays = np.array(y), np.array(yp)
        return shifted.jacobian(still, *arrays, float(cj), float(t), sparse=sparse)

    chosen = is_sparse(sparse, y0.size**2, lambda: evaluate(t0, y0, yp0, sparse=True))
    fill, options = _newton(evaluate, chosen, (t0, y0, yp0), "ida")

    def jacfn(t, y, yp, res, cj, JJ):
        fill(JJ, t, y, yp, cj)

    return {"resfn": resfn, "jacfn": jacfn} | options


def _newton(evaluate, sparse, example, name):
    """(fill, options): fill(JJ, ...) writes evaluate(...) to JJ, options are the solver's."""

    def dense(JJ, *point):
        JJ[:] = evaluate(*point)

    if not sparse:
        return dense, {"linsolver": "dense"}
    matrices = needed("scipy.sparse", "scipy", f"{name} with sparse=True")
    structure = Structure(evaluate(*example), "columns")

    def compressed(JJ, *point):
        JJ[:] = structure.entries(evaluate(*point))

    places = structure.rows, structure.columns
    sparsity = matrices.csc_matrix((np.ones(structure.rows.size), places), shape=structure.shape)
    return compressed, {"linsolver": "sparse", "sparsity": sparsity}
