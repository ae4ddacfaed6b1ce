# SPDX-License-Identifier: Apache-2.0
"""Rules of SciPy's special functions: SciPy computes the values, and each derivative is written
with other functions of this file.

The file is imported by ``ad_core.scipy.special``, or when one of SciPy's ufuncs is called with a
traced value.
"""

import math

import numpy as np
import scipy.special as sp

from ad_core import _core
from ad_core.errors import NoDerivativeError
from ad_core.recording.arrays import as_array
from ad_core.rules.elementwise import elementwise

__all__ = ["UFUNCS", "polygamma"]

TWO_OVER_ROOT_PI = 2.0 / math.sqrt(math.pi)
ROOT_TWO_PI = math.sqrt(2.0 * math.pi)

UFUNCS = {}  # SciPy's ufunc -> the same function for traced arrays


def _rule(name, *partials):
    ufunc = getattr(sp, name)
    function = UFUNCS[ufunc] = elementwise(f"scipy.special.{name}", ufunc, *partials)
    _core.set_elementwise(ufunc, function.own)
    return function


def _plain_order(n, name):
    """The order n as a plain number; NoDerivativeError if it depends on an input."""
    if _core.traced(n) and not _core.is_constant(n):
        raise NoDerivativeError(
            f"scipy.special.{name} has no derivative with respect to its order{_core.user_line()}; "
            f"pass a plain number as the order"
        )
    return _core.current_values(n) if _core.traced(n) else n


def polygamma(n, x):
    """The nth derivative of the digamma function; n is plain, x may be traced."""
    return _polygamma(_plain_order(n, "polygamma"), x)


def _polygamma_value(n, x):
    """sp.polygamma(n, x), which for any order also computes the digamma function."""
    if np.ndim(n) == 0 and n > 0:
        return (-1.0) ** (n + 1) * sp.gamma(n + 1.0) * sp.zeta(n + 1, x)
    return sp.polygamma(n, x)


_polygamma = elementwise(
    "scipy.special.polygamma", _polygamma_value, None, lambda n, x, y: polygamma(n + 1, x)
)


# Gamma, beta and related functions
psi = _rule("psi", lambda x, y: polygamma(1, x))
gamma = _rule("gamma", lambda x, y: y * psi(x))
gammaln = _rule("gammaln", lambda x, y: psi(x))
loggamma = _rule("loggamma", lambda x, y: psi(x))
rgamma = _rule("rgamma", lambda x, y: -y * psi(x))
beta = _rule(
    "beta",
    lambda a, b, y: y * (psi(a) - psi(a + b)),
    lambda a, b, y: y * (psi(b) - psi(a + b)),
)
betaln = _rule("betaln", lambda a, b, y: psi(a) - psi(a + b), lambda a, b, y: psi(b) - psi(a + b))

# Error functions and the normal distribution
erf = _rule("erf", lambda x, y: TWO_OVER_ROOT_PI * np.exp(-x * x))
erfc = _rule("erfc", lambda x, y: -TWO_OVER_ROOT_PI * np.exp(-x * x))
erfcx = _rule("erfcx", lambda x, y: 2.0 * x * y - TWO_OVER_ROOT_PI)
erfi = _rule("erfi", lambda x, y: TWO_OVER_ROOT_PI * np.exp(x * x))
dawsn = _rule("dawsn", lambda x, y: 1.0 - 2.0 * x * y)
erfinv = _rule("erfinv", lambda x, y: np.exp(y * y) / TWO_OVER_ROOT_PI)
erfcinv = _rule("erfcinv", lambda x, y: -np.exp(y * y) / TWO_OVER_ROOT_PI)
ndtr = _rule("ndtr", lambda x, y: np.exp(-0.5 * x * x) / ROOT_TWO_PI)
# not exp(-x^2 / 2 - y), whose exponent cancels far out
log_ndtr = _rule("log_ndtr", lambda x, y: 2.0 / ROOT_TWO_PI / erfcx(-math.sqrt(0.5) * x))
ndtri = _rule("ndtri", lambda x, y: ROOT_TWO_PI * np.exp(0.5 * y * y))

# x log y, with 0 log 0 = 0, and related functions
xlogy = _rule("xlogy", lambda x, y, v: np.log(y), lambda x, y, v: x / y)
xlog1py = _rule("xlog1py", lambda x, y, v: np.log1p(y), lambda x, y, v: x / (1.0 + y))
entr = _rule("entr", lambda x, y: -np.log(x) - 1.0)
rel_entr = _rule("rel_entr", lambda x, y, v: np.log(x / y) + 1.0, lambda x, y, v: -x / y)
kl_div = _rule("kl_div", lambda x, y, v: np.log(x / y), lambda x, y, v: 1.0 - x / y)

