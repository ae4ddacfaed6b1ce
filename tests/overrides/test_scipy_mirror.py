# SPDX-License-Identifier: Apache-2.0
"""ad_core.scipy compared with SciPy, mpmath and finite differences: values, first and second
derivatives, recordings at new points and errors; SciPy's own ufuncs on traced arrays."""

import subprocess
import sys
import weakref

import mpmath
import numpy as np
import pytest
import scipy.linalg as sl
import scipy.special as sp

import ad_core
from ad_core.scipy import linalg, special
from agreement import refused

_rng = np.random.default_rng(21)
A = _rng.normal(size=(4, 4))
S = A @ A.T + 4.0 * np.eye(4)
T = A + 3.0 * np.eye(4)
B, STACK = _rng.normal(size=(4, 2)), _rng.normal(size=(2, 3, 3))
b = B[:, 0]

REAL, POSITIVE = np.array([-1.3, -0.4, 0.2, 0.9, 2.1]), np.array([0.15, 0.4, 1.1, 2.6, 7.3])
UNIT, INNER = np.array([0.07, 0.3, 0.5, 0.76, 0.95]), np.array([-0.8, -0.3, 0.1, 0.6, 0.92])
LARGE = np.array([-700.0, -40.0, 0.0, 35.0, 720.0])

# Function, points, and the corresponding function of mpmath.
POINTS = {
    "gamma": (np.array([-1.4, 0.3, 1.0, 2.5, 6.0]), mpmath.gamma),
    "gammaln": (POSITIVE, mpmath.loggamma),
    "loggamma": (POSITIVE, mpmath.loggamma),
    "rgamma": (np.array([-1.4, 0.3, 1.0, 2.5]), mpmath.rgamma),
    "digamma": (POSITIVE, mpmath.digamma),
    "psi": (np.array([-1.4, 0.3, 4.0]), mpmath.digamma),
    "erf": (REAL, mpmath.erf),
    "erfc": (REAL, mpmath.erfc),
    "erfi": (REAL, mpmath.erfi),
    "erfcx": (REAL, lambda x: mpmath.exp(x * x) * mpmath.erfc(x)),
    "dawsn": (REAL, lambda x: mpmath.sqrt(mpmath.pi) / 2 * mpmath.exp(-x * x) * mpmath.erfi(x)),
    "erfinv": (INNER, mpmath.erfinv),
    "erfcinv": (UNIT, lambda x: mpmath.erfinv(1 - x)),
    "expit": (REAL, lambda x: 1 / (1 + mpmath.exp(-x))),
    "logit": (UNIT, lambda x: mpmath.log(x / (1 - x))),
    "log_expit": (REAL, lambda x: -mpmath.log(1 + mpmath.exp(-x))),
    "j0": (POSITIVE, lambda x: mpmath.besselj(0, x)),
    "j1": (POSITIVE, lambda x: mpmath.besselj(1, x)),
    "y0": (POSITIVE, lambda x: mpmath.bessely(0, x)),
    "y1": (POSITIVE, lambda x: mpmath.bessely(1, x)),
    "i0": (REAL, lambda x: mpmath.besseli(0, x)),
    "i1": (REAL, lambda x: mpmath.besseli(1, x)),
    "i0e": (REAL, lambda x: mpmath.besseli(0, x) * mpmath.exp(-abs(x))),
    "i1e": (REAL, lambda x: mpmath.besseli(1, x) * mpmath.exp(-abs(x))),
    "k0": (POSITIVE, lambda x: mpmath.besselk(0, x)),
    "k1": (POSITIVE, lambda x: mpmath.besselk(1, x)),
    "k0e": (POSITIVE, lambda x: mpmath.besselk(0, x) * mpmath.exp(x)),
    "k1e": (POSITIVE, lambda x: mpmath.besselk(1, x) * mpmath.exp(x)),
    "entr": (POSITIVE, lambda x: -x * mpmath.log(x)),
    "ndtr": (REAL, mpmath.ncdf),
    "log_ndtr": (np.array([-30.0, -1.0, 0.3, 4.0]), lambda x: mpmath.log(mpmath.ncdf(x))),
    "ndtri": (UNIT, lambda x: mpmath.sqrt(2) * mpmath.erfinv(2 * x - 1)),
    "exp1": (POSITIVE, mpmath.e1),
    "expi": (POSITIVE, mpmath.ei),
}
# Functions whose first argument is not differentiated.
ORDERED = {
    "polygamma": (1, POSITIVE, mpmath.polygamma),
    "jv": (2.5, POSITIVE, mpmath.besselj),
    "jn": (3, POSITIVE, mpmath.besselj),
    "yv": (1.5, POSITIVE, mpmath.bessely),
    "yn": (2, POSITIVE, mpmath.bessely),
    "iv": (1.5, POSITIVE, mpmath.besseli),
    "kv": (1.5, POSITIVE, mpmath.besselk),
    "ive": (1.5, POSITIVE, lambda v, x: mpmath.besseli(v, x) * mpmath.exp(-x)),
    "kve": (1.5, POSITIVE, lambda v, x: mpmath.besselk(v, x) * mpmath.exp(x)),
    "gammainc": (1.7, POSITIVE, lambda a, x: mpmath.gammainc(a, 0, x, regularized=True)),
    "gammaincc": (1.7, POSITIVE, lambda a, x: mpmath.gammainc(a, x, regularized=True)),
}
PAIRS = {
    "beta": mpmath.beta,
    "betaln": lambda a, b: mpmath.log(mpmath.beta(a, b)),
    "xlogy": lambda x, y: x * mpmath.log(y),
    "xlog1py": lambda x, y: x * mpmath.log(1 + y),
    "rel_entr": lambda x, y: x * mpmath.log(x / y),
    "kl_div": lambda x, y: x * mpmath.log(x / y) - x + y,
}


