# SPDX-License-Identifier: Apache-2.0
"""sqrtm, logm, funm and polar of ad_core.scipy.linalg: first and second derivatives to full
accuracy where eigenvalues are equal, close or far apart."""

import mpmath
import numpy as np
import pytest

import ad_core
from ad_core.rules.divided_differences import Logarithm, Root, Traced, divided, divided_tensor
from agreement import refused

sl = pytest.importorskip("scipy.linalg")
from ad_core.scipy.linalg import expm, funm, logm, polar, sqrtm  # noqa: E402

BASIS = np.linalg.qr(np.vander([1.0, 2.0, 4.0]))[0]
DIRECTION = np.array([[0.3, 1.0, -0.4], [0.7, 0.8, 0.2], [-0.6, 0.5, -0.5]])
WEIGHTS = np.array([[2.0, -1.0, 0.4], [1.0, 0.5, -0.2], [0.3, -0.2, 0.9]])
GAPS = [0.0, 1e-15, 1e-13, 1e-10, 1e-7, 1e-4, 1e-2, 1.0]


def matrix(gap):
    a = (BASIS * [1.0, 1.0 + gap, 2.5]) @ BASIS.T
    return 0.5 * (a + a.T)


def by_exp(a):
    return funm(a, np.exp)


def by_root(a):
    return funm(a, np.sqrt)


def by_given_slope(a):
    """A function that ad_core can not trace, with a slope that it can."""
    return funm(a, np.vectorize(mpmath.fp.log, otypes=[float]), derivative=lambda w: 1.0 / w)


FUNCTIONS = {
    "sqrtm": (sqrtm, mpmath.sqrtm), "logm": (logm, mpmath.logm), "exp": (by_exp, mpmath.expm),
    "root": (by_root, mpmath.sqrtm), "given": (by_given_slope, mpmath.logm),
}  # fmt: skip
each_function = pytest.mark.parametrize("name", FUNCTIONS)


def exact(name, a, direction):
    """The derivative in a direction, from the function of a block triangular matrix with 40 digits
    (Mathias, A chain rule for matrix functions, 1996)."""
    n = len(a)
    with mpmath.workdps(40):
        blocks = [[a, direction], [np.zeros((n, n)), a]]
        found = FUNCTIONS[name][1](mpmath.matrix(np.block(blocks).tolist()))
        return np.array([[float(mpmath.re(x)) for x in found[i, n:]] for i in range(n)])


def exact_second(name, gap, e, h):
    """The second derivative, by divided differences with 200 digits."""
    w = [1.0, 1.0 + gap, 2.5]
    f = {"sqrtm": mpmath.sqrt, "root": mpmath.sqrt, "exp": mpmath.exp}.get(name, mpmath.log)
    e, h = BASIS.T @ e @ BASIS, BASIS.T @ h @ BASIS
    inner = np.zeros((3, 3))
    for i, k, j in np.ndindex(3, 3, 3):
        slope = exact_difference(f, sorted([w[i], w[k], w[j]]))
        inner[i, j] += slope * (e[i, k] * h[k, j] + h[i, k] * e[k, j])
    return BASIS @ inner @ BASIS.T


@each_function
@pytest.mark.parametrize("gap", GAPS)
def test_first_derivatives_are_accurate(name, gap):
    """In a direction that is not symmetric, in both modes, compiled and in a batch."""
    f, a = FUNCTIONS[name][0], matrix(gap)
    expected = exact(name, a, DIRECTION)
    scale = 1e-14 * np.max(np.abs(expected))
    compiled = ad_core.compile(f)
    compiled(matrix(0.3))
    batch = ad_core.trace(f, matrix(0.3)).jacobian(np.stack([matrix(0.3), a]))
    found = [
        ad_core.jvp(f, (a,), (DIRECTION,))[1],
        *(
            np.einsum("ijkl,kl", J, DIRECTION)
            for J in (ad_core.jacrev(f)(a), compiled.jacobian(a), batch[1])
        ),
    ]
    for J in found:
        np.testing.assert_allclose(J, expected, rtol=0.0, atol=scale)


@each_function
@pytest.mark.parametrize("gap", [0.0, 1e-13, 1e-4, 1.0])
def test_second_derivatives_are_accurate(name, gap):
    f, a = FUNCTIONS[name][0], matrix(gap)
    other = np.cos(np.arange(9.0)).reshape(3, 3)
    expected = np.sum(WEIGHTS * exact_second(name, gap, DIRECTION, other))

    def total(a):
        return np.sum(WEIGHTS * f(a))

    fwd, rev = ad_core.jacfwd, ad_core.jacrev
    hessians = [
        ad_core.hessian(total)(a), fwd(fwd(total))(a), fwd(rev(total))(a), rev(fwd(total))(a),
        rev(rev(total))(a), ad_core.trace(total, matrix(0.3)).hessian(a),
    ]  # fmt: skip
    for H in hessians:
        found = np.einsum("ij,ijkl,kl", DIRECTION, H, other)
        assert abs(found - expected) <= 3e-14 * (1.0 + np.max(np.abs(H)))
        np.testing.assert_allclose(H, np.einsum("ijkl->klij", H), rtol=0, atol=1e-12)
    product = ad_core.hvp(total, (a,), (other,))
    np.testing.assert_allclose(np.sum(product * DIRECTION), expected, rtol=1e-12)


