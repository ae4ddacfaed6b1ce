# SPDX-License-Identifier: Apache-2.0
"""Operators, conversions, iteration and types of traced arrays and scalars."""

import copy
import math
import pickle

import numpy as np
import pytest

import ad_core
from ad_core.errors import TracedValueError
from agreement import assert_agrees, rows

SHAPES = [(), (0,), (1,), (4,), (1, 4), (3, 1), (3, 4), (3, 0)]
OPERATORS = ["+", "-", "*", "/", "//", "%", "**"]
COMPARISONS = ["<", "<=", ">", ">=", "==", "!="]
STEPS = {"//", "%"}  # at points off their steps


def operands(seed, *shapes):
    rng = np.random.default_rng(seed)
    return tuple((0.35 + 0.5 * rng.random(shape))[()] for shape in shapes)


def broadcastable(a, b):
    try:
        np.broadcast_shapes(a, b)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("left", SHAPES, ids=str)
@pytest.mark.parametrize("operator", OPERATORS)
def test_broadcasting(operator, left):
    function = eval(f"lambda x, y: x {operator} y")
    for right in SHAPES:
        x, y = operands(len(left) + 10 * len(right), left, right)
        y = y + 1.0 if operator in STEPS else y  # x // y stays 0
        if not broadcastable(left, right):
            for f, z in ((lambda x, y=y: function(x, y), x), (lambda y, x=x: function(x, y), y)):
                with pytest.raises(ValueError, match="broadcast"):
                    ad_core.jacobian(f)(z)
            continue
        expected = function(x, y)
        found, (x_bar, y_bar) = pulled(function, x, y)
        assert np.shape(found) == np.shape(expected)
        np.testing.assert_allclose(found, expected, rtol=1e-14)
        assert (np.shape(x_bar), np.shape(y_bar)) == (left, right)
        assert x_bar.dtype == y_bar.dtype == np.float64
        ad_core.check_grads(function, (x, y), order=1 if operator in STEPS else 2)


def pulled(function, *args):
    value, pullback = ad_core.vjp(function, *args)
    return value, pullback(np.ones(np.shape(value))[()])


OTHERS = {
    "int": 2, "float": 1.5, "bool": True, "float64": np.float64(1.5), "float32": np.float32(1.5),
    "int64": np.int64(2), "uint8": np.uint8(2), "bool_": np.bool_(True), "0-d": np.array(1.5),
    "array": np.array([1.5, 2.5, 0.5]), "ints": np.array([1, 2, 3]), "column": np.ones((2, 1)),
    "list": [1.5, 2.0, 3.0], "tuple": (1.5, 2.0, 3.0), "float32 array": np.ones(3, np.float32),
    "big-endian": np.array([1.5, 2.0, 3.0], ">f8"), "strided": np.arange(1.0, 7.0)[::2],
}  # fmt: skip


@pytest.mark.parametrize("x", [np.float64(0.7), np.array([0.7, 0.4, 0.6])], ids=["scalar", "array"])
@pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS)
def test_operators_with_plain_numbers_on_either_side(other, x):
    for operator in OPERATORS:
        for form in (f"x {operator} other", f"other {operator} x"):
            function = eval(f"lambda x: {form}", {"other": other})
            if isinstance(other, list | tuple) and np.ndim(x) == 0:
                continue  # NumPy: np.float64 * list is a repetition
            found = ad_core.jvp(function, (x,), (x,))[0]
            np.testing.assert_allclose(found, function(x), rtol=1e-7, err_msg=form)
            if operator not in STEPS:
                ad_core.check_grads(function, (x,), order=1)


@pytest.mark.parametrize("operator", COMPARISONS)
def test_comparisons(operator):
    x, y = np.array([1.0, 2.0, 3.0]), np.array([2.0, 2.0, 2.0])
    for form in (
        "x {} y",
        "x {} 2.0",
        "2 {} x",
        "y {} x",
        "x[0] {} x[1]",
        "x[1] {} 2",
        "x[0] {} y",
    ):
        function = eval("lambda x, y: " + form.format(operator))
        seen = []

        def f(x, function=function, seen=seen):
            seen.append(function(x, y))
            return np.sum(np.where(seen[-1], x, 0.0))

        gradient = ad_core.grad(f)(x)
        truth = function(x, y)
        assert seen[0].dtype == bool
        assert seen[0].shape == np.shape(truth)
        np.testing.assert_array_equal(gradient, np.sum(np.broadcast_to(truth, (1, 3)), axis=0))


