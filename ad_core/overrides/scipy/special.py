# SPDX-License-Identifier: Apache-2.0
"""Functions of scipy.special for traced arrays. For plain arrays SciPy's functions are called."""

from functools import wraps

import numpy as np
import scipy.special as sp

from ad_core import _core
from ad_core.adapting.stand_ins import supply
from ad_core.overrides.numpy.dispatch import any_traced
from ad_core.overrides.stop_gradient import stop_gradient
from ad_core.recording.arrays import as_array
from ad_core.rules.special import (
    UFUNCS,
    beta,
    betainc,
    betaln,
    dawsn,
    entr,
    erf,
    erfc,
    erfcinv,
    erfcx,
    erfi,
    erfinv,
    exp1,
    expi,
    expit,
    gamma,
    gammainc,
    gammaincc,
    gammaln,
    i0,
    i0e,
    i1,
    i1e,
    iv,
    ive,
    j0,
    j1,
    jv,
    k0,
    k0e,
    k1,
    k1e,
    kl_div,
    kv,
    kve,
    log_expit,
    log_ndtr,
    loggamma,
    logit,
    ndtr,
    ndtri,
    polygamma,
    psi,
    rel_entr,
    rgamma,
    xlog1py,
    xlogy,
    y0,
    y1,
    yn,
    yv,
)

__all__ = [
    "beta", "betainc", "betaln", "cbrt", "dawsn", "digamma", "entr", "erf", "erfc", "erfcinv",
    "erfcx", "erfi", "erfinv", "exp1", "exp2", "expi", "expit", "expm1", "gamma", "gammainc",
    "gammaincc", "gammaln", "i0", "i0e", "i1", "i1e", "iv", "ive", "j0", "j1", "jn", "jv", "k0",
    "k0e", "k1", "k1e", "kl_div", "kv", "kve", "log1p", "log_expit", "log_ndtr", "log_softmax",
    "loggamma", "logit", "logsumexp", "ndtr", "ndtri", "polygamma", "psi", "rel_entr", "rgamma",
    "softmax", "xlog1py", "xlogy", "y0", "y1", "yn", "yv",
]  # fmt: skip

digamma = psi
jn = jv
cbrt, exp2, expm1, log1p = (UFUNCS[f] for f in (sp.cbrt, sp.exp2, sp.expm1, sp.log1p))


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
