# SPDX-License-Identifier: Apache-2.0
"""Operations on matrices whose rows have gaps, are repeated or reversed: sweeps go through them row
by row, or through several short rows at once. Both give the derivatives of contiguous copies."""

import numpy as np
import pytest

import ad_core

ROWS = (1, 2, 7, 15, 16, 17, 21, 33, 511, 512, 513, 1100)


def with_gaps(x, a):
    """Slices, broadcast operands, reversed and transposed ones, and lists of places."""
    inner = np.sin(x[:, 1:] * a[0]) - x[:, :-1] / (2.0 + x[:, :1] ** 2)
    turned = inner[::-1] * np.tanh(inner.T[::-1].T)
    places = np.random.default_rng(1).permutation(inner.shape[1])
    mixed = np.exp(-turned[:, places] * inner) + np.maximum(inner, turned)
    return np.sum(np.sum(mixed * a, axis=0) ** 2) + np.sum(mixed * a[-1] * x[:, 1:])


def with_copies(x, a):
    """The same function, whose operands are copies."""
    n = x.shape[1] - 1
    left, right, first = +x[:, :-1], +x[:, 1:], np.stack([x[:, 0]] * n, axis=1)
    inner = np.sin(right * np.stack([a[0]] * len(x))) - left / (2.0 + first**2)
    back = np.stack([inner[k] for k in range(len(x))][::-1])
    turned = back * np.tanh(np.stack([inner[:, k] for k in range(n)][::-1], axis=1))
    places = np.random.default_rng(1).permutation(n)
    mixed = np.exp(-np.stack([turned[:, k] for k in places], axis=1) * inner)
    mixed = mixed + np.maximum(inner, turned)
    last = np.stack([a[-1]] * len(x))
    return np.sum(np.sum(mixed * a, axis=0) ** 2) + np.sum(mixed * last * right)


@pytest.mark.parametrize("n", ROWS)
@pytest.mark.parametrize("count", [1, 2, 5, 40])
def test_rows_of_any_length(n, count):
    if n > 100 and count > 5:
        count = 3
    rng = np.random.default_rng(n)
    x, t = rng.normal(size=(2, count, n + 1))
    a = rng.normal(size=(count, n))

    def given(x):
        return with_gaps(x, a)

    def copied(x):
        return with_copies(x, a)

    def close(found, wanted):
        np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-9)

    value, gradient = ad_core.value_and_grad(given)(x)
    close(value, given(x))
    close(gradient, ad_core.grad(copied)(x))
    close(ad_core.jvp(given, (x,), (t,))[1], np.sum(gradient * t))
    close(ad_core.hvp(given, (x,), (t,)), ad_core.hvp(copied, (x,), (t,)))
    close(ad_core.trace(given, t).value_and_grad(x)[1], gradient)


@pytest.mark.parametrize("n", [3, 16, 20, 512, 530])
def test_rows_of_many_seeds(n):
    x = np.random.default_rng(n).normal(size=(2, n + 1))
    rows = np.arange(0, n, max(n // 5, 1))

    def f(x):
        y = x[:, 1:] * x[:, :-1] - x[:, :1] * np.cos(x[0, 1:])
        return y[:, rows].ravel()

    wanted = ad_core.jacobian(f, mode="fwd", chunk_size=7)(x)
    np.testing.assert_allclose(ad_core.jacobian(f, mode="rev")(x), wanted, rtol=1e-12, atol=1e-13)
    pattern = ad_core.jacobian(lambda x: f(x.reshape(2, -1)), sparse=True)(x.ravel())
    np.testing.assert_allclose(pattern.toarray(), wanted.reshape(len(wanted), -1), rtol=1e-12,
                               atol=1e-13)  # fmt: skip