ROWS = """
-v | +v | abs(v - 0.5) | abs(s) | v ** 2 | v ** 3 | v ** -1 | v ** 0.5 | v ** 0 + s | s ** 2
2 ** v | s ** t | v ** w | divmod(s, 0.3) | divmod(v, 0.3) | divmod(1.0, s) | round(s, 1) + s
math.floor(s) + s | math.ceil(s) + s | math.trunc(s) + s | pow(s, 2) | pow(v, s) | sum(v)
sum(v, s) | min(v) * w | max(v) * s | max(s, t) | min(v[0], 0.3) | sorted(v) | list(v) | tuple(a)
[x * 2 for x in v] | sum(a) | math.prod(v) | math.fsum([1.0]) * s | sum(x * y for x, y in zip(v, w))
dict(enumerate(v))[2] | list(reversed(v)) | list(map(abs, v)) | a.T @ a | v.sum() | v.mean()
v.std() | v.var(ddof=1) | a.prod(axis=0) | a.max(1) | a.min(keepdims=True) | a.cumsum(1)
v.cumprod() | a.trace() | a.ravel() | a.flatten() | a.flatten("F") | a.reshape(-1) | a.squeeze()
a.swapaxes(0, 1) | a.transpose() | a.diagonal() | v.repeat(2) | a.take([1, 2]) | a.tolist()
v.item(2) | a.item(1, 2) | a.item((2, 0)) | s.item() | v[:1].item() | a.copy() * a | v.astype(float)
v.astype("f8", copy=False) | v.dot(w) | a.compress([1, 0, 1], axis=0) | v.conjugate()
math.sumprod(v, w) | math.sumprod(v, K)
v.real + v.imag | a.flat[1] | list(a.flat) | len(a.flat) * s | np.array(a.flat) | a.mT | s.sum()
s.mean() + s.max() | s.reshape(1) | s.ravel() | s.copy() | s.T | s.astype(float) | s.squeeze() * t
s.real | s.conj() | s.clip(0, 0.3) | np.array([s, t]) | np.array([[s, t], [1.0, 2]])
np.array((s, v[0])) | np.array([v, w]) | np.array([[v, w], [K, v]]) | np.array([s] * 3)
np.asarray([[s], [t]]) | np.asarray(v) * w | np.asarray(s) | np.array(v, dtype=float)
np.array([s, 1], dtype=np.float64) | np.array([np.array(s), t]) | np.array([True, s])
np.array(v, ndmin=2) | np.array([[s]])[0] | np.asanyarray(v) * w | np.array(v.tolist())
np.array([v[k] for k in range(5)]) | np.float64(2.0) * s | np.float32(0.5) * v | np.array(2.0) * s
np.array([1, 2]) * s | 1 - v | 1 / v | 5 % v | 7 // s + s | True + s | v * [1, 2, 3, 4, 5]
(1.0, 2.0) * v[:2] | np.ones(5) @ v | K @ v | Q @ q | [1.0, 0.0, 2.0] @ q | u = v; u = u + 1; v
u = +v; u += 1; u | u = +v; u -= w; u | u = +v; u *= 2; u | u = +v; u /= s; u
u = +v; u //= 9.0; u + s | u = +v; u %= 9.0; u | u = +v; u **= 3; u | u = s; u += t; u *= 2; u
u = +v; u[1:3] *= s; u | u = +a; u[0] += 1.0; u[:, 1] -= s; u | u = K.copy() * s; u += K; u
u = +v; y = u; u += 1.0; y | u = +q; u @= Q; u | y = +v; u = y[1:]; u *= 0.0; y
y = +v; u = y[::-1]; y[0] = s; u | (v > 0.3) * v | (v > 0.3) & (v < 0.6) | (v > 0.3).sum() * s
~(v > 0.3) * w | (v > w) + 1.0 + s | -1.0 * (v > w) * s | (v > 0.3).mean() + s | s if s > 0.1 else t
(not s) + t | s and t | (s or t) + 0.0 | t if v.any() else s | t if v[0] in v else s
t if 0.1 < s < 0.3 else s
"""


