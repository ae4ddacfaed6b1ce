# SPDX-License-Identifier: Apache-2.0
"""Calls of scipy.ndimage."""

import numpy as np
import scipy.ndimage as MODULE

from scipy_rows import Call

__all__ = ["MODULE", "PLAIN", "REFUSED", "ROWS"]

X = np.random.default_rng(0).normal(size=12)
KERNEL = np.random.default_rng(1).normal(size=(3, 2))
MODES = ("reflect", "constant", "nearest", "mirror", "wrap", "grid-wrap", "grid-constant",
         "grid-mirror")  # fmt: skip
LABELS = [0, 0, 1, 1, 2, 2] * 2


def _square(name, *args, **options):
    return lambda x: getattr(MODULE, name)(x.reshape(3, 4), *args, **options)


def _row(name, *args, **options):
    return lambda x: getattr(MODULE, name)(x, *args, **options)


def _calls(*functions, **options):
    return [Call(f, X, exact=False, **options) for f in functions]


def _labelled(name):
    return _calls(_row(name, LABELS, [1, 2]), lambda x: np.atleast_1d(getattr(MODULE, name)(x)))


def _complex(x):
    z = MODULE.convolve1d(x[:6] + 1j * x[6:], [1.0, 2.0, 0.5])
    return z.real + 0.3 * z.imag


PLACES = np.array([[0.3, 1.7, -2.6, 2.0, 4.4], [1.2, 2.4, 0.7, -3.8, 1.0]])
IMAGE = X.reshape(3, 4)


def _settings(*orders):
    return [{"mode": mode, "order": order, "cval": 0.3} for mode in MODES for order in orders]


def _of_image(name, *args, orders=(0, 1, 3), **options):
    """Calls at plain places, of a traced image."""
    return _calls(*(_square(name, *args, **options, **settings) for settings in _settings(*orders)),
                  second=False)  # fmt: skip


def _of_places(call, point, orders=(0, 1, 3), second=False):
    """Calls at traced places, of a plain image."""
    return [
        Call(lambda p, settings=settings: call(p, **settings), np.array(point), second, exact=False)
        for settings in _settings(*orders)
    ]


def _at(p, **settings):
    return MODULE.map_coordinates(IMAGE, p.reshape(2, -1), **settings)


def _mapping(k, slope):
    return k[0] * slope + 0.1, k[1] * 0.9 + slope


def _second(x, axis, output, mode, cval):
    return MODULE.correlate1d(x, [1.0, -2.0, 1.0], axis, output, mode, cval)


