# SPDX-License-Identifier: Apache-2.0
"""Elementwise functions with rules, such as those of scipy.special: all ways to a derivative agree,
and a rule is called once for all points of a batch."""

import gc
import warnings

import numpy as np
import pytest

import ad_core
import ad_core.scipy.special
from ad_core import _core
from ad_core.recording.record import record
from ad_core.rules.elementwise import elementwise
from threads import everywhere

sp = pytest.importorskip("scipy.special")

K = np.array([0.5, 1.0, 2.5])
FUNCTIONS = {
    "gammaln": sp.gammaln,
    "psi": sp.psi,
    "erf": sp.erf,
    "ndtri": lambda x: sp.ndtri(0.2 + 0.1 * x),
    "jv": lambda x: sp.jv(1.0, x),
    "jv of orders": lambda x: sp.jv(K, x),
    "integer orders": lambda x: sp.yn(2, x) + sp.yn(np.array([0, 1, 2]), x),
    "beta": lambda x: sp.beta(x, x[::-1] * 2.0),
    "beta of a number": lambda x: sp.beta(x, x[0]),
    "beta of a constant": lambda x: sp.beta(K, x) * sp.beta(x, 2.0),
    "xlogy": lambda x: sp.xlogy(x, np.cos(x) + 2.0),
    "betainc": lambda x: sp.betainc(2.0, K, x / 4.0),
    "composed": lambda x: sp.erf(sp.gammaln(x) * x) + np.sin(sp.psi(x)),
    "of another shape": lambda x: np.sum(sp.gammaln(x[:, None] + K), axis=0),
    "of numbers": lambda x: np.array([sp.gammaln(x[0]), sp.jv(1.0, x[1]), sp.beta(x[2], x[0])]),
    "polygamma": lambda x: ad_core.scipy.special.polygamma(np.array([0, 1, 2]), x),
}
X = np.array([1.3, 0.7, 2.2])
SIZES = [1, 3, 4, 16, 33, 257, 1025]


def points(n):
    return np.random.default_rng(n).uniform(0.6, 2.4, (n, 3))


def total(f):
    return lambda x: np.sum(f(x) * np.arange(1.0, 4.0))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_all_ways_agree(name):
    f = FUNCTIONS[name]
    J = ad_core.jacobian(f, mode="fwd")(X)
    close = {"rtol": 1e-11, "atol": 1e-12}
    np.testing.assert_allclose(ad_core.jacobian(f, mode="rev")(X), J, **close)
    np.testing.assert_allclose(J, differences(f), rtol=1e-7, atol=1e-8)
    tape, whole = ad_core.trace(f, X * 0.9), ad_core.trace(total(f), X * 0.9)
    np.testing.assert_allclose(tape(X), f(X), rtol=1e-14)
    np.testing.assert_allclose(tape.jacobian(X), J, **close)
    t, w = np.array([0.3, -1.0, 0.5]), np.array([1.0, 0.2, -0.7])
    np.testing.assert_allclose(tape.jvp(X, t), J @ t, **close)
    np.testing.assert_allclose(tape.vjp(X, w), w @ J, **close)
    np.testing.assert_allclose(tape.jacobian(X, sparse=True).toarray(), J, **close)
    H = ad_core.hessian(total(f))(X)
    np.testing.assert_allclose(whole.hessian(X), H, rtol=1e-9, atol=1e-10)
    np.testing.assert_allclose(whole.hvp(X, t), H @ t, rtol=1e-9, atol=1e-10)
    np.testing.assert_allclose(ad_core.hvp(total(f), (X,), (t,)), H @ t, rtol=1e-9, atol=1e-10)
    both = ad_core.jacfwd(ad_core.grad(total(f)))(X)
    np.testing.assert_allclose(both, H, rtol=1e-9, atol=1e-10)


def differences(f, h=1e-4):
    steps = np.eye(3) * h
    return np.stack([(8 * (f(X + s) - f(X - s)) - f(X + 2 * s) + f(X - 2 * s)) / (12 * h)
                     for s in steps], axis=-1)  # fmt: skip