@pytest.mark.parametrize("code", rows(ROWS))
def test_value_and_derivatives(code):
    assert_agrees(code.replace("math.", "__import__('math')."))


def during_trace(action, x=None):
    """The result of the action on a traced array of three numbers."""
    x = np.array([1.0, 2.0, 3.0]) if x is None else x
    seen = []

    def f(x):
        seen.append(action(x))
        return np.sum(x)

    ad_core.grad(f)(x)
    return seen[0]


def test_types():
    assert during_trace(lambda x: isinstance(x, np.ndarray))
    assert during_trace(lambda x: isinstance(x[0], float))
    assert during_trace(lambda x: isinstance(x[0], np.floating))
    assert during_trace(lambda x: not isinstance(x[0], np.ndarray))
    assert during_trace(lambda x: not isinstance(x[0] > 0, int))
    assert during_trace(lambda x: np.isscalar(x[0]) and not np.isscalar(x))
    assert during_trace(lambda x: callable(getattr(x, "sum", None)) and hasattr(x, "T"))
    assert not during_trace(lambda x: hasattr(x, "no_such_thing"))
    assert {"sum", "reshape", "shape", "T"} <= set(during_trace(dir))


@pytest.mark.parametrize(
    "conversion",
    [float, complex, math.sin, math.exp, math.sqrt, np.float64, np.float32, range, hex,
     lambda s: np.array([1.0, 2.0])[s], lambda s: [1, 2][s],
     lambda s: math.hypot(s, 1.0), lambda s: s.astype(np.float16),
     lambda s: np.zeros(3, np.float32).fill(s)],
)  # fmt: skip
@pytest.mark.usefixtures("names_stay")
def test_conversions_that_would_lose_a_derivative(conversion):
    with pytest.raises((TypeError, IndexError, ValueError)) as caught:
        during_trace(lambda x: conversion(x[0]))
    said = [caught.value, caught.value.__cause__, caught.value.__context__]
    assert any(isinstance(e, TracedValueError | IndexError | TypeError) for e in said)


def test_the_error_names_the_line_and_the_remedy():
    table = np.zeros(3)  # made outside the traced function

    def f(x):
        table[0] = x[0]  # the line
        return x[0]

    with pytest.raises((TracedValueError, ValueError)) as caught:
        ad_core.grad(f)(np.ones(2))
    error = caught.value if isinstance(caught.value, TracedValueError) else caught.value.__cause__
    assert "test_arrays.py" in str(error)
    assert f"line {f.__code__.co_firstlineno + 1}" in str(error)
    assert "np.zeros" in str(error)
    assert np.array_equal(table, np.zeros(3))


def test_copying_and_pickling():
    assert_agrees(
        "u = +v; y = __import__('copy').copy(u); y[0] = s; np.concatenate([u, y])", order=1
    )
    assert_agrees("u = +v; y = __import__('copy').deepcopy([u])[0]; y[0] = s; u", order=1)
    assert_agrees("__import__('copy').copy(s) * t", order=1)
    for action in (pickle.dumps, lambda x: pickle.dumps(x[0])):
        with pytest.raises(TypeError, match="pickled"):
            during_trace(action)
    assert during_trace(lambda x: copy.deepcopy({"k": x})["k"] is not x)


def test_len_and_iteration_of_0_d_arrays_raise():
    for action in (len, iter, lambda s: [*s]):
        with pytest.raises(TypeError):
            during_trace(lambda x, action=action: action(x[0]))
        with pytest.raises(TypeError):
            during_trace(lambda x, action=action: action(x[0, ...]))
    with pytest.raises(ValueError, match="ambiguous"):
        during_trace(lambda x: bool(x > 1.0))
    with pytest.raises(TypeError, match="hash"):
        during_trace(hash)


def test_python_numbers_do_not_change_the_dtype():
    for form in ("x * np.float32(0.1)", "x + np.int8(1)", "x * True", "np.float64(3) - x"):
        assert during_trace(eval(f"lambda x: ({form}).dtype")) == np.float64
