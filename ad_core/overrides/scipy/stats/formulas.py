# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""How a function of a distribution is computed from traced values: by the distribution's own
formula
(``_logpdf`` and so on) if that traces, otherwise as one call, whose value SciPy computes and whose
derivatives follow from the distribution's other functions (ad_core/rules/distributions.py).

Whether a formula traces is found out once for each class by recording it alone."""

import numpy as np
from scipy.stats import rv_continuous, rv_discrete
from scipy.stats._distn_infrastructure import rv_generic

from ad_core import _core
from ad_core.overrides.numpy.guards import holds, plain
from ad_core.recording.record import record
from ad_core.rules.distributions import (
    BY_PARAMETER,
    BY_PLACE,
    along,
    nothing,
    undetermined_at,
)
from ad_core.rules.elementwise import elementwise

__all__ = ["evaluate", "known", "undetermined"]

# What a formula is along one operand. A guarded one holds at its own point only.
CLEAN, GUARDED, NONE = "clean", "guarded", "none"

# Methods by which SciPy computes what has no formula: by integration, search and differences.
NUMERIC = {
    rv_continuous._pdf, rv_continuous._cdf, rv_continuous._ppf,
    rv_discrete._pmf, rv_discrete._cdf, rv_discrete._ppf,
    rv_continuous._logcdf, rv_continuous._logsf,
}  # fmt: skip
# What SciPy computes from another function where a distribution has no formula of its own.
INHERITED = {
    "logpdf": (rv_continuous._logpdf, "pdf", lambda x: x, np.log),
    "logpmf": (rv_discrete._logpmf, "pmf", lambda x: x, np.log),
    "logcdf": (rv_generic._logcdf, "cdf", lambda x: x, np.log),
    "sf": (rv_generic._sf, "cdf", lambda x: x, lambda y: 1.0 - y),
    "logsf": (rv_generic._logsf, "sf", lambda x: x, np.log),
    "isf": (rv_generic._isf, "ppf", lambda q: 1.0 - q, lambda y: y),
}
# The logarithm of one function below 1/2, and by the other one above, as SciPy has it for
# continuous distributions; its formula looks for the median.
BY_HALVES = {
    "logcdf": (rv_continuous._logcdf, "cdf", "sf"),
    "logsf": (rv_continuous._logsf, "sf", "cdf"),
}
STEPS = {"ppf", "isf"}  # of a discrete distribution

# Shapes at which a formula of SciPy has a branch of its own, the limit, that does not depend on the
# shape, or exp(-abs(x)) of a shape that is not negative:
# {name: {operand: [function that makes the derivative NaN there]}}.
LIMITS = {
    "genextreme": {1: [undetermined_at(0.0, 0.0)]},
    "genpareto": {1: [undetermined_at(0.0, 0.0)]},
    "kappa4": {1: [undetermined_at(0.0, 0.0)], 2: [undetermined_at(0.0, 0.0)]},
    "ncx2": {2: [undetermined_at(0.0, 0.0)]},
    "pearson3": {1: [undetermined_at(0.0, 1.6e-5)]},
    "rice": {1: [undetermined_at(0.0, 0.0)]},
    "skewnorm": {1: [undetermined_at(0.0, 0.0)]},
    "triang": {1: [undetermined_at(0.0, 0.0), undetermined_at(1.0, 0.0)]},
    "tukeylambda": {1: [undetermined_at(0.0, 0.0)]},
    "vonmises": {1: [undetermined_at(0.0, 0.0)]},
}

_found = {}  # (class, name, operand, which operands are numbers) -> CLEAN, GUARDED or NONE
_calls = {}  # (class, its settings, name) -> elementwise function


def evaluate(dist, name, operands):
    """A function of a distribution in its standard form, of x (or q) and the shapes."""
    return undetermined(_evaluated(dist, name, operands), LIMITS.get(dist.name, {}), operands)


def undetermined(y, limits, operands):
    """y, whose derivative is NaN at the limits of the operands: {operand: [function that makes the
    derivative NaN there]}."""
    for k, functions in limits.items():
        if _core.holds_variable(operands[k]):
            y = y + sum(limit(operands[k]) for limit in functions)
    return y


def _evaluated(dist, name, operands):
    variable = [k for k, x in enumerate(operands) if _core.holds_variable(x)]
    if not variable:
        return _core.untraced(value_of(dist, name), *map(plain, operands))
    shape = np.broadcast_shapes(*map(np.shape, operands))
    lifted = [np.broadcast_to(x, shape or (1,)) for x in operands]  # as SciPy gives them
    if not (isinstance(dist, rv_discrete) and name in STEPS):
        for given in (operands, lifted):
            if all(known(dist, name, k, given) == CLEAN for k in variable):
                return np.reshape(formula(dist, name)(*given), shape)
        if name in BY_HALVES and formula(dist, name).__func__ is BY_HALVES[name][0]:
            _, near, far = BY_HALVES[name]
            y = _evaluated(dist, near, operands)
            with np.errstate(divide="ignore"):
                return np.where(y < 0.5, np.log(y), np.log1p(-_evaluated(dist, far, operands)))
        inherited, other, place, combined = INHERITED.get(name, (None, *[None] * 3))
        if inherited is not None and formula(dist, name).__func__ is inherited:
            return combined(_evaluated(dist, other, (place(operands[0]), *operands[1:])))
    return _call(dist, name, lifted)(*operands)


def formula(dist, name):
    return getattr(dist, f"_{name}")


def value_of(dist, name):
    """SciPy's own function, of plain arrays."""
    kind = rv_discrete if isinstance(dist, rv_discrete) else rv_continuous
    public = getattr(kind, name)
    original = getattr(public, "__wrapped__", public)

    def value(x, *shapes):
        with np.errstate(all="ignore"):
            return np.asarray(original(dist, x, *shapes), np.float64)

    return value


