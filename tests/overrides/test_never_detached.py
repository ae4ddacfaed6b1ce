# SPDX-License-Identifier: Apache-2.0
"""Every public NumPy function of a traced value: it returns a right traced result, raises a clear
error, or returns a result that does not depend on the value, but never a plain number that does."""

import warnings

import numpy as np
import pytest

import ad_core
from ad_core import _core
from ad_core.overrides.numpy.complex import TracedComplex
from ad_core.recording.trees import flatten
from public_functions import TEXT, functions

_rng = np.random.default_rng(3)
V, W = np.array([0.31, 0.72, 0.45]), np.array([0.64, 0.23, 0.91])
A, B = 0.1 + _rng.random((3, 3)), 1.1 + _rng.random((3, 3))
S, T = np.float64(0.41), np.float64(0.83)
PLAIN, ON, AT = np.array([0.55, 0.15, 0.85]), np.array([True, False, True]), np.array([0, 1, 0])

# Ways to call a function f, and the arguments that are traced in them.
CALLS = {
    "f(v)": (lambda f, v: f(v), V),
    "f(a)": (lambda f, a: f(a), A),
    "f(s)": (lambda f, s: f(s), S),
    "f(v, w)": (lambda f, v, w: f(v, w), V, W),
    "f(a, b)": (lambda f, a, b: f(a, b), A, B),
    "f(s, t)": (lambda f, s, t: f(s, t), S, T),
    "f(v, plain)": (lambda f, v: f(v, PLAIN.copy()), V),
    "f(plain, v)": (lambda f, v: f(PLAIN.copy(), v), V),
    "f(v, s)": (lambda f, v, s: f(v, s), V, S),
    "f(v, 1)": (lambda f, v: f(v, 1), V),
    "f(a, 1)": (lambda f, a: f(a, 1), A),
    "f(1, v)": (lambda f, v: f(1, v), V),
    "f([v, w])": (lambda f, v, w: f([v, w]), V, W),
    "f([s, t])": (lambda f, s, t: f([s, t]), S, T),
    "f((s, 1.0))": (lambda f, s: f((s, 1.0)), S),
    "f([[s, 2.0], [1.0, s]])": (lambda f, s: f([[s, 2.0], [1.0, s]]), S),
    "f(a, axis=0)": (lambda f, a: f(a, axis=0), A),
    "f(v, w, plain)": (lambda f, v, w: f(v, w, PLAIN.copy()), V, W),
    "f(plain, plain, v)": (lambda f, v: f(PLAIN.copy(), PLAIN + 1.0, v), V),
    "f(plain, v, plain)": (lambda f, v: f(PLAIN.copy(), v, PLAIN + 1.0), V),
    "f(range, v, plain)": (lambda f, v: f(np.arange(3.0), v, PLAIN.copy()), V),
    "f(v, [0, 1])": (lambda f, v: f(v, [0, 1]), V),
    "f(plain, [s, t])": (lambda f, s, t: f(PLAIN.copy(), [s, t]), S, T),
    "f(1, [s, t])": (lambda f, s, t: f(1, [s, t]), S, T),
    "f(s, t, 3)": (lambda f, s, t: f(s, t, 3), S, T),
    "f(v, out=plain)": (lambda f, v: f(v, out=PLAIN.copy()), V),
    "f('i,i->i', v, w)": (lambda f, v, w: f("i,i->i", v, w), V, W),
    "f(sin, 0, a)": (lambda f, a: f(np.sin, 0, a), A),
    "f(sin)(v)": (lambda f, v: f(np.sin)(v), V),
    "f(v, [1], s)": (lambda f, v, s: f(v, [1], s), V, S),
    "f(mask, v)": (lambda f, v: f(ON.copy(), v), V),
    "f(v, mask)": (lambda f, v: f(v, ON.copy()), V),
    "f(mask, v, w)": (lambda f, v, w: f(ON.copy(), v, w), V, W),
    "f(at, [v, w])": (lambda f, v, w: f(AT.copy(), [v, w]), V, W),
}
# For object arrays, which NumPy makes of lists of traced numbers, its loops return an operand.
PICKING = {"logical_and", "logical_or", "logical_xor"}


