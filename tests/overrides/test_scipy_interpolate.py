# SPDX-License-Identifier: Apache-2.0
"""Splines and interpolants of SciPy: one program for all places, places outside, NaN, samples, and
what is refused."""

import numpy as np
import pytest
import scipy.interpolate as si
from scipy.interpolate import CubicSpline

import ad_core
from ad_core.errors import NoDerivativeError

pytestmark = pytest.mark.filterwarnings("ignore")

X = np.linspace(0.0, 3.0, 7)
Y = np.sin(X) + 0.1 * X**2
PLACES = np.array([-0.7, 0.1, 0.5, 1.3, 2.2, 2.9, 3.0, 3.4, np.nan])

BEFORE = {
    "CubicSpline": CubicSpline(X, Y),
    "periodic": CubicSpline(X, np.sin(X * 2.0 * np.pi / 3.0), bc_type="periodic"),
    "PchipInterpolator": si.PchipInterpolator(X, Y),
    "Akima1DInterpolator": si.Akima1DInterpolator(X, Y),
    "without extrapolation": CubicSpline(X, Y, extrapolate=False),
    "BSpline": si.make_interp_spline(X, Y),
    "BPoly": si.BPoly.from_power_basis(si.PPoly(CubicSpline(X, Y).c, X)),
    "UnivariateSpline": si.UnivariateSpline(X, Y, s=0.01),
}


@pytest.mark.parametrize("name", BEFORE)
def test_one_program_for_all_places(name):
    spline = BEFORE[name]
    compiled = ad_core.compile(lambda x: spline(x) ** 2)
    found = compiled.jacobian(PLACES, batch_dims=1)
    assert compiled.paths == 1
    slope = spline.derivative() if name != "periodic" else lambda x: spline(x, 1)
    expected = 2.0 * spline(PLACES) * slope(PLACES)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", BEFORE)
def test_values_are_those_of_scipy(name):
    spline = BEFORE[name]
    value = ad_core.value_and_jacobian(lambda x: spline(x))(PLACES[:-1])[0]
    np.testing.assert_array_equal(value, spline(PLACES[:-1]))


@pytest.mark.parametrize("kind", ["linear", "nearest", "previous", "next", "cubic"])
def test_interp1d_in_one_program(kind):
    f = si.interp1d(X, Y, kind=kind, bounds_error=False, fill_value=(0.25, 0.5))
    compiled = ad_core.compile(f)
    places = PLACES[:-1]
    np.testing.assert_allclose(compiled(places, batch_dims=1), f(places), rtol=1e-13)
    found = compiled.jacobian(places, batch_dims=1)
    assert compiled.paths == 1
    assert found[0] == found[-1] == 0.0
    if kind in ("nearest", "previous", "next"):
        assert (found == 0.0).all()


def test_slopes_at_samples_are_those_of_np_interp():
    line = si.interp1d([0.0, 1.0, 3.0], [0.0, 2.0, 1.0], fill_value="extrapolate")
    assert ad_core.grad(lambda x: line(x))(1.0) == 0.75
    grid = si.RegularGridInterpolator(([0.0, 1.0, 3.0],), [0.0, 2.0, 1.0])
    np.testing.assert_allclose(ad_core.jacobian(lambda x: grid(x))(np.array([1.0])), [[0.75]])


def test_bounds_raise_as_in_scipy():
    line = si.interp1d(X, Y)
    with pytest.raises(ValueError, match="above the interpolation range"):
        ad_core.grad(lambda x: line(x))(4.0)
    grid = si.RegularGridInterpolator((X,), Y)
    with pytest.raises(ValueError, match="out of bounds in dimension 0"):
        ad_core.jacobian(lambda x: grid(x))(np.array([4.0]))


def test_empty_places():
    assert ad_core.jacobian(lambda x: BEFORE["CubicSpline"](x))(np.zeros(0)).shape == (0, 0)
    assert ad_core.jacobian(lambda x: BEFORE["BSpline"](x))(np.zeros(0)).shape == (0, 0)


@pytest.mark.parametrize(
    "make",
    [CubicSpline, si.PchipInterpolator, si.Akima1DInterpolator, si.make_interp_spline],
)
def test_values_in_both_modes_and_compiled(make):
    def f(y):
        return make(X, y)(np.array([0.2, 1.7, 2.8]))

    forward, reverse = ad_core.jacfwd(f)(Y), ad_core.jacrev(f)(Y)
    np.testing.assert_allclose(forward, reverse, rtol=1e-10, atol=1e-13)
    compiled, other = ad_core.compile(f), Y * 1.1 + 0.05
    compiled(Y)
    np.testing.assert_allclose(compiled.jacobian(other), ad_core.jacrev(f)(other), rtol=1e-9)