@each_function
def test_values_and_stacks(name):
    f = FUNCTIONS[name][0]
    plain = {"exp": expm, "root": sqrtm, "given": logm}.get(name, f)
    stack = np.stack([matrix(0.0), np.eye(3), matrix(1.0)])
    value, J = ad_core.value_and_jacobian(f)(stack)
    for k, a in enumerate(stack):
        np.testing.assert_allclose(value[k], plain(a), rtol=1e-13, atol=1e-13)
        np.testing.assert_allclose(J[k, :, :, k], ad_core.jacobian(f)(a), rtol=1e-13, atol=1e-13)
        assert not J[k, :, :, [j for j in range(3) if j != k]].any()
    seconds = ad_core.hessian(lambda s: np.sum(WEIGHTS * f(s)))(stack)
    alone = ad_core.hessian(lambda a: np.sum(WEIGHTS * f(a)))(stack[0])
    np.testing.assert_allclose(seconds[0, :, :, 0], alone, rtol=1e-11, atol=1e-11)


def test_the_third_derivative_at_the_identity():
    """log(1 + t) = t - t**2 / 2 + t**3 / 3 for commuting matrices."""
    e = 0.5 * (DIRECTION + DIRECTION.T)

    def along(t):
        return np.sum(WEIGHTS * logm(np.eye(3) + t * e))

    third = ad_core.grad(ad_core.grad(ad_core.grad(along)))(0.0)
    np.testing.assert_allclose(third, 2.0 * np.sum(WEIGHTS * (e @ e @ e)), rtol=1e-12)


def test_the_root_of_a_singular_matrix_has_infinite_derivatives():
    a = np.diag([4.0, 0.0])
    J = ad_core.jacobian(sqrtm)(a)
    assert np.isfinite(J[0, 0, 0, 0])
    assert not np.isfinite(J[1, 1, 1, 1])
    np.testing.assert_array_equal(ad_core.trace(sqrtm, a)(a), np.diag([2.0, 0.0]))


def test_a_projector_on_equal_eigenvalues():
    """A step, whose slope is zero. v[:, :2] @ v[:, :2].T has no derivative here."""

    def projector(a):
        return funm(a, lambda w: np.where(w < 2.0, 1.0, 0.0))

    a, e = matrix(0.0), 0.5 * (DIRECTION + DIRECTION.T)
    top = BASIS[:, 2:]
    p = top @ top.T
    rest = np.eye(3) - p
    expected = (rest @ e @ p + p @ e @ rest) / (1.0 - 2.5)
    np.testing.assert_allclose(ad_core.jvp(projector, (a,), (e,))[1], expected, atol=1e-14)


def bent(w):
    return np.where(w > 1.0, w * w, 2.0 * w - 1.0)


@pytest.mark.parametrize("f", [np.abs, np.sign, np.cos, bent])
def test_functions_that_are_not_analytic_between_eigenvalues(f):
    a = (BASIS * [-1.0, 0.5, 2.0]) @ BASIS.T
    w, v = np.linalg.eigh(a)
    turned = v.T @ DIRECTION @ v
    gaps = w[:, None] - w + np.eye(3)
    slopes = [ad_core.grad(f)(x) for x in w]
    quotients = np.where(np.eye(3) > 0, np.diag(slopes), (f(w)[:, None] - f(w)) / gaps)
    found = ad_core.jvp(lambda a: funm(a, f), (a,), (DIRECTION,))[1]
    np.testing.assert_allclose(found, v @ (quotients * turned) @ v.T, atol=1e-14)


def test_parameters_of_a_function_of_a_plain_matrix():
    a = matrix(0.0)
    found = ad_core.grad(lambda t: np.sum(WEIGHTS * funm(a, lambda w: np.exp(t * w))))(0.3)
    np.testing.assert_allclose(found, np.sum(WEIGHTS * (a @ sl.expm(0.3 * a))), rtol=1e-13)


@pytest.mark.parametrize(
    ("call", "kind", "words"),
    [
        (lambda a: sqrtm(a, disp=False), NotImplementedError, ("sqrtm", "disp")),
        (lambda a: funm(a, lambda w: np.sum(w)), ValueError, ("shape ()", "element by element")),
        (lambda a: funm(a, lambda w: w * a[0, 0]), ad_core.errors.TracedValueError, ("funm",)),
        (lambda a: funm(a[0], np.exp), ValueError, ("square",)),
        (lambda a: polar(a, "up")[0], ValueError, ("side",)),
    ],
)
def test_errors(call, kind, words):
    with refused(kind, *words):
        ad_core.jacobian(call)(np.eye(2))
    np.testing.assert_array_equal(ad_core.grad(np.sum)(np.eye(2)), np.ones((2, 2)))


