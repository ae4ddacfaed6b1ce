# SPDX-License-Identifier: Apache-2.0
"""Calls of scipy.interpolate: at traced places, of traced values, and of both."""

import numpy as np
import scipy.interpolate as si

from scipy_rows import Call

MODULE = si

A = np.array
_PLACES = A([1.31, 2.22])
_T = np.linspace(0.0, 3.0, 7)
_Y = np.sin(_T) + 0.1 * _T**2
_Y2 = np.stack([_Y, _Y**2], axis=1)
_WAVE = np.sin(_T * 2.0 * np.pi / 3.0)
_FIXED = A([0.4, 1.3, 2.9])


def _on(*functions, **options):
    return [Call(f, _PLACES, exact=False, **options) for f in functions]


def _family(make):
    """A class of splines: made before the trace and inside, of one column and of two."""
    before = make(_T, _Y)
    return _on(
        before,
        lambda x: make(_T, _Y2)(x),
        lambda x: make(_T, _Y * x[0] + np.cos(_T * x[1]))(_FIXED),
        lambda x: make(_T, _Y * x[0])(x),
    )


_cubic = si.CubicSpline(_T, _Y)
_periodic = si.CubicSpline(_T, _WAVE, bc_type="periodic")
_pieces = si.PPoly(_cubic.c, _cubic.x)
_bernstein = si.BPoly.from_power_basis(_pieces)
_spline = si.make_interp_spline(_T, _Y)
_tck = si.splrep(_T, _Y)
_smooth = si.UnivariateSpline(_T, _Y, s=0.01)
_GRID = _T, _T[:5]
_SURFACE = np.sin(_T)[:, None] * _Y[:5]
_surface = si.RectBivariateSpline(*_GRID, _SURFACE)
_x, _y = (x.ravel() for x in np.meshgrid(_T, _T, indexing="ij"))
_z = np.outer(_Y, np.cos(_T)).ravel()
_P = np.random.default_rng(1).uniform(0.0, 3.0, size=(12, 2))
_V = np.sin(_P[:, 0]) * _P[:, 1]
_triangles = si.LinearNDInterpolator(_P, _V)
_nearest = si.NearestNDInterpolator(_P, _V)
_INSIDE = A([[1.3, 1.2]])


def _pairs(x):
    return np.array([[x[0], x[1] - 0.9], [x[0] - 0.2, 1.1]])


def _samples(kind):
    before = si.interp1d(_T, _Y, kind=kind)
    return _on(
        before,
        lambda x: si.interp1d(_T, _Y * x[0], kind=kind)(_FIXED),
        lambda x: si.interp1d(_T, _Y2 * x[0], kind=kind, axis=0)(x),
    )


def _on_grid(method, **options):
    make = si.RegularGridInterpolator
    before = make(_GRID, _SURFACE, method=method)
    return [
        *_on(lambda x: before(np.array([[x[0], x[1] - 1.0], [0.3, x[1] - 0.7]]))),
        *_on(lambda x: make(_GRID, _SURFACE * x[0] + x[1], method=method)([[0.3, 0.7], [1.2, 0.4]]),
             **options),
    ]  # fmt: skip


def _radial(kernel):
    before = si.RBFInterpolator(_P, _V, kernel=kernel, epsilon=1.2)
    return _on(lambda x: before(_pairs(x)))