def numbers(tree):
    """The numbers in a result as float arrays; None if it holds anything else."""
    try:
        return [np.asarray(leaf, dtype=float) for leaf in flatten(tree)[0]]
    except (TypeError, ValueError):
        return None


def is_traced(result):
    if isinstance(result, list | tuple):
        return any(is_traced(part) for part in result)
    if _core.traced(result):
        return True
    plain = isinstance(result, np.ndarray) and result.dtype == object
    return plain and any(is_traced(part) for part in result.flat)


def is_complex(result):
    if isinstance(result, list | tuple):
        return any(is_complex(part) for part in result)
    return type(result) is TracedComplex


def same(a, b, **tolerance):
    return len(a) == len(b) and all(
        x.shape == y.shape and np.allclose(x, y, equal_nan=True, **tolerance)
        for x, y in zip(a, b, strict=True)
    )


def differences(call, args, h):
    near, far = (numbers(call(*(x + k * h for x in args))) for k in (1, -1))
    return [(x - y) / (2 * h) for x, y in zip(near, far, strict=True)]


def examine(module, name, call, args):
    """The outcome of one call: None if it is right, else a text that says what is wrong."""
    f = getattr(module, name)
    expected = call(f, *(np.copy(x)[()] for x in args))
    results = []

    def traced(*arguments):
        with ad_core.allow_refusals():  # the result is not returned
            results.append(call(getattr(module, name), *arguments))
        return 0.0

    ones = tuple(np.ones(np.shape(x))[()] for x in args)
    try:
        ad_core.jvp(traced, args, ones)
    except NotImplementedError as problem:
        text = str(problem)
        return None if name in text or "no derivative" in text else f"unclear: {problem}"
    except (TypeError, ValueError, IndexError, AttributeError):
        return None
    if is_complex(results[0]):
        return None  # no result to differentiate: test_complex_never_detached.py
    if not is_traced(results[0]):
        moved = numbers(call(f, *(x + 1e-6 for x in args)))
        values = numbers(expected)
        changed = values is not None and not same(values, moved, rtol=0, atol=0)
        if name == "empty_like":
            return None
        if name == "poly1d":  # keeps the traced coefficients unchanged
            changed = changed and not is_traced(results[0].coefficients)
        return "a plain result that depends on traced values" if changed else None
    values = numbers(expected)
    if values is None or name == "empty_like":
        return None
    if isinstance(expected, np.matrix):  # an object matrix of traced numbers can not be returned
        return None
    found, tangent = ad_core.jvp(lambda *x: call(getattr(module, name), *x), args, ones)
    listed = isinstance(expected, np.ndarray) and name in PICKING
    if not listed and not same(numbers(found), values):
        return f"value {found} for {expected}"
    first, second = (differences(lambda *x: call(f, *x), args, h) for h in (1e-5, 2e-5))
    smooth = all(np.all(np.isfinite(x)) for x in first) and same(
        first, second, rtol=1e-4, atol=1e-6
    )
    if smooth and not listed and not same(numbers(tangent), first, rtol=1e-4, atol=1e-6):
        return f"derivative {tangent}, differences {first}"
    return None


@pytest.mark.parametrize(("module", "name"), list(functions()))
def test_right_result_or_clear_error(module, name):
    if name in TEXT:
        pytest.skip("text shows the numbers and has no derivative")
    wrong = {}
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        for text, (call, *args) in CALLS.items():
            try:
                call(getattr(module, name), *(np.copy(x)[()] for x in args))
            except Exception:  # not a way to call this function
                continue
            problem = examine(module, name, call, tuple(args))
            if problem is not None:
                wrong[text] = problem
    assert not wrong
