"""The result must depend on traced values that another library was given as objects."""

import numpy as np
import pytest
from numpy import array as early_array
from numpy import asarray as early_asarray
from numpy import isnan as early_isnan

import ad_core
from agreement import refused

pytestmark = pytest.mark.usefixtures("nothing_leaks")

x2 = np.array([1.3, 2.2])
KNOTS = np.linspace(0.0, 5.0, 8)


def swallowing(use, default):
    def model(x):
        try:
            return use(x)
        except Exception:
            return default(x)

    return model


def of_scipy():
    interpolate = pytest.importorskip("scipy.interpolate")
    import scipy.ndimage
    import scipy.signal
    import scipy.spatial

    return [
        lambda x: interpolate.interp1d(KNOTS, KNOTS)(x[0]),
        lambda x: scipy.spatial.distance.cdist(x.reshape(1, 2), np.eye(2)),
        lambda x: scipy.signal.lfilter([1.0], [1.0, -0.5], x),
        lambda x: scipy.ndimage.gaussian_filter1d(x * 2.0, 1.0),
    ]


IDENTITY = np.eye(2)
LOST = {
    "a ufunc on an array": lambda x: early_isnan(early_asarray(x)),
    "a ufunc on a list": lambda x: early_isnan(early_asarray([x[0], 1.0])),
    "a solver": lambda x: np.linalg.solve(IDENTITY, early_array(list(x))),
    "a computed array": lambda x: np.add(early_asarray(x * 2.0), 1.0, dtype=float),
}
DEFAULTS = [lambda x: 0.0, lambda x: np.full(2, np.nan), lambda x: np.zeros(3)]
TRANSFORMS = {
    "jacobian": lambda f: ad_core.jacobian(f)(x2),
    "vjp": lambda f: ad_core.vjp(f, x2),
    "jvp": lambda f: ad_core.jvp(f, (x2,), (x2,)),
    "trace": lambda f: ad_core.trace(f, x2),
    "compile": lambda f: ad_core.compile(f).jacobian(x2),
    "batch": lambda f: ad_core.compile(f).jacobian(np.stack([x2, x2]), batch_dims=1),
}
WORDS = ("model", "another library", "test_handed_out.py", "ad_core.external", "allow_refusals")


@pytest.mark.usefixtures("names_stay")
@pytest.mark.parametrize("transform", TRANSFORMS)
@pytest.mark.parametrize("name", LOST)
def test_an_error_on_objects_that_is_caught(name, transform):
    for default in DEFAULTS:
        with refused(ad_core.NotDifferentiable, *WORDS):
            TRANSFORMS[transform](swallowing(LOST[name], default))


@pytest.mark.usefixtures("names_stay")
def test_errors_of_scipy_that_are_caught():
    for use in of_scipy():
        for default in DEFAULTS:
            with refused(ad_core.NotDifferentiable, "model", "test_handed_out.py"):
                ad_core.jacobian(swallowing(use, default))(x2)


def test_a_default_next_to_a_dependent_result():
    def model(x):
        return (
            swallowing(lambda x: float(early_isnan(early_asarray([x[0]]))), DEFAULTS[0])(x) + x[1]
        )

    with refused(ad_core.NotDifferentiable, *WORDS):
        ad_core.grad(model)(x2)


KEPT = {
    "shape": lambda x: x * early_asarray(x).shape[0],
    "sum": lambda x: x + np.sum(early_asarray(x)) - np.sum(x) + x,
    "itself": lambda x: early_asarray(x) * 2.0 / 2.0 * len(x),
    "a list of it": lambda x: np.asarray(early_array([x[0], x[1]])) * 2.0,
    "a comparison": lambda x: x * 2.0 if np.all(early_asarray(x) > 0.0) else x,
    "an element": lambda x: np.stack([2.0 * early_asarray(x)[0], x[1] * 2.0]),
    "constants": lambda x: 2.0 * x + 0.0 * np.sum(early_asarray(np.zeros(3))),
    "allowed": ad_core.allow_refusals()(lambda x: 2.0 * x + 0.0 * early_asarray(x[:1] * 7.0).size),
}


@pytest.mark.parametrize("name", KEPT)
def test_values_that_a_library_returns_keep_their_derivative(name):
    f = KEPT[name]
    for J in (ad_core.jacfwd(f)(x2), ad_core.jacrev(f)(x2), ad_core.compile(f).jacobian(x2)):
        np.testing.assert_allclose(np.asarray(J, dtype=float), 2.0 * np.eye(2), atol=1e-15)


@pytest.mark.usefixtures("names_are_restored")
def test_a_constant_function_is_constant():
    np.testing.assert_array_equal(ad_core.grad(lambda x: np.sum(np.zeros(3)))(x2), 0.0)
    with ad_core.allow_refusals():
        np.testing.assert_array_equal(
            ad_core.grad(swallowing(LOST["a ufunc on an array"], DEFAULTS[0]))(x2), 0.0
        )


@pytest.mark.usefixtures("names_stay")
def test_within_an_inner_derivative():
    """The inner function raises, or the outer one if both recordings were merged."""
    inner = ad_core.grad(swallowing(LOST["a ufunc on an array"], DEFAULTS[0]))
    for f in (lambda x: inner(np.ones(2)) @ x, lambda x: inner(x) @ np.ones(2)):
        with refused(ad_core.NotDifferentiable, "another library"):
            ad_core.grad(f)(x2)