# Incomplete gamma and beta functions, by their last argument
gammainc = _rule("gammainc", None, lambda a, x, y: np.exp(xlogy(a - 1.0, x) - x - gammaln(a)))
gammaincc = _rule("gammaincc", None, lambda a, x, y: -np.exp(xlogy(a - 1.0, x) - x - gammaln(a)))
betainc = _rule(
    "betainc",
    None,
    None,
    lambda a, b, x, y: np.exp(xlogy(a - 1.0, x) + xlog1py(b - 1.0, -x) - betaln(a, b)),
)

# Integrals of exponentials
exp1 = _rule("exp1", lambda x, y: -np.exp(-x) / x)
expi = _rule("expi", lambda x, y: np.exp(x) / x)

# Bessel functions, by their argument
jv = _rule("jv", None, lambda v, x, y: 0.5 * (jv(v - 1.0, x) - jv(v + 1.0, x)))
yv = _rule("yv", None, lambda v, x, y: 0.5 * (yv(v - 1.0, x) - yv(v + 1.0, x)))
yn = _rule("yn", None, lambda n, x, y: 0.5 * (yv(n - 1.0, x) - yv(n + 1.0, x)))
iv = _rule("iv", None, lambda v, x, y: 0.5 * (iv(v - 1.0, x) + iv(v + 1.0, x)))
kv = _rule("kv", None, lambda v, x, y: -0.5 * (kv(v - 1.0, x) + kv(v + 1.0, x)))
ive = _rule(
    "ive",
    None,
    lambda v, x, y: 0.5 * (ive(v - 1.0, x) + ive(v + 1.0, x)) - np.sign(x) * y,
)
kve = _rule("kve", None, lambda v, x, y: y - 0.5 * (kve(v - 1.0, x) + kve(v + 1.0, x)))
j0 = _rule("j0", lambda x, y: -j1(x))
j1 = _rule("j1", lambda x, y: 0.5 * (j0(x) - jv(2.0, x)))
y0 = _rule("y0", lambda x, y: -y1(x))
y1 = _rule("y1", lambda x, y: 0.5 * (y0(x) - yv(2.0, x)))
i0 = _rule("i0", lambda x, y: i1(x))
i1 = _rule("i1", lambda x, y: 0.5 * (i0(x) + iv(2.0, x)))
i0e = _rule("i0e", lambda x, y: i1e(x) - np.sign(x) * y)
i1e = _rule("i1e", lambda x, y: 0.5 * (i0e(x) + ive(2.0, x)) - np.sign(x) * y)
k0 = _rule("k0", lambda x, y: -k1(x))
k1 = _rule("k1", lambda x, y: -0.5 * (k0(x) + kv(2.0, x)))
k0e = _rule("k0e", lambda x, y: y - k1e(x))
k1e = _rule("k1e", lambda x, y: y - 0.5 * (k0e(x) + kve(2.0, x)))


# The functions below are written with elementary functions: they need no rule, and recordings of
# them run at full speed.


def _row(name):
    """Use a function for traced arrays in place of SciPy's ufunc of this name."""
    ufunc = getattr(sp, name)

    def enter(function):
        def either(*operands):
            if not _core.all_operable(operands):
                return ufunc(*operands)  # which calls the __array_ufunc__ of their classes
            if any(_core.traced(as_array(x)) for x in operands):
                return _core.as_numpy(ufunc, function, operands, {})
            return _core.untraced(ufunc, *operands)

        UFUNCS[ufunc] = either
        return either

    return enter


@_row("expit")
def expit(x):
    # for each sign the form that does not overflow; the other branch does not affect derivatives
    small = np.exp(x)
    return np.where(np.greater_equal(x, 0.0), 1.0 / (1.0 + np.exp(-x)), small / (1.0 + small))[()]


@_row("log_expit")
def log_expit(x):
    return -np.logaddexp(0.0, -x)


@_row("logit")
def logit(x):
    # near 1/2 the difference of logarithms would cancel
    near = np.absolute(x - 0.5) < 0.25
    return np.where(near, 2.0 * np.arctanh(2.0 * x - 1.0), np.log(x) - np.log1p(-x))[()]


for _name in ("expm1", "log1p", "cbrt", "exp2"):
    _row(_name)(getattr(np, _name))
