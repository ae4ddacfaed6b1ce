# SPDX-License-Identifier: Apache-2.0
"""Every public NumPy function of a complex traced value: it returns a right traced result, raises a
clear error, or returns a result that does not depend on the value."""

import warnings

import numpy as np
import pytest

import ad_core
from ad_core import _core
from ad_core.overrides.numpy.complex import TracedComplex
from ad_core.recording.trees import flatten
from public_functions import SKIPPED, TEXT, functions

_rng = np.random.default_rng(4)
X, Y = _rng.random(3) + 0.2, _rng.random((3, 3)) + 0.3
PLAIN, ON = np.array([0.55 - 0.2j, 0.15j, 0.85]), np.array([True, False, True])

# Ways to call a function f: of a complex vector z, a complex matrix m, and the real ones x and y.
CALLS = {
    "f(z)": lambda f, z, m, x, y: f(z),
    "f(m)": lambda f, z, m, x, y: f(m),
    "f(x)": lambda f, z, m, x, y: f(x),
    "f(y)": lambda f, z, m, x, y: f(y),
    "f(x, 5)": lambda f, z, m, x, y: f(x, 5),
    "f(z, 5)": lambda f, z, m, x, y: f(z, 5),
    "f(z[0])": lambda f, z, m, x, y: f(z[0]),
    "f(z, m)": lambda f, z, m, x, y: f(z, m),
    "f(m, z)": lambda f, z, m, x, y: f(m, z),
    "f(z, z)": lambda f, z, m, x, y: f(z, 2 * z[::-1]),
    "f(z, x)": lambda f, z, m, x, y: f(z, x),
    "f(x, z)": lambda f, z, m, x, y: f(x, z),
    "f(y, m)": lambda f, z, m, x, y: f(y, m),
    "f(m, y)": lambda f, z, m, x, y: f(m, y),
    "f(z, plain)": lambda f, z, m, x, y: f(z, PLAIN.copy()),
    "f(plain, z)": lambda f, z, m, x, y: f(PLAIN.copy(), z),
    "f(plain, x)": lambda f, z, m, x, y: f(PLAIN.copy(), x),
    "f(x, plain)": lambda f, z, m, x, y: f(x, PLAIN.copy()),
    "f(x, 1j)": lambda f, z, m, x, y: f(x, 1j),
    "f(z, 1)": lambda f, z, m, x, y: f(z, 1),
    "f(1, z)": lambda f, z, m, x, y: f(1, z),
    "f(1j, z)": lambda f, z, m, x, y: f(1j, z),
    "f(z, z[0])": lambda f, z, m, x, y: f(z, z[0]),
    "f([z, x])": lambda f, z, m, x, y: f([z, x]),
    "f([z[0], x[0], 1j])": lambda f, z, m, x, y: f([z[0], x[0], 1j]),
    "f(m, axis=0)": lambda f, z, m, x, y: f(m, axis=0),
    "f(m, axis=1)": lambda f, z, m, x, y: f(m, axis=1),
    "f(z, out=plain)": lambda f, z, m, x, y: f(z, out=PLAIN.copy()),
    "f('i,i->i', z, x)": lambda f, z, m, x, y: f("i,i->i", z, x),
    "f('ij,j', m, z)": lambda f, z, m, x, y: f("ij,j", m, z),
    "f(mask, z, x)": lambda f, z, m, x, y: f(ON.copy(), z, x),
    "f(x > 0.5, z, x)": lambda f, z, m, x, y: f(x > 0.5, z, x),
    "f(mask, z)": lambda f, z, m, x, y: f(ON.copy(), z),
    "f(z, mask)": lambda f, z, m, x, y: f(z, ON.copy()),
    "f(range, x, z)": lambda f, z, m, x, y: f(np.arange(3.0), x, z),
    "f(z, [0, 1])": lambda f, z, m, x, y: f(z, [0, 1]),
    "f(z, x, z)": lambda f, z, m, x, y: f(z, x, z.copy()),
}
REAL = {"f(x)", "f(y)", "f(x, 5)"}  # for transforms, which make complex numbers of real ones
REFUSALS = (TypeError, ValueError, IndexError, AttributeError, NotImplementedError)


def arguments(x):
    z = x.astype(complex) * (0.8 + 0.3j) + 0.4j * x[::-1].astype(complex) ** 2
    y = Y * x[0] * x[:, None] + np.diag(x)
    return z, y.astype(complex) * (1.0 + 0.2j * Y), np.copy(x), y


def dependent(result):
    if isinstance(result, list | tuple):
        return any(map(dependent, result))
    return type(result) is TracedComplex or _core.traced(result)


def real_parts(result):
    """A real vector of all numbers in a result, traced or not."""
    parts = [np.zeros(1)]
    for leaf in flatten(list(result) if isinstance(result, tuple) else result)[0]:
        if getattr(leaf, "dtype", np.dtype(float)).kind == "U":
            continue
        parts += [np.ravel(np.real(leaf)) * 1.0, np.ravel(np.imag(leaf)) * 1.0]
    return np.concatenate(parts)


def slope(f, x, h):
    return (f(x + h) - f(x - h)) / (2 * h)


def examine(module, name, call):
    expected = call(getattr(module, name), *arguments(X))
    results = []

    def traced(x):
        made = arguments(x)
        with ad_core.allow_refusals():
            try:
                results.append(call(getattr(module, name), *made))
            except REFUSALS:
                results.append(None)
        return 0.0 * x[0]

    ad_core.grad(traced)(X)
    if results[0] is None:
        return None
    if not dependent(results[0]):
        moved = call(getattr(module, name), *arguments(X + 1e-6))
        try:
            changed = not np.array_equal(real_parts(expected), real_parts(moved))
        except REFUSALS:
            return None
        if name == "poly1d":  # keeps the traced coefficients unchanged
            changed = changed and not dependent(results[0].coefficients)
        changed = changed and name not in ("empty_like", *TEXT)
        return "a plain result that depends on traced values" if changed else None
    if name == "empty_like":
        return None

    def vector(x):
        return real_parts(call(getattr(module, name), *arguments(x)))

    value, tangent = ad_core.jvp(vector, (X,), (np.ones(3),))
    if not np.allclose(value, vector(X), rtol=1e-12, atol=1e-13, equal_nan=True):
        return f"value {value} for {vector(X)}"
    first, second = (slope(vector, X, h) for h in (1e-5, 2e-5))
    if np.allclose(first, second, rtol=1e-5, atol=1e-7) and not np.allclose(
        tangent, first, rtol=1e-5, atol=1e-7
    ):
        return f"derivative {tangent}, differences {first}"
    return None


@pytest.mark.parametrize(("module", "name"), list(functions()))
def test_right_result_or_clear_error(module, name):
    if name in TEXT | SKIPPED:
        pytest.skip("text shows the numbers and has no derivative")
    wrong = {}
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        for text, call in CALLS.items():
            if text in REAL and module is not np.fft:
                continue
            try:
                call(getattr(module, name), *arguments(X))
            except Exception:  # not a way to call this function
                continue
            problem = examine(module, name, call)
            if problem is not None:
                wrong[text] = problem
    assert not wrong
