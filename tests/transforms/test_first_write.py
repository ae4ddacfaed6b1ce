# SPDX-License-Identifier: Apache-2.0
"""Adjoints of large arrays, which their first consumer writes instead of adding to them, compared
with tangents by the dot-product test."""

import numpy as np
import pytest

import ad_core

N = 5000  # above the size from which the sweep writes
M = N // 50
PLAIN = np.random.default_rng(5).standard_normal(N)


def stored(x):
    out = np.zeros(2 * N)
    out[:N] = np.sin(x)
    out[N:] = x[::-1] * 2.0
    out[10:20] = x[0] * x[10:20]
    return out


FUNCTIONS = {
    "one consumer": lambda x: np.sin(x) * 2.0,
    "a chain": lambda x: np.tanh(np.exp(np.sin(x) + 1.0) / 3.0),
    "squared by itself": lambda x: (x * 1.5) * (x * 1.5),
    "one array twice": lambda x: (lambda y: y * y)(np.sin(x)),
    "with its own reverse": lambda x: (lambda y: y * y[::-1])(np.sin(x)),
    "the reverse alone": lambda x: np.sin(x)[::-1] * PLAIN,
    "two consumers": lambda x: (lambda y: np.cos(y) + np.exp(y))(np.sin(x)),
    "parts": lambda x: (lambda y: y[1:] * y[:-1])(np.sin(x)),
    "a part after the whole": lambda x: (lambda y: np.sum(np.cos(y)) + np.sum(y[3:9] ** 2))(
        np.sin(x)
    ),
    "the whole after a part": lambda x: (lambda y: np.sum(y[3:9] ** 2) * np.cos(y))(np.sin(x)),
    "one element": lambda x: (lambda y: np.cos(y) * y[7])(np.sin(x)),
    "scattered": lambda x: (lambda y: y[np.arange(N) * 7 % N] * y)(np.sin(x)),
    "repeated": lambda x: (lambda y: y[np.arange(N) // 2] * y)(np.sin(x)),
    "rows": lambda x: (lambda y: y.reshape(M, 50) + y.reshape(M, 50)[0])(np.sin(x)),
    "transposed": lambda x: (lambda y: y.reshape(M, 50) * y.reshape(50, M).T)(np.sin(x)),
    "sum": lambda x: np.sum(np.sin(x)) * x,
    "sums of rows": lambda x: np.sum(np.sin(x).reshape(M, 50), axis=0),
    "maximum of columns": lambda x: np.max(np.sin(x).reshape(M, 50), axis=0) * np.sin(x)[:50],
    "running sum": lambda x: np.cumsum(np.sin(x)) * 0.01,
    "product": lambda x: np.sin(x).reshape(M, 50) @ np.cos(x).reshape(50, M),
    "product with itself": lambda x: (lambda y: y.reshape(M, 50).T @ y.reshape(M, 50))(np.sin(x)),
    "product of inputs": lambda x: x.reshape(M, 50) @ x.reshape(50, M),
    "product and more": lambda x: (x.reshape(M, 50) @ PLAIN.reshape(50, M)) * np.sum(x[:5]),
    "product of a part": lambda x: x[:4500].reshape(90, 50) @ PLAIN[:2500].reshape(50, 50),
    "products in a row": lambda x: np.tanh(x.reshape(M, 50) @ x.reshape(50, M)) @ x.reshape(M, 50),
    "batches": lambda x: x.reshape(2, 50, 50) @ np.sin(x).reshape(2, 50, 50),
    "the input is an output": lambda x: np.concatenate([x, np.sin(x)]),
    "an inner array is an output": lambda x: (lambda y: np.concatenate([np.cos(y), y]))(np.sin(x)),
    "an unused array": lambda x: (np.sin(x), np.cos(x))[1],
    "infinite partials": lambda x: np.where(x > 0, np.sqrt(np.maximum(x, 0.0)), 0.0),
    "stored": stored,
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_tangents_and_adjoints_agree(name):
    f = FUNCTIONS[name]
    rng = np.random.default_rng(7)
    x, v = rng.standard_normal(N), rng.standard_normal(N)
    y, tangent = ad_core.jvp(f, (x,), (v,))
    w = rng.standard_normal(y.shape)
    pullback = ad_core.vjp(f, x)[1]
    for _ in range(2):  # the second time in memory that the first one used
        (gradient,) = pullback(w)
        scale = np.sum(np.abs(w * tangent)) + np.sum(np.abs(gradient * v))
        assert abs(np.sum(w * tangent) - np.sum(gradient * v)) <= 1e-11 * scale
    half = np.zeros(N)
    half[::2] = v[::2]  # a second direction: errors can not cancel alike
    other = ad_core.jvp(f, (x,), (half,))[1]
    assert abs(np.sum(w * other) - np.sum(gradient * half)) <= 1e-11 * scale


def test_arrays_that_go_straight_into_the_result():
    """Weights with one consumer, between small and large neighbours with more than one."""
    rng = np.random.default_rng(11)
    p = [
        rng.standard_normal((3,)),
        rng.standard_normal((90, 60)),  # one product
        rng.standard_normal((60,)),
        rng.standard_normal((80, 60)),  # one product, transposed
        rng.standard_normal((80, 80)),  # two products
        rng.standard_normal((80, 80)),  # one product with itself
        rng.standard_normal((70, 80)),  # elementwise
        rng.standard_normal((5000,)),  # unused
        rng.standard_normal((80, 90)),  # one product, the last array
    ]
    data = rng.standard_normal((70, 90))

    def f(p):
        x = np.tanh(data @ p[1] + p[2])
        x = np.sin(x @ p[3].T * 0.1) * p[6] + p[0][1]
        return (x @ p[4]) @ (p[4] @ (p[5] @ p[5])) @ p[8]

    v = [rng.standard_normal(part.shape) for part in p]
    tangent = ad_core.jvp(f, (p,), (v,))[1]
    w = rng.standard_normal(tangent.shape)
    (gradient,) = ad_core.vjp(f, p)[1](w)
    found = [np.sum(g * d) for g, d in zip(gradient, v, strict=True)]
    assert not np.any(gradient[7])
    assert abs(sum(found) - np.sum(w * tangent)) <= 1e-11 * sum(map(abs, found))
    for k in range(len(p)):  # each on its own, so that none hides another
        alone = [d * (j == k) for j, d in enumerate(v)]
        slope = np.sum(w * ad_core.jvp(f, (p,), (alone,))[1])
        assert abs(found[k] - slope) <= 1e-10 * max(abs(slope), 1.0)


def test_several_large_arguments():
    rng = np.random.default_rng(9)
    p = {"w": rng.standard_normal((90, 60)), "u": rng.standard_normal((60, 80)), "b": np.ones(80)}
    data = rng.standard_normal((70, 90))

    def loss(p):
        return np.sum(np.tanh(np.tanh(data @ p["w"]) @ p["u"] + p["b"]) ** 2) + np.sum(p["w"] ** 2)

    v = {name: rng.standard_normal(np.shape(part)) for name, part in p.items()}
    slope = ad_core.jvp(loss, (p,), (v,))[1]
    gradient = ad_core.grad(loss)(p)
    found = sum(np.sum(gradient[name] * v[name]) for name in p)
    assert abs(found - slope) <= 1e-11 * abs(slope)
