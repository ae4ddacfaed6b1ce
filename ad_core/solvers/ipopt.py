# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""Nonlinear programs for Ipopt with exact sparse derivatives, through the package cyipopt."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ad_core.programs.function import compile
from ad_core.solvers.arguments import needed, start
from ad_core.solvers.evaluation import Shared, sparse_matrix
from ad_core.solvers.ipopt_constraints import combined
from ad_core.solvers.structure import Structure

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray
    from scipy.optimize import OptimizeResult as _OptimizeResult

__all__ = ["IpoptProblem", "solve_ipopt"]

FIGURES = (
    "alg_mod", "iter_count", "obj_value", "inf_pr", "inf_du", "mu", "d_norm",
    "regularization_size", "alpha_du", "alpha_pr", "ls_trials",
)  # fmt: skip
MULTIPLIERS = {"mult_g": "lagrange", "mult_x_L": "zl", "mult_x_U": "zu"}


class IpoptProblem:
    """The callbacks that cyipopt.Problem takes as problem_obj, for n variables and m constraints.

    Parameters: objective(x, *args) returns one number, and constraints(x, *args) returns m numbers
    as an array or a list (None: no constraints), for x of shape (n,).  constraints may also be one
    or several in SciPy's forms (dicts, NonlinearConstraint, LinearConstraint), whose bounds are
    then cl and cu, (m,); these are None otherwise.  x0 of shape (n,) is the point at which they are
    recorded and the sparsity patterns are found.  sparse=None passes Ipopt the entries that are
    different from zero at some point, or all entries without SciPy.  sparse=False passes all
    entries, for functions whose branches have different patterns.  callback is called in each
    iteration with a dict of Ipopt's figures (iter_count, obj_value, inf_pr, inf_du, mu, ...); if it
    returns False, Ipopt ends.

    Raises TypeError for an x0 that does not hold real numbers, ValueError for results, points and
    multipliers of wrong shapes, and ValueError if a branch has derivatives outside the pattern.
    Cost: three recordings for each path.  At one x, the value and the gradient of the objective are
    computed together, and so are the constraints and their (dense) Jacobian.

    >>> import numpy as np
    >>> from ad_core import solvers
    >>> problem = solvers.IpoptProblem(lambda x: x[0] * x[1] ** 2, [1, 2], lambda x: x[:1] ** 2)
    >>> problem.n, problem.m, problem.jacobianstructure()
    (2, 1, (array([0]), array([0])))
    >>> problem.hessianstructure()
    (array([0, 1, 1]), array([0, 0, 1]))
    >>> problem.hessian(np.array([1.0, 2.0]), np.array([10.0]), 0.5)
    array([20.,  2.,  1.])
    """

    def __init__(
        self,
        objective: Callable[..., Any],
        x0: ArrayLike,
        constraints: Any = None,
        *,
        args: Any = (),
        sparse: bool | None = None,
        callback: Callable[[dict[str, Any]], Any] | None = None,
    ) -> None:
        if callback is not None and not callable(callback):
            raise TypeError(f"callback must be a function, got {type(callback).__name__}")
        self.x0 = start(x0)
        self.n, self.m = self.x0.size, 0
        self.cl = self.cu = None
        self._callback = callback
        own = args  # SciPy's forms have arguments of their own
        if not (constraints is None or callable(constraints)):
            constraints, bounds = combined(constraints)
            self.cl, self.cu = bounds(self.x0)
            own = ()
        self._objective = Shared(objective, args, scalar=True)
        self._objective.begin(self.x0)
        f, c = self._objective.plain, lambda x: np.zeros(0)
        if constraints is not None:
            self._constraints = Shared(constraints, own)
            self.m = self._constraints.begin(self.x0).size
            c = self._constraints.plain
        if self.m:
            self._jacobian_at = _structure(
                sparse,
                lambda: self._constraints.jacobian(self.x0, sparse=True),
                (self.m, self.n),
                "all",
            )
            self._constraints.sparse = self._jacobian_at.sparse
        else:
            self._jacobian_at = Structure((0, self.n))
        self._both = compile(lambda x: (f(x), c(x)))
        multipliers = 1.0, np.ones(self.m)
        self._hessian_at = _structure(
            sparse,
            lambda: self._both.lagrangian_hessian(self.x0, multipliers, sparse=True),
            (self.n, self.n),
            "lower",
        )

    def intermediate(self, *figures: Any) -> bool:
        """Ipopt's report of an iteration, which goes to the callback; False ends the solve."""
        if self._callback is None:
            return True
        return self._callback(dict(zip(FIGURES, figures, strict=True))) is not False

    def objective(self, x: ArrayLike) -> np.float64:
        """The objective at x of shape (n,): a number."""
        return self._objective.value(x)

    def gradient(self, x: ArrayLike) -> NDArray[np.float64]:
        """The gradient of the objective at x, (n,)."""
        return self._objective.derivative(x)

    def constraints(self, x: ArrayLike) -> NDArray[np.float64]:
        """The constraints at x, (m,)."""
        return self._constraints.value(x) if self.m else np.zeros(0)

    def jacobianstructure(self) -> tuple[NDArray[np.integer], NDArray[np.integer]]:
        """(rows, columns) of the entries of the constraints' Jacobian, row by row."""
        return self._jacobian_at.rows, self._jacobian_at.columns

    def jacobian(self, x: ArrayLike) -> NDArray[np.float64]:
        """The entries of the constraints' Jacobian at x, in the order of jacobianstructure()."""
        if not self.m:
            return np.zeros(0)
        return self._jacobian_at.entries(self._constraints.derivative(x))

    def hessianstructure(self) -> tuple[NDArray[np.integer], NDArray[np.integer]]:
        """(rows, columns) of the entries in the lower triangle of the Lagrangian's Hessian."""
        return self._hessian_at.rows, self._hessian_at.columns

    def hessian(self, x: ArrayLike, lagrange: ArrayLike, obj_factor: float) -> NDArray[np.float64]:
        """The entries of the Hessian of obj_factor * objective + lagrange @ constraints at x.

        lagrange: (m,).  The order is that of hessianstructure().
        """
        v = np.asarray(lagrange, dtype=np.float64)
        if v.shape != (self.m,):
            raise ValueError(f"lagrange must have shape ({self.m},), got {v.shape}")
        x, at = self._objective.point(x), self._hessian_at
        multipliers = float(obj_factor), v
        return at.entries(self._both.lagrangian_hessian(x, multipliers, sparse=at.sparse))


