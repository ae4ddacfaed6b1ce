# SPDX-License-Identifier: Apache-2.0
"""Ufuncs with all their options, and elementwise functions that are not ufuncs."""

import numpy as np
import pytest

import ad_core
from ad_core import _core
from ad_core.overrides.numpy import elementwise
from ad_core.overrides.numpy.dispatch import table
from ad_core.overrides.numpy.ufuncs import COMPOSED
from agreement import arguments, assert_agrees, function_of, functions_in, rows

CHOICES = """
np.where(ON5, v, w) | np.where(v > 0.4, v, w) | np.where(v > w, v * w, 1.0) | np.where(ON5, K, s)
np.where(v > 0.4, 1.0, 0.0) + s | np.where(ON34, a, s) | np.where(a > 0.3, K[:4], b)
np.where(s > 0.1, s, t) | np.where(True, s, t) | np.where([True, False], [s, 1.0], [2.0, t])
np.where(~(v > 0.4), v, 0) | np.where(ON5, v > 0.3, w) | np.where(ON5, v > 0.3, w > 0.3) * v
np.where(v > w, v > 0.4, False) * v | np.where((v > 0.3) & ON5, v, w)
np.where(ON5 ^ (v > 0.3), v, w) | np.where(ON34[:, None], a, c) | np.where(v, w, 1.0)
np.clip(v, 0.3, 0.6) | np.clip(a, None, 0.5) | np.clip(v, min=0.3) | np.clip(v, s, t)
np.clip(K, s, t) | np.clip(s, 0.5, 1) | v.clip(0.3, 0.6) | v.clip(max=0.5)
np.clip(v, 0.2, 0.5, np.zeros(5)) | np.clip(a, b[0], 1.0) | np.clip(v, None, None)
np.select([v > 0.6, v > 0.3], [v * v, w], s) | np.select([ON5, v > 0.3], [K, v])
np.nan_to_num(a + NANS) | np.nan_to_num(a + NANS, nan=2.0)
np.nan_to_num(np.log(v - v[0]), neginf=1.0) | np.sinc(v) | np.sinc(s) | np.round(v, 1) + s
np.round(a * 100, -1) + s | np.around(v) + s | v.round(1) + s | round(s, 1) + s | np.fix(-v * 3) * w
np.real(v) * w | np.real(s) * t | np.imag(v) + s | np.real_if_close(v) * w | v.real * w | v.imag + s
v.conj() * w | np.conjugate(v) * w | np.unwrap(9 * np.array([v, w])) | np.unwrap(20 * a, axis=0)
np.isclose(v, w) + s | np.isclose(v, v, equal_nan=True) * v | np.isclose(s, np.inf) + t
np.isposinf(v) + s | np.isneginf(v) + s | np.divmod(5 * v, w) | np.divmod(s, 0.3) | divmod(v, 0.3)
np.modf(3 * v) | np.frexp(5 * v)[0] | np.ldexp(v, 3) | np.ldexp(v, [1, 2, 3, 0, -1])
np.bitwise_and(v > 0.2, w > 0.2) * v | np.bitwise_or(v > 0.2, ON5) * v
np.bitwise_xor(ON5, v > 0.2) * v | np.invert(v > 0.4) * v
"""

