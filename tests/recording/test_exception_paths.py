# SPDX-License-Identifier: Apache-2.0
"""Calls that raise an exception which the traced function catches: the branch taken is a guard."""

import pickle

import numpy as np
import pytest
import scipy.linalg

import ad_core
import ad_core.scipy.linalg as traced_scipy
from ad_core.errors import BranchChanged

pytestmark = pytest.mark.usefixtures("nothing_leaks")

rng = np.random.default_rng(11)


def matrix(x):
    """Positive definite where |x[0]| < 1, singular at x[0] = 1."""
    return np.array([[1.0, x[0]], [x[0], 1.0]])


def wild(x):
    """A matrix with NaN where x[0] < 0 (np.where keeps it one branch)."""
    return matrix(x) + np.where(x[0] < 0.0, np.nan, 0.0) * np.eye(2)


def exploding(x):
    if np.any(x > 1.0):
        raise ArithmeticError(f"no more than 1, got {np.sum(x > 1.0)}")
    return np.sin(x)


table = ad_core.external(exploding, jacobian=lambda x: np.diag(np.cos(x)), name="table")


@ad_core.custom_jvp
def checked(x):
    if np.any(x < 0.0):
        raise ValueError("negative")
    return x**1.5


checked.defjvp(lambda primals, tangents: (checked(*primals), 1.5 * primals[0] ** 0.5 * tangents[0]))


def start(x):
    return ad_core.implicit.root(lambda y, a: y * y - a, 1.0, x[0])


# name -> (what may raise, whether its result is used)
CALLS = {
    "cholesky": lambda x: np.linalg.cholesky(matrix(x))[1, 1],
    "cholesky upper": lambda x: np.linalg.cholesky(matrix(x), upper=True)[1, 1],
    "inv": lambda x: np.linalg.inv(matrix(x))[0, 1],
    "solve": lambda x: np.linalg.solve(matrix(x), x)[0],
    "solve plain matrix": lambda x: np.linalg.solve(matrix(x), np.ones(2))[0],
    "stack": lambda x: np.linalg.inv(np.stack([matrix(x), matrix(0.5 * x)]))[1, 0, 1],
    "eigh": lambda x: np.linalg.eigh(wild(x))[0][0],
    "eigvalsh": lambda x: np.linalg.eigvalsh(wild(x))[1],
    "svd": lambda x: np.linalg.svd(wild(x))[1][0],
    "svdvals": lambda x: np.linalg.svdvals(wild(x))[0],
    "lstsq": lambda x: np.linalg.lstsq(wild(x), x)[0][0],
    "pinv": lambda x: np.linalg.pinv(wild(x))[0, 0],
    "matrix_power": lambda x: np.linalg.matrix_power(matrix(x), -1)[0, 1],
    "tensorinv": lambda x: np.linalg.tensorinv(matrix(x), ind=1)[0, 1],
    "scipy cholesky": lambda x: traced_scipy.cholesky(matrix(x))[1, 1],
    "scipy cho_solve": lambda x: traced_scipy.cho_solve(traced_scipy.cho_factor(matrix(x)), x)[0],
    "scipy solve": lambda x: traced_scipy.solve(matrix(x), x, assume_a="sym")[0],
    "scipy triangular": lambda x: traced_scipy.solve_triangular(np.diag(x), x)[0],
    "scipy check_finite": lambda x: traced_scipy.inv(wild(x))[0, 1],
    "external": lambda x: table(x)[0],
    "custom": lambda x: checked(x)[0],
    "implicit": start,
}
CAUGHT = (np.linalg.LinAlgError, ArithmeticError, ValueError, RuntimeError)
POINTS = np.array([[0.5, 1.0], [1.0, 2.0], [3.0, 2.0], [-0.5, 0.0], [-2.0, 0.5], [0.0, 0.25]])


def using(call):
    def f(x):
        try:
            return call(x) * x[1]
        except CAUGHT as error:
            return (2.0 + len(str(error)) % 7) * x[1]

    return f


def asking(call):
    """Uses only whether the call raises an exception."""

    def f(x):
        try:
            call(x)
        except CAUGHT as error:
            return 3.0 * x[0] * x[1] + isinstance(error, np.linalg.LinAlgError)
        return x[1]

    return f


def outcomes(fun, points):
    return np.array([fun(x) for x in points]), np.array([ad_core.grad(fun)(x) for x in points])


