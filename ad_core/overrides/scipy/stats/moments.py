# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""Moments, entropy and support of the distributions of scipy.stats."""

from math import comb

import numpy as np
from scipy.special import gammaln
from scipy.stats import gennorm, rv_continuous, rv_discrete
from scipy.stats._distn_infrastructure import rv_generic

from ad_core import _core
from ad_core.errors import NoDerivativeError
from ad_core.overrides.numpy.dispatch import only_plain
from ad_core.overrides.scipy.dispatch import implements_method
from ad_core.overrides.scipy.stats.distributions import parameters, valid
from ad_core.overrides.scipy.stats.formulas import undetermined
from ad_core.recording.arrays import as_array
from ad_core.rules.distributions import undetermined_at

__all__ = []

# Shapes near which SciPy's moments are limits that do not depend on the shape, as formulas.LIMITS.
LIMITS = {"genextreme": {0: [undetermined_at(0.0, 1e-7)]}}


def _refuse_numeric(dist, method, what, defaults):
    """Raise NoDerivativeError if a method of SciPy integrates or sums to infinity."""
    if getattr(dist, method).__func__ in defaults:
        raise NoDerivativeError(
            f"SciPy computes the {what} of {dist.name} by numerical integration or summation, "
            f"which has no derivative in ad_core{_core.user_line()}; write the integral in NumPy"
        )


class _Moments:
    """Moments of a distribution in its standard form, computed when they are asked for."""

    def __init__(self, dist, shapes, wanted):
        self.dist = dist
        self.shape = np.broadcast_shapes(*map(np.shape, shapes))
        self.shapes = [
            np.broadcast_to(x, self.shape or (1,)) for x in shapes
        ]  # as SciPy gives them
        given = {"moments": wanted} if dist._stats_has_moments else {}
        self.given = [
            None if x is None else undetermined(self.shaped(x), LIMITS.get(dist.name, {}), shapes)
            for x in dist._stats(*self.shapes, **given)
        ]

    def shaped(self, x):
        return as_array(x) if np.ndim(x) == 0 else np.reshape(x, self.shape)

    def raw(self, n):
        """The mean of the n-th power."""
        _refuse_numeric(self.dist, "_munp", f"moment of order {n}", {rv_generic._munp})
        return self.shaped(self.dist._munp(n, *self.shapes))

    @property
    def mean(self):
        return self.raw(1) if self.given[0] is None else self.given[0]

    @property
    def variance(self):
        if self.given[1] is not None:
            return self.given[1]
        mean = self.mean
        return np.where(~np.isinf(mean), self.raw(2) - mean**2, np.inf)

    @property
    def third(self):
        """The third central moment."""
        if self.given[2] is not None:
            return self.given[2] * np.power(self.variance, 1.5)
        mean, variance = self.mean, self.variance
        return (-mean * mean - 3 * variance) * mean + self.raw(3)

    @property
    def skewness(self):
        if self.given[2] is not None:
            return self.given[2]
        return self.third / np.power(self.variance, 1.5)

    @property
    def kurtosis(self):
        if self.given[3] is not None:
            return self.given[3]
        mean, variance = self.mean, self.variance
        fourth = ((-(mean**2) - 6 * variance) * mean - 4 * self.third) * mean + self.raw(4)
        return fourth / variance**2.0 - 3.0

    def about_zero(self, n):
        """The mean of the n-th power, from the central moments where those are known."""
        if n == 0:
            return np.float64(1.0)
        mean = self.given[0]
        if n > 4 or mean is None or any(x is None for x in self.given[:n]):
            return mean if n == 1 and mean is not None else self.raw(n)
        if n == 1:
            return mean
        variance = self.variance
        if n == 2:
            return variance + mean * mean
        if n == 3:
            return self.third + 3 * mean * variance + mean * mean * mean
        fourth = (self.given[3] + 3.0) * variance**2.0
        return fourth + 4 * mean * self.third + 6 * mean * mean * variance + mean**4


@implements_method(type(gennorm), "_stats")
def gennorm_stats(self, beta):
    """As in SciPy, whose lists of traced values no ufunc takes."""
    first, third, fifth = (gammaln(n / beta) for n in (1.0, 3.0, 5.0))
    return 0.0, np.exp(third - first), 0.0, np.exp(fifth + first - 2.0 * third) - 3.0


@implements_method(rv_generic, "stats")
def stats(self, *args, **kwds):
    wanted = kwds.pop("moments", "mv")
    shapes, loc, scale = parameters(self, args, kwds)
    allowed = valid(self, shapes, scale) & (loc == loc)
    found = _Moments(self, shapes, wanted)
    shape = np.shape(allowed)
    results = []
    for letter in "mvsk":
        if letter not in wanted:
            continue
        with np.errstate(invalid="ignore"):
            if letter == "m":
                x = found.mean * scale + loc
            elif letter == "v":
                x = found.variance * scale * scale
            else:
                x = found.skewness if letter == "s" else found.kurtosis
        results.append(np.broadcast_to(np.where(allowed, x, self.badvalue), shape)[()])
    return results[0] if len(results) == 1 else tuple(results)


@implements_method(rv_generic, "moment")
def moment(self, order, *args, **kwds):
    n = only_plain(np.power, order)
    if n != np.floor(n):
        raise ValueError("Moment must be an integer.")
    if n < 0:
        raise ValueError("Moment must be positive.")
    n = int(n)
    shapes, loc, scale = parameters(self, args, kwds)
    allowed = valid(self, shapes, scale) & (loc == loc)
    found = _Moments(self, shapes, {0: "m", 1: "m", 2: "v", 3: "vs"}.get(n, "mvsk"))
    if not _core.holds_variable(loc) and not np.any(_core.plain_values((loc,))[0]):
        total = scale**n * found.about_zero(n)
    else:
        total = sum(comb(n, k) * loc ** (n - k) * scale**k * found.about_zero(k)
                    for k in range(n + 1))  # fmt: skip
    return np.broadcast_to(np.where(allowed, total, self.badvalue), np.shape(allowed))[()]


@implements_method(rv_generic, "entropy")
def entropy(self, *args, **kwds):
    shapes, loc, scale = parameters(self, args, kwds)
    allowed = valid(self, shapes, scale) & (loc == loc)
    defaults = {rv_continuous._entropy, rv_discrete._entropy}
    if not hasattr(self, "pk"):
        _refuse_numeric(self, "_entropy", "entropy", defaults)
    found = _each(self._entropy, shapes) + np.log(scale)
    return np.broadcast_to(np.where(allowed, found, self.badvalue), np.shape(allowed))[()]


def _each(function, shapes):
    """A function of numbers at each element of arrays that broadcast."""
    if all(x.ndim == 0 for x in shapes):
        return function(*(x[()] for x in shapes))
    shapes = np.broadcast_arrays(*shapes)
    values = [function(*(x[place] for x in shapes)) for place in np.ndindex(shapes[0].shape)]
    return np.array(values).reshape(shapes[0].shape)


@implements_method(rv_generic, "support")
def support(self, *args, **kwargs):
    shapes, loc, scale = parameters(self, args, kwargs)
    allowed = valid(self, shapes, scale)
    shape = np.broadcast_shapes(*map(np.shape, (*shapes, loc, scale)))
    return tuple(
        np.broadcast_to(np.where(allowed, as_array(end) * scale + loc, self.badvalue), shape)[()]
        for end in self._get_support(*shapes)
    )
