# SPDX-License-Identifier: Apache-2.0
"""Calls of scipy.optimize."""

import numpy as np
import scipy.optimize as so

from scipy_rows import Call

MODULE = so
T = np.linspace(0.0, 1.0, 7)
Y = 2.0 * np.exp(-T) + 0.1 * np.sin(20.0 * T)
M = np.array([[1.0, 2.0, 0.5], [0.3, -1.0, 2.0], [1.0, 1.0, 1.0], [0.2, 0.1, -3.0]])
E = 1e-13
x2 = [0.7, 0.4]
start = np.ones(2)


def cubic(r, a):
    return r**3 - a


def pair(u, x):
    return np.array([u[0] + u[1] * x[0] - 1.0, u[0] * u[1] - 0.1 * x[1]])


def bowl(u, x):
    return np.sum((u - x) ** 4 + (u - 2.0 * x) ** 2) + 0.3 * u[0] * u[1]


def well(u, x):
    return (u - x[0]) ** 4 + u * u * x[1]


def residual(u, x):
    return np.append(u - x, 0.1 * u**2)


def decay(T, a, b):
    return a * np.exp(-b * T)


def decay_slopes(T, a, b):
    return np.stack([np.exp(-b * T), -a * T * np.exp(-b * T)], axis=-1)


def bracketed(solver):
    return [
        Call(lambda x: solver(lambda r: cubic(r, x[0] * x[1]), 0.0, 9.0, xtol=E), x2),
        Call(lambda x: solver(cubic, 0.0, 9.0, (x[0],), xtol=E, full_output=True)[1].root, x2),
    ]


def iterated(solver):
    start = [0.9, 0.05]
    return [Call(lambda x: solver(lambda u: pair(u, x), start, f_tol=1e-12, maxiter=500), x2)]


def mixed(solver):
    f = lambda u, x: np.cos(u * x) - u  # noqa: E731
    return Call(lambda x: solver(lambda u: f(u, x), [0.5, 0.5], f_tol=1e-12, alpha=0.7), x2)


def smallest(method, x, **options):
    return so.minimize(bowl, start, args=(x,), method=method, tol=1e-14, **options).x


LOOSE = {"tolerance": 1e-4}  # SciPy's own minimum has few digits
FIT = {"xtol": 1e-15, "ftol": 1e-15, "gtol": 1e-15}
SHORT = {"xtol": 1e-15, "ftol": 1e-15}
BOX = [(-1.0, 1.0), (-1.0, 1.0)]
EQUAL = {"type": "eq", "fun": lambda u, a: u[0] + u[1] * a - 1.0}