def close(found, expected, tolerance=1e-11):
    np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance)


def derivative(f, x, n):
    with mpmath.workdps(25):
        return float(mpmath.re(mpmath.diff(f, mpmath.mpf(float(x)), n)))


def examine(f, exact, x):
    """Values and three derivatives of an elementwise function; a tape at new points."""
    value, tangent = ad_core.jvp(f, (x,), (np.ones(x.shape),))
    close(value, [derivative(exact, t, 0) for t in x])
    close(tangent, [derivative(exact, t, 1) for t in x])
    (gradient,) = ad_core.vjp(f, x)[1](np.ones(x.shape))
    close(gradient, tangent, 1e-14)
    second = np.diag(ad_core.hessian(lambda x: np.sum(f(x)))(x))
    close(second[:2], [derivative(exact, t, 2) for t in x[:2]], 1e-9)
    third = ad_core.grad(ad_core.grad(ad_core.grad(f)))(x[1])
    close(third, derivative(exact, x[1], 3), 1e-7)
    near = x + 0.01
    compiled = ad_core.compile(f)
    close(compiled(x), value, 1e-13)
    J = compiled.jacobian(np.stack([x, near]), batch_dims=1)
    close(J[1], ad_core.jacobian(f)(near), 1e-12)


@pytest.mark.parametrize("name", POINTS)
def test_functions_of_one_variable(name):
    x, exact = POINTS[name]
    f = getattr(special, name)
    np.testing.assert_array_equal(f(x), getattr(sp, name)(x))
    close(ad_core.jvp(f, (x,), (x,))[0], getattr(sp, name)(x), 1e-14)
    examine(f, exact, x)


@pytest.mark.parametrize("name", ORDERED)
def test_functions_of_an_order_and_a_variable(name):
    order, x, exact = ORDERED[name]
    f = getattr(special, name)
    np.testing.assert_array_equal(f(order, x), getattr(sp, name)(order, x))
    examine(lambda x: f(order, x), lambda x: exact(order, x), x)


def test_betainc():
    exact = mpmath.betainc
    examine(
        lambda x: special.betainc(1.5, 2.5, x),
        lambda x: exact(1.5, 2.5, 0, x, regularized=True),
        UNIT,
    )


