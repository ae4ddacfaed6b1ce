"""The points at which the rows of the op table are tested, and exact derivatives for comparison."""

import itertools
import math

import mpmath
import numpy as np

# Interior points of the domains of src/ops/ops.def, away from all kinks and steps.
INTERIOR = {
    "REAL": (-2.3, -0.6, -0.19, 0.13, 0.21, 0.85, 3.7),
    "NONZERO": (-2.6, -0.35, 0.17, 0.4, 1.9, 7.3),
    "POSITIVE": (0.03, 0.4, 1.3, 6.6),
    "UNIT": (-0.97, -0.4, 0.1, 0.8),
    "ABOVE_ONE": (1.02, 1.7, 12.3),
    "TRUTH": (0.0, 1.0),
}
APART = 1.09  # an exponent that separates the points of the operands, so that there are no ties

EDGES = (0.0, -0.0, 1.0, -1.0, 2.0, 0.5, math.inf, -math.inf, math.nan, 5e-324, 1e308)

# Functions that mpmath does not have under the ufunc's name. A row without any function is compared
# with finite differences.
SPELLED = {
    "arcsin": mpmath.asin,
    "arccos": mpmath.acos,
    "arctan": mpmath.atan,
    "arctan2": mpmath.atan2,
    "arcsinh": mpmath.asinh,
    "arccosh": mpmath.acosh,
    "arctanh": mpmath.atanh,
    "sinc": mpmath.sincpi,
    "log2": lambda a: mpmath.log(a) / mpmath.log(2),
    "log1p": lambda a: mpmath.log(1 + a),
    "exp2": lambda a: mpmath.mpf(2) ** a,
    "expm1": lambda a: mpmath.exp(a) - 1,
    "logaddexp": lambda a, b: mpmath.log(mpmath.exp(a) + mpmath.exp(b)),
    "logaddexp2": lambda a, b: mpmath.log(2**a + 2**b) / mpmath.log(2),
    "cbrt": lambda a: mpmath.sign(a) * mpmath.cbrt(abs(a)),
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: a * b,
    "guarded multiply": lambda a, b: a * b,
    "derivative product": lambda a, b: a * b,
    "ratio": lambda a, b: a / b,
    "kinked": lambda a, b: a + 0 * b,
    "side": mpmath.sign,
    "share of the larger": lambda a, b: mpmath.mpf(a > b),
    "share of the smaller": lambda a, b: mpmath.mpf(a < b),
    "power times log": lambda a, b, c: b**c * mpmath.log(b),
    "times log": lambda a, b: a * mpmath.log(b),
    "logistic": lambda a: 1 / (1 + mpmath.exp(-a)),
    "logistic of base 2": lambda a: 1 / (1 + mpmath.mpf(2) ** -a),
    "divide": lambda a, b: a / b,
    "negative": lambda a: -a,
    "positive": lambda a: a,
    "square": lambda a: a * a,
    "reciprocal": lambda a: 1 / a,
    "deg2rad": mpmath.radians,
    "rad2deg": mpmath.degrees,
    "fmod": lambda a, b: a - b * (mpmath.sign(a / b) * mpmath.floor(abs(a / b))),
    "remainder": lambda a, b: a - b * mpmath.floor(a / b),
    "floor_divide": lambda a, b: mpmath.floor(a / b),
    "absolute": abs,
    "copysign": lambda a, b: abs(a) * mpmath.sign(b),
    "maximum": max,
    "minimum": min,
    "fmax": max,
    "fmin": min,
    "trunc": lambda a: mpmath.sign(a) * mpmath.floor(abs(a)),
    "rint": mpmath.nint,
    "heaviside": lambda a, b: mpmath.mpf(a > 0),
}
# Rows whose partial derivatives are declared, and are not those of the value as a function.
DECLARED = {
    "where": (lambda a, b, c: b if a else c, lambda a, b, c: (0.0, float(a != 0), float(a == 0))),
    "stop gradient": (lambda a: a, lambda a: (0.0,)),
    "square of a root": (lambda a, b: b * b, lambda a, b: (1.0, 0.0)),
    "nextafter": (math.nextafter, lambda a, b: (1.0, 0.0)),
    "spacing": (lambda a: math.copysign(math.ulp(a), a), lambda a: (0.0,)),
}
# Rows of which one operand is a function of the others.
GIVEN = {"power times log": lambda a, b, c: (b**c, b, c)}
DIGITS = 40


def mathematics(ufunc):
    """The function of this name in mpmath, or None."""
    return SPELLED.get(ufunc) or getattr(mpmath, ufunc, None)


def interior(row):
    """Tuples of operands inside the domains of a row."""
    sides = [
        tuple(math.copysign(abs(x) ** APART**j, x) for x in INTERIOR[domain])
        for j, domain in enumerate(row["domains"])
    ]
    points = list(itertools.product(*sides))
    return [GIVEN[row["ufunc"]](*p) for p in points] if row["ufunc"] in GIVEN else points


def edges(row):
    """Tuples of operands at edges: zeros, infinities, NaN, the ends of the range."""
    return list(itertools.product(EDGES, repeat=row["arity"]))


def derivative(ufunc, point, orders):
    """The partial derivative of these orders by each operand, rounded from 40 digits; without a
    function of mpmath, by differences of NumPy's values."""
    if ufunc in DECLARED:
        value, partials = DECLARED[ufunc]
        if sum(orders) == 1:
            return partials(*point)[orders.index(1)]
        return 0.0 if any(orders) else value(*point)
    function = mathematics(ufunc)
    if function is None:
        return extrapolated(getattr(np, ufunc), point, orders)
    with mpmath.workdps(DIGITS):
        x = [mpmath.mpf(a) for a in point]
        if len(x) == 1:
            return float(mpmath.diff(function, x[0], orders[0]))
        return float(mpmath.diff(function, x, orders))


def extrapolated(function, point, orders):
    """Central differences, extrapolated from halved steps (Richardson, Romberg's scheme)."""
    if not any(orders):
        return function(*point)
    j = next(k for k, order in enumerate(orders) if order)
    lower = tuple(order - (k == j) for k, order in enumerate(orders))

    def slope(h):
        sides = [
            extrapolated(function, (*point[:j], point[j] + s, *point[j + 1 :]), lower)
            for s in (h, -h)
        ]
        return (sides[0] - sides[1]) / (2 * h)

    table = [slope(0.02 * abs(point[j]) / 2**k) for k in range(5)]
    for m in range(1, 5):
        table = [
            (4**m * finer - coarser) / (4**m - 1) for coarser, finer in itertools.pairwise(table)
        ]
    return table[0]


def is_exact(ufunc):
    """Whether derivative() is exact to the last digit."""
    return ufunc in DECLARED or mathematics(ufunc) is not None
