# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""scipy.spatial.distance on traced values: distances of all pairs, computed by broadcasting. The
distances of two vectors are SciPy's own Python code."""

import numpy as np
import scipy.spatial.distance as sd

from ad_core import _core
from ad_core.adapting.stand_ins import supply_module
from ad_core.errors import NoDerivativeError
from ad_core.overrides.scipy.dispatch import implements
from ad_core.recording.arrays import as_array

__all__ = []

METRICS = {}  # name -> function of arrays (..., n) that broadcast, and of the metric's parameters
NAMES = {
    "cityblock": ("cblock", "cb", "c"),
    "chebyshev": ("chebychev", "cheby", "cheb", "ch"),
    "cosine": ("cos",),
    "correlation": ("co",),
    "euclidean": ("euclid", "eu", "e"),
    "jensenshannon": ("js",),
    "mahalanobis": ("mahal", "mah"),
    "minkowski": ("mi", "m", "pnorm"),
    "seuclidean": ("se", "s"),
    "sqeuclidean": ("sqe", "sqeuclid"),
}
ALIASES = {short: name for name, others in NAMES.items() for short in others}


def _metric(function):
    METRICS[function.__name__] = function
    return function


def _total(x, w):
    return np.sum(x if w is None else w * x, axis=-1)


@_metric
def sqeuclidean(u, v, w=None):
    return _total((u - v) ** 2, w)


@_metric
def euclidean(u, v, w=None):
    return np.sqrt(sqeuclidean(u, v, w))


@_metric
def cityblock(u, v, w=None):
    return _total(np.absolute(u - v), w)


@_metric
def chebyshev(u, v, w=None):
    size = np.absolute(u - v)
    return np.max(size if w is None else size[..., np.asarray(w) > 0], axis=-1)


@_metric
def minkowski(u, v, p=2.0, w=None):
    if p == np.inf:
        return chebyshev(u, v, w)
    if p == 2:
        return euclidean(u, v, w)
    return _total(np.absolute(u - v) ** p, w) ** (1.0 / p)


@_metric
def cosine(u, v, w=None):
    return 1.0 - _total(u * v, w) / np.sqrt(_total(u * u, w) * _total(v * v, w))


@_metric
def correlation(u, v, w=None):
    count = u.shape[-1] if w is None else np.sum(w)
    u, v = (x - (_total(x, w) / count)[..., None] for x in (u, v))
    return cosine(u, v, w)


@_metric
def canberra(u, v, w=None):
    size = np.absolute(u) + np.absolute(v)
    there = size > 0
    return _total(np.where(there, np.absolute(u - v) / np.where(there, size, 1.0), 0.0), w)


@_metric
def braycurtis(u, v, w=None):
    return _total(np.absolute(u - v), w) / _total(np.absolute(u + v), w)


@_metric
def jensenshannon(u, v, base=None):
    u, v = (x / np.sum(x, axis=-1, keepdims=True) for x in (u, v))
    middle = (u + v) / 2.0
    total = (_divergence(u, middle) + _divergence(v, middle)) / 2.0
    return np.sqrt(total if base is None else total / np.log(base))


def _divergence(p, q):
    there = p > 0
    return np.sum(np.where(there, p * np.log(np.where(there, p / q, 1.0)), 0.0), axis=-1)


@_metric
def seuclidean(u, v, V):
    return np.sqrt(np.sum((u - v) ** 2 / V, axis=-1))


@_metric
def mahalanobis(u, v, VI):
    d = u - v
    return np.sqrt(np.sum((d @ VI) * d, axis=-1))


def _parameters(name, options, points):
    """The parameters of a metric, with SciPy's defaults, which depend on the points."""
    options = {key: as_array(x) if np.ndim(x) else x for key, x in options.items()
               if x is not None}  # fmt: skip
    if name == "seuclidean" and "V" not in options:
        options["V"] = np.var(points, axis=0, ddof=1)
    if name == "mahalanobis" and "VI" not in options:
        options["VI"] = np.linalg.inv(np.cov(points.T)).T
    return options


def _function(metric, function):
    """The name of a metric and its function of arrays of vectors; errors for others."""
    if callable(metric):
        name = next((name for name in METRICS if getattr(sd, name) is metric), None)
        if name is None:
            return None, lambda u, v, **options: np.stack(
                [np.stack([metric(a, b, **options) for a, b in zip(row, other, strict=True)])
                 for row, other in zip(*np.broadcast_arrays(u, v), strict=True)]
            )  # fmt: skip
        return name, METRICS[name]
    name = str(metric).lower()
    name = ALIASES.get(name, name)
    if name not in METRICS:
        raise NoDerivativeError(
            f"scipy.spatial.distance.{function} with the metric {metric!r} has no derivative in "
            f"ad_core{_core.user_line()}; use one of {', '.join(METRICS)}, or a function of two "
            f"vectors"
        )
    return name, METRICS[name]


def _points(x, name):
    x = as_array(x)
    if x.ndim != 2:
        raise ValueError(f"{name} must be a 2-dimensional array.")
    return x


@implements(sd.cdist, calls_back=True)
def cdist(XA, XB, metric="euclidean", *, out=None, **kwargs):
    a, b = _points(XA, "XA"), _points(XB, "XB")
    if a.shape[1] != b.shape[1]:
        raise ValueError("XA and XB must have the same number of columns")
    name, function = _function(metric, "cdist")
    found = function(
        a[:, None], b[None], **_parameters(name, kwargs, np.concatenate([a, b]) if name else a)
    )
    return _stored(out, found)


@implements(sd.pdist, calls_back=True)
def pdist(X, metric="euclidean", *, out=None, **kwargs):
    x = _points(X, "X")
    name, function = _function(metric, "pdist")
    i, j = np.triu_indices(len(x), 1)
    options = _parameters(name, kwargs, x)
    if name is None:
        pairs = [metric(x[a], x[b], **options) for a, b in zip(i, j, strict=True)]
        return _stored(out, np.stack(pairs) if pairs else np.zeros(0))
    return _stored(out, function(x[i], x[j], **options))


def _stored(out, found):
    if out is None:
        return found
    out[...] = found
    return out


@implements(sd.squareform)
def squareform(X, force="no", checks=True):
    x = as_array(X)
    if x.ndim == 1 and force in ("no", "tomatrix"):
        n = int(np.ceil(np.sqrt(x.shape[0] * 2))) or 1
        if n * (n - 1) != x.shape[0] * 2:
            raise ValueError(
                "Incompatible vector size. It must be a binomial coefficient n choose 2 for some "
                "integer n >= 2."
            )
        i, j = np.triu_indices(n, 1)
        found = np.zeros((n, n))
        found[i, j] = x
        found[j, i] = x
        return found
    if x.ndim == 2 and force in ("no", "tovector"):
        if x.shape[0] != x.shape[1]:
            raise ValueError("The matrix argument must be square.")
        if checks:
            sd.is_valid_dm(_core.current_values(x), throw=True, name="X")
        return x[np.triu_indices(len(x), 1)]
    raise ValueError(f"squareform of {x.ndim} dimensions with force={force!r} is not possible")


supply_module(sd)