ROWS = {
    "correlate1d": _calls(*(_square("correlate1d", [0.2, 0.5, 0.4, 0.1], axis=1, mode=mode,
                                    cval=0.3, origin=1) for mode in MODES),
                          lambda x: MODULE.correlate1d(x, x[:3])),
    "convolve1d": _calls(_row("convolve1d", [1.0, 2.0, 0.5]), _complex),
    "correlate": _calls(lambda x: MODULE.correlate(x[:6].reshape(2, 3), x[6:].reshape(3, 2))),
    "convolve": _calls(*(_square("convolve", KERNEL, mode=mode, cval=0.3, origin=(1, -1))
                         for mode in MODES)),
    "uniform_filter": _calls(*(_square("uniform_filter", 3, mode=mode) for mode in MODES)),
    "uniform_filter1d": _calls(_row("uniform_filter1d", 4, origin=1)),
    "gaussian_filter1d": _calls(_row("gaussian_filter1d", 1.0),
                                _row("gaussian_filter1d", 0.8, order=2)),
    "gaussian_filter": _calls(_square("gaussian_filter", 1.0),
                              _square("gaussian_filter", 1.0, order=1),
                              _square("gaussian_filter", 1.0, axes=[1])),
    "sobel": _calls(_square("sobel"), _square("sobel", axis=0, mode="wrap")),
    "prewitt": _calls(_square("prewitt")),
    "laplace": _calls(_square("laplace")),
    "gaussian_laplace": _calls(_square("gaussian_laplace", 1.0)),
    "gaussian_gradient_magnitude": _calls(_square("gaussian_gradient_magnitude", 1.0)),
    "generic_laplace": _calls(_square("generic_laplace", _second)),
    "generic_gradient_magnitude": _calls(_square("generic_gradient_magnitude", MODULE.sobel)),
    **{name: _labelled(name) for name in ("sum", "sum_labels", "mean", "variance",
                                          "standard_deviation", "maximum", "minimum")},
    "map_coordinates": [
        *_of_image("map_coordinates", PLACES, orders=range(6)),
        *_of_places(_at, [0.3, 1.7, -2.6, 5.1, 1.2, 2.4, 0.7, -3.8], orders=range(6)),
        *_of_places(_at, [0.3, 1.7, 1.2, 2.4], orders=(3, 5), second=True),
        Call(lambda x: MODULE.map_coordinates(np.outer(x, x), x[:6].reshape(2, 3) + 1.5,
                                              mode="mirror"), X, exact=False, tolerance=1e-5),
    ],
    "shift": [
        *_of_image("shift", [0.4, -1.3]),
        *_of_places(lambda p, **settings: MODULE.shift(IMAGE, p, **settings), [0.4, -1.3]),
    ],
    "zoom": [*_of_image("zoom", [1.7, 0.6]), *_of_image("zoom", [1.7, 0.6], grid_mode=True)],
    "affine_transform": [
        *_of_image("affine_transform", [[0.9, 0.2], [-0.3, 1.1]], offset=[0.4, -0.2]),
        *_of_places(lambda p, **settings: MODULE.affine_transform(
            IMAGE, p[:4].reshape(2, 2), p[4:], **settings), [0.9, 0.12, -0.23, 1.1, 0.45, -0.615]),
        *_of_places(lambda p, **settings: MODULE.affine_transform(
            IMAGE, p[:2], p[2:], output_shape=(4, 5), **settings), [0.9, 1.12, -0.23, 0.41]),
    ],
    "rotate": _of_image("rotate", 20.0),
    "geometric_transform": _of_places(lambda p, **settings: MODULE.geometric_transform(
        IMAGE, _mapping, extra_arguments=(p[0],), **settings), [0.83]),
    "spline_filter1d": [Call(_square("spline_filter1d", order, axis, mode=mode), X, exact=False)
                        for mode in MODES for order in (2, 3) for axis in (0, 1)],
    "spline_filter": _calls(_square("spline_filter"), _square("spline_filter", 5)),
    "vectorized_filter": _calls(_row("vectorized_filter", np.sum, size=2)),
    "median": _calls(_row("median", LABELS, [1, 2])),
    "labeled_comprehension": _calls(
        _row("labeled_comprehension", LABELS, [1, 2], np.sum, float, 0)
    ),
    "center_of_mass": _calls(lambda x: np.stack(MODULE.center_of_mass(x.reshape(3, 4) ** 2))),
}  # fmt: skip
PLAIN = {
    "binary_closing", "binary_dilation", "binary_erosion", "binary_fill_holes",
    "binary_hit_or_miss", "binary_opening", "binary_propagation", "distance_transform_bf",
    "distance_transform_cdt", "distance_transform_edt", "find_objects",
    "generate_binary_structure", "iterate_structure", "label", "value_indices", "watershed_ift",
    "histogram", "maximum_position", "minimum_position", "extrema",
}  # fmt: skip
REFUSED = {
    "fourier_ellipsoid": lambda x: MODULE.fourier_ellipsoid(x, 2.0),
    "fourier_gaussian": lambda x: MODULE.fourier_gaussian(x, 2.0),
    "fourier_shift": lambda x: MODULE.fourier_shift(x, 2.0),
    "fourier_uniform": lambda x: MODULE.fourier_uniform(x, 2.0),
    "maximum_filter": lambda x: MODULE.maximum_filter(x, 2),
    "maximum_filter1d": lambda x: MODULE.maximum_filter1d(x, 2),
    "minimum_filter": lambda x: MODULE.minimum_filter(x, 2),
    "minimum_filter1d": lambda x: MODULE.minimum_filter1d(x, 2),
    "median_filter": lambda x: MODULE.median_filter(x, 2),
    "percentile_filter": lambda x: MODULE.percentile_filter(x, 30, 2),
    "rank_filter": lambda x: MODULE.rank_filter(x, 1, 2),
    "generic_filter": lambda x: MODULE.generic_filter(x, np.sum, 2),
    "generic_filter1d": lambda x: MODULE.generic_filter1d(x, lambda a, b: None, 2),
    "grey_closing": lambda x: MODULE.grey_closing(x, 2),
    "grey_opening": lambda x: MODULE.grey_opening(x, 2),
    "grey_dilation": lambda x: MODULE.grey_dilation(x, 2),
    "grey_erosion": lambda x: MODULE.grey_erosion(x, 2),
    "black_tophat": lambda x: MODULE.black_tophat(x, 2),
    "white_tophat": lambda x: MODULE.white_tophat(x, 2),
    "morphological_gradient": lambda x: MODULE.morphological_gradient(x, 2),
    "morphological_laplace": lambda x: MODULE.morphological_laplace(x, 2),
}
