# SPDX-License-Identifier: Apache-2.0
"""Calls of every NumPy function that docs/make_numpy.py lists as supported, with the domains of
their arguments and special points. A function that the installed NumPy does not have has no rows.

A row is (name, call, arguments, points). An argument is the domain of its elements and a shape; the
elements that are drawn for it are distinct. At a special point the value agrees with NumPy's and
the modes with each other, but finite differences may differ.
"""

import inspect
from typing import NamedTuple

import numpy as np

__all__ = ["LEFT_OUT", "ROWS", "Row", "drawn"]

DOMAINS = {
    "real": (-2.0, 2.0),
    "positive": (0.2, 2.2),
    "unit": (-0.9, 0.9),
    "above one": (1.1, 3.0),
}
RAMP = np.linspace(0.05, 0.95, 7)
NANS = np.where(np.arange(12).reshape(3, 4) % 5 == 2, np.nan, 0.0)
ON = np.arange(12).reshape(3, 4) % 3 != 1
TRIMS_ALL_AXES = "axis" in inspect.signature(np.trim_zeros).parameters  # since NumPy 2.2
LEFT_OUT = set()  # names of functions that the installed NumPy does not have


class Row(NamedTuple):
    name: str
    call: object
    arguments: tuple
    points: tuple = ()


def drawn(row, rng):
    """Arguments of a row: distinct numbers of its domains, in random order."""
    arrays = []
    for domain, shape in row.arguments:
        low, high = DOMAINS[domain]
        n = int(np.prod(shape))
        places = (rng.permutation(n) + 0.3 + 0.4 * rng.random(n)) / max(n, 1)
        arrays.append((low + (high - low) * places).reshape(shape))
    return arrays


def R(*shape):
    return "real", shape


def P(*shape):
    return "positive", shape


def U(*shape):
    return "unit", shape


def rows(arguments, calls, points=()):
    """Rows with the same arguments: name -> call, or several calls."""
    return [
        Row(name, call, arguments, points)
        for name, given in calls.items()
        if is_there(name)
        for call in (given if isinstance(given, tuple) else (given,))
    ]


def named(*names):
    """Functions that are called with only the arguments."""
    return {name: getattr(np, name) for name in names if is_there(name)}


def is_there(name):
    """Whether the installed NumPy has a function, or the function of this method."""
    found = hasattr(np, name.partition(".")[0])
    if not found:
        LEFT_OUT.add(name)
    return found


def written(make, write):
    """A call that writes into a new array."""

    def call(*args):
        made = make(*args)
        write(made, *args)
        return made

    return call


def inverted(unique):
    return unique.values[unique.inverse_indices]


V, M, C, Q = R(6), R(3, 4), R(2, 3, 4), R(3, 3)

ELEMENTWISE = [
    *rows((R(2, 3),), named(
        "sin", "cos", "tan", "arctan", "sinh", "cosh", "tanh", "arcsinh", "exp", "exp2", "expm1",
        "cbrt", "square", "reciprocal", "negative", "positive", "absolute", "fabs", "sign",
        "conjugate", "deg2rad", "rad2deg", "degrees", "radians", "sinc", "floor", "ceil", "trunc",
        "rint", "spacing", "fix", "real", "imag", "real_if_close", "nan_to_num", "modf", "round",
        "around", "angle", "i0", "frexp",
    )),
    *rows((P(2, 3),), named("sqrt", "log", "log2", "log10", "log1p")),
    *rows((U(2, 3),), named("arcsin", "arccos", "arctanh")),
    *rows((("above one", (2, 3)),), named("arccosh")),
    *rows((R(2, 3), R(3)), named(
        "add", "subtract", "multiply", "divide", "maximum", "minimum", "fmax", "fmin", "hypot",
        "arctan2", "copysign", "heaviside", "logaddexp", "logaddexp2", "nextafter",
    )),
    *rows((P(2, 3), P(3)), named(
        "power", "float_power", "fmod", "remainder", "floor_divide", "divmod"
    )),
    *rows((V,), {
        "ldexp": lambda x: np.ldexp(x, [0, 1, -2, 3, 0, 1]),
        "clip": lambda x: np.clip(x, -0.51, 0.77),
        "unwrap": lambda x: np.unwrap(4.0 * x),
        "astype": lambda x: np.astype(x, float) * x,
        "angle": lambda x: np.angle(x, deg=True),
        "round": lambda x: x * np.round(x, 1),
    }),
    *rows((V, V), {
        "where": lambda x, y: np.where(x > 0.1, x * y, y),
        "select": lambda x, y: np.select([x > 0.5, x > -0.5], [x, x * y], y),
        "piecewise": (
            lambda x, y: np.piecewise(x, [x < -0.5, x > 0.5], [np.sin, lambda t: t * t, y[0]]),
            lambda x, y: np.piecewise(x, x < 0.1, [lambda t, c: c * np.sum(t), 2.0], y[1]),
        ),
        "choose": lambda x, y: np.choose([1, 0, 1, 1, 0, 1], [x, y]),
    }),
]  # fmt: skip