@pytest.mark.parametrize("name", PAIRS)
def test_functions_of_two_variables(name):
    f, exact, x, y = getattr(special, name), PAIRS[name], POSITIVE, POSITIVE[::-1] + 0.1
    np.testing.assert_array_equal(f(x, y), getattr(sp, name)(x, y))
    close(ad_core.jvp(f, (x, y), (x, y))[0], f(x, y), 1e-14)
    for k in (0, 1):
        slopes = np.diag(ad_core.jacobian(f, k)(x, y))
        with mpmath.workdps(25):
            order = (1 - k, k)
            expected = [float(mpmath.diff(exact, pair, order)) for pair in zip(x, y, strict=True)]
        close(slopes, expected)
    ad_core.check_grads(lambda x, y: np.sum(np.sin(f(x, y))), (x + 0.5, y))
    table = ad_core.jacobian(lambda y: f(x[:, None], y))(y)
    close(table[1, :, :].diagonal(), np.diag(ad_core.jacobian(f, 1)(np.full(5, x[1]), y)))


def test_far_from_zero():
    """There is no overflow and no cancellation where the function itself is well behaved."""
    slope = ad_core.jvp(special.expit, (LARGE,), (np.ones(5),))[1]
    close(slope, [derivative(POINTS["expit"][1], t, 1) for t in LARGE], 1e-13)
    assert slope[0] == pytest.approx(np.exp(-700.0))
    close(ad_core.jvp(special.log_expit, (LARGE,), (np.ones(5),))[1], sp.expit(-LARGE), 1e-13)
    slope = ad_core.grad(special.log_ndtr)(-1e4)
    assert slope == pytest.approx(1e4, rel=1e-7)
    assert ad_core.grad(special.xlogy)(0.0, 2.0) == pytest.approx(np.log(2.0))
    assert ad_core.grad(special.xlogy, 1)(0.0, 0.5) == 0.0
    assert ad_core.grad(special.entr)(0.0) == np.inf
    assert ad_core.grad(lambda x: special.gamma(np.where(x > 0, x, 1.0)))(-2.0) == 0.0
    assert ad_core.grad(special.i0e)(0.0) == 0.0


REDUCING = {
    "logsumexp": lambda m, x: m.logsumexp(x),
    "axis": lambda m, x: m.logsumexp(x, axis=1),
    "axes": lambda m, x: m.logsumexp(x, axis=(0, 1), keepdims=True),
    "weights": lambda m, x: m.logsumexp(x, axis=0, b=np.array([[1.0], [0.0], [2.5]])),
    "signs": lambda m, x: m.logsumexp(x, 0, np.array([[-3.0], [1.0], [0.5]]), False, True)[0],
    "far": lambda m, x: m.logsumexp(x * 1e3 + 1e4),
    "softmax": lambda m, x: m.softmax(x),
    "softmax axis": lambda m, x: m.softmax(100.0 * x, axis=0),
    "log_softmax": lambda m, x: m.log_softmax(x, axis=-1),
    "log_softmax far": lambda m, x: m.log_softmax(x * 1e3),
    "number": lambda m, x: m.logsumexp(x[0, 0]) + m.softmax(x[0, 0] * 2.0),
}


@pytest.mark.parametrize("name", REDUCING)
def test_functions_that_reduce(name):
    call, x = REDUCING[name], _rng.normal(size=(3, 4))
    value = ad_core.vjp(lambda x: call(special, x), x)[0]
    close(value, call(sp, x), 1e-13)
    np.testing.assert_array_equal(call(special, x), call(sp, x))
    if "far" not in name:
        ad_core.check_grads(lambda x: np.sum(np.sin(call(special, x))), (x,))
    tape = ad_core.trace(lambda x: call(special, x), x)
    near = x[::-1] * 0.9
    close(tape(near), call(sp, near), 1e-13)
    close(tape.jacobian(near), ad_core.jacobian(lambda x: call(special, x))(near), 1e-12)
    assert np.shape(value) == np.shape(call(sp, x))


def test_weights_have_derivatives_too():
    x, w = _rng.normal(size=4), np.array([0.3, 1.2, 0.7, 2.0])
    ad_core.check_grads(lambda w: special.logsumexp(x, b=w), (w,))
    assert ad_core.grad(special.logsumexp)(np.array([-np.inf, 0.0])) == pytest.approx([0.0, 1.0])