def known(dist, name, k, operands):
    """What the formula of a function is along its k-th operand."""
    key = type(dist), name, k, tuple(np.ndim(x) == 0 for x in operands)
    found = _found.get(key)
    if found is None:
        given = [plain(x) for x in operands]
        found = _found[key] = _core.untraced(_kind_of_formula, dist, name, k, given)
    return found


def _kind_of_formula(dist, name, k, operands):
    f = formula(dist, name)
    if getattr(f, "__func__", f) in NUMERIC:
        return NONE
    operands = _samples(operands, value_of(dist, name))

    def of_one(x):
        return f(*operands[:k], x, *operands[k + 1 :])

    try:
        with np.errstate(all="ignore"):
            recording = record(of_one, (operands[k],), {}, 0)
            value = recording.value()
        expected = value_of(dist, name)(*operands)
    except Exception:
        return NONE
    finite = np.isfinite(expected)
    if np.shape(value) != np.shape(expected) or not np.allclose(
        np.asarray(value)[finite], expected[finite], rtol=1e-12, atol=0.0
    ):
        return NONE
    return GUARDED if _core.tape_size(recording.trace)["guards"] else CLEAN


def _samples(operands, function):
    """One or two elements at which the function is finite, if there are any; numbers stay
    numbers."""
    operands = [np.asarray(x, np.float64) for x in operands]
    if all(x.ndim == 0 for x in operands):
        return [x[()] for x in operands]
    spread = [x.ravel() for x in np.broadcast_arrays(*operands)]
    with np.errstate(all="ignore"):
        good = np.flatnonzero(np.isfinite(function(*spread)))[:2]
    chosen = good if good.size else slice(0, 2)
    return [x[()] if x.ndim == 0 else each[chosen].copy()
            for x, each in zip(operands, spread, strict=True)]  # fmt: skip


def _call(dist, name, operands):
    """The function as one call with rules."""
    setting = dist.name, dist.a, dist.b, dist.badvalue
    key = type(dist), name, setting if type(dist).__module__.startswith("scipy.") else id(dist)
    if key not in _calls:
        partials = [_partial(dist, name, k, operands) for k in range(len(operands))]
        label = f"{type(dist).__module__.split('._')[0]}.{dist.name}.{name}"
        _calls[key] = elementwise(label, value_of(dist, name), *partials), dist
    return _calls[key][0]


def _partial(dist, name, k, operands, seen=frozenset()):
    """The partial derivative by the k-th operand, as elementwise() takes it; None if none is known.
    seen: functions through which it is being looked for."""
    discrete = isinstance(dist, rv_discrete)
    if discrete and (k == 0 or name in STEPS):
        return nothing
    if known(dist, name, k, operands) != NONE:
        own = along(formula(dist, name), k)
        return lambda *given: own(*given[:-1])
    seen |= {name}
    if k == 0 and name in BY_PLACE:
        other, combined = BY_PLACE[name]
        at_value = name in STEPS
        return lambda *given: combined(
            evaluate(dist, other, (given[-1] if at_value else given[0], *given[1:-1])), given[-1]
        )
    for other, combined in BY_PARAMETER[name]:
        found = None if other in seen else _partial(dist, other, k, operands, seen)
        if found is not None:
            return _through(dist, name, other, found, combined)
    if discrete and name in ("cdf", "sf"):
        return _summed(dist, name, k, operands)
    return None


def _through(dist, name, other, partial, combined):
    """The partial derivative of a function from that of another one."""
    if name in STEPS:  # a quantile y: the other function is taken there

        def of_quantile(*given):
            there = (given[-1], *given[1:-1])
            d = partial(*there, evaluate(dist, other, there))
            return combined(d, evaluate(dist, "pdf", there))

        return of_quantile
    return lambda *given: combined(
        partial(*given[:-1], evaluate(dist, other, given[:-1])), given[-1]
    )


def _summed(dist, name, k, operands):
    """The partial derivative of a discrete distribution function, as the sum of those of the
    probabilities; None if it is not known or the support has no begin."""
    begin = dist.a
    if not np.isfinite(begin) or _partial(dist, "pmf", k, operands) is None:
        return None
    sign = 1.0 if name == "cdf" else -1.0

    def of_probability(place, *shapes):
        return evaluate(dist, "pmf", (place, *shapes))

    d = along(of_probability, k)

    def partial(place, *shapes_and_value):
        place, *shapes = np.broadcast_arrays(place, *shapes_and_value[:-1])
        last = plain(place)
        holds(np.equal, place, last)
        count = int(np.max(last, initial=begin - 1.0) - begin) + 1
        places = begin + np.arange(count, dtype=float).reshape(-1, *(1,) * last.ndim)
        terms = d(places, *(x[None] for x in shapes))
        return sign * np.sum(np.where(places <= last, terms, 0.0), axis=0)

    return partial
