# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""Functions of scipy.special for traced arrays. For plain arrays SciPy's functions are called."""

from functools import wraps

import numpy as np
import scipy.special as sp

from ad_core import _core
from ad_core.adapting.stand_ins import supply
from ad_core.overrides.numpy.dispatch import any_traced
from ad_core.overrides.stop_gradient import stop_gradient
from ad_core.recording.arrays import as_array
from ad_core.rules.special import ROWS, UFUNCS
from ad_core.rules.special import gamma as gamma_rows
from ad_core.rules.special.coverage import AS_THEY_STAND, is_plain, remedy
from ad_core.rules.special.table import HOLOMORPHIC, refused

FUNCTIONS = {}  # name in scipy.special -> the function for plain and traced values
REFUSING = {}  # the same for functions without a derivative: traced values raise an error


def lookup(name):
    """The function of this name; those that are in no table are as SciPy has them."""
    for table in (FUNCTIONS, REFUSING):
        if name in table:
            return table[name]
    if is_plain(name) and hasattr(sp, name):
        return getattr(sp, name)
    raise AttributeError(f"module 'ad_core.scipy.special' has no attribute {name!r}")


def _composed(function):
    """Decorate a function that is made of several operations, so that it raises floating-point
    errors where SciPy's own function does."""

    original = getattr(sp, function.__name__)

    @wraps(function)
    def either(*args, **kwargs):
        if not any_traced((*args, *kwargs.values())):
            return original(*args, **kwargs)
        return _core.as_numpy(original, function, args, kwargs)

    supply(original, either)
    return either


def _shift(x, axis):
    """The maximum along the axes, or 0 where it is infinite. It keeps exponentials finite, and its
    derivative is not needed."""
    top = stop_gradient(np.max(x, axis=axis, keepdims=True))
    return np.where(np.isfinite(top), top, 0.0)


@_composed
def logsumexp(a, axis=None, b=None, keepdims=False, return_sign=False):
    """log(sum(b exp(a))) along the axes, without overflow, as in SciPy.

    >>> import numpy as np, ad_core
    >>> ad_core.hessian(logsumexp)(np.array([1000.0, 1000.0]))
    array([[ 0.25, -0.25],
           [-0.25,  0.25]])
    """
    a = as_array(a)
    if b is not None:
        a, b = np.broadcast_arrays(a, as_array(b))
        a = np.where(np.equal(b, 0.0), -np.inf, a)
    top = _shift(a, axis)
    terms = np.exp(a - top)
    total = np.sum(terms if b is None else b * terms, axis=axis, keepdims=True)
    sign = np.sign(total)
    if return_sign:
        total = np.absolute(total)
    result = np.log(total) + top
    if not keepdims:
        result, sign = np.squeeze(result, axis=axis)[()], np.squeeze(sign, axis=axis)[()]
    return (result, sign) if return_sign else result


@_composed
def softmax(x, axis=None):
    """exp(x) / sum(exp(x)) along the axes, as in SciPy.

    >>> import numpy as np, ad_core
    >>> ad_core.jacobian(softmax)(np.array([0.0, 0.0]))
    array([[ 0.25, -0.25],
           [-0.25,  0.25]])
    """
    x = as_array(x)
    terms = np.exp(x - _shift(x, axis))
    return (terms / np.sum(terms, axis=axis, keepdims=True))[()]


@_composed
def log_softmax(x, axis=None):
    """The logarithm of softmax along the axes, as in SciPy.

    >>> import numpy as np, ad_core
    >>> ad_core.jacobian(log_softmax)(np.array([0.0, 0.0]))
    array([[ 0.5, -0.5],
           [-0.5,  0.5]])
    """
    x = as_array(x)
    moved = x - _shift(x, axis)
    return (moved - np.log(np.sum(np.exp(moved), axis=axis, keepdims=True)))[()]


@_composed
def polygamma(n, x):
    """The nth derivative of the digamma function, as in SciPy; n is plain."""
    return gamma_rows.polygamma(n, x)


@_composed
def zeta(x, q=None, out=None):
    """The zeta function of Riemann or, with q, of Hurwitz, as in SciPy."""
    if out is not None:
        raise TypeError("zeta of traced values takes no out=")
    return gamma_rows.zeta(x, q)


@_composed
def multigammaln(a, d):
    """The logarithm of the multivariate gamma function, as in SciPy; d is a plain integer."""
    a, d = as_array(a), np.asarray(d)[()]
    if not np.isscalar(d) or np.floor(d) != d:
        raise ValueError("d should be a positive integer (dimension)")
    if np.any(a <= 0.5 * (d - 1)):
        raise ValueError(f"condition a ({a}) > 0.5 * (d-1) ({0.5 * (d - 1)}) not met")
    terms = np.stack([a - (j - 1.0) / 2 for j in range(1, int(d) + 1)])
    return (d * (d - 1) * 0.25) * np.log(np.pi) + np.sum(gamma_rows.gammaln(terms), axis=0)


def _spherical(name):
    """A spherical Bessel function, with derivative= as in SciPy."""
    function = ROWS[name].function
    slope = ROWS[name].partials[1]

    def spherical(n, z, derivative=False):
        n = np.asarray(n, dtype=np.dtype("long"))
        return slope(n, z, None) if derivative else function(n, z)

    spherical.__name__ = name
    spherical.__doc__ = f"scipy.special.{name}, by its argument."
    return _composed(spherical)


@_composed
def comb(N, k, *, exact=False, repetition=False):
    """The number of combinations, as in SciPy; exact=True is refused."""
    if exact:
        refused("comb(..., exact=True)", "use exact=False")()
    N, k = as_array(N), as_array(k)
    if repetition:
        found = np.where((k == 0) & (N >= 0), 1.0, ROWS["binom"].function(N + k - 1, k))
    else:
        found = np.where((k <= N) & (N >= 0) & (k >= 0), ROWS["binom"].function(N, k), 0.0)
    return found[()]


@_composed
def perm(N, k, exact=False):
    """The number of permutations, as in SciPy; exact=True is refused."""
    if exact:
        refused("perm(..., exact=True)", "use exact=False")()
    N, k = as_array(N), as_array(k)
    there = (k <= N) & (N >= 0) & (k >= 0)
    return np.where(there, ROWS["poch"].function(N - k + 1, k), 0.0)[()]


def _refusing(name):
    """A function of SciPy that is not a ufunc, and that traced arguments may not enter."""
    original, refuse = getattr(sp, name), refused(name, remedy(name))

    def either(*args, **kwargs):
        return refuse() if any_traced((*args, *kwargs.values())) else original(*args, **kwargs)

    either.__name__ = name
    return _composed(either)


def _fill():
    """Enter the functions of the table, those above, and those of SciPy that are as they stand."""
    for function in (
        logsumexp,
        softmax,
        log_softmax,
        polygamma,
        zeta,
        multigammaln,
        comb,
        perm,
    ):
        FUNCTIONS[function.__name__] = function
    for name in ("spherical_jn", "spherical_yn", "spherical_in", "spherical_kn"):
        FUNCTIONS[name] = _spherical(name)
    for name in dir(sp):
        original = getattr(sp, name)
        if name in FUNCTIONS:
            continue
        if remedy(name) is not None:
            REFUSING[name] = _refusing(name)
        elif isinstance(original, np.ufunc):
            if original in UFUNCS or original in HOLOMORPHIC:
                FUNCTIONS[name] = UFUNCS.get(original, original)
        elif name in ROWS:
            FUNCTIONS[name] = _composed(ROWS[name].function)
        elif name in AS_THEY_STAND:
            FUNCTIONS[name] = original


_fill()
