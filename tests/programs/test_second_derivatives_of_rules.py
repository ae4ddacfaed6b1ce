# SPDX-License-Identifier: Apache-2.0
"""Second derivatives of functions that call rules: programs agree with one-shot derivatives, at
points other than that of the recording, in batches, and where numbers are not ordinary."""

import numpy as np
import pytest

import ad_core
from ad_core import _core

special = pytest.importorskip("scipy.special")
linalg = pytest.importorskip("ad_core.scipy.linalg")

rng = np.random.default_rng(3)
BASE, SLOPE, SIDE = 4.0 * np.eye(3), rng.normal(size=(3, 3)), rng.normal(size=3)
N = 4


def matrix(x):
    return BASE + x[0] * SLOPE + np.outer(x[:3], x[1:4]) / 4.0


def definite(x):
    a = matrix(x)
    return a @ a.T + np.eye(3)


@ad_core.custom_jvp
def bump(x):
    return np.exp(-x * x)


@bump.defjvp
def _(primals, tangents):
    (x,) = primals
    return bump(x), -2.0 * x * np.exp(-x * x) * tangents[0]


@ad_core.custom_vjp
def ratio(a, b):
    return a / (1.0 + b * b)


ratio.defvjp(
    lambda a, b: (ratio(a, b), (a, b)),
    lambda kept, w: (
        w / (1.0 + kept[1] ** 2),
        -2.0 * w * kept[0] * kept[1] / (1.0 + kept[1] ** 2) ** 2,
    ),
)

# Calls of rules, as a vector of a vector.
CALLS = {
    "solve": lambda x: np.linalg.solve(matrix(x), SIDE * x[2]),
    "solve-known": lambda x: np.linalg.solve(BASE + SLOPE / 4.0, x[:3] ** 2),
    "inv": lambda x: np.linalg.inv(matrix(x))[0],
    "det": lambda x: np.array([np.linalg.det(matrix(x))]),
    "slogdet": lambda x: np.array([np.linalg.slogdet(matrix(x))[1]]),
    "cholesky": lambda x: np.linalg.cholesky(definite(x))[:, 0],
    "stack": lambda x: np.linalg.solve(
        np.stack([matrix(x), matrix(-x)]), np.stack([x[:3], x[1:]])[..., None]
    ).ravel(),
    "two solves": lambda x: np.linalg.solve(matrix(x), np.linalg.solve(matrix(2.0 * x), x[:3])),
    "custom_jvp": lambda x: bump(x[1:]),
    "custom_vjp": lambda x: ratio(x[:2], x[2:4]),
    "gammaln": lambda x: special.gammaln(x * x + 1.0),
    "gammaln and solve": lambda x: special.gammaln(np.linalg.solve(definite(x), SIDE) ** 2 + 1.0),
    "solve of gammaln": lambda x: np.linalg.solve(matrix(special.gammaln(x * x + 2.0)), SIDE),
    "eigvalsh": lambda x: np.linalg.eigvalsh(definite(x)),
    "svd": lambda x: np.linalg.svd(matrix(x), compute_uv=False),
    "pinv": lambda x: np.linalg.pinv(matrix(x))[1],
    "expm": lambda x: linalg.expm(8.0 * x[1] * matrix(x))[0] / 100.0,
    "expm of a symmetric matrix": lambda x: linalg.expm(definite(x) * x[1])[0],
    "sqrtm": lambda x: linalg.sqrtm(definite(x))[0],
    "logm": lambda x: linalg.logm(definite(x))[0],
    "polar": lambda x: linalg.polar(matrix(x))[0][0],
    "lu": lambda x: linalg.lu_solve(linalg.lu_factor(matrix(x)), x[:3]),
    "triangular": lambda x: np.linalg.solve(np.linalg.cholesky(definite(x)), x[1:]),
    "product of matrices": lambda x: special.i0(x[:3]) @ matrix(x),
    "root": lambda x: ad_core.implicit.root(
        lambda z, x: matrix(x) @ z + 0.1 * z**3 - x[:3], np.zeros(3), x
    ),
    "checkpoint": lambda x: ad_core.checkpoint(lambda x: np.sin(matrix(x)) @ x[1:])(x),
}  # fmt: skip
REPLAYED = ("eigvalsh", "svd", "pinv", "polar")  # undetermined at some points