def test_ufuncs_of_scipy_take_traced_values():
    x = POSITIVE / 8

    def f(x, m):
        y = m.expit(x) * m.gammaln(x) + m.erf(x) ** 2 + m.xlogy(x, x[::-1]) + m.jv(1, x)
        return y + m.log1p(x) * m.expm1(x) * m.cbrt(x) * m.exp2(x) + m.psi(x[0])

    close(ad_core.jacobian(f)(x, sp), ad_core.jacobian(f)(x, special), 1e-15)

    def erf_above(x):
        return sp.erf(x, where=x > 0.2, out=np.zeros(5))

    ad_core.check_grads(lambda x: np.sum(f(x, sp)), (x,))
    ad_core.check_grads(lambda x: np.sum(erf_above(x) + sp.softmax(x)), (x,))

    def into(x):
        out = np.zeros(5)
        sp.gamma(x, out=out)
        return out

    close(ad_core.jacobian(into)(x), np.diag(sp.gamma(x) * sp.psi(x)), 1e-14)


def test_constants_of_a_trace():
    def f(x):
        table = np.array([0.5, 1.5])
        y = special.gamma(table)
        y[0] = x
        return np.sum(y * sp.gammainc(table, x)) + special.logsumexp(table) * x

    ad_core.check_grads(f, (0.7,))


def test_special_functions_that_raise():
    with refused(NotImplementedError, "scipy.special.gammainc", "argument 0", "plain numbers"):
        ad_core.grad(lambda a: sp.gammainc(a, 1.0))(2.0)
    with refused(NotImplementedError, "scipy.special.jv", "argument 0"):
        ad_core.grad(special.jv)(1.5, 2.0)
    with refused(NotImplementedError, "polygamma", "order"):
        ad_core.jacobian(special.polygamma)(np.ones(1), 2.0)
    with refused(NotImplementedError, "hyp1f1", "docs/numpy-coverage.md"):
        ad_core.grad(lambda x: sp.hyp1f1(1.0, 2.0, x))(0.5)
    with refused(TypeError, "takes 2 arrays, got 1"):
        special.xlogy(1.0)


def test_rules_keep_no_tape():
    """The closure of a rule must not keep the tape, which keeps the rule."""
    kept = []

    def f(x):
        y = special.gamma(x) * special.beta(x, 2.0) * special.logsumexp(x)
        kept.append(weakref.ref(np.outer(y, x)))
        return np.sum(y) + linalg.expm(np.outer(x, x))[0, 0]

    ad_core.hessian(f)(np.ones(2))
    assert [ref() for ref in kept] == [None]


SOLVES = {
    f"triangle {lower} {trans} {unit}": (
        lambda m, a, b, how=(trans, lower, unit): m.solve_triangular(a, b, *how),
        T,
        B,
    )
    for lower in (False, True)
    for trans in (0, 1, "T")
    for unit in (False, True)
}
MATRICES = SOLVES | {
    "vector": (lambda m, a, b: m.solve_triangular(a, b, lower=True), T, b),
    "cholesky": (lambda m, a: np.triu(m.cholesky(a)), S),
    "lower cholesky": (lambda m, a: np.tril(m.cholesky(a, lower=True)), S),
    "cho_solve": (lambda m, a, b: m.cho_solve(m.cho_factor(a), b), S, B),
    "lower cho_solve": (lambda m, a, b: m.cho_solve(m.cho_factor(a, True), b), S, b),
    "lu_solve": (lambda m, a, b: m.lu_solve(m.lu_factor(a), b), A, B),
    "transposed lu_solve": (lambda m, a, b: m.lu_solve(m.lu_factor(a), b, 1), A, b),
    "determinant by lu": (lambda m, a: np.abs(np.prod(np.diag(m.lu_factor(a)[0]))), A),
    "expm": (lambda m, a: m.expm(a), A),
    "stacked expm": (lambda m, a: m.expm(a), STACK),
    "det": (lambda m, a: m.det(a), A),
    "inv": (lambda m, a: m.inv(a), A),
    "solve": (lambda m, a, b: m.solve(a, b), A, B),
    "solve vector": (lambda m, a, b: m.solve(a, b), A, b),
    "solve transposed": (lambda m, a, b: m.solve(a, b, transposed=True), A, b),
    "solve positive": (lambda m, a, b: m.solve(a, b, assume_a="pos"), S, B),
    "solve symmetric": (lambda m, a, b: m.solve(a, b, lower=True, assume_a="sym"), T, B),
    "solve triangle": (lambda m, a, b: m.solve(a, b, assume_a="lower triangular"), T, B),
    "block_diag": (lambda m, a, b: m.block_diag(a, b, 2.0, [[1.0, 2.0]]), STACK[0], b),
    "toeplitz": (lambda m, a, b: m.toeplitz(a, b), b, B[:3, 1]),
    "symmetric toeplitz": (lambda m, a: m.toeplitz(a), b),
    "hankel": (lambda m, a: m.hankel(a), b),
    "circulant": (lambda m, a: m.circulant(a), b),
}


