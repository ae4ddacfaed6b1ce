# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""The table of SciPy's special functions, to which each file of this folder adds its rows.

A row is the name of the function in ``scipy.special``, the domain of each operand, and a partial by
each operand. SciPy computes the value. A partial is an expression in the operands and the result,
written with NumPy's functions and functions of the table, so that derivatives of all orders follow.
None in the place of a partial says that there is no derivative by that operand.

Everything else follows from the row: what SciPy's ufunc does on traced values, the name in
``ad_core.scipy.special``, the line in the list of supported functions, and the tests.
"""

import threading
from typing import NamedTuple

import numpy as np
import scipy.special as sp

from ad_core import _core
from ad_core.errors import NoDerivativeError
from ad_core.rules.elementwise import elementwise

__all__ = [
    "ANY",
    "HOLOMORPHIC",
    "INNER",
    "POSITIVE",
    "REAL",
    "ROWS",
    "UFUNCS",
    "UNIT",
    "WHOLE",
    "Holomorphic",
    "Last",
    "Row",
    "by_size",
    "inner",
    "joined",
    "outputs",
    "refuse_ufuncs",
    "refused",
    "row",
]

# Domains: intervals in which tests choose points, and numbers that are given as they are.
REAL, ANY, POSITIVE = (-2.5, 2.5), (-30.0, 30.0), (0.15, 7.5)
UNIT, INNER = (0.05, 0.95), (-0.95, 0.95)
WHOLE = range(5)

MOST_KEPT = 1 << 16  # elements of a call with several outputs that are kept for the other outputs

ROWS = {}  # name in scipy.special -> Row
UFUNCS = {}  # SciPy's ufunc -> the function for traced values
HOLOMORPHIC = {}  # SciPy's ufunc -> Holomorphic


class Holomorphic(NamedTuple):
    """The derivative of a ufunc by an operand that may be complex."""

    slope: object  # takes operands and result; with `parts` only real and imaginary part
    place: int  # of the operand
    parts: bool = False  # whether the derivative is given as a pair of real numbers


class Row(NamedTuple):
    """A function of the table."""

    name: str
    function: object  # takes plain and traced values
    domains: tuple  # one for each operand: (low, high), or a range of whole numbers
    partials: tuple  # one for each operand; of several outputs a tuple of those


def row(name, domains, *partials, ufunc=None, value=None, holomorphic=False):
    """Add a function to the table; returns the function for plain and traced values.

    ufunc: the name of the ufunc that is called by scipy.special.<name>, if that is Python code.
    value: what computes the value, if that is not scipy.special.<name>. holomorphic: whether the
    last operand may be complex, with the same partial. Returns None if the installed SciPy has no
    such function.
    """
    called = getattr(sp, name, None) if value is None else value
    if called is None:
        return None
    function = elementwise(f"scipy.special.{name}", called, *partials)
    enter(name, function, domains, partials, ufunc)
    own = getattr(sp._ufuncs, ufunc, None) if ufunc else called
    if isinstance(own, np.ufunc):
        _core.set_elementwise(own, function.own)
    if holomorphic:
        HOLOMORPHIC[own] = Holomorphic(partials[-1], own.nin - 1)
    return function


def inner(name, value, *partials):
    """A function that partials of the table need, and that SciPy does not have. Partials never
    warn."""

    def quiet(*operands):
        with _core.float_errors(all="ignore"):
            return value(*operands)

    return elementwise(f"scipy.special's {name}", quiet, *partials)


def by_size(most, few, many):
    """A value by few() for up to `most` elements, else by many(), which computes them with fewer
    operations each, but more calls of NumPy."""

    def value(x):
        return few(x) if np.size(x) <= most else many(x)

    return value


def joined(x, there, elsewhere, where_there):
    """where_there(x) at the elements where `there` is true, elsewhere(x) at the others."""
    x = np.asarray(x)
    if not np.any(there):
        return elsewhere(x)
    if np.all(there):
        return where_there(x)
    found = np.empty(x.shape, x.dtype)
    found[there] = where_there(x[there])
    found[~there] = elsewhere(x[~there])
    return found


def enter(name, function, domains, partials, ufunc=None):
    """Add a function to the table that is not made by row()."""
    ROWS[name] = Row(name, function, tuple(domains), partials)
    own = getattr(sp._ufuncs, ufunc, None) if ufunc else getattr(sp, name, None)
    if isinstance(own, np.ufunc):
        UFUNCS[own] = function


def outputs(name, domains, *partials):
    """Add a ufunc with several outputs; returns a function for each output.

    partials: for each output a tuple of partials, one for each operand, as in row(). Each output is
    an elementwise function of its own. SciPy computes all of them at once, so the last results are
    kept, and the next output at the same points takes its values from there.
    """
    ufunc = getattr(sp, name)
    last = Last(ufunc)
    parts = [
        elementwise(f"scipy.special.{name}[{k}]", last.output(k), *own)
        for k, own in enumerate(partials)
    ]

    def function(*operands):
        if not any(map(_core.traced, operands)):
            return ufunc(*operands)
        try:
            return tuple(part(*operands) for part in parts)
        finally:
            last.forget()

    function.__name__ = name
    enter(name, function, domains, partials)
    return parts


class Last(threading.local):
    """The last results of a function with several outputs on a thread."""

    def __init__(self, ufunc):
        self.ufunc = ufunc
        self.operands = self.results = None

    def output(self, k):
        def value(*operands):
            given = [(np.shape(x), np.asarray(x).tobytes()) for x in operands]
            if given != self.operands:
                self.results = self.ufunc(*operands)
                self.operands = given
            found = self.results[k]
            return np.array(found) if np.ndim(found) else found

        return value

    def forget(self):
        """Keep no large results longer than the call."""
        if self.results is not None and np.size(self.results[0]) > MOST_KEPT:
            self.operands = self.results = None


def refused(name, why):
    """The function for traced values of one without a derivative: it raises the reason."""

    def function(*args, **kwargs):
        raise NoDerivativeError(
            f"scipy.special.{name} has no derivative in ad_core{_core.user_line()}; {why}"
        )

    function.__name__ = name
    return function


def refuse_ufuncs(remedy):
    """Let SciPy's ufuncs that have no row raise what to write instead: remedy(name)."""
    for name in dir(sp):
        ufunc = getattr(sp, name)
        if isinstance(ufunc, np.ufunc) and not {ufunc} & {*UFUNCS, *HOLOMORPHIC} and remedy(name):
            UFUNCS[ufunc] = refused(name, remedy(name))
