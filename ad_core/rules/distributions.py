# SPDX-License-Identifier: Apache-2.0
"""Derivatives of the functions of a probability distribution that follow from its other
functions."""

import numpy as np

from ad_core.rules.elementwise import elementwise
from ad_core.transforms import first_order

__all__ = ["BY_PARAMETER", "BY_PLACE", "along", "nothing", "undetermined_at"]


def along(function, k):
    """The partial derivative of an elementwise function of arrays by its k-th operand."""

    def partial(*operands):
        shape = np.broadcast_shapes(*map(np.shape, operands))
        operands = [np.broadcast_to(x, shape or (1,)) for x in operands]

        def of_one(x):
            return function(*operands[:k], x, *operands[k + 1 :])

        return first_order.jvp(of_one, (operands[k],), (np.ones(shape or (1,)),))[1].reshape(shape)

    return partial


def undetermined_at(value, within):
    """The function that is zero, with a derivative of NaN at a value of its operand: for a formula
    that has an own branch there, which does not depend on the operand."""

    def partial(x, y):
        return np.where(np.absolute(x - value) <= within, np.nan, 0.0)

    return elementwise("undetermined_at", lambda x: 0.0 * np.isfinite(x), partial)


def nothing(*operands):
    """The partial derivative of a step."""
    return 0.0


# For each function, by its first operand x: the function whose value f gives the derivative, and
# how; y is the own value. For ppf and isf, f is taken at y in place of x.
BY_PLACE = {
    "cdf": ("pdf", lambda f, y: f),
    "sf": ("pdf", lambda f, y: -f),
    "logcdf": ("logpdf", lambda f, y: np.exp(f - y)),
    "logsf": ("logpdf", lambda f, y: -np.exp(f - y)),
    "ppf": ("pdf", lambda f, y: 1.0 / f),
    "isf": ("pdf", lambda f, y: -1.0 / f),
}

# For each function, by a parameter: another function, and how its derivative d by the parameter and
# the own value y give the derivative. f is the density at y for ppf and isf, whose value y solves
# cdf(y) = q or sf(y) = q; d is taken there.
BY_PARAMETER = {
    "pdf": [("logpdf", lambda d, y: y * d)],
    "pmf": [("logpmf", lambda d, y: y * d)],
    "logpdf": [("pdf", lambda d, y: d * np.exp(-y))],
    "logpmf": [("pmf", lambda d, y: d * np.exp(-y))],
    "cdf": [("sf", lambda d, y: -d), ("logcdf", lambda d, y: y * d)],
    "sf": [("cdf", lambda d, y: -d), ("logsf", lambda d, y: y * d)],
    "logcdf": [("cdf", lambda d, y: d * np.exp(-y)), ("sf", lambda d, y: -d * np.exp(-y))],
    "logsf": [("sf", lambda d, y: d * np.exp(-y)), ("cdf", lambda d, y: -d * np.exp(-y))],
    "ppf": [("cdf", lambda d, f: -d / f), ("sf", lambda d, f: d / f)],
    "isf": [("sf", lambda d, f: d / f), ("cdf", lambda d, f: -d / f)],
}