ROWS = {
    "brentq": bracketed(so.brentq),
    "brenth": bracketed(so.brenth),
    "bisect": bracketed(so.bisect),
    "ridder": bracketed(so.ridder),
    "toms748": bracketed(so.toms748),
    "newton": [
        Call(lambda x: so.newton(lambda r: r**3 - x[0], 1.0, tol=E), x2),
        Call(lambda x: so.newton(cubic, x[1], lambda r, a: 3 * r * r, (x[0],), tol=E), x2),
        Call(lambda x: so.newton(lambda r: r**3 - x, np.ones(2), tol=E), x2),
        Call(lambda x: so.newton(cubic, 1.0, args=(x[0],), tol=E, full_output=True)[1].root, x2),
    ],
    "root_scalar": [
        Call(lambda x: so.root_scalar(cubic, (x[0],), bracket=(0.0, 9.0), xtol=E).root, x2),
        Call(lambda x: so.root_scalar(
            lambda r: (r**3 - x[0], 3 * r * r), x0=1.0, fprime=True, xtol=E).root, x2),
        Call(lambda x: so.root_scalar(cubic, (x[0],), x0=1.0, x1=1.2, xtol=E).root, x2),
    ],
    "fsolve": [
        Call(lambda x: so.fsolve(lambda u: pair(u, x), [1.0, 0.1], xtol=E), x2),
        Call(lambda x: so.fsolve(lambda u: list(pair(u, x)), [1.0, 0.1], xtol=E), x2),
        Call(lambda x: so.fsolve(
            pair, [1.0, 0.1], args=(x,), xtol=E, full_output=1)[1]["fvec"], x2),
    ],
    "root": [
        Call(lambda x: so.root(pair, [1.0, 0.1], args=(x,), tol=E).x, x2),
        Call(lambda x: so.root(pair, [1.0, 0.1], args=(x,), tol=E, method="lm").x, x2),
        Call(lambda x: so.root(pair, [0.9, 0.05], args=(x,), tol=1e-12, method="krylov").x, x2),
    ],
    "fixed_point": [
        Call(lambda x: so.fixed_point(lambda u: np.cos(u * x), [0.5, 0.5], xtol=1e-12), x2),
        Call(lambda x: so.fixed_point(lambda u, a: np.cos(u * a), 0.5, (x[0],), xtol=1e-12), x2),
    ],
    "anderson": iterated(so.anderson),
    "broyden1": iterated(so.broyden1),
    "broyden2": iterated(so.broyden2),
    "diagbroyden": iterated(so.diagbroyden),
    "excitingmixing": [mixed(so.excitingmixing)],
    "linearmixing": [mixed(so.linearmixing)],
    "newton_krylov": iterated(so.newton_krylov),
    "minimize": [
        Call(lambda x: smallest("BFGS", x), x2, **LOOSE),
        Call(lambda x: so.minimize(bowl, start, (x,), tol=1e-14).fun, x2, **LOOSE),
        Call(lambda x: smallest("Nelder-Mead", x), x2, **LOOSE),
        Call(lambda x: smallest("L-BFGS-B", x, bounds=[(None, x[0] * x[1]), (0, None)]), x2,
             **LOOSE),
        Call(lambda x: smallest(None, x, constraints={**EQUAL, "args": (x[0],)}), x2, **LOOSE),
        Call(lambda x: smallest("SLSQP", x, constraints=so.LinearConstraint(
            [[1.0, 1.0]], -1.0, 0.5 * x[0])), x2, **LOOSE),
        Call(lambda x: smallest("SLSQP", x, constraints=[so.NonlinearConstraint(
            lambda u: u[0] + u[1] ** 2, -1.0, 0.5 * x[0])]), x2, tolerance=1e-3),
    ],
    "minimize_scalar": [
        Call(lambda x: so.minimize_scalar(well, args=(x,), tol=1e-12).x, x2, **LOOSE),
        Call(lambda x: so.minimize_scalar(well, bounds=(-1, 1), args=(x,), tol=1e-12).x, x2,
             **LOOSE),
        Call(lambda x: so.minimize_scalar(well, bounds=(x[0], 2), args=(x,), tol=1e-10).x, x2,
             **LOOSE),
        Call(lambda x: so.minimize_scalar(well, args=(x,), tol=1e-12).fun, x2, **LOOSE),
    ],
    "brent": [Call(lambda x: so.brent(well, (x,), tol=1e-12), x2, **LOOSE)],
    "golden": [Call(lambda x: so.golden(well, (x,), tol=1e-12), x2, **LOOSE)],
    "fminbound": [Call(lambda x: so.fminbound(well, -1, 1, (x,), xtol=1e-12), x2, **LOOSE)],
    "fmin": [Call(lambda x: so.fmin(bowl, start, (x,), 1e-13, 1e-16, disp=0), x2, **LOOSE)],
    "fmin_powell": [
        Call(lambda x: so.fmin_powell(bowl, start, (x,), 1e-12, 1e-15, disp=0), x2, **LOOSE)
    ],
    "fmin_bfgs": [
        Call(lambda x: so.fmin_bfgs(bowl, start, args=(x,), gtol=1e-9, disp=0), x2, **LOOSE)
    ],
    "fmin_cg": [Call(lambda x: so.fmin_cg(bowl, start, args=(x,), gtol=1e-7, disp=0), x2, **LOOSE)],
    "fmin_ncg": [
        Call(lambda x: so.fmin_ncg(
            lambda u: np.sum((u - x) ** 4 + u**2), start, lambda u: 4 * (u - x) ** 3 + 2 * u,
            avextol=1e-13, disp=0), x2, **LOOSE),
    ],
    "fmin_l_bfgs_b": [
        Call(lambda x: so.fmin_l_bfgs_b(
            bowl, start, args=(x,), approx_grad=1, pgtol=1e-12, factr=1)[0], x2, **LOOSE),
    ],
    "least_squares": [
        Call(lambda x: so.least_squares(residual, start, args=(x,), **FIT).x, x2),
        Call(lambda x: so.least_squares(residual, start, args=(x,), **FIT).cost, x2),
        Call(lambda x: so.least_squares(residual, start, args=(x,), **FIT).fun, x2),
        Call(lambda x: so.least_squares(
            residual, 0.1 * start, args=(x,), bounds=([-1, -1], [0.5 * x[0], 2]), **FIT).x, x2),
        Call(lambda x: so.least_squares(
            residual, start, args=(x,), loss="soft_l1", f_scale=0.3, **FIT).x, x2, **LOOSE),
    ],
    "leastsq": [Call(lambda x: so.leastsq(residual, start, (x,), **SHORT)[0], x2)],
    "curve_fit": [
        Call(lambda x: so.curve_fit(decay, T, Y * x[0] + x[1], **SHORT)[0], x2, **LOOSE),
        Call(lambda x: so.curve_fit(decay, T, Y, sigma=1 + x[0] * T + x[1], **SHORT)[0], x2,
             **LOOSE),
        Call(lambda x: so.curve_fit(
            decay, T, Y * x[0] + x[1], jac=decay_slopes, **SHORT)[1], x2, exact=False,
             second=False, **LOOSE),
        Call(lambda x: so.curve_fit(
            decay, T, Y * x[0] + x[1], [1.0, 0.1], bounds=([0, 0], [3, 0.5]), **SHORT)[0], x2,
            **LOOSE),
    ],
    "nnls": [
        Call(lambda x: so.nnls(M, np.stack([x[0], 1.0, -x[1], -2.0]))[0], x2),
        Call(lambda x: so.nnls(M * x[0], np.stack([x[0], 1.0, -x[1], -2.0]))[1], x2, exact=False),
    ],
    "lsq_linear": [
        Call(lambda x: so.lsq_linear(
            M, np.stack([x[0], 1.0, -x[1], -2.0]), bounds=(0, x[0])).x, x2),
    ],
    "linprog": [
        Call(lambda x: so.linprog(
            np.stack([-1.0, -x[0]]), [[1.0, 1.0], [1.0, 3.0]], np.stack([4.0, 6.0 + x[1]])).fun, x2,
            second=False),
        Call(lambda x: so.linprog(
            np.stack([-1.0, -2.0 * x[0]]), [[1.0, 1.0], [1.0, 3.0]],
            np.stack([4.0, 6.0 + x[1]])).x, x2),
    ],
    "linear_sum_assignment": [
        Call(lambda x: np.sum((M[:3] * x[0])[so.linear_sum_assignment(M[:3] * x[0])]) * x[1], x2),
    ],
    "differential_evolution": [
        Call(lambda x: so.differential_evolution(bowl, BOX, (x,), popsize=5, rng=1).x, x2,
             tolerance=1e-2),
    ],
    "dual_annealing": [
        Call(lambda x: so.dual_annealing(bowl, BOX, (x,), 5, rng=1).x, x2, tolerance=1e-2)
    ],
    "shgo": [Call(lambda x: so.shgo(bowl, BOX, (x,)).x, x2, tolerance=1e-2)],
    "basinhopping": [
        Call(lambda x: so.basinhopping(lambda u: bowl(u, x), start, 2, rng=1).x, x2, tolerance=1e-2)
    ],
    "rosen": [Call(so.rosen, x2, tolerance=1e-5)],
    "rosen_der": [Call(so.rosen_der, x2)],
    "rosen_hess": [Call(so.rosen_hess, x2)],
    "rosen_hess_prod": [Call(lambda x: so.rosen_hess_prod(x, np.array([1.0, 2.0])), x2)],
}  # fmt: skip