def test_a_recording_raises_for_matrices_of_another_kind():
    tape = ad_core.trace(logm, np.eye(2))
    with refused(ad_core.BranchChanged, "kind of matrix", "'real'", "'symmetric'"):
        tape.jacobian(np.array([[1.0, 1.0], [0.0, 2.0]]))
    with refused(ad_core.BranchChanged, "'complex'"):
        tape(np.diag([1.0, -1.0]))
    np.testing.assert_allclose(tape(np.diag([1.0, 2.0])), np.diag([0.0, np.log(2.0)]), atol=1e-15)


# ------------------------------------------------------------------------------ the polar factor

EQUAL = (BASIS * [1.0, 1.0, 2.0]) @ np.linalg.qr(WEIGHTS)[0]


def differences(f, a, e, h=1e-3):
    weights = ((1, 3 / 4), (2, -3 / 20), (3, 1 / 60))
    return sum(c * (f(a + k * h * e) - f(a - k * h * e)) for k, c in weights) / h


SOME = [2.0 * np.eye(3), EQUAL, np.eye(3)[[1, 2, 0]], EQUAL[:, :2], EQUAL[:2]]


@pytest.mark.parametrize("a", SOME)
@pytest.mark.parametrize("side", ["right", "left"])
def test_the_polar_factors_of_equal_singular_values(a, side):
    e = np.cos(np.arange(a.size) + 1.0).reshape(a.shape)
    for k in (0, 1):

        def f(a, k=k):
            return polar(a, side)[k]

        np.testing.assert_allclose(ad_core.value_and_jacobian(f)(a)[0], f(a), atol=1e-14)
        expected = differences(f, a, e)
        for mode in ("fwd", "rev"):
            J = ad_core.jacobian(f, mode=mode)(a)
            np.testing.assert_allclose(np.einsum("ijkl,kl", J, e), expected, rtol=1e-8, atol=1e-9)

        def total(a, f=f):
            return np.sum(np.sin(np.arange(f(a).size)).reshape(f(a).shape) * f(a))

        second = ad_core.hvp(total, (a,), (e,))
        np.testing.assert_allclose(
            second, differences(ad_core.grad(total), a, e), rtol=1e-7, atol=1e-8
        )


def test_the_polar_factor_of_a_singular_matrix_is_not_a_function():
    a = np.outer([1.0, 2.0], [3.0, 1.0])
    for mode in ("fwd", "rev"):
        assert np.isnan(ad_core.jacobian(lambda a: polar(a)[0], mode=mode)(a)).all()
    tape = ad_core.trace(lambda a: polar(a)[0], a + np.eye(2))
    assert np.isnan(tape.jacobian(a)).all()


@pytest.mark.parametrize("a", [np.eye(3), EQUAL, EQUAL[:, :2], -np.eye(2)])
def test_the_sum_of_equal_singular_values(a):
    e = np.cos(np.arange(a.size)).reshape(a.shape)

    def norm(a):
        return np.linalg.norm(a, "nuc") ** 2

    second = ad_core.hvp(norm, (a,), (e,))
    np.testing.assert_allclose(second, differences(ad_core.grad(norm), a, e), rtol=1e-7, atol=1e-8)


# ---------------------------------------------------------------------------- divided differences

KINDS = {
    "sqrt": (Root(), mpmath.sqrt), "log": (Logarithm(), mpmath.log),
    "exp": (Traced(np.exp), mpmath.exp), "cos": (Traced(np.cos), mpmath.cos),
    "reciprocal": (Traced(np.reciprocal), lambda x: 1 / x),
}  # fmt: skip


def exact_difference(f, points):
    """With 200 digits; equal points are 1e-40 apart."""
    with mpmath.workdps(200):
        x = [mpmath.mpf(float(p)) + k * mpmath.mpf(10) ** -40 for k, p in enumerate(points)]
        column = [f(p) for p in x]
        for order in range(1, len(x)):
            column = [
                (column[i + 1] - column[i]) / (x[i + order] - x[i]) for i in range(len(column) - 1)
            ]
        return float(column[0])


@pytest.mark.parametrize("order", [1, 2, 3])
@pytest.mark.parametrize("name", KINDS)
def test_divided_differences(name, order):
    f, theirs = KINDS[name]
    rng = np.random.default_rng(order)
    for gap in (0.0, 1e-16, 1e-13, 1e-9, 1e-6, 1e-3, 0.1, 1.0, 10.0):
        inner = rng.uniform(0.0, 1.0, order - 1)
        points = np.sort(0.7 + gap * np.concatenate([[0.0], inner, [1.0]]))
        found = divided(f, points[:, None])[0]
        expected = exact_difference(theirs, points)
        assert abs(found - expected) <= 1e-14 * max(abs(expected), 0.01)


def test_the_tensor_is_symmetric_and_takes_stacks():
    w = np.array([[1.0, 1.0, 3.0], [0.5, 2.0, 2.0]])
    found = divided_tensor(Logarithm(), w, 2)
    assert found.shape == (2, 3, 3, 3)
    np.testing.assert_array_equal(found, np.swapaxes(found, 1, 3))
    np.testing.assert_array_equal(found, np.swapaxes(found, 2, 3))
    np.testing.assert_allclose(found[0, 0, 1, 0], -0.5)