@pytest.mark.parametrize("name", MATRICES)
def test_linear_algebra(name):
    call, *args = MATRICES[name]
    np.testing.assert_array_equal(call(linalg, *args), call(sl, *args))

    def f(*args):
        return call(linalg, *args)

    value = ad_core.vjp(f, *args)[0]
    close(value, call(sl, *args), 1e-12)
    weights = np.cos(np.arange(np.size(value))).reshape(np.shape(value))
    ad_core.check_grads(lambda *args: np.sum(weights * np.sin(f(*args))), tuple(args))
    compiled = ad_core.compile(f)
    batch = [np.stack([x, x * 1.1, x + 0.01 * _rng.normal(size=x.shape)]) for x in args]
    J = compiled.jacobian(*batch, batch_dims=1)
    values = compiled(*batch, batch_dims=1)
    for k in (1, 2):
        at = [x[k] for x in batch]
        close(values[k], call(sl, *at), 1e-11)
        close(J[k], ad_core.jacobian(f)(*at), 1e-9)


def test_hankel_with_a_last_row():
    c, r = np.array([1.0, 2.0, 3.0]), np.array([3.0, 5.0, 7.0])
    np.testing.assert_array_equal(ad_core.vjp(linalg.hankel, c, r)[0], sl.hankel(c, r))


def test_a_factorisation_whose_pivots_change():
    """A recording keeps the order of rows, and is right where SciPy would choose another one."""
    near, far = np.array([[2.0, 1.0], [1.0, 3.0]]), np.array([[0.1, 1.0], [2.0, 3.0]])

    def f(a):
        return linalg.lu_solve(linalg.lu_factor(a), np.ones(2))

    tape = ad_core.trace(f, near)
    close(tape(far), np.linalg.solve(far, np.ones(2)), 1e-13)
    close(tape.jacobian(far), ad_core.jacobian(f)(far), 1e-12)


def test_one_factorisation_for_many_right_hand_sides():
    def f(a):
        factor = linalg.cho_factor(a)
        x = linalg.cho_solve(factor, np.ones(4))
        return linalg.cho_solve(factor, x) @ x

    ad_core.check_grads(f, (S,))
    whole = np.linalg.inv(S)
    assert f(S) == pytest.approx(np.sum(whole @ whole @ whole))


def test_linear_algebra_that_raises():
    with refused(ValueError, "square", "(4, 2)"):
        ad_core.jacobian(lambda a: linalg.solve_triangular(a, b))(B)
    with refused(ValueError, "incompatible", "(4, 4)", "(3,)"):
        ad_core.jacobian(lambda a: linalg.solve_triangular(a, b[:3]))(T)
    with refused(NotImplementedError, "banded", "assume_a"):
        ad_core.jacobian(lambda a: linalg.solve(a, b, assume_a="banded"))(T)
    with refused(ValueError, "toeplitz", "vectors", "(4, 2)"):
        ad_core.jacobian(linalg.toeplitz)(B)
    with pytest.raises(sl.LinAlgError):
        ad_core.jacobian(lambda a: linalg.solve_triangular(a, b))(np.zeros((4, 4)))


def test_ad_core_works_without_scipy(tmp_path):
    program = (
        "import sys, numpy as np, ad_core\n"
        "x = ad_core.grad(lambda x: np.abs(np.fft.fft(x)).sum())(np.ones(3))\n"
        "sys.exit('imported' if 'scipy' in sys.modules else 0)"
    )
    subprocess.run([sys.executable, "-c", program], cwd=tmp_path, check=True)
