# SPDX-License-Identifier: Apache-2.0
"""Errors of the transcendental functions and their partial derivatives, in units in the last place,
compared with mpmath.

Run as a script, it prints the largest error of each row in Markdown.
"""

import contextlib
import functools
import re

import mpmath
import numpy as np
import pytest

import ad_core
import points
from ad_core import _core
from isas import CORRECTLY_ROUNDED, runnable
from rows import ROWS, each, of_vector

pytestmark = pytest.mark.slow

POINTS = 1000  # for each row
DIGITS = (50, 250, 600)  # tried in this order until two agree
AGREED = 25  # digits to which they must agree
ULPS = 4  # largest error of a value by libm and libmvec
ULPS_OF_PARTIALS = 8  # no row is known to exceed 7 except the one below
LARGER = {("cbrt", 0): 12}  # libm's cbrt is within 4 in glibc, and v * v doubles that

# Helpers of the table that call such a function; the others are right to the last bit.
APPROXIMATE = {"ad_sinc", "ad_logaddexp", "ad_logaddexp2"}


def of_one(true, a):
    """Errors relative to 1, also for small results."""
    return np.ones_like(a)


def of_sine(true, a):
    """The rounding of pi a changes the sine's argument, so errors are relative to 1; from a = 2^52
    on no digits are left."""
    return np.minimum(1.0, 2.0**52 / np.abs(a))


def of_cosine(true, a):
    """The same for a difference divided by a. Below 0.2 there is a series."""
    return np.where(np.abs(a) < 0.2, true, (np.pi + 1 / np.abs(a)) * of_sine(true, a))


def of_sum(base, true, a, b):
    """The larger operand and the logarithm cancel where the result is near 0, as in NumPy; the
    argument of the logarithm has the error of the operands' difference."""
    distance = np.abs(a - b)
    return np.maximum(np.abs(true), np.abs(np.maximum(a, b))) + distance * base**-distance


def of_exponential(true, a, b):
    """The relative error of an exponential is the absolute error of its argument, the difference of
    the operands."""
    return true * (1 + np.abs(a - b))


def of_power(true, a, b):
    """The relative error of a power is the error of its exponent, b - 1, times log(a)."""
    return true * (1 + np.abs((b - 1) * np.log(a)))


# (row, edge) -> size to which errors are relative, if it is not the result; edge -1 is the value.
TERMS = {
    ("sinc", -1): of_sine,
    ("sinc", 0): of_cosine,
    ("tanh", 0): of_one,  # 1 - v
    ("logaddexp", -1): functools.partial(of_sum, np.e),
    ("logaddexp", 0): of_exponential,
    ("logaddexp", 1): of_exponential,
    ("logaddexp2", -1): functools.partial(of_sum, 2.0),
    ("logaddexp2", 0): of_exponential,
    ("logaddexp2", 1): of_exponential,
    ("power", 0): of_power,
}


def is_transcendental(row):
    """Whether the value calls a function that a library approximates."""
    calls = set(re.findall(r"([A-Za-z_]\w*)\(", row["value"])) - CORRECTLY_ROUNDED
    return any(call in APPROXIMATE or not call.startswith("ad_") for call in calls)


TRANSCENDENTAL = [row for row in ROWS if is_transcendental(row)]


def numbers(rng, n):
    """Numbers of any size and sign, close to 1 and to multiples of pi / 2, and where exponentials
    overflow."""
    sign = rng.choice([-1.0, 1.0], n)
    beside = 1 + rng.choice([-1.0, 1.0], n) * 2.0 ** -rng.uniform(2, 53, n)
    kinds = [
        sign * 10.0 ** rng.uniform(-300, 300, n),
        sign * 10.0 ** rng.uniform(-8, 5, n),
        rng.uniform(-4, 4, n),
        rng.uniform(-1100, 1100, n),
        sign * beside,
        rng.integers(-64000, 64000, n) * (np.pi / 2) * beside,
    ]
    return np.choose(rng.integers(0, len(kinds), n), kinds)


def operands(rng, row, n):
    """Candidate points (N, arity)."""
    if row["arity"] == 1:
        return numbers(rng, n)[:, None]
    a, b = numbers(rng, n), numbers(rng, n)
    if row["domains"][0] == "POSITIVE":  # a power with any exponent
        a = np.abs(a)
    p = rng.uniform(0, 1, n)
    # Independent, nearly the same, powers within range, and logarithms of numbers that add to 1.
    kinds = [
        (a, b),
        (a, a * (1 + 2.0 ** -rng.uniform(0, 52, n))),
        (a, rng.uniform(-700, 700, n) / np.log(np.abs(a))),
        (np.log(p), np.log1p(-p)) if row["domains"][0] == "REAL" else (p, b),
        (np.log2(p), np.log1p(-p) / np.log(2)) if row["domains"][0] == "REAL" else (a, p),
    ]
    kind = rng.integers(0, len(kinds), n)
    return np.column_stack([np.choose(kind, column) for column in zip(*kinds, strict=True)])