def total(name):
    call = CALLS[name]
    return lambda x: np.sum(np.sin(call(x)) * np.arange(1.0, 1.0 + call(x).size)) + x[3] ** 3 * x[0]


START = np.array([0.3, -0.2, 0.4, 0.5])
POINTS = START + rng.uniform(-0.2, 0.2, (40, N))


@pytest.mark.parametrize("name", CALLS)
def test_programs_are_one_shot_derivatives(name):
    f, v = total(name), rng.normal(size=N)
    tape, once = ad_core.trace(f, START), ad_core.hessian(f)
    hessians, products = tape.hessian(POINTS), tape.hvp(POINTS, v)
    for k in (0, 17, 39):
        x = POINTS[k]
        expected = once(x)
        near = {"rtol": 1e-9, "atol": 1e-9 * np.abs(expected).max()}
        np.testing.assert_allclose(hessians[k], expected, **near)
        np.testing.assert_allclose(tape.hessian(x), expected, **near)
        if name not in REPLAYED:
            np.testing.assert_array_equal(tape.hessian(x), tape.hessian(x).T)
        np.testing.assert_allclose(products[k], expected @ v, **near)
        np.testing.assert_allclose(tape.hvp(x, v), expected @ v, **near)
        np.testing.assert_allclose(tape.hessian(x, sparse=True).toarray(), expected, **near)


@pytest.mark.parametrize("name", CALLS)
def test_lagrangians(name):
    f = CALLS[name]
    tape, w = ad_core.trace(f, START), rng.normal(size=f(START).size)
    found = tape.lagrangian_hessian(POINTS, w)
    for k in (3, 30):
        expected = ad_core.hessian(lambda x: w @ f(x))(POINTS[k])
        scale = np.abs(expected).max()
        np.testing.assert_allclose(found[k], expected, rtol=1e-9, atol=1e-9 * scale)


@pytest.mark.parametrize("name", CALLS)
def test_only_some_rules_are_replayed(name):
    tape = ad_core.trace(total(name), START)
    tape.hessian(POINTS)
    replayed = "replayed" in tape.explain(what="hessian")
    assert replayed == (name in REPLAYED)


def test_derivatives_that_depend_on_plain_values_are_replayed():
    """The parts into which an integration backwards is divided."""

    def f(k):
        return ad_core.implicit.odeint(lambda y, t, k: -k * y, 1.0, np.array([0.0, 1.0]), k)[1]

    tape = ad_core.trace(f, 0.5)
    np.testing.assert_allclose(tape.hessian(0.7), np.exp(-0.7), rtol=1e-5)
    assert "replayed" in tape.explain(what="hessian")


def test_several_arguments():
    def f(a, b):
        return np.sum(np.linalg.solve(np.diag(a) + 3.0 * np.outer(b, b), a) ** 2)

    a, b = np.array([1.0, 2.0]), np.array([0.5, 0.3])
    tape = ad_core.trace(f, a, b)
    for numbers in (0, 1, (0, 1), (1, 0)):
        found = tape.hessian(2.0 * a, b, argnums=numbers)
        expected = ad_core.hessian(f, argnums=numbers)(2.0 * a, b)
        flat = ad_core.recording.trees.flatten
        for x, y in zip(flat(found)[0], flat(expected)[0], strict=True):
            np.testing.assert_allclose(x, y, rtol=1e-10, atol=1e-12)


def test_points_that_are_not_ordinary():
    """Roots at zero, whose slopes are infinite, and matrices that are singular or not finite."""

    def f(x):
        a = np.array([[2.0 + x[0], x[1]], [x[1], 2.0]])
        return np.sum(np.linalg.solve(a, x[:2])) + np.sqrt(x[2]) * x[3]

    tape, once = ad_core.trace(f, np.ones(4)), ad_core.hessian(f)
    points = np.array([[1.0, 0.5, 0.0, 2.0], [0.5, 0.0, 0.0, 1.0], [0.0, 0.0, 1.0, 0.0]])
    with np.errstate(all="ignore"):
        for x, found in zip(points, tape.hessian(points), strict=True):
            np.testing.assert_allclose(found, once(x), rtol=1e-12)
            np.testing.assert_allclose(tape.hessian(x), once(x), rtol=1e-12)
    singular = np.array([-2.0, 0.0, 1.0, 1.0])
    for call in (tape.hessian, once):
        with pytest.raises((np.linalg.LinAlgError, ad_core.BranchChanged)):
            call(singular)