def solve_ipopt(
    objective: Callable[..., Any],
    x0: ArrayLike,
    constraints: Any = None,
    *,
    lb: ArrayLike | None = None,
    ub: ArrayLike | None = None,
    cl: ArrayLike | None = None,
    cu: ArrayLike | None = None,
    args: Any = (),
    sparse: bool | None = None,
    options: dict[str, Any] | None = None,
    warm_start: Any = None,
    callback: Callable[[dict[str, Any]], Any] | None = None,
) -> _OptimizeResult:
    """Minimise objective(x, *args) with lb <= x <= ub, cl <= constraints(x, *args) <= cu by Ipopt.

    Parameters: those of :class:`IpoptProblem`.  lb and ub are numbers or of shape (n,), cl and cu
    numbers or of shape (m,) (None: no bound); constraints in SciPy's forms have their own bounds.
    options is a dict of Ipopt's options, such as {"print_level": 0}.  warm_start is the info of a
    solve of a problem of the same sizes, or a dict of some of its multipliers "mult_g" (m,),
    "mult_x_L" and "mult_x_U" (n,): Ipopt then starts from these, and from x0.

    Returns (x, info) as cyipopt does: x of shape (n,), and a dict with "status" (0: solved),
    "status_msg", "obj_val", "g" and the multipliers "mult_g", "mult_x_L", "mult_x_U".

    Raises the errors of IpoptProblem, ValueError for bounds and multipliers of wrong shapes, for
    constraints without bounds, and for options that Ipopt does not accept, and ImportError without
    cyipopt.  Cost: that of Ipopt and of IpoptProblem.

    >>> from ad_core import solvers
    >>> x, info = solvers.solve_ipopt(  # doctest: +SKIP
    ...     lambda x: x @ x, [2, 3], lambda x: x[0] * x[1], cl=1.0
    ... )
    >>> x  # doctest: +SKIP
    array([1., 1.])
    """
    cyipopt = needed("cyipopt", "cyipopt", "solve_ipopt")
    problem = IpoptProblem(objective, x0, constraints, args=args, sparse=sparse, callback=callback)
    if problem.cl is not None:
        if cl is not None or cu is not None:
            raise ValueError("constraints in SciPy's forms have their own bounds; leave out cl, cu")
        cl, cu = problem.cl, problem.cu
    elif problem.m and cl is None and cu is None:
        raise ValueError(
            "the constraints have no bounds; pass cl, cu or both (equal ones for equations)"
        )
    solver = cyipopt.Problem(
        n=problem.n, m=problem.m, problem_obj=problem,
        lb=_bound("lb", lb, problem.n, -np.inf), ub=_bound("ub", ub, problem.n, np.inf),
        cl=_bound("cl", cl, problem.m, -np.inf), cu=_bound("cu", cu, problem.m, np.inf),
    )  # fmt: skip
    given = _multipliers(warm_start, problem)
    if given:
        options = {"warm_start_init_point": "yes", **(options or {})}
    for name, value in (options or {}).items():
        try:
            solver.add_option(name, value)
        except TypeError as error:
            raise ValueError(
                f"Ipopt does not accept the option {name!r} with the value {value!r}"
            ) from error
    return solver.solve(problem.x0, **given)


def _multipliers(warm_start, problem):
    """The arguments of cyipopt's solve for a warm start."""
    given = {}
    for name, argument in MULTIPLIERS.items():
        size = problem.m if name == "mult_g" else problem.n
        if warm_start is not None and name in warm_start:
            found = np.array(warm_start[name], dtype=np.float64)
            if found.shape != (size,):
                raise ValueError(f"{name} must have shape ({size},), got {found.shape}")
            given[argument] = found
    if warm_start is not None and not given:
        raise ValueError(f"warm_start has none of {', '.join(MULTIPLIERS)}")
    return given


def _structure(sparse, matrix, shape, part):
    found = None if sparse is False else matrix() if sparse else sparse_matrix(matrix)
    return Structure(shape if found is None else found, part)


def _bound(name, bound, size, default):
    bound = np.asarray(default if bound is None else bound, dtype=np.float64)
    if bound.shape not in ((), (size,)):
        raise ValueError(f"{name} must be a number or have shape ({size},), got {bound.shape}")
    return np.broadcast_to(bound, (size,)).copy()