@pytest.mark.filterwarnings("ignore::RuntimeWarning", "ignore::scipy.linalg.LinAlgWarning")
@pytest.mark.parametrize("kind", [using, asking])
@pytest.mark.parametrize("name", CALLS)
def test_every_point_takes_its_own_branch(name, kind):
    fun = kind(CALLS[name])
    values, gradients = outcomes(fun, POINTS)
    for first in (0, 2, 4):
        compiled = ad_core.compile(fun)
        compiled(POINTS[first])
        for order in (1, -1):
            found = np.array([compiled(x) for x in POINTS[::order]])[::order]
            np.testing.assert_allclose(found, values, 1e-9, 1e-12)
        np.testing.assert_allclose([compiled.grad(x) for x in POINTS], gradients, 1e-9, 1e-12)
        np.testing.assert_allclose(compiled(POINTS, batch_dims=1), values, 1e-9, 1e-12)
        found = ad_core.compile(fun).grad(np.roll(POINTS, first, axis=0), batch_dims=1)
        np.testing.assert_allclose(found, np.roll(gradients, first, axis=0), 1e-9, 1e-12)


@pytest.mark.filterwarnings("ignore::RuntimeWarning", "ignore::scipy.linalg.LinAlgWarning")
@pytest.mark.parametrize("name", CALLS)
def test_a_tape_holds_the_branch_that_was_recorded(name):
    """On other branches it raises the exception of the call, or one about its other outcome."""
    fun = asking(CALLS[name])
    values, gradients = outcomes(fun, POINTS)
    right = 0
    for x in POINTS:
        tape = ad_core.trace(fun, x)
        for y, value, gradient in zip(POINTS, values, gradients, strict=True):
            try:
                found = tape(y), tape.grad(y), tape.hessian(y)
            except (BranchChanged, *CAUGHT):
                continue
            right += 1
            np.testing.assert_allclose(found[0], value)
            np.testing.assert_allclose(found[1], gradient)
            np.testing.assert_allclose(found[2], ad_core.hessian(fun)(y))
    assert right >= len(POINTS)


def raising(x):
    try:
        return np.linalg.cholesky(matrix(x))[1, 1] * x[1]
    except np.linalg.LinAlgError:
        return 100.0 * x[1]


def test_the_message_of_a_call_that_raised():
    tape = ad_core.trace(raising, np.array([3.0, 2.0]))
    with pytest.raises(BranchChanged) as error:
        tape.grad(np.array([0.5, 1.0]))
    for word in ("np.linalg.cholesky in raising returns", "raised LinAlgError: Matrix is not pos",
                 "test_exception_paths.py", "compile()"):  # fmt: skip
        assert word in str(error.value)


def test_the_message_of_a_call_that_returned():
    tape = ad_core.trace(raising, np.array([0.5, 1.0]))
    with pytest.raises(np.linalg.LinAlgError, match="not positive definite") as error:
        tape(np.array([[0.0, 1.0], [3.0, 2.0]]))
    for word in ("point 1 of the batch", "np.linalg.cholesky in raising", "returned where",
                 "test_exception_paths.py", "compile()"):  # fmt: skip
        assert word in error.value.__notes__[0]


def test_an_exception_that_nobody_catches_names_the_point():
    f = ad_core.compile(lambda x: np.linalg.inv(matrix(x)) @ x)
    f(np.array([0.5, 1.0]))
    with pytest.raises(np.linalg.LinAlgError, match="Singular") as error:
        f.jacobian(np.array([[0.0, 1.0], [0.5, 1.0], [1.0, 2.0]]), batch_dims=1)
    assert "point 2 of the batch" in error.value.__notes__[0]
    with pytest.raises(np.linalg.LinAlgError, match="Singular"):
        f(np.array([1.0, 2.0]))
    assert np.all(np.isfinite(f(np.array([0.5, 1.0]))))


def test_a_comparison_before_the_call_decides():
    """A point that does not reach the call takes its own branch, whatever the call would raise."""

    def f(x):
        return np.linalg.inv(matrix(x))[0, 1] if x[0] < 1.0 else x[1]

    compiled = ad_core.compile(f)
    compiled(np.array([0.5, 1.0]))
    assert compiled(np.array([1.0, 7.0])) == 7.0
    found = compiled.grad(np.array([[0.5, 1.0], [1.0, 2.0], [1.0, 3.0]]), batch_dims=1)
    np.testing.assert_allclose(found[1:], [[0.0, 1.0], [0.0, 1.0]])


@pytest.mark.parametrize("points", [1, 3, 5, 40])
def test_batches_of_every_size(points):
    x = rng.normal(size=(points, 2)) * 1.5
    found = ad_core.compile(raising).grad(x, batch_dims=1)
    np.testing.assert_allclose(found, outcomes(raising, x)[1])