@pytest.mark.parametrize("name", FUNCTIONS)
def test_batches_of_any_size(name):
    f = FUNCTIONS[name]
    tape, compiled = ad_core.trace(f, X), ad_core.compile(f)
    whole = ad_core.trace(total(f), X)
    for n in SIZES:
        at = points(n)
        some = np.unique([0, n // 2, n - 1])
        value, J = tape.value_and_jacobian(at)
        np.testing.assert_allclose(value[some], [f(x) for x in at[some]], rtol=1e-13)
        expected = [ad_core.jacobian(f)(x) for x in at[some]]
        np.testing.assert_allclose(J[some], expected, rtol=1e-11, atol=1e-12)
        np.testing.assert_array_equal(compiled.jacobian(at, batch_dims=1), J)
        if n == SIZES[-1]:
            H = whole.hessian(at)
            expected = [ad_core.hessian(total(f))(x) for x in at[some]]
            np.testing.assert_allclose(H[some], expected, rtol=1e-9, atol=1e-10)


class Counted:
    """A function that counts its calls and the numbers in them."""

    def __init__(self, fun):
        self.fun, self.asked, self.sizes = fun, 0, []

    def __call__(self, *x):
        self.asked += 1
        self.sizes.append(np.size(x[0]))
        return self.fun(*x)


def test_a_rule_is_called_once_for_all_points():
    value, slope = Counted(np.sin), Counted(np.cos)
    inner = elementwise("slope", slope, lambda x, y: -1.0 * np.sin(x))
    f = elementwise("counted", value, lambda x, y: inner(x))
    tape = ad_core.trace(lambda x: np.sum(f(x * x)), X)
    tape.grad(points(5))
    value.sizes.clear()
    slope.sizes.clear()
    tape.grad(points(1000))
    assert (sum(value.sizes), slope.sizes) == (0, [3000])  # the value is not needed
    tape.value_and_grad(points(1024))
    assert value.sizes == [3072]
    value.asked = slope.asked = 0
    ad_core.jacobian(lambda x: np.sum(f(x)))(X)
    assert (value.asked, slope.asked) == (1, 1)
    value.asked = slope.asked = 0
    ad_core.jacobian(lambda x: f(x), mode="rev")(X)  # three seeds
    assert (value.asked, slope.asked) == (1, 1)


def test_equal_calls_are_shared():
    value = Counted(sp.gammaln)
    f = elementwise("counted", value, lambda x, y: sp.psi(x))
    tape = ad_core.trace(lambda x: f(x) * np.sin(f(x)) + f(x[0]), X)
    tape(points(40))
    value.asked = 0
    tape(points(40))
    assert value.asked == 2  # with three numbers, and with one


def test_zero_times_an_infinite_slope_is_zero():
    for f in (
        lambda x: np.where(x > 0.0, sp.xlogy(np.abs(x), np.abs(x)), 0.0),
        lambda x: np.where(x > 0.0, sp.gammaln(x), 1.0) * 2.0,
        lambda x: sp.gammaln(x) * 0.0,
    ):
        at = np.array([0.0, 1.5, -2.0])
        with np.errstate(all="ignore"):
            J = ad_core.jacobian(f)(at)
            tape = ad_core.trace(f, X * 1.0)
            for found in (ad_core.jacobian(f, mode="rev")(at), tape.jacobian(at),
                          tape.jacobian(np.stack([at] * 40))[33]):  # fmt: skip
                np.testing.assert_allclose(found, J, rtol=1e-12)
            assert np.all(np.isfinite(J))


def test_errors_in_batches_are_raised():
    def fails(x):
        if np.any(np.asarray(x) > 5.0):
            raise ArithmeticError("beyond five")
        return np.sin(x)

    f = elementwise("fails", fails, lambda x, y: np.cos(x))
    tape = ad_core.trace(f, X)
    at = points(300)
    tape.jacobian(at)
    at[211, 1] = 6.0
    for call in (lambda: tape(at), lambda: tape(at[211]), lambda: tape(at[209:212])):
        with pytest.raises(ArithmeticError, match="beyond five"):
            call()
    np.testing.assert_allclose(tape(at[:200]), np.sin(at[:200]))


def test_slopes_that_depend_on_the_numbers():
    """A rule whose slopes depend on the values by branches has no recording: products are used."""
    f = elementwise("looks", np.abs, lambda x, y: np.cos(x) if np.all(x > 0) else np.sin(x))
    tape = ad_core.trace(lambda x: f(x) * x, X)
    for x in (X, -X):
        J = np.diag(np.abs(x) + x * (np.cos(x) if x[0] > 0 else np.sin(x)))
        np.testing.assert_allclose(tape.jacobian(x), J, rtol=1e-13)
        np.testing.assert_allclose(tape.jacobian(np.stack([x] * 40))[30], J, rtol=1e-13)


def test_results_are_real_numbers():
    f = elementwise("complex", lambda x: x * 1j, lambda x, y: x)
    for x in (X, 1.5):
        with pytest.raises(TypeError, match="complex must return real float64 numbers"):
            ad_core.jacobian(f)(x)


def test_arguments_without_a_derivative_raise():
    for f, x in ((lambda x: sp.jv(x, 1.0), 1.5), (lambda x: sp.jv(x, 1.0), X)):
        with pytest.raises(NotImplementedError, match=r"scipy.special.jv .*argument 0.*plain numb"):
            ad_core.jacobian(f)(x)
    with pytest.raises(NotImplementedError, match="order"):
        ad_core.jacobian(lambda x: ad_core.scipy.special.polygamma(x, 1.0))(1.5)


def test_constants_are_copied():
    """A rule keeps the numbers that it was recorded with if the array is changed later."""
    orders = np.array([0.0, 1.0, 2.0])
    tape = ad_core.trace(lambda x: sp.jv(orders, x), X)
    expected = tape.jacobian(X)
    orders[:] = 7.0
    np.testing.assert_array_equal(tape.jacobian(X), expected)
    np.testing.assert_array_equal(tape.jacobian(np.stack([X] * 20))[3], expected)
    for a, b in ((0.0, -0.0), (1, 1.0), (2.0, 3.0)):  # equal numbers that differ in sign or type
        for order in (a, b, a):
            found = ad_core.jacobian(lambda x, order=order: sp.jv(order, x) * np.copysign(1, order))
            expected = np.copysign(1, order) * sp.jvp(order, 1.5)
            np.testing.assert_allclose(found(1.5), expected, rtol=1e-12)


def test_warnings_are_those_of_the_function():
    """A recorded call warns as in NumPy; its slopes never warn."""
    with np.errstate(all="warn"), warnings.catch_warnings():
        warnings.simplefilter("error")
        assert ad_core.jacobian(sp.entr)(0.0) == np.inf
        with pytest.raises(RuntimeWarning, match="divide by zero"):
            ad_core.jacobian(elementwise("inverse", np.reciprocal, lambda x, y: -y * y))(0.0)


def test_threads_that_differentiate_at_once():
    """The first thread records the slopes for all."""
    f = lambda x: np.sum(sp.jv(1.0, x) * sp.beta(x, x))  # noqa: E731
    expected = ad_core.hessian(f)(X)
    for _ in range(8):
        tape = ad_core.trace(f, X)
        for H in everywhere(lambda number, tape=tape: tape.hessian(X)):
            np.testing.assert_allclose(H, expected, rtol=1e-9)


def calls():
    """The number of calls of rules that exist, on tapes or shared."""
    gc.collect()
    return sum(type(x) is _core.Called for x in gc.get_objects())


def test_nothing_is_kept():
    """A shared call keeps no tape, and a tape that is deleted releases its calls."""
    f = elementwise("kept", np.sin, lambda x, y: np.cos(x))
    g = elementwise("fixed", np.arctan2, None, lambda a, x, y: -a / (a * a + x * x))
    make = lambda: ad_core.trace(lambda x: f(x) * g(K, x), X).jacobian(np.stack([X] * 20))  # noqa: E731
    make()
    before = calls()
    for _ in range(20):
        make()
    assert calls() <= before


def test_a_function_that_is_its_own_slope():
    """Its calls do not keep themselves: calls of many sizes are deleted."""
    f = elementwise("itself", np.exp, lambda x, y: f(x))
    before = calls()
    for n in range(1, 150):
        x = np.linspace(0.0, 1.0, n)
        H = ad_core.trace(lambda x: np.sum(f(x)), x).hessian(x)
        np.testing.assert_allclose(H, np.diag(np.exp(x)), rtol=1e-13)
    assert calls() - before <= 3 * 64


def test_within_another_trace():
    f = lambda x: sp.gammaln(x) * x  # noqa: E731
    outer = lambda s: ad_core.jacobian(lambda x: f(x * s))(X)  # noqa: E731
    at = 1.2
    expected = (outer(at + 1e-5) - outer(at - 1e-5)) / 2e-5
    np.testing.assert_allclose(ad_core.jacobian(outer)(at), expected, rtol=1e-7, atol=1e-7)
    tape = ad_core.trace(outer, at)
    np.testing.assert_allclose(tape(at), outer(at), rtol=1e-12)
    np.testing.assert_allclose(tape.jacobian(at), expected, rtol=1e-7, atol=1e-7)
    compiled = ad_core.compile(lambda x: np.sum(f(x)))
    found = ad_core.grad(lambda x: compiled(x * x))(X)
    expected = ad_core.grad(lambda x: np.sum(f(x * x)))(X)
    np.testing.assert_allclose(found, expected, rtol=1e-13)


@pytest.mark.parametrize("n", [0, 1, 2, 5, np.float64(3.0), np.array([0, 1, 2])])
def test_polygamma_is_scipys_to_the_bit(n):
    x = np.array([0.3, 2.5, 1e300, -1.5, -2.0, 0.0, np.nan, np.inf, -np.inf])
    for at in (x[:, None], x[:1], x[1]):
        found = ad_core.trace(lambda x: ad_core.scipy.special.polygamma(n, x), at).value
        np.testing.assert_array_equal(found, sp.polygamma(n, at))


def test_edges_of_calls_are_those_of_their_parts():
    """A method's cost is estimated by them."""

    def edges(f, *args):
        return _core.sweep_edges(record(f, args, {}, tuple(range(len(args)))).trace)

    n = 50
    x = np.linspace(1.0, 2.0, n)
    assert edges(sp.gammaln, x) == n
    assert edges(sp.betaln, x, x) == 2 * n
    stack = np.eye(2) + np.zeros((n, 2, 2))
    assert edges(np.linalg.inv, stack) < n * 32
