# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""scipy.optimize.root with exact Jacobians, and a Newton method for sparse ones."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ad_core import _core
from ad_core.errors import NotDifferentiable
from ad_core.solvers.arguments import bound, needed, refuse_given, start, tupled
from ad_core.solvers.evaluation import LEAST, Shared
from ad_core.solvers.hybrid import hybrid
from ad_core.solvers.sparse_newton import sparse_newton

if TYPE_CHECKING:
    from numpy.typing import ArrayLike
    from scipy.optimize import OptimizeResult as _OptimizeResult

__all__ = ["root"]

NEWTONIAN = ("hybr", "lm")  # SciPy's other methods do not use a Jacobian
DIFFERENCES = ("eps", "band", "col_deriv")  # SciPy's options for the Jacobian
NEWTON_OPTIONS = ("xtol", "maxiter")


def root(
    fun: Callable[..., Any],
    x0: ArrayLike,
    *,
    method: str | None = None,
    args: Any = (),
    tol: float | None = None,
    sparse: bool | None = None,
    options: dict[str, Any] | None = None,
    **others: Any,
) -> _OptimizeResult:
    """Solve fun(x, *args) = 0 by scipy.optimize.root, with fun's exact Jacobian.

    Parameters: fun takes x of shape (n,) and returns n numbers as an array (n,) or a list; an
    ad_core.Function keeps its recordings between solves.

    method: None is "newton" if the Jacobian is sparse, and "hybr" otherwise, or if options are
    given.  "newton" is Newton's method with a line search and SciPy's sparse factors; with
    method=None, "hybr" follows if it finds no solution.  "hybr" is Powell's hybrid method, with
    the options and the result of SciPy's; if fun is NaN or infinite where it is tried, steps are
    shortened, and status is 6 if that does not help.  "hybr" and "lm" use the dense Jacobian ("lm"
    also for m > n equations); SciPy's other methods, such as "krylov", use none.

    x0 of shape (n,), or a number.  A start of more axes is what it is in SciPy: "hybr" and "lm"
    call fun with a vector; "newton" and the others call it with x0's shape, which the result has.

    sparse: whether the Jacobian is sparse; None makes it sparse if it has at least 10,000 entries,
    less than 20 % of them different from zero.  tol, options and others are those of SciPy's root,
    except jac, eps, band and col_deriv; "newton" has the options xtol and maxiter.  Returns SciPy's
    OptimizeResult.

    Raises TypeError for an x0 that does not hold real numbers and for the options named, ValueError
    for results and options that are wrong, and ImportError without SciPy.  Cost: for "hybr" and
    "lm" with fewer than 100 unknowns, one recording where all points take the same path, which is
    evaluated at the other points.  Otherwise values are fun's own and Jacobians one-shot, until
    programs for them pay.

    >>> import numpy as np
    >>> from ad_core import solvers
    >>> solvers.root(lambda x: [x[0] + 0.5 * (x[0] - x[1]) ** 3 - 1.0, x[0] + x[1] - 2.0], [0, 0]).x
    array([1., 1.])
    """
    optimize = needed("scipy.optimize", "scipy", "root")
    refuse_given(others, ["jac"], "root")
    name = None if method is None else str(method).lower()
    if name in (None, "newton", *NEWTONIAN):
        refuse_given(options or {}, DIFFERENCES, "root")
    args, x0 = tupled(args), start(x0, shaped=True)
    if type(x0) is not np.ndarray:
        raise NotDifferentiable(
            "root was called by a function that is being differentiated, and its result would be "
            "a constant; use ad_core.implicit.root, whose result has derivatives"
        )
    if _is_small(fun, x0, name, sparse, options):
        equations, x0 = _recorded(fun, args, x0.size), x0.ravel()
        if name != "lm":
            _refuse_others(others)
            return hybrid(fun, equations, x0, tol, options)
        _check_count(fun, np.size(equations.value(x0)), x0.size, name)
        return optimize.root(
            equations.value, x0, jac=equations.jacobian, method=name, tol=tol, options=options,
            **others,
        )  # fmt: skip
    shape = (x0.size,) if name in (None, *NEWTONIAN) else x0.shape
    shared = Shared(fun if len(shape) == 1 else _of_vector(fun, shape), args, together=False)
    x0 = x0.ravel()
    exact = name in (None, "newton") and (name or options is None)
    _check_count(fun, shared.begin(x0, sparse if exact else False).size, x0.size, name)
    if name == "newton" or shared.sparse:
        found = sparse_newton(shared.value, shared.derivative, x0, **_newtons(tol, options))
        if found.success or name == "newton":
            found.x, found.fun = found.x.reshape(shape), found.fun.reshape(shape)
            return found
        shared.sparse = False
    if name in (None, "hybr"):
        _refuse_others(others)
        equations = _core.Equations(_light(shared, fun, args), x0.size, lambda: shared, False)
        return hybrid(fun, equations, x0, tol, options)
    if name == "lm":
        value, jac = _light(shared, fun, args), shared.derivative
    else:
        x0, jac = x0.reshape(shape), None
        value = _of_shape(shared.value, shape)
    return optimize.root(value, x0, jac=jac, method=name, tol=tol, options=options, **others)


def _check_count(fun, m, n, name):
    """Raise ValueError unless there is an equation for each unknown; "lm" takes more."""
    if m < n or (m > n and name != "lm"):
        raise ValueError(
            f"{_core.name_of(fun)} must return {n} numbers, one equation for each unknown in x0, "
            f"got {m}"
        )


def _is_small(fun, x0, name, sparse, options):
    """Whether the method takes a dense Jacobian, and there are too few unknowns for another."""
    if name not in (None, *NEWTONIAN) or isinstance(fun, _core.Evaluator) or x0.size**2 >= LEAST:
        return False
    return not sparse or name in NEWTONIAN or options is not None


def _recorded(fun, args, n):
    """The equations of a small function, which is recorded at the start."""
    if not callable(fun):
        raise TypeError(f"the function must be callable, got {type(fun).__name__}")

    def unrecorded():
        shared = Shared(fun, args, together=False)
        shared.n = n
        return shared

    return _core.Equations(bound(fun, args), n, unrecorded, True)


def _refuse_others(others):
    """As SciPy's root does for "hybr"."""
    if others.pop("callback", None) is not None:
        text = "Method hybr does not accept callback."
        warnings.warn(text, RuntimeWarning, stacklevel=3)
    for name in others:
        raise TypeError(f"root() got an unexpected keyword argument {name!r}")


def _light(shared, fun, args):
    """The values for a solver that accepts lists and compares the shapes itself."""
    return shared.value if shared.kept else shared.function.light(bound(fun, args), shared.value)


def _of_vector(fun, shape):
    """fun as a function from vectors to vectors."""

    def closed(x, *args):
        return np.ravel(fun(np.reshape(x, shape), *args))

    closed.__name__ = closed.__qualname__ = _core.name_of(fun)
    return closed


def _of_shape(fun, shape):
    return lambda x: fun(np.ravel(x)).reshape(shape) if len(shape) > 1 else fun(x)


def _newtons(tol, options):
    """The arguments of sparse_newton, which has no others than these options."""
    given = {} if tol is None else {"xtol": tol}
    given |= options or {}
    for name in given:
        if name not in NEWTON_OPTIONS:
            raise TypeError(f"root with method='newton' has no option {name!r}, only xtol, maxiter")
    return given