def test_exceptions_of_different_types_are_different_branches():
    def f(x):
        try:
            return table(x)[0]
        except ArithmeticError as error:
            return x[0] * (10.0 if "got 2" in str(error) else 3.0)

    compiled = ad_core.compile(f)
    points = np.array([[2.0, 0.0], [2.0, 2.0], [0.0, 0.0], [0.0, 3.0]])
    np.testing.assert_allclose(compiled(points, batch_dims=1), [f(x) for x in points])
    assert compiled.paths == 3


def test_a_loop_that_tries_until_it_works():
    def jittered(x):
        jitter = 0.0
        while True:
            try:
                factor = np.linalg.cholesky(matrix(x) + jitter * np.eye(2))
                return np.sum(np.log(np.diagonal(factor))) * x[1]
            except np.linalg.LinAlgError:
                jitter = 10.0 * jitter + 0.01

    points = np.stack([np.linspace(0.0, 3.0, 12), np.ones(12)], axis=1)
    values, gradients = outcomes(jittered, points)
    compiled = ad_core.compile(jittered)
    np.testing.assert_allclose(compiled(points, batch_dims=1), values)
    np.testing.assert_allclose(compiled.grad(points[::-1], batch_dims=1), gradients[::-1])
    np.testing.assert_allclose(
        ad_core.compile(jittered).hessian(points[:4], batch_dims=1),
        [ad_core.hessian(jittered)(x) for x in points[:4]],
        rtol=1e-6,
    )


def test_every_method_with_a_caught_call():
    x, t = np.array([3.0, 2.0]), np.array([0.3, -1.0])
    f = lambda x: raising(x) * np.exp(x[1])  # noqa: E731
    plain = lambda x: 100.0 * x[1] * np.exp(x[1])  # noqa: E731
    tape, compiled = ad_core.trace(f, x), ad_core.compile(f)
    gradient, hessian = ad_core.grad(plain)(x), ad_core.hessian(plain)(x)
    for one in (tape, compiled):
        np.testing.assert_allclose(one.grad(x), gradient)
        np.testing.assert_allclose(one.jacobian(x), gradient)
        np.testing.assert_allclose(one.hessian(x), hessian)
        np.testing.assert_allclose(one.hvp(x, t), hessian @ t)
        np.testing.assert_allclose(one.jvp(x, t), gradient @ t)
        np.testing.assert_allclose(one.jacobian(x, sparse=True).toarray(), [gradient])
    np.testing.assert_allclose(ad_core.jacfwd(ad_core.jacrev(f))(x), hessian)
    np.testing.assert_allclose(ad_core.jacrev(ad_core.jacfwd(f))(x), hessian)
    np.testing.assert_allclose(ad_core.hvp(f, (x,), (t,)), hessian @ t)
    series = ad_core.jet(f, (x,), (t[None],), order=2)[1]
    np.testing.assert_allclose(series, [gradient @ t, 0.5 * t @ hessian @ t])


def test_inside_an_inner_derivative():
    def outer(x):
        try:
            return np.sum(ad_core.grad(lambda y: raising_always(y))(x))
        except np.linalg.LinAlgError:
            return 5.0 * x[1]

    def raising_always(x):
        return np.linalg.inv(matrix(x))[0, 0]

    compiled = ad_core.compile(outer)
    assert compiled(np.array([1.0, 3.0])) == 15.0
    good = np.array([0.5, 3.0])
    np.testing.assert_allclose(compiled.grad(good), ad_core.grad(outer)(good))
    np.testing.assert_allclose(compiled.grad(np.array([1.0, 3.0])), [0.0, 5.0])


def test_a_tape_with_a_caught_call_can_not_be_saved():
    tape = ad_core.trace(raising, np.array([3.0, 2.0]))
    with pytest.raises(TypeError, match=r"calls np\.linalg\.cholesky"):
        pickle.dumps(tape)


def test_memory_errors_and_interrupts_are_not_branches():
    stopped = ad_core.external(lambda x: (_ for _ in ()).throw(KeyboardInterrupt()), name="stopped")
    broken = ad_core.external(lambda x: (_ for _ in ()).throw(MemoryError()), name="broken")
    for call, kind in ((stopped, KeyboardInterrupt), (broken, MemoryError)):
        with pytest.raises(kind):
            ad_core.compile(lambda x, call=call: call(x) * x)(2.0)


def test_scipy_and_numpy_raise_the_same_exceptions():
    x = np.array([3.0, 2.0])
    with pytest.raises(scipy.linalg.LinAlgError):
        ad_core.grad(CALLS["scipy cholesky"])(x)
    with pytest.raises(ValueError, match="infs or NaNs"), np.errstate(all="ignore"):
        ad_core.grad(CALLS["scipy check_finite"])(-x)