def is_normal(x):
    """Neither zero nor subnormal, and finite."""
    return np.isfinite(x) & (np.abs(x) >= np.finfo(float).tiny)


def sample(row):
    """Points (POINTS, arity) at which the row has a value."""
    rng = np.random.default_rng(0)
    with np.errstate(all="ignore"):
        x = operands(rng, row, 30 * POINTS)
        values = getattr(np, row["ufunc"])(*x.T)
    x = x[is_normal(values) & np.all(is_normal(x), axis=1)]
    assert len(x) >= POINTS
    return x[:POINTS]


def settled(f):
    """f() at a precision at which more digits do not change it, or None."""
    before = None
    for digits in DIGITS:
        with mpmath.workdps(digits):
            result = f()
            if not isinstance(result, mpmath.mpf):
                return None
            if before is not None:
                if not result:  # more digits will not help
                    return None
                if abs(result - before) <= abs(result) * mpmath.mpf(10) ** -AGREED:
                    return result
            before = result
    return None


def exactly(function, point, edge):
    """The value (edge -1) or a partial derivative, by a central difference, whose error is
    negligible at these precisions."""
    if edge < 0:
        return settled(lambda: function(*map(mpmath.mpf, point)))

    def slope():
        x = [mpmath.mpf(a) for a in point]
        h = x[edge] * mpmath.mpf(10) ** (-mpmath.mp.dps // 3)
        above, below = ([*x[:edge], x[edge] + s, *x[edge + 1 :]] for s in (h, -h))
        return (function(*above) - function(*below)) / (2 * h)

    return settled(slope)


@functools.cache
def reference(ufunc):
    """Points, and for the value and each partial derivative the nearest double and its difference
    from the exact number; NaN if that is not a normal number."""
    row = next(row for row in ROWS if row["ufunc"] == ufunc)
    x = sample(row)
    high, low = np.full((2, 1 + row["arity"], len(x)), np.nan)
    for edge in range(-1, row["arity"]):
        for k, point in enumerate(x):
            true = exactly(points.mathematics(ufunc), point, edge)
            if true is not None and is_normal(float(true)):
                high[1 + edge, k] = float(true)
                low[1 + edge, k] = float(mpmath.fsub(true, float(true), exact=True))
    return x, high, low


@contextlib.contextmanager
def chosen(isa):
    before = _core.isa()
    assert _core.choose_isa(isa)
    try:
        yield
    finally:
        assert _core.choose_isa(before)


def computed(row, isa, x):
    """(way, value and partials (1 + arity, N)) for each way to compute them."""
    recorded = [_core.op_point(row["name"], *point) for point in x]
    yield "recorded", np.array([[value, *partials] for value, partials in recorded]).T
    tape = ad_core.trace(of_vector(row), x[0])
    with chosen(isa), np.errstate(all="ignore"):
        yield "one point", np.array([[tape(point), *tape.jacobian(point)] for point in x]).T
        yield "lanes", np.vstack([tape(x), tape.jacobian(x).T])


def errors(row, isa):
    """(way, edge, points, errors in ulp) where the exact number is known."""
    x, high, low = reference(row["ufunc"])
    for way, results in computed(row, isa, x):
        for edge in range(-1, row["arity"]):
            known = np.isfinite(high[1 + edge])
            at, true, rest = x[known], high[1 + edge, known], low[1 + edge, known]
            terms_of = TERMS.get((row["ufunc"], edge), lambda true, *operands: true)
            with np.errstate(over="ignore", under="ignore"):
                terms = np.minimum(np.abs(terms_of(true, *at.T)), 2.0**1023)
            # The double nearest to the exact number is subtracted first, which is exact.
            distance = np.abs((results[1 + edge, known] - true) - rest)
            yield way, edge, at, distance / np.spacing(terms)


@pytest.mark.parametrize("isa", runnable())
@each(TRANSCENDENTAL)
def test_errors_are_a_few_ulps(row, isa):
    for way, edge, at, error in errors(row, isa):
        assert len(error) > POINTS / 2
        worst = np.argmax(error)
        usual = ULPS if edge < 0 else ULPS_OF_PARTIALS
        bound = LARGER.get((row["ufunc"], edge), usual)
        assert error[worst] <= bound, (way, edge, at[worst], error[worst])


def show():
    """The largest errors over all instruction sets, with a line for each row and edge."""
    ways = ("recorded", "one point", "lanes")
    print("| function |", " | ".join(ways), "|\n|---|---|---|---|")
    for row in TRANSCENDENTAL:
        worst = {}
        for isa in runnable():
            for way, edge, _, error in errors(row, isa):
                worst[edge, way] = max(worst.get((edge, way), 0.0), np.max(error))
        for edge in range(-1, row["arity"]):
            name = row["ufunc"] + ("" if edge < 0 else f", d/d{'abc'[edge]}")
            relative = " (of its terms)" if (row["ufunc"], edge) in TERMS else ""
            print(f"| {name}{relative} |", " | ".join(f"{worst[edge, w]:.2f}" for w in ways), "|")


if __name__ == "__main__":
    show()
