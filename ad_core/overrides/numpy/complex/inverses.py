# SPDX-License-Identifier: Apache-2.0
"""Inverse trigonometric and hyperbolic functions of complex values, by the formulas of Kahan,
Branch cuts for complex elementary functions (1987), whose branch cuts are NumPy's."""

import numpy as np

from ad_core.overrides.numpy.complex.array import pair, parts
from ad_core.overrides.numpy.complex.operations import enter, sqrt

__all__ = []


def _roots(z):
    """The parts of sqrt(1 - z) and sqrt(1 + z)."""
    a, p = parts(z)
    return *parts(sqrt(pair(1.0 - a, -p))), *parts(sqrt(pair(1.0 + a, +p)))


@enter(np.arcsin)
def arcsin(z):
    a, _ = parts(z)
    re, im, re_plus, im_plus = _roots(z)
    return pair(np.arctan2(a, re * re_plus - im * im_plus), np.arcsinh(re * im_plus - im * re_plus))


@enter(np.arccos)
def arccos(z):
    re, im, re_plus, im_plus = _roots(z)
    return pair(2.0 * np.arctan2(re, re_plus), np.arcsinh(re_plus * im - im_plus * re))


@enter(np.arctanh)
def arctanh(z):
    a, p = parts(z)
    below, above = 1.0 - a, 1.0 + a
    square = p * p
    re = 0.25 * np.log1p(4.0 * a / (below * below + square))
    return pair(re, 0.5 * np.arctan2(2.0 * p, below * above - square))


@enter(np.arcsinh)
def arcsinh(z):
    a, p = parts(z)
    re, im = parts(arcsin(pair(-p, a)))
    return pair(im, -re)


@enter(np.arctan)
def arctan(z):
    a, p = parts(z)
    re, im = parts(arctanh(pair(-p, a)))
    return pair(im, -re)


@enter(np.arccosh)
def arccosh(z):
    a, p = parts(z)
    re, im = parts(sqrt(pair(a - 1.0, +p)))
    re_plus, im_plus = parts(sqrt(pair(a + 1.0, +p)))
    return pair(np.arcsinh(re * re_plus + im * im_plus), 2.0 * np.arctan2(im, re_plus))