ROWS = {
    "AAA": _on(lambda x: si.AAA(_T, _Y)(x)),
    "Akima1DInterpolator": [
        *_family(si.Akima1DInterpolator),
        *_on(lambda x: si.Akima1DInterpolator(_T, _Y * x[0], method="makima")(x)),
    ],
    "BPoly": _on(
        _bernstein,
        lambda x: si.BPoly(_bernstein.c * x[0], _T)(x),
        lambda x: _bernstein.integrate(x[0], x[1]),
        lambda x: _bernstein.derivative()(x) + _bernstein.antiderivative()(x),
        lambda x: si.BPoly.from_derivatives([0.0, 1.0], [[x[0], 1.0], [x[1], 2.0]])([0.5, 0.8]),
    ),
    "BSpline": _on(
        _spline,
        lambda x: si.BSpline(_spline.t, _spline.c * x[0], 3)(x),
        lambda x: si.BSpline(_spline.t, _spline.c, 3, extrapolate="periodic")(x * 3.0),
        lambda x: _spline.derivative()(x) + _spline.antiderivative()(x) + _spline(x, 2),
        lambda x: _spline.integrate(x[0], x[1]),
        lambda x: _spline.integrate(x[0], x[1] + 2.0, extrapolate=False),
        lambda x: si.BSpline(_spline.t, _spline.c, 3, "periodic").integrate(x[0], 3.0 * x[1]),
        lambda x: si.make_interp_spline(_T, _Y * x[0]).integrate(0.3, x[1]),
        lambda x: si.BSpline.basis_element([0, 1, 2, 3, 4])(x),
    ),
    "BarycentricInterpolator": _family(si.BarycentricInterpolator),
    "CubicHermiteSpline": _family(lambda x, y: si.CubicHermiteSpline(x, y, np.cos(y))),
    "CubicSpline": [
        *_family(si.CubicSpline),
        *_family(lambda x, y: si.CubicSpline(x, y, bc_type="natural")),
        *_on(
            lambda x: _cubic(x * 10.0 - 15.0),
            lambda x: _periodic(x * 3.0),
            lambda x: si.CubicSpline(_T, _WAVE * x[0], bc_type="periodic")(x * 3.0),
            lambda x: si.CubicSpline(_T, _Y * x[0], bc_type=((1, 0.5), (2, 0.2)))(x),
            lambda x: _cubic(x, 1) + _cubic.derivative(2)(x) + _cubic.antiderivative()(x),
            lambda x: _cubic.integrate(x[0], x[1]),
            lambda x: _periodic.integrate(x[0], 3.0 * x[1]),
            lambda x: si.CubicSpline(_T, _Y * x[0]).integrate(0.3, x[1]),
            lambda x: si.CubicSpline(_T, _Y * x[0]).antiderivative(2)(_FIXED),
        ),
    ],
    "FloaterHormannInterpolator": _on(lambda x: si.FloaterHormannInterpolator(_T, _Y)(x)),
    "InterpolatedUnivariateSpline": _family(si.InterpolatedUnivariateSpline)[::2],
    "KroghInterpolator": [
        *_family(si.KroghInterpolator),
        *_on(lambda x: si.KroghInterpolator(_T, _Y).derivative(x)),
    ],
    "LSQBivariateSpline": _on(
        lambda x: si.LSQBivariateSpline(_x, _y, _z, [1.5], [1.5]).ev(x, x - 1.0)
    ),
    "LSQUnivariateSpline": _on(lambda x: si.LSQUnivariateSpline(_T, _Y * x[0], [1.5])(x)),
    "LinearNDInterpolator": _on(
        lambda x: _triangles(_pairs(x)),
        lambda x: _triangles(x[0], x[1] - 0.9),
        lambda x: si.LinearNDInterpolator(_P, _V * x[0])(_INSIDE),
        lambda x: si.LinearNDInterpolator(_P, _V * x[0], rescale=True)(_pairs(x)),
    ),
    "NdBSpline": _on(
        lambda x: si.NdBSpline((_spline.t,) * 2, np.outer(_spline.c, _spline.c), 3)(_pairs(x)),
        lambda x: si.NdBSpline((_spline.t,) * 2, np.outer(_spline.c, _spline.c) * x[0], 3)(
            _pairs(x)
        ),
    ),
    "NearestNDInterpolator": _on(
        lambda x: _nearest(_pairs(x)), lambda x: si.NearestNDInterpolator(_P, _V * x[0])(_INSIDE)
    ),
    "PPoly": _on(
        _pieces,
        lambda x: si.PPoly(_pieces.c * x[0], _T)(x),
        lambda x: si.PPoly(A([[1.0, 2.0], [3.0, 4.0]]) * x[0], np.array([0.0, x[0], 3.0]))(x * 1.1),
        lambda x: si.PPoly.from_spline(_tck)(x),
        lambda x: si.PPoly(_pieces.c, _T, extrapolate=False)(x + A([0.0, 2.0]))[:1],
    ),
    "PchipInterpolator": _family(si.PchipInterpolator),
    "RBFInterpolator": [
        *(
            call
            for kernel in (
                "linear",
                "thin_plate_spline",
                "cubic",
                "quintic",
                "multiquadric",
                "inverse_multiquadric",
                "inverse_quadratic",
                "gaussian",
            )
            for call in _radial(kernel)
        ),
        *_on(lambda x: si.RBFInterpolator(_P, _V * x[0])(_pairs(x))),
    ],
    "RectBivariateSpline": _on(
        lambda x: _surface(x[0], x[1] - 1.0)[0, 0],
        lambda x: _surface.ev(x, x - 1.0),
        lambda x: _surface(x, x - 1.0),
        lambda x: _surface.ev(x + A([0.0, 3.0]), x - 1.0),
    ),
    "RectSphereBivariateSpline": _on(
        lambda x: si.RectSphereBivariateSpline(_T[1:] / 1.2, _T, _SPHERE)(x[0], x[1])[0, 0]
    ),
    "RegularGridInterpolator": [
        *_on_grid("linear"),
        *_on_grid("nearest"),
        *_on_grid("slinear", tolerance=1e-4),
        *_on_grid("cubic", tolerance=1e-3),
        *_on_grid("pchip"),
        *_on(
            lambda x: si.RegularGridInterpolator(_GRID, _SURFACE * x[0])([x[0], x[1] - 1.0]),
            lambda x: si.RegularGridInterpolator(_GRID, _SURFACE, "linear", False, None)(
                np.array([x[0] + 3.0, x[1] - 1.0])
            ),
            lambda x: si.RegularGridInterpolator(_GRID, _SURFACE, "linear", False, 0.5)(
                np.array([[x[0] + 3.0, 0.2], x - 1.0])
            ),
            lambda x: si.RegularGridInterpolator((_T,), _Y2)(x[:, None]),
        ),
    ],
    "SmoothBivariateSpline": _on(
        lambda x: si.SmoothBivariateSpline(_x, _y, _z)(x[0], x[1])[0, 0], second=False
    ),
    "UnivariateSpline": _on(
        _smooth,
        lambda x: _smooth.derivative()(x) + _smooth(x, 1) + _smooth.antiderivative()(x),
        lambda x: _smooth.integral(x[0], x[1]),
        lambda x: np.array(_smooth.derivatives(x[0])),
        lambda x: si.UnivariateSpline(_T, _Y, s=0.01, ext=3)(x + A([0.0, 3.0])),
        lambda x: si.UnivariateSpline(_T, _Y * x[0], s=0)(x),
    ),
    "approximate_taylor_polynomial": _on(
        lambda x: si.approximate_taylor_polynomial(lambda t: np.exp(t * x[0]), 0.0, 3, 1.0)(x[1])
    ),
    "barycentric_interpolate": _on(lambda x: si.barycentric_interpolate(_T, _Y * x[0], x)),
    "bisplev": _on(lambda x: si.bisplev(x[0], x[1], _surface_tck)),
    "griddata": _on(
        lambda x: si.griddata(_P, _V * x[0], _INSIDE),
        lambda x: si.griddata(_P, _V, _pairs(x)),
        lambda x: si.griddata(_T, _Y * x[0], x, method="cubic"),
        lambda x: si.griddata(_P, _V * x[0], _INSIDE, method="nearest"),
    ),
    "interp1d": [
        *(
            call
            for kind in (
                "linear",
                "nearest",
                "nearest-up",
                "previous",
                "next",
                "zero",
                "slinear",
                "quadratic",
                "cubic",
            )
            for call in _samples(kind)
        ),
        *_on(
            lambda x: si.interp1d(_T, _Y, fill_value="extrapolate")(x + A([0.0, 3.0])),
            lambda x: si.interp1d(_T, _Y, bounds_error=False, fill_value=(0.0, 1.0))(
                x + A([0.0, 3.0])
            ),
        ),
    ],
    "interpn": _on(
        lambda x: si.interpn(_GRID, _SURFACE, np.array([x[0], x[1] - 1.0])),
        lambda x: si.interpn(_GRID, _SURFACE * x[0], A([0.3, 0.4])),
        lambda x: si.interpn(_GRID, _SURFACE, np.array([x[0], x[1] - 1.0]), method="splinef2d"),
    ),
    "krogh_interpolate": _on(lambda x: si.krogh_interpolate(_T, _Y * x[0], x)),
    "lagrange": _on(lambda x: si.lagrange(_T[:4], _Y[:4] * x[0])(x)),
    "make_interp_spline": _on(
        lambda x: si.make_interp_spline(_T, _Y2, k=5)(x),
        lambda x: si.make_interp_spline(_T, _Y * x[0])(_FIXED),
        lambda x: si.make_interp_spline(_T, _Y * x[0], k=2)(x),
        lambda x: si.make_interp_spline(_T, _Y2.T * x[0], axis=1)(x),
        lambda x: si.make_interp_spline(_T, _Y * x[0], k=1)(x),
        lambda x: si.make_interp_spline(_T, _Y * x[0], bc_type="natural")(x),
        lambda x: si.make_interp_spline(_T, _Y * x[0], bc_type=([(1, 0.3)], [(2, 0.1)]))(x),
        lambda x: si.make_interp_spline(_T, _WAVE * x[0], bc_type="periodic")(x),
    ),
    "make_lsq_spline": _on(
        lambda x: si.make_lsq_spline(_T, _Y * x[0], [0.0] * 4 + [1.5] + [3.0] * 4)(x)
    ),
    "make_smoothing_spline": _on(
        lambda x: si.make_smoothing_spline(_T, _Y, lam=0.1)(x),
        lambda x: si.make_smoothing_spline(_T, _Y * x[0], lam=0.1)(_FIXED),
    ),
    "make_splprep": _on(lambda x: si.make_splprep([_T, _Y], s=0)[0](x / 3.0)),
    "make_splrep": _on(
        lambda x: si.make_splrep(_T, _Y, s=0)(x), lambda x: si.make_splrep(_T, _Y * x[0], s=0)(x)
    ),
    "pade": _on(lambda x: si.pade([1.0, x[0], x[1], 0.3], 1)[0](0.2)),
    "pchip_interpolate": _on(lambda x: si.pchip_interpolate(_T, _Y * x[0], x)),
    "spalde": _on(
        lambda x: np.array(si.spalde(x[0], _tck)), lambda x: np.array(si.spalde(x, _tck))
    ),
    "splantider": _on(lambda x: si.splev(x, si.splantider((_tck[0], _tck[1] * x[0], 3)))),
    "splder": _on(lambda x: si.splev(x, si.splder((_tck[0], _tck[1] * x[0], 3)))),
    "splev": [
        *_on(
            lambda x: si.splev(x, _tck),
            lambda x: si.splev(x, _spline),
            lambda x: si.splev(x, _tck, der=2),
            lambda x: si.splev(_FIXED, (_tck[0], _tck[1] * x[0], 3)),
            lambda x: np.array(si.splev(x[0] / 3.0, si.splprep([_T, _Y], s=0)[0])),
        ),
        *(
            call
            for ext in (0, 1, 3)
            for call in _on(lambda x, ext=ext: si.splev(x + A([0.0, 3.0]), _tck, ext=ext))
        ),
    ],
    "splint": _on(
        lambda x: si.splint(x[0], x[1], _tck), lambda x: si.splint(x[0], x[1] + 2.0, _tck)
    ),
    "splrep": _on(
        lambda x: si.splev(x, si.splrep(_T, _Y * x[0])),
        lambda x: si.splev(x, si.splrep(_T, _Y * x[0], t=[1.5])),
    ),
}
_SPHERE = np.outer(np.cos(_T[1:]), np.sin(_T)) + 2.0
_surface_tck = (*_surface.tck, *_surface.degrees)