CALLS = """
np.add(v, w, out=np.zeros(5)) | u = np.zeros(5); np.multiply(v, s, out=u); u + v
u = np.zeros(5); np.exp(v, u); u * v | np.log(v, where=ON5, out=np.ones(5))
np.log(v, where=v > 0.4, out=+w) | u = +v; np.sqrt(u, where=ON5, out=u); u
np.exp(K, where=v > 0.4, out=np.zeros(5)) * s | np.add(K, 1.0, out=+v) * s | np.sin(v, dtype=float)
np.multiply(2, v, casting="same_kind") | np.divmod(5 * v, w, out=(np.zeros(5), np.zeros(5)))
u = np.zeros(5); np.modf(3 * v, out=(None, u)); u + v | np.add(s, v) | np.add.reduce(a)
np.add.reduce(a, axis=1, keepdims=True) | np.add.reduce(a, axis=None, where=ON34)
np.add.reduce(c, (0, 2), initial=s) | np.add.reduce(a, 0, None, np.zeros(4))
np.multiply.reduce(a, axis=1) | np.maximum.reduce(a) | np.minimum.reduce(a, axis=-1, initial=s)
np.subtract.reduce(a) | np.logaddexp.reduce(a, axis=1)
np.hypot.reduce(c, axis=(0, 1), keepdims=True) | np.divide.reduce(v)
np.logaddexp.reduce(v, initial=s) | np.logaddexp.reduce(e) | np.fmax.reduce(v)
np.add.accumulate(a) | np.multiply.accumulate(a, axis=1) | np.logaddexp.accumulate(v)
np.maximum.accumulate(a, 1) | np.subtract.accumulate(v[:0]) | np.add.reduceat(v, [0, 2, 4, 1])
np.multiply.reduceat(a, [0, 3, 1], axis=1) | np.maximum.reduceat(v, [0, 3]) | np.add.outer(v, w)
np.multiply.outer(a, K) | np.power.outer(K, v[:2]) | np.arctan2.outer(s, v)
np.subtract.outer(v, 1.0) | np.add.reduce(K, where=v > 0.4) * s | np.add.reduce([s, t])
np.multiply.reduce([[s, t], [1.0, 2.0]]) | np.exp([s, t]) | np.sqrt([[s], [t]])
"""


ROWS = rows(CHOICES, CALLS)
UFUNCS = sorted(
    {name for name in dir(np) if isinstance(f := getattr(np, name), np.ufunc) and _core.has_row(f)}
)
SHIFT = {"arccosh": 1.5, "acosh": 1.5}
STEPS = {"floor", "ceil", "trunc", "rint", "floor_divide", "remainder", "mod", "fmod"}


@pytest.mark.parametrize("code", ROWS)
def test_value_and_derivatives(code):
    assert_agrees(code)


@pytest.mark.parametrize("x", ["s", "a", "c[0].T", "e", "v[[1, 1, 3]]", "a[:, ::2]"])
@pytest.mark.parametrize("name", [name for name in UFUNCS if getattr(np, name).nin == 1])
def test_unary(name, x):
    shift = SHIFT.get(name, 0.0)
    order = 1 if name in STEPS else 2
    assert_agrees(f"np.{name}({x} + {shift}) + 0 * {x}", order)


@pytest.mark.parametrize(
    "operands",
    ["s, t", "s, v", "v, w", "v, K", "K, v", "2.0, v", "v, 2", "a, v[:4]", "a[:, :1], b", "v, v",
     "a[:0], b[:1]", "c.T, 2 * d[0].T[:, :1].T[:1]", "s, K", "M, t", "v, np.float32(0.5)"],
)  # fmt: skip
@pytest.mark.parametrize("name", [name for name in UFUNCS if getattr(np, name).nin == 2])
def test_binary(name, operands):
    ties = {"maximum", "minimum", "fmax", "fmin"}
    if (operands == "v, v" and name in STEPS | ties) or (operands == "a, v[:4]" and name in STEPS):
        return  # finite differences across a step or a kink are not derivatives
    assert_agrees(f"np.{name}({operands}) + 0.0 * s", order=1 if name in STEPS else 2)


def test_the_table_is_complete():
    ours = {f for f, rule in table.items() if rule.__module__ == elementwise.__name__}
    assert ours - functions_in(ROWS) == set()
    products = {np.matmul, np.vecdot, getattr(np, "matvec", None), getattr(np, "vecmat", None)}
    assert set(COMPOSED) - functions_in(ROWS) - products == {np._core.umath.clip}


REFUSED = """
np.lcm(v, 3) | np.gcd(v, 2) | np.left_shift(v, 1) | np.isnat(v)
np.bitwise_count(v) | np.bitwise_and(v, w) | np.invert(v) | np.ldexp(1.0, s) | np.ldexp(K, v)
np.sin(v, dtype=np.float32) | np.sin(v, dtype=np.complex64) | np.add(v, w, out=K)
np.multiply(v, 'x') | np.add(v, np.ones(5, np.clongdouble)) | np.add.reduce(v, dtype=int)
np.add(v, w, out=(K,)) | np.add(v, None) | K & v | np.matmul.reduce(v) | np.gcd.at(v, 0)
"""


@pytest.mark.parametrize("code", rows(REFUSED))
def test_errors(code):
    f, names = function_of(code)
    with pytest.raises((TypeError, NotImplementedError, ValueError, RuntimeError)):
        ad_core.jvp(f, arguments(names), arguments(names))
