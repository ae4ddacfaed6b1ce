# SPDX-License-Identifier: Apache-2.0
"""What SciPy's method trust-constr needs beside derivatives: Jacobians of one kind, and its end."""

import inspect

import numpy as np

from ad_core.solvers.constraints import exact_of
from ad_core.solvers.evaluation import DENSITY, LEAST

__all__ = ["of_one_kind", "run_to_the_end"]

TOLERANCE = 1e-8  # SciPy's gtol and barrier_tol
MESSAGES = {1: "`gtol` termination condition is satisfied.",
            2: "`xtol` termination condition is satisfied."}  # fmt: skip


def of_one_kind(constraints, options, x0):
    """(constraints, options), where all constraints have sparse Jacobians or all have dense ones.

    The method refuses a mixture.  The kind is chosen by all entries together, those of
    LinearConstraints included, unless the user's option sparse_jacobian says it.
    """
    inner = dict(options.get("options") or {})
    sparse = inner.get("sparse_jacobian")
    exact = [exact_of(constraint) for constraint in constraints]
    if sparse is None and constraints:
        wanted = any(one is not None and one.wanted for one in exact)
        sparse = inner["sparse_jacobian"] = wanted or _is_sparse(constraints, exact, x0)
    for one in exact:
        if one is not None and one.wanted is None:
            one.settle(x0, sparse)
    return constraints, {**options, "options": inner}


def _is_sparse(constraints, exact, x0):
    """Whether few of all entries of the Jacobians are different from zero."""
    found = [
        _matrix(constraint, x0) if one is None else None
        for constraint, one in zip(constraints, exact, strict=True)
    ]
    sizes = [
        np.prod(np.shape(matrix)) if one is None else one.entries(x0)
        for matrix, one in zip(found, exact, strict=True)
    ]
    size = sum(sizes)
    if size < LEAST:
        return False
    filled = sum(
        _filled(matrix) if one is None else one.filled(x0)
        for matrix, one in zip(found, exact, strict=True)
    )
    return bool(filled < DENSITY * size)


def _matrix(constraint, x0):
    """The matrix of a LinearConstraint, or a user's own Jacobian at x0."""
    if isinstance(constraint, dict):
        jac = constraint.get("jac")
        return np.atleast_2d(jac(x0, *constraint.get("args", ())) if callable(jac) else [])
    found = constraint.A if hasattr(constraint, "A") else constraint.jac(x0)
    return found if hasattr(found, "nnz") else np.atleast_2d(found)


def _filled(matrix):
    return matrix.nnz if hasattr(matrix, "nnz") else np.count_nonzero(matrix)


def run_to_the_end(minimize, fun, x0, constraints, options):
    """Run trust-constr until its barrier parameter is small as well as its gradient.

    SciPy ends as soon as the Lagrangian's gradient is below gtol, which does not test whether
    multipliers and slacks are complementary: exact derivatives get there while the barrier
    parameter is still 0.1.  So SciPy's test is switched off, and carried out at each iteration
    together with that of the barrier parameter.
    """
    inner, tol = dict(options["options"]), options.get("tol")
    default = TOLERANCE if tol is None else tol
    gtol, barrier = inner.get("gtol", default), inner.get("barrier_tol", default)
    theirs = _called(options.get("callback"))
    reached = False

    def after_each(intermediate_result):
        nonlocal reached
        state = intermediate_result
        small = state.optimality < gtol and state.constr_violation < gtol
        reached = small and state.get("barrier_parameter", 0.0) <= barrier
        return bool(theirs(state)) or reached

    found = minimize(
        fun, x0, method="trust-constr", constraints=constraints,
        **{**options, "callback": after_each, "options": {**inner, "gtol": 0.0}},
    )  # fmt: skip
    if found.status == 3 and reached:
        found.status = 1
    elif found.status == 4 and found.constr_violation <= gtol:
        found.status = 2
    found.success = found.status in MESSAGES
    found.message = MESSAGES.get(found.status, found.message)
    return found


def _called(callback):
    """A user's callback as a function of the state, in either of SciPy's two forms."""
    if callback is None:
        return lambda state: False
    if set(inspect.signature(callback).parameters) == {"intermediate_result"}:
        return lambda state: callback(intermediate_result=state)
    return lambda state: callback(np.copy(state.x), state)