def test_values_and_places_in_one_program():
    def f(p):
        return CubicSpline(X, Y * p[1])(p[0])

    compiled = ad_core.compile(f)
    points = np.array([[0.1, 1.0], [2.3, 0.5], [3.5, 2.0], [-0.4, 1.5]])
    found = compiled.hessian(points, batch_dims=1)
    assert compiled.paths == 1
    spline = BEFORE["CubicSpline"]
    expected = [[[p[1] * spline(p[0], 2), spline(p[0], 1)], [spline(p[0], 1), 0.0]] for p in points]
    np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-10)


def test_columns_and_axes():
    y = np.stack([Y, Y**2, Y - 1.0])

    def f(x):
        return CubicSpline(X, y, axis=1)(x)

    value, found = ad_core.value_and_jacobian(f)(np.array([0.4, 1.7]))
    np.testing.assert_array_equal(value, f(np.array([0.4, 1.7])))
    assert found.shape == (3, 2, 2)
    assert (found[:, 0, 1] == 0.0).all()


def test_grids_in_one_program():
    grid = si.RegularGridInterpolator((X, X[:4]), np.outer(Y, Y[:4]))
    compiled = ad_core.compile(lambda p: grid(p)[0])
    points = np.array([[0.2, 0.3], [1.7, 1.2], [2.9, 0.7]])
    found = compiled.jacobian(points, batch_dims=1)
    assert compiled.paths == 1
    for point, row in zip(points, found, strict=True):
        h = 1e-4
        expected = [(grid(point + h * e) - grid(point - h * e))[0] / (2 * h) for e in np.eye(2)]
        np.testing.assert_allclose(row, expected, rtol=1e-8)


def test_triangles_have_values_outside():
    points = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    plane = si.LinearNDInterpolator(points, [1.0, 3.0, 0.0], fill_value=7.0)
    value, found = ad_core.value_and_jacobian(lambda p: plane(p))(
        np.array([[0.2, 0.3], [2.0, 2.0]])
    )
    np.testing.assert_allclose(value, [1.1, 7.0], rtol=1e-14)
    np.testing.assert_allclose(found[0, 0], [2.0, -1.0], rtol=1e-13)
    assert (found[1] == 0.0).all()


@pytest.mark.parametrize(
    "call",
    [
        lambda x: si.make_interp_spline(X * x[0], Y)(0.3),
        lambda x: si.splrep(X, Y * x[0], s=0.1)[1],
        lambda x: si.UnivariateSpline(X, Y * x[0])(0.3),
        lambda x: si.make_smoothing_spline(X, Y * x[0])(0.3),
        lambda x: si.RBFInterpolator(X[:, None] * x[0], Y)(np.array([[0.3]])),
        lambda x: si.CloughTocher2DInterpolator(np.eye(3)[:, :2], Y[:3])(x),
        lambda x: CubicSpline(X, Y - x[0]).roots(),
    ],
)
def test_refused_with_the_users_line(call):
    with pytest.raises(NoDerivativeError, match="test_scipy_interpolate"):
        ad_core.jacobian(call)(np.array([0.9, 0.4]))


@pytest.mark.parametrize("kx", [1, 2, 3])
@pytest.mark.parametrize("ky", [1, 2, 3])
def test_surfaces_of_every_degree(kx, ky):
    """The slopes of order of the degree are constant between knots, which FITPACK does not give."""
    y = X[:6]
    surface = si.RectBivariateSpline(X, y, np.outer(Y, np.cos(y)), kx=kx, ky=ky)
    tck = (*surface.tck, kx, ky)

    def central(f, p, h=1e-5):
        return np.stack([(f(p + h * e) - f(p - h * e)) / (2.0 * h) for e in np.eye(2)], -1)

    def at(p):
        return surface(p[0], p[1], grid=False)

    for point in (np.array([0.45, 0.7]), np.array([1.65, 0.31])):
        found = ad_core.jacobian(at)(point)
        np.testing.assert_allclose(found, central(at, point), rtol=1e-6)
        np.testing.assert_allclose(ad_core.jacrev(at)(point), found, rtol=1e-12)
        np.testing.assert_allclose(ad_core.compile(at).jacobian(point), found, rtol=1e-12)
        hessian = central(ad_core.jacobian(at), point)
        np.testing.assert_allclose(ad_core.hessian(at)(point), hessian, rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(
            ad_core.jacobian(lambda p: si.bisplev(p[0], p[1], tck))(point), found, rtol=1e-12
        )
    assert not np.any(ad_core.jacobian(at)(np.array([-5.0, 99.0])))


def test_surfaces_raise_scipys_error_for_orders():
    surface = si.RectBivariateSpline(X, X, np.outer(Y, Y), kx=1, ky=2)
    for order in ({"dx": 1}, {"dy": 2}, {"dx": -1}):
        with pytest.raises(ValueError, match="pardeu"):
            ad_core.jacobian(lambda p, o=order: surface(p[0], p[1], grid=False, **o))(np.ones(2))
