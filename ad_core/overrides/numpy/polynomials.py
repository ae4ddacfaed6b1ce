# SPDX-License-Identifier: Apache-2.0
"""Polynomials as arrays of coefficients, with the highest power first."""

import numpy as np

from ad_core.overrides.numpy.dispatch import implements
from ad_core.overrides.numpy.guards import plain
from ad_core.overrides.numpy.linalg import linalg
from ad_core.overrides.numpy.own_code import own_code
from ad_core.recording.arrays import as_array, as_traced
from ad_core.rules import linalg as rules

__all__ = ["polydiv", "polymul"]


def _coefficients(p):
    return np.atleast_1d(as_array(p))


def _leading(p):
    """The coefficients without leading zeros, as those of np.poly1d."""
    p = np.trim_zeros(_coefficients(p), "f")
    return p if len(p) else np.zeros(1)


def _in_class(p, *operands):
    """Coefficients as np.poly1d if an operand is one."""
    return np.poly1d(p) if any(isinstance(x, np.poly1d) for x in operands) else p


@implements(np.polymul)
def polymul(a1, a2):
    """np.polymul. In NumPy's own code, np.convolve would get objects of the class poly1d."""
    return _in_class(np.convolve(_leading(a1), _leading(a2)), a1, a2)


@implements(np.polydiv)
def polydiv(u, v):
    """np.polydiv. NumPy's own code subtracts in place from a copy of u, which may be plain."""
    q, r = own_code(np.polydiv)(as_traced(u), as_array(v) if isinstance(v, np.poly1d) else v)
    return _in_class(q, u, v), _in_class(r, u, v)


@linalg(np.poly)
def poly(seq_of_zeros):
    """np.poly. NumPy's own code would compute the eigenvalues of a matrix, which may be equal."""
    zeros = _coefficients(seq_of_zeros)
    if zeros.ndim == 2 and zeros.shape[0] == zeros.shape[1] != 0:
        return rules.characteristic(zeros)
    return own_code(np.poly)(zeros)


@linalg(np.roots)
def roots(p):
    """np.roots. Which coefficients at the ends are zero is kept as guards."""
    p = _coefficients(p)
    if p.ndim != 1:
        raise ValueError("Input must be a rank-1 array.")
    places = np.flatnonzero(p)
    if not len(places):
        return np.zeros(0)
    if np.iscomplexobj(np.roots(plain(p))):  # the eigenvalues of the companion matrix
        return own_code(np.roots)(p)
    return rules.roots(p[places[0] :])
