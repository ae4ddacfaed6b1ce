"""external(): functions that can not be traced, with derivatives of each form."""

import ctypes
import ctypes.util
import itertools
import math

import numpy as np
import pytest

import ad_core
from agreement import refused

x3 = np.array([0.5, 1.5, 2.5])


def untraceable(f):
    """A function that takes only plain arrays, and counts its calls."""

    def plain(*args):
        assert all(isinstance(x, (float, np.ndarray)) for x in args)
        plain.calls += 1
        return f(*args)

    plain.calls = 0
    plain.__name__ = f.__name__
    return plain


def swirl(a, x):
    return np.sin(a * x[:2]) * x[2]


def swirl_jacobian(a, x):
    cosine, sine = np.cos(a * x[:2]), np.sin(a * x[:2])
    by_x = np.concatenate([np.diag(a * cosine * x[2]), sine[:, None]], axis=1)
    return x[:2] * cosine * x[2], by_x


def swirl_jvp(primals, tangents):
    by_a, by_x = swirl_jacobian(*primals)
    return by_a * tangents[0] + by_x @ tangents[1]


def swirl_vjp(primals, w):
    by_a, by_x = swirl_jacobian(*primals)
    return np.sum(w * by_a), w @ by_x


RULES = {"jvp": swirl_jvp, "vjp": swirl_vjp, "jacobian": swirl_jacobian}
SETS = [subset for n in (1, 2, 3) for subset in itertools.combinations(RULES, n)]


@pytest.mark.parametrize("given", SETS, ids="-".join)
def test_any_rule_suffices(given):
    f = ad_core.external(untraceable(swirl), **{name: RULES[name] for name in given})
    np.testing.assert_array_equal(f(2.0, x3), swirl(2.0, x3))
    for mode, argnums in itertools.product(("fwd", "rev"), (0, 1)):
        J = ad_core.jacobian(f, argnums, mode=mode)(2.0, x3)
        np.testing.assert_allclose(J, swirl_jacobian(2.0, x3)[argnums], rtol=1e-14)
    # rules in NumPy code can be differentiated
    ad_core.check_grads(lambda a, x: f(a * a, x) * a, (0.7, x3), order=3)


@pytest.mark.parametrize("given", RULES)
def test_tapes_and_batches(given):
    f = ad_core.external(untraceable(swirl), **{given: RULES[given]})
    total = lambda x: np.sum(f(x[0], 2.0 * x) ** 2)  # noqa: E731
    expected = ad_core.grad(lambda x: np.sum(swirl(x[0], 2.0 * x) ** 2))
    points = x3 + np.arange(4.0)[:, None]
    gradients = np.stack([expected(x) for x in points])
    np.testing.assert_allclose(ad_core.trace(total, x3).grad(points), gradients, rtol=1e-12)
    function = ad_core.compile(total)
    np.testing.assert_allclose(function.grad(points, batch_dims=1), gradients, rtol=1e-12)
    np.testing.assert_allclose(function.hessian(x3), ad_core.jacobian(expected)(x3), rtol=1e-12)


def test_compiled_code():
    path = ctypes.util.find_library("m")
    if path is None:
        pytest.skip("no libm here")
    tgamma = ctypes.CDLL(path).tgamma
    tgamma.restype, tgamma.argtypes = ctypes.c_double, [ctypes.c_double]
    f = ad_core.external(
        lambda x: tgamma(float(x)),
        jacobian=lambda x: (tgamma(float(x) + 1e-6) - tgamma(float(x) - 1e-6)) / 2e-6,
        name="tgamma",
    )
    slope = math.gamma(4.0) * (1 + 1 / 2 + 1 / 3 - np.euler_gamma)
    np.testing.assert_allclose(ad_core.grad(lambda x: f(x * x))(2.0), 4.0 * slope, rtol=1e-8)
    with refused(ad_core.NoDerivativeError, "tgamma is compiled code", "test_external.py"):
        ad_core.hessian(f)(4.0)


def test_external_derivatives_of_external_functions():
    sine = ad_core.external(math.sin, jacobian=lambda x: cosine(x))
    cosine = ad_core.external(math.cos, jacobian=lambda x: -sine(x))
    f = lambda x: sine(x) * x  # noqa: E731
    ad_core.check_grads(f, (0.7,), order=3)


def test_several_results():
    def both(x, y):
        return x * y, np.sum(x)

    f = ad_core.external(
        untraceable(both),
        jacobian=lambda x, y: ((y * np.eye(3), x), (np.ones(3), None)),
    )
    ad_core.check_grads(f, (x3, 2.0))
    g = ad_core.external(untraceable(both), vjp=lambda p, w: (w[0] * p[1] + w[1], w[0] @ p[0]))
    ad_core.check_grads(g, (x3, 2.0))
    h = ad_core.external(
        untraceable(both), jvp=lambda p, t: (t[0] * p[1] + p[0] * t[1], np.sum(t[0]))
    )
    ad_core.check_grads(h, (x3, 2.0))