PLAIN = [
    "BFGS", "Bounds", "BroydenFirst", "HessianUpdateStrategy", "InverseJacobian",
    "KrylovJacobian", "LbfgsInvHessProduct", "LinearConstraint", "NoConvergence",
    "NonlinearConstraint", "OptimizeResult", "OptimizeWarning", "RootResults", "SR1",
    "linprog_verbose_callback", "show_options",
]  # fmt: skip


def _square(u):
    return np.sum((np.asarray(u) - 1.0) ** 2)


REFUSED = {
    "approx_fprime": lambda x: so.approx_fprime(x, _square),
    "bracket": lambda x: so.bracket(lambda u: (u - x[0]) ** 2)[0],
    "brute": lambda x: so.brute(lambda u: bowl(u, x), BOX),
    "check_grad": lambda x: so.check_grad(_square, lambda u: 2.0 * (u - 1.0), x),
    "direct": lambda x: so.direct(lambda u: bowl(u, x), BOX).x,
    "fmin_cobyla": lambda x: so.fmin_cobyla(lambda u: bowl(u, x), start, [lambda u: u[0]]),
    "fmin_slsqp": lambda x: so.fmin_slsqp(lambda u: bowl(u, x), start, disp=0),
    "fmin_tnc": lambda x: so.fmin_tnc(lambda u: bowl(u, x), start, approx_grad=True, disp=0)[0],
    "isotonic_regression": lambda x: so.isotonic_regression(x).x,
    "line_search": lambda x: so.line_search(_square, lambda u: 2 * (u - 1), x, -x)[0],
    "milp": lambda x: so.milp(x).x,
    "quadratic_assignment": lambda x: so.quadratic_assignment(np.outer(x, x), np.eye(2)).fun,
}  # fmt: skip