PLAIN = {"BivariateSpline", "interp2d"}

REFUSED = {
    "CloughTocher2DInterpolator": lambda x: si.CloughTocher2DInterpolator(_P, _V)(x + 0.5),
    "LSQSphereBivariateSpline": lambda x: si.LSQSphereBivariateSpline(
        _x[:9] / 3.0, _y[:9], _z[:9] * x[0], [0.5], [1.0]
    ),
    "NdPPoly": lambda x: si.NdPPoly(np.ones((2, 2, 3, 3)), (_T[:4], _T[:4]))(x[None]),
    "Rbf": lambda x: si.Rbf(_P[:, 0], _P[:, 1], _V)(x[0], x[1]),
    "SmoothSphereBivariateSpline": lambda x: si.SmoothSphereBivariateSpline(
        _x / 3.0, _y, _z * x[0]
    ),
    "bisplrep": lambda x: si.bisplrep(_x, _y, _z * x[0])[2],
    "generate_knots": lambda x: list(si.generate_knots(_T, _Y * x[0], s=0.1)),
    "insert": lambda x: si.insert(1.3, (_tck[0], _tck[1] * x[0], 3))[1],
    "splprep": lambda x: si.splprep([_T, _Y * x[0]], s=0)[0][1],
    "sproot": lambda x: si.sproot((_tck[0], _tck[1] - x[0], 3)),
}