def test_derivatives_that_do_not_exist_raise_as_in_one_shot():
    """A double root: the function has a value, but the linear system of its derivative none."""

    def f(p):
        return np.sum(ad_core.implicit.root(lambda x, p: x**3 - p, p, p, solver=lambda fun, x0: (
            np.cbrt(x0)
        )) ** 2)  # fmt: skip

    once = ad_core.hessian(f)
    tape = ad_core.trace(f, np.array([1.0, 8.0]))
    points = np.array([[2.0, 3.0], [1.0, 0.5], [0.3, 0.2], [4.0, 5.0]])
    for x, found in zip(points, tape.hessian(points), strict=True):
        np.testing.assert_allclose(found, once(x), rtol=1e-9)
    for x in (np.array([1.0, 0.0]), np.array([[1.0, 2.0], [0.0, 1.0], [1.0, 1.0], [2.0, 1.0]])):
        assert np.isfinite(tape(x)).all()
        with pytest.raises(np.linalg.LinAlgError, match="singular at the solution"):
            tape.hessian(x)
        with pytest.raises(np.linalg.LinAlgError, match="singular at the solution"):
            tape.hvp(x, np.ones(2))
    with pytest.raises(np.linalg.LinAlgError, match="singular at the solution"):
        once(np.array([1.0, 0.0]))


def test_calls_that_raise_in_the_gradient_alone_raise_as_in_one_shot():
    @ad_core.custom_vjp
    def squares(x):
        return np.sum(x * x)

    squares.defvjp(
        lambda x: (squares(x), x),
        lambda x, w: (w * np.linalg.solve(np.diag(x), 2.0 * x * x),),
    )
    tape, once = ad_core.trace(squares, np.ones(2)), ad_core.hessian(squares)
    points = np.array([[2.0, 3.0], [1.0, -0.5], [0.3, 0.2], [4.0, 5.0]])
    for x, found in zip(points, tape.hessian(points), strict=True):
        np.testing.assert_allclose(found, once(x), rtol=1e-12, atol=1e-14)
    points[1, 1] = 0.0
    for call in (tape.hessian, lambda x: tape.hvp(x, np.ones(2))):
        for x in (points, points[1]):
            with pytest.raises(np.linalg.LinAlgError):
                call(x)
    with pytest.raises(np.linalg.LinAlgError):
        once(points[1])


def test_functions_that_take_derivatives_themselves():
    def f(x):
        inner = ad_core.grad(lambda z: np.sum(np.linalg.solve(matrix(z), SIDE) ** 2) + z[0] ** 3)(x)
        return np.sum(inner**2)

    tape = ad_core.trace(f, START)
    found, expected = tape.hessian(POINTS[:3]), ad_core.hessian(f)
    for k in range(3):
        np.testing.assert_allclose(found[k], expected(POINTS[k]), rtol=1e-8, atol=1e-9)


def test_rules_whose_derivatives_compare_are_replayed():
    @ad_core.custom_jvp
    def kinked(x):
        return np.where(x > 0.0, x * x, 0.0)

    @kinked.defjvp
    def _(primals, tangents):
        (x,) = primals
        slope = 2.0 * x if np.all(x > 0.0) else np.where(x > 0.0, 2.0 * x, 0.0)
        return kinked(x), slope * tangents[0]

    f = lambda x: np.sum(kinked(x) * x)  # noqa: E731
    tape = ad_core.trace(f, np.array([1.0, 2.0]))
    for x in ([1.5, 0.5], [-1.0, 2.0]):
        x = np.array(x)
        np.testing.assert_allclose(tape.hessian(x), ad_core.hessian(f)(x))
    assert _core.tape_size(tape._recording.trace)["guards"] <= 1