def test_a_jacobian_is_computed_once_for_each_sweep():
    jacobian = untraceable(lambda x: np.diag(np.cos(x)))
    f = ad_core.external(np.sin, jacobian=jacobian)
    np.testing.assert_allclose(ad_core.jacobian(f)(x3), np.diag(np.cos(x3)))
    assert jacobian.calls == 1


def test_plain_arguments_may_be_other_objects():
    table = {"a": 1.0}
    f = ad_core.external(lambda key: table[key])
    assert f("a") == 1.0


# ---------------------------------------------------------------------------------------- errors


def test_without_a_rule_only_values_are_computed():
    f = ad_core.external(swirl)
    np.testing.assert_array_equal(f(2.0, x3), swirl(2.0, x3))
    tape = ad_core.trace(lambda x: f(2.0, x), x3)
    np.testing.assert_array_equal(tape(x3 + 1), swirl(2.0, x3 + 1))
    for derivative in (tape.jacobian, lambda x: ad_core.jacobian(f, 1)(2.0, x)):
        with refused(TypeError, "swirl", "external()", "jacobian"):
            derivative(x3)


WRONG = {
    "jvp": (lambda p, t: t[0][:2], "shape (3,)"),
    "vjp": (lambda p, w: (w[:2],), "shape (3,)"),
    "jacobian": (lambda x: np.eye(2), "shape (3, 3)"),
}


@pytest.mark.parametrize("what", WRONG)
def test_wrong_shapes(what):
    rule, words = WRONG[what]
    f = ad_core.external(np.sin, name="simulator", **{what: rule})
    with refused(ValueError, what, "simulator", words):
        ad_core.jacobian(f, mode="rev" if what == "vjp" else "fwd")(x3)


def test_wrong_structures():
    pair = lambda x: (x, x)  # noqa: E731
    for rule in (
        {"jvp": lambda p, t: t[0]},
        {"vjp": lambda p, w: (w[0], w[1])},
        {"jacobian": lambda x: np.eye(3)},
        {"jacobian": lambda x: ((np.eye(3), None), (np.eye(3), None))},
    ):
        with refused(ValueError, "pairs"):
            ad_core.jacobian(ad_core.external(pair, name="pairs", **rule))(x3)


@pytest.mark.parametrize("what", WRONG)
def test_nan_derivatives_at_finite_arguments(what):
    rule = {
        "jvp": lambda p, t: t[0] * np.nan,
        "vjp": lambda p, w: (w * np.nan,),
        "jacobian": lambda x: np.eye(3) * np.nan,
    }[what]
    f = ad_core.external(np.sin, name="simulator", **{what: rule})
    with refused(FloatingPointError, what, "simulator", "NaN"):
        ad_core.jacobian(f)(x3)
    assert np.all(np.isnan(ad_core.jacobian(f)(np.array([0.0, np.nan, 1.0]))))


def test_nan_values_raise_nothing():
    f = ad_core.external(lambda x: x * np.nan, jacobian=lambda x: 1.0)
    value, slope = ad_core.value_and_grad(f)(1.0)
    assert np.isnan(value)
    assert slope == 1.0


def test_exceptions_pass_unchanged_with_a_note():
    def fails(*args):
        raise OSError("license server is down")

    f = ad_core.external(fails, name="simulator")
    for call in (f, ad_core.grad(f)):
        with pytest.raises(OSError, match="license server") as caught:
            call(1.0)
        assert caught.value.__notes__ == ["raised by the external function simulator"]
    for what in WRONG:
        f = ad_core.external(np.sin, name="simulator", **{what: fails})
        with pytest.raises(OSError, match="license server") as caught:
            ad_core.grad(f)(1.0)
        note = f"raised by the {what} of the external function simulator"
        assert caught.value.__notes__ == [note]


def test_arguments_that_are_not_functions():
    with refused(TypeError, "fun", "external()"):
        ad_core.external(3)
    with refused(TypeError, "vjp", "external()"):
        ad_core.external(np.sin, vjp=3)
    with refused(TypeError, "complex"):
        ad_core.grad(ad_core.external(lambda x: 1j * x, name="wave"))(1.0)
    with refused(ad_core.TracedValueError, "closes", "argument"):
        ad_core.grad(lambda x: ad_core.external(lambda y: x * y, name="closes")(x))(1.0)
