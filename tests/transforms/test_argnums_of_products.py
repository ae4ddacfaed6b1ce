# SPDX-License-Identifier: Apache-2.0
"""argnums of jvp, vjp and hvp: the one-shot transforms, tapes and compiled functions agree."""

import numpy as np
import pytest

import ad_core
from agreement import refused

X, DATA, P = np.array([1.0, 2.0, 3.0]), np.array([0.5, 1.5, -1.0]), {"k": 2.0, "n": 3}
T = np.array([1.0, -1.0, 0.5])


def model(x, data, p):
    return p["k"] * x**2 * np.sin(data) ** p["n"]


def total(x, data, p):
    return np.sum(model(x, data, p) ** 2)


ARGS = (X, DATA, P)
TANGENTS = {
    0: T, 1: 2 * T, 2: {"k": 0.7, "n": None}, (0,): (T,), (2, 0): ({"k": 0.7, "n": 0}, T),
    (0, 1, 2): (T, 2 * T, {"k": 0.7, "n": None}), -1: {"k": 0.7, "n": None}, (): (),
}  # fmt: skip


def whole(argnums):
    zeros = [np.zeros(3), np.zeros(3), {"k": 0.0, "n": None}]
    given = TANGENTS[argnums]
    for k, t in zip(np.atleast_1d(argnums), given if type(argnums) is tuple else (given,),
                    strict=True):  # fmt: skip
        zeros[int(k)] = t
    return tuple(zeros)


def picked(parts, argnums):
    return tuple(parts[k] for k in argnums) if type(argnums) is tuple else parts[argnums]


def same(found, expected):
    assert type(found) is type(expected)
    if isinstance(expected, (tuple, list)):
        for x, y in zip(found, expected, strict=True):
            same(x, y)
    elif isinstance(expected, dict):
        same(list(found.values()), list(expected.values()))
    elif expected is not None:
        np.testing.assert_allclose(found, expected, rtol=1e-12)


@pytest.mark.parametrize("argnums", TANGENTS)
@pytest.mark.parametrize("batch", [False, True])
def test_every_way(argnums, batch):
    seed, every = TANGENTS[argnums], whole(argnums)
    pushed = ad_core.jvp(model, ARGS, every)[1]
    pulled = picked(ad_core.vjp(model, *ARGS)[1](T), argnums)
    product = picked(ad_core.hvp(total, ARGS, every), argnums)
    same(ad_core.jvp(model, ARGS, seed, argnums=argnums)[1], pushed)
    same(ad_core.vjp(model, *ARGS, argnums=argnums)[1](T), pulled)
    if argnums != ():
        same(ad_core.hvp(total, ARGS, seed, argnums=argnums), product)
    for recorded in (lambda f: ad_core.trace(f, *ARGS), ad_core.compile):
        f, g = recorded(model), recorded(total)
        for _ in range(2):
            same(f.jvp(ARGS, seed, argnums=argnums), pushed)
            same(f.vjp(ARGS, T, argnums=argnums), pulled)
            same(g.hvp(ARGS, seed, argnums=argnums), product)


def test_batches_and_out():
    rows = np.stack([X, 2 * X])
    f = ad_core.compile(lambda x, data: np.sum(x**3 * data))
    found = f.hvp((rows, DATA[None]), T[None], argnums=0, batch_dims=1)
    np.testing.assert_allclose(found, 6 * rows * DATA * T)
    tape = ad_core.trace(lambda x, data: np.sum(x**3 * data), X, DATA)
    out = np.empty((2, 3))
    assert tape.vjp((rows, DATA), np.ones(2), argnums=1, out=out) is out
    np.testing.assert_allclose(out, rows**3)


def test_data_of_integers_needs_no_tangent():
    f = ad_core.compile(lambda x, n, y: x**n * y)
    np.testing.assert_allclose(f.jvp((X, 2, DATA), T, argnums=0), 2 * X * T * DATA)
    np.testing.assert_allclose(f.vjp((X, 2, DATA), T, argnums=2), X**2 * T)
    with refused(TypeError, "argument 1", "float"):
        f.jvp((X, 2, DATA), 1.0, argnums=1)


def test_one_argument():
    for f in (ad_core.compile(np.sin), ad_core.trace(np.sin, X)):
        np.testing.assert_allclose(f.jvp(X, T, argnums=0), np.cos(X) * T)
        np.testing.assert_allclose(f.vjp(X, T, argnums=0), np.cos(X) * T)
        np.testing.assert_allclose(f.vjp(X, T, argnums=(0,))[0], np.cos(X) * T)


@pytest.mark.parametrize("argnums", [3, -4, (0, 0), 0.5, "x"])
def test_wrong_argnums(argnums):
    for call in (
        lambda: ad_core.jvp(model, ARGS, (T, T)[: np.size(argnums)], argnums=argnums),
        lambda: ad_core.trace(model, *ARGS).jvp(ARGS, T, argnums=argnums),
        lambda: ad_core.compile(model).vjp(ARGS, T, argnums=argnums),
        lambda: ad_core.vjp(model, *ARGS, argnums=argnums),
    ):
        with refused((ValueError, TypeError), "argnums"):
            call()


def test_too_few_tangents():
    for f in (ad_core.trace(model, *ARGS), ad_core.compile(model)):
        with refused(ValueError, "tangents", "2"):
            f.jvp(ARGS, (T,), argnums=(0, 1))
    with refused(ValueError, "2 primals", "1 tangents"):
        ad_core.jvp(model, ARGS, (T,), argnums=(0, 1))
