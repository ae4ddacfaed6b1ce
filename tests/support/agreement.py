# SPDX-License-Identifier: Apache-2.0
"""Checks that NumPy code, written as text, has NumPy's value and the right derivatives.

A piece of code is an expression, or statements and an expression, separated by semicolons. It is
differentiated by the names in ARGUMENTS that it uses; CONSTANTS are plain.
"""

import re
import warnings

import numpy as np
import pytest

import ad_core
from ad_core.recording.trees import flatten

_rng = np.random.default_rng(7)


def _distinct(*shape):
    """Positive distinct numbers below 1, so that finite differences meet no ties and kinks."""
    n = int(np.prod(shape))
    return (_rng.permutation(n).reshape(shape) + 0.3 + 0.4 * _rng.random(shape)) / (n + 1)


ARGUMENTS = {
    "s": np.float64(0.4), "t": np.float64(0.7),
    "v": _distinct(5), "w": _distinct(5),
    "a": _distinct(3, 4), "b": _distinct(3, 4),
    "q": _distinct(3, 3), "r": _distinct(3, 3),
    "c": _distinct(2, 3, 4), "d": _distinct(2, 4, 3),
    "e": np.zeros(0), "g": np.zeros((3, 0)),
}  # fmt: skip

CONSTANTS = {
    "np": np,
    "K": 0.1 + _distinct(5),
    "M": 0.1 + _distinct(3, 4),
    "Q": 0.1 + _distinct(3, 3),
    "ON5": np.array([True, False, True, True, False]),
    "ON34": np.arange(12).reshape(3, 4) % 3 != 1,
    "NANS": np.where(np.arange(12).reshape(3, 4) % 5 == 2, np.nan, 0.0),
}


def function_of(code):
    """The code as a function, and the names of its parameters."""
    names = [name for name in ARGUMENTS if re.search(rf"(?<![\w.]){name}(?!\w|=[^=])", code)]
    *statements, result = [part.strip() for part in code.split(";")]
    body = "".join(f"    {line}\n" for line in statements)
    scope = dict(CONSTANTS)
    exec(f"def f({', '.join(names)}):\n{body}    return {result}", scope)
    scope["f"].__name__ = "f"
    return scope["f"], names


def arguments(names):
    return tuple(np.array(ARGUMENTS[name])[()] for name in names)


def leaves(tree):
    return [np.asarray(leaf, dtype=float) for leaf in flatten(tree)[0]]


def assert_agrees(code, order=2, args=None, **tolerances):
    """Assert that the value agrees with NumPy's, and that derivatives up to an order agree with
    finite differences and between both modes."""
    f, names = function_of(code)
    assert names, f"{code} depends on nothing"
    args = arguments(names) if args is None else args
    copies = tuple(np.copy(x)[()] for x in args)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            expected = f(*copies)
        except Exception as problem:
            assert_fails_alike(f, args, problem)
            return
        directions = tuple(np.ones(np.shape(x))[()] for x in args)
        found, _ = ad_core.jvp(f, args, directions)
        found, expected = leaves(found), leaves(expected)
        assert [x.shape for x in found] == [x.shape for x in expected]
        for x, y in zip(found, expected, strict=True):
            np.testing.assert_allclose(x, y, rtol=1e-13, atol=1e-15)
        if all(np.all(np.isfinite(y)) for y in expected):
            ad_core.check_grads(f, args, order=order, **tolerances)


def assert_fails_alike(f, args, problem):
    directions = tuple(np.ones(np.shape(x))[()] for x in args)
    with pytest.raises((type(problem), ValueError, TypeError, IndexError)):
        ad_core.jvp(f, args, directions)


def refused(kind, *words):
    """A context: the body raises this type of exception, and its message has all the words."""
    return pytest.raises(kind, match="(?s)" + "".join(f"(?=.*{re.escape(word)})" for word in words))


def rows(*tables):
    """The pieces of code in tables, which are separated by bars and line ends."""
    lines = [line.strip() for text in tables for line in text.split("\n")]
    return [code for line in lines if line for code in line.split(" | ")]


def functions_in(rows):
    """The NumPy functions that are named in pieces of code."""
    found = set()
    for path in {path for code in rows for path in re.findall(r"np\.([\w.]+)\(", code)}:
        owner = np
        for part in path.split("."):
            owner = getattr(owner, part, None)
        found.add(owner)
    return found