SHAPES = [
    *rows((M,), named(
        "ravel", "transpose", "squeeze", "flip", "fliplr", "flipud", "rot90", "tril", "triu",
        "copy", "matrix_transpose", "diagonal", "diag", "diagflat", "atleast_1d", "atleast_2d",
        "atleast_3d", "unstack",
    )),
    *rows((M,), {
        "reshape": lambda a: np.reshape(a, (2, -1), order="F"),
        "swapaxes": lambda a: np.swapaxes(a, 0, -1),
        "moveaxis": lambda a: np.moveaxis(a, 0, -1),
        "rollaxis": lambda a: np.rollaxis(a, 1),
        "permute_dims": lambda a: np.permute_dims(a, (1, 0)),
        "expand_dims": lambda a: np.expand_dims(a, (0, -1)),
        "broadcast_to": lambda a: np.broadcast_to(a, (2, *a.shape)),
        "broadcast_arrays": lambda a: np.broadcast_arrays(a, a[:1], 2.0),
        "roll": lambda a: np.roll(a, 3),
        "repeat": lambda a: np.repeat(a, 2, axis=0),
        "tile": lambda a: np.tile(a, (2, 1)),
        "resize": lambda a: np.resize(a, (2, 3)),
        "delete": lambda a: np.delete(a, 1, axis=0),
        "split": lambda a: np.split(a, [1], axis=0),
        "array_split": lambda a: np.array_split(a, 2, axis=-1),
        "hsplit": lambda a: np.hsplit(a, 2),
        "vsplit": lambda a: np.vsplit(a, 3),
        "take": lambda a: np.take(a, [0, 2, 0], axis=-1),
        "take_along_axis": lambda a: np.take_along_axis(a, np.argsort(a, axis=-1), -1),
        "compress": lambda a: np.compress([True, False, True], a, axis=0),
        "extract": lambda a: np.extract(a > 0.1, a),
        "pad": (
            lambda a: np.pad(a, 1, constant_values=2.0),
            lambda a: np.pad(a, 1, mode="reflect"),
            lambda a: np.pad(a, 1, mode="reflect", reflect_type="odd"),
            lambda a: np.pad(a, 2, mode="linear_ramp"),
            lambda a: np.pad(a, 1, mode="mean"),
        ),
        "insert": lambda a: np.insert(a, 1, a[0] * a[1], axis=0),
        "array": lambda a: np.array([a[0], a[1] * a[2]]),
        "asarray": lambda a: np.asarray([a[0, 0], 2.0, a[1, 1]]),
        "ix_": lambda a: [x * a[0, 0] for x in np.ix_(a[0], a[:, 1])],
        "ones_like": lambda a: np.ones_like(a) * a,
        "full_like": lambda a: np.full_like(a, a[0, 0]) * a,
        "full": lambda a: np.full((2, 2), a[0, 1]),
        "ones": written(lambda a: np.ones(3), lambda y, a: np.put(y, [1], a[0, 0])),
        "zeros": written(lambda a: np.zeros(3), lambda y, a: np.put(y, [0, 2], a[0, :2])),
        "zeros_like": written(np.zeros_like, lambda y, a: np.copyto(y, a * a)),
        "empty_like": written(np.empty_like, lambda y, a: np.copyto(y, a.sum())),
        "empty": written(lambda a: np.empty(a.shape), lambda y, a: np.copyto(y, a)),
        "eye": written(lambda a: np.eye(2), lambda y, a: np.fill_diagonal(y, a[0, :2])),
        "identity": written(lambda a: np.identity(3), lambda y, a: np.place(y, y == 0, a)),
        "copyto": written(np.ones_like, lambda y, a: np.copyto(y, a, where=a > 0.1)),
        "fill_diagonal": written(lambda a: a * 2.0, lambda y, a: np.fill_diagonal(y, a[0, 0])),
        "place": written(lambda a: a * 2.0, lambda y, a: np.place(y, a > 0.1, a[1])),
        "put": written(lambda a: a * 2.0, lambda y, a: np.put(y, [1, 3], a[0, 0])),
        "putmask": written(lambda a: a * 2.0, lambda y, a: np.putmask(y, a > 0.1, a[1])),
        "put_along_axis": written(
            lambda a: a * 2.0, lambda y, a: np.put_along_axis(y, np.argsort(a, 0)[:1], a[0], 0)
        ),
    }),
    *rows((C,), {"dsplit": lambda c: np.dsplit(c, 2)}),
    *rows((M if TRIMS_ALL_AXES else R(4, 1),), {
        "trim_zeros": lambda a: np.trim_zeros(np.pad(a, ((1, 2), (0, a.shape[1] // 2)))),
    }),
    *rows((Q, Q), {
        "concatenate": lambda a, b: np.concatenate([a, b], axis=-1),
        "stack": lambda a, b: np.stack([a, b], axis=1),
        "vstack": lambda a, b: np.vstack([a, b]),
        "hstack": lambda a, b: np.hstack([a, b]),
        "dstack": lambda a, b: np.dstack([a, b]),
        "column_stack": lambda a, b: np.column_stack([a, b]),
        "block": lambda a, b: np.block([[a, b], [b, a]]),
        "append": np.append,
        "meshgrid": lambda a, b: np.meshgrid(a[0], b[:, 0]),
    }),
]  # fmt: skip

REDUCTIONS = [
    *rows((M,), {
        name: (f, lambda a, f=f: f(a, axis=0, keepdims=True))
        for name, f in named(
            "sum", "prod", "max", "min", "amax", "amin", "mean", "var", "std", "ptp", "median",
            "average",
        ).items()
    }),
    *rows((M,), {
        name: (f, lambda a, f=f: f(a + NANS))
        for name, f in named(
            "nansum", "nanprod", "nanmax", "nanmin", "nanmean", "nanvar", "nanstd", "nanmedian",
            "nancumsum", "nancumprod",
        ).items()
    }),
    *rows((M,), {
        "sum": lambda a: np.sum(a, where=ON, axis=1, initial=2.0),
        "nanmedian": lambda a: np.nanmedian(a + NANS, axis=(0, 1), keepdims=True),
        "cumsum": np.cumsum, "cumprod": (np.cumprod, lambda a: np.cumprod(a, axis=0)),
        "cumulative_sum": lambda a: np.cumulative_sum(a, axis=-1, include_initial=True),
        "cumulative_prod": lambda a: np.cumulative_prod(a, axis=-1),
        "trace": np.trace, "diff": (np.diff, lambda a: np.diff(a, 2, axis=0)),
        "ediff1d": np.ediff1d, "trapezoid": np.trapezoid,
        "sort_complex": lambda a: np.sort_complex(a).real,
        "sort": (np.sort, lambda a: np.sort(a, axis=None)),
        "partition": lambda a: np.sort(np.partition(a, 1), axis=-1),
        "gradient": (
            np.gradient,
            lambda a: np.gradient(a, 0.3, axis=-1, edge_order=2),
            lambda a: np.gradient(a, 0.2, [0.1, 0.4, 0.5, 0.9]),
            lambda a: np.gradient(a, [0, 1, 2], 0.5),
        ),
        "apply_along_axis": (
            lambda a: np.apply_along_axis(lambda t: np.outer(t, t[:2]), 0, a),
            lambda a: np.apply_along_axis(np.prod, -1, a),
        ),
        "vectorize": (
            lambda a: np.vectorize(lambda t: t * np.sin(t) if t > 0.0 else t)(a),
            lambda a: np.vectorize(lambda t: np.prod(t), signature="(n)->()")(a),
        ),
        "apply_over_axes": lambda a: np.apply_over_axes(np.sum, a * a, (0, -1)),
    }),
    *rows((V, P(6)), {
        "average": lambda x, w: np.average(x, weights=w, returned=True),
        "trapezoid": lambda x, t: np.trapezoid(x, t),
        "gradient": (
            lambda x, t: np.gradient(x, t),
            lambda x, t: np.gradient(x, t[0]),
            lambda x, t: np.gradient(x, np.cumsum(t), edge_order=2),
        ),
    }),
    *rows((V,), {
        f"{name}.{method}": call
        for name, f in named(
            "add", "multiply", "maximum", "minimum", "fmax", "fmin", "logaddexp", "logaddexp2",
            "hypot", "subtract", "divide",
        ).items()
        for method, call in {
            "reduce": lambda x, f=f: f.reduce(x.T, axis=-1),
            "accumulate": lambda x, f=f: f.accumulate(x),
            "reduceat": lambda x, f=f: f.reduceat(x, [0, 4, 2, 3]),
            "outer": lambda x, f=f: f.outer(x, x[:2]),
            "at": written(
                lambda x: x + 3.0, lambda y, x, f=f: f.at(y, [0, 3, 0, 0], x[:4])
            ),
        }.items()
    }),
    *rows((M,), {
        "logaddexp.reduce": (
            lambda a: np.logaddexp.reduce(a, where=ON, axis=1),
            lambda a: np.logaddexp.reduce(a, axis=None, initial=0.3, keepdims=True),
        ),
        "fmin.reduce": lambda a: np.fmin.reduce(a, where=a > 0.0, initial=9.0, axis=0),
    }),
]  # fmt: skip

PRODUCTS = [
    *rows((Q, Q), named("dot", "inner", "outer", "vdot", "kron", "matmul", "vecdot", "matvec",
                        "vecmat", "tensordot", "cross")),
    *rows((M, R(4, 2)), {
        "einsum": (
            lambda a, b: np.einsum("ij,jk->ik", a, b),
            lambda a, b: np.einsum("ij,jk", a, b),
            lambda a, b: np.einsum("ij,jk->", a, b),
            lambda a, b: np.einsum("ij,kl->lkij", a, b),
            lambda a, b: np.einsum("ij,jk,ik->j", a, b, a @ b),
            lambda a, b: np.einsum("ij,jk,lk,lm->im", a, b, b, b, optimize=True),
            lambda a, b: np.einsum(
                "ij,jk,lk->il", a, b, b, optimize=["einsum_path", (1, 2), (0, 1)]
            ),
            lambda a, b: np.einsum(a, [0, 1], b, [1, 2], [2, 0]),
            lambda a, b: np.einsum(a, [..., 1], b, [1, 0]),
        ),
    }),
    *rows((C, M), {
        "einsum": (
            lambda c, a: np.einsum("...ij,ij->...i", c, a),
            lambda c, a: np.einsum("bij,ij->bj", c, a),
            lambda c, a: np.einsum("bij,bkj->bik", c, c),
            lambda c, a: np.einsum("ij,ij->ij", a, a[:1]),
            lambda c, a: np.einsum("i...->...", c),
        ),
    }),
    *rows((Q,), {
        "einsum": (
            lambda q: np.einsum("ii", q),
            lambda q: np.einsum("ii->i", q),
            lambda q: np.einsum("ij->ji", q),
            lambda q: np.einsum("ii,ij->j", q, q),
        ),
    }),
    *rows((V, R(3)), {
        "convolve": tuple(
            lambda x, y, m=m, turn=turn: np.convolve(*((y, x) if turn else (x, y)), m)
            for m in ("full", "same", "valid") for turn in (False, True)
        ),
        "correlate": tuple(
            lambda x, y, m=m, turn=turn: np.correlate(*((y, x) if turn else (x, y)), m)
            for m in ("full", "same", "valid") for turn in (False, True)
        ),
        "polyadd": np.polyadd, "polysub": np.polysub, "polymul": np.polymul,
        "polydiv": lambda x, y: np.polydiv(x, y + 3.0),
        "polyint": (lambda x, y: np.polyint(x, 3, y), lambda x, y: np.polyint(x, k=y[0])),
        "polyder": (lambda x, y: np.polyder(x, 2), lambda x, y: np.polyder(y)),
        "poly": lambda x, y: np.poly(y),
        "polyfit": lambda x, y: np.polyfit(x, x**3, 1),
        "roots": lambda x, y: np.roots(np.concatenate([[1.0], x[:1], -1.0 - x[1:2] ** 2])),
        "polyval": np.polyval,
        "vander": lambda x, y: np.vander(y, 3),
    }),
    *rows((R(40), R(35)), {"correlate": lambda x, y: np.correlate(x, y, "full")}),
    *rows((M, R(4)), {
        "cov": (
            lambda a, y: np.cov(a),
            lambda a, y: np.cov(a, y, bias=True),
            lambda a, y: np.cov(a, aweights=y * y, fweights=[1, 2, 3, 1]),
            lambda a, y: np.cov(a.T, rowvar=False, ddof=0),
            lambda a, y: np.cov(y),
        ),
        "corrcoef": (lambda a, y: np.corrcoef(a), lambda a, y: np.corrcoef(a, y, rowvar=True)),
    }),
]  # fmt: skip

GRIDS = [
    *rows((P(), P()), {
        "linspace": lambda s, t: np.linspace(s, t, 4, retstep=True),
        "logspace": lambda s, t: np.logspace(s, t, 3, base=2.0),
        "geomspace": (
            lambda s, t: np.geomspace(s, t, 4),
            lambda s, t: np.geomspace(-s, -t, 3, endpoint=False),
        ),
    }),
    *rows((P(3), P()), {"geomspace": lambda s, t: np.geomspace(s, t, 4, axis=-1)}),
    *rows((R(5), R(7)), {
        "interp": (
            lambda x, fp: np.interp(x, RAMP, fp),
            lambda x, fp: np.interp(x, 3.0 * RAMP - 1.0, fp, left=fp[1], right=7.0),
            lambda x, fp: np.interp(x, np.cumsum(fp * fp) - 1.1, fp),
            lambda x, fp: np.interp(x, [0.4, 1.1, 0.7], fp[:3], period=1.3),
        ),
    }, points=((RAMP[[0, 2, 3, 5, 6]], np.arange(7.0) ** 2),)),
]  # fmt: skip

METHODS = (
    "linear", "hazen", "weibull", "median_unbiased", "normal_unbiased", "interpolated_inverted_cdf",
    "inverted_cdf", "averaged_inverted_cdf", "closest_observation", "lower", "higher", "midpoint",
    "nearest",
)  # fmt: skip

ORDERS = [
    *rows((M,), {
        "quantile": tuple(
            lambda a, m=m: np.quantile(a, [0.0, 0.1, 0.26, 0.5, 0.94, 1.0], axis=-1, method=m)
            for m in METHODS
        ),
        "percentile": (
            lambda a: np.percentile(a, 30),
            lambda a: np.percentile(a, [20, 70], axis=(0, 1), keepdims=True),
        ),
        "nanquantile": lambda a: np.nanquantile(a + NANS, [0.3, 0.8], axis=-1, keepdims=True),
        "nanpercentile": (
            lambda a: np.nanpercentile(a + NANS, 40),
            lambda a: np.nanpercentile(a, 40),
        ),
    }),
    *rows((V, P(4)), {
        "quantile": (
            lambda x, q: np.quantile(x, q / 3.0),
            lambda x, q: np.quantile(x, q[:2] / 4.0, method="weibull"),
            lambda x, q: np.quantile(x, q / 4.0, method="higher"),
        ),
    }),
    *rows((M,), {
        "quantile": written(
            lambda a: np.zeros((2, 3)), lambda y, a: np.quantile(a, [0.3, 0.6], 1, y)
        ),
        "einsum": written(lambda a: np.zeros(4), lambda y, a: np.einsum("ij->j", a, out=y)),
        "multiply": written(
            lambda a: a + 1.0, lambda y, a: np.multiply(a, a[0], out=y, where=a > 0.1)
        ),
        "logical_xor.accumulate": lambda a: np.logical_xor.accumulate(a > 0.1, axis=1),
        "logical_and.reduceat": lambda a: np.logical_and.reduceat(a, [0, 2, 1], axis=-1),
    }),
    *rows((M, P(4)), {
        "quantile": lambda a, w: np.quantile(
            a, [0.2, 0.6], axis=1, weights=w, method="inverted_cdf"
        ),
        "nanquantile": lambda a, w: np.nanquantile(
            a + NANS, 0.7, axis=1, weights=w * np.ones(a.shape), method="inverted_cdf"
        ),
    }),
    *rows((V, R(4)), {
        "unique": (
            lambda x, y: np.unique(x),
            lambda x, y: np.unique(
                np.concatenate([x, y, x[:3]]),
                return_index=True, return_inverse=True, return_counts=True,
            ),
        ),
        "unique_values": lambda x, y: np.sort(np.unique_values(x)),
        "unique_counts": lambda x, y: np.unique_counts(np.append(y, y))[1],
        "unique_inverse": lambda x, y: inverted(np.unique_inverse(x)),
        "unique_all": lambda x, y: inverted(np.unique_all(x)),
        "union1d": np.union1d,
        "setxor1d": lambda x, y: np.setxor1d(x, np.append(y, x[2:4])),
        "setdiff1d": lambda x, y: np.setdiff1d(x, np.append(y, x[2:4])),
        "intersect1d": lambda x, y: np.intersect1d(x, np.append(y, x[2:4]), return_indices=True),
        "trim_zeros": lambda x, y: np.trim_zeros(np.concatenate([[0.0], x, [0.0], y, [0.0]]), "b"),
    }),
    *rows((R(9), R(9)), {
        "bincount": lambda x, w: np.bincount([0, 3, 1, 1, 3, 5, 0, 1, 1], w, minlength=8),
        "histogram": (
            lambda x, w: np.histogram(x, 3, weights=w),
            lambda x, w: np.histogram(x, 3, density=True),
            lambda x, w: np.histogram(w, 4, range=(-1.0, 1.5), weights=x),
            lambda x, w: np.histogram(x, np.cumsum(w * w) - 1.3, weights=x, density=True),
        ),
        "histogram_bin_edges": lambda x, w: np.histogram_bin_edges(x, 4),
        "histogram2d": lambda x, w: np.histogram2d(x, w, [3, 2], weights=x * w),
        "histogramdd": lambda x, w: np.histogramdd(
            [x, w, x * w], (2, 3, 2), weights=w, density=True
        ),
    }),
]  # fmt: skip

# Plain results. A recording is used only at points where NumPy gives the same ones.
ANSWERS = [
    *rows((V, R(4)), {
        "argmax": lambda x, y: np.argmax(x), "argmin": lambda x, y: np.argmin(y),
        "nanargmax": lambda x, y: np.nanargmax(np.append(x, np.nan)),
        "nanargmin": lambda x, y: np.nanargmin(np.append(np.nan, x)),
        "argsort": lambda x, y: np.argsort(x, stable=True),
        "lexsort": (
            lambda x, y: np.lexsort((x[:4], np.round(y))),
            lambda x, y: np.lexsort((y, y > 0.0, x[2:])),
        ),
        "searchsorted": lambda x, y: np.searchsorted(np.sort(x), y),
        "digitize": (
            lambda x, y: np.digitize(x, np.sort(y)),
            lambda x, y: np.digitize(x, np.sort(y)[::-1], right=True),
        ),
        "isin": (
            lambda x, y: np.isin(x, np.append(y, x[1:3])),
            lambda x, y: np.isin(np.round(x), np.round(y), invert=True),
        ),
        "histogram": lambda x, y: np.histogram(x, 3)[0],
        "histogram2d": lambda x, y: np.histogram2d(x[:4], y, 2)[0],
        "unique_counts": lambda x, y: np.unique_counts(np.append(x, y[1:2])).counts,
        "count_nonzero": lambda x, y: np.count_nonzero(np.floor(x)),
        "flatnonzero": lambda x, y: np.flatnonzero(x > y[0]),
    }),
    *rows((M,), {
        "argmax": lambda a: np.argmax(a, axis=0), "nanargmin": lambda a: np.nanargmin(a + NANS, 1),
        "argsort": lambda a: np.argsort(a, axis=-1, stable=True), "nonzero": np.nonzero,
    }),
]  # fmt: skip

ROWS = [*ELEMENTWISE, *SHAPES, *REDUCTIONS, *PRODUCTS, *GRIDS, *ORDERS, *ANSWERS]
