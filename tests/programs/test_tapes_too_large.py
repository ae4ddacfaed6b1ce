# SPDX-License-Identifier: Apache-2.0
"""Functions too large for lanes, for a pass under the GIL, or for a program."""

import pickle

import numpy as np
import pytest

import ad_core
from agreement import refused

SIDE = 330  # its cube is beyond what a graph of terms holds
B = np.random.default_rng(0).random((SIDE, SIDE)) / SIDE
C = B[::-1] + 0.01


def chain(x, n):
    """Four operations on each element, n times."""
    start = x
    for _ in range(n):
        x = x + np.sin(x[::-1] * 1.3) * (0.5 / n)
    return x if start[0] > -10.0 else -x


@pytest.mark.parametrize("n", [1500, 6000])
def test_long_programs(n):
    """More operations than run under the GIL; more slots than run on lanes."""
    x, v = np.array([0.3, 0.5, 0.7, 0.9]), np.array([1.0, -1.0, 0.5, 2.0])
    fun = lambda x: chain(x, n)  # noqa: E731
    tape, expected = ad_core.trace(fun, x), ad_core.jacobian(fun)(x * 1.1)
    np.testing.assert_allclose(tape(x * 1.1), fun(x * 1.1), rtol=1e-12)
    np.testing.assert_allclose(tape.jvp(x * 1.1, v), expected @ v, rtol=1e-9)
    np.testing.assert_allclose(tape.vjp(x * 1.1, v), v @ expected, rtol=1e-9)
    out = np.full((4, 4), np.nan)
    assert tape.jacobian(x * 1.1, out=out) is out
    np.testing.assert_allclose(out, expected, rtol=1e-9)
    X = np.stack([x, x * 1.1] * 9)
    for found in (tape.jacobian(X, workers=2), tape.jacobian(X[:, None], workers=1)[:, 0]):
        np.testing.assert_allclose(found[1::2], np.stack([expected] * 9), rtol=1e-9)
    with pytest.raises(ad_core.BranchChanged, match="point 3 of the batch"):
        tape(np.stack([x, x, x, x - 1e6, x]))
    with pytest.raises(ad_core.BranchChanged, match="this point"):
        tape(x - 1e6)


def square(a):
    return a @ a if a[0, 0] > 0 else a * 2.0


def total(a):
    return np.sum((a @ a) ** 2)


def close(found, expected):
    np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-13)


def test_a_function_too_large_for_a_program():
    tape = ad_core.trace(square, B)
    for copied in (tape, pickle.loads(pickle.dumps(tape))):
        close(copied(C), C @ C)
        close(copied(np.stack([B, C])), np.stack([B @ B, C @ C]))
        close(copied.jvp(C, B), C @ B + B @ C)
        close(copied.vjp(C, B), B @ C.T + C.T @ B)
    out = np.empty_like(B)
    assert tape(C, out=out) is out
    close(out, C @ C)
    for bad, kind in ((C[:3], ValueError), (C.astype(int), TypeError)):
        with refused(kind, "argument 0", "square"):
            tape(bad)
    with refused(ValueError, "out", "shape"):
        tape(C, out=out[:3])
    with refused(ValueError, "out", "memory"):
        tape(C, out=C)
    with pytest.raises(ad_core.BranchChanged, match="if a"):
        tape(-C)
    with pytest.raises(ad_core.BranchChanged, match="point 1 of the batch"):
        tape(np.stack([C, -C]))
    assert "square" in tape.explain()
    with refused(Exception, "square", "large"):
        tape.instructions("value")


def test_gradients_too_large_for_a_program():
    tape, f = ad_core.trace(total, B), ad_core.compile(total)
    expected = 2.0 * ((C @ C) @ C.T + C.T @ (C @ C))
    for g in (tape, f):
        close(g.grad(C), expected)
        value, gradient = g.value_and_grad(C)
        close(value, total(C))
        close(gradient, expected)
        close(g.jacobian(C), expected)
    close(tape.grad(np.stack([C, C])), np.stack([expected] * 2))
    close(tape.hvp(C, B), ad_core.hvp(total, (C,), (B,)))
    with refused(TypeError, "scalar", "jacobian"):
        ad_core.trace(square, B).grad(C)


def test_a_derivative_at_numbers_within_a_function_too_large_for_a_program():
    def fun(a):
        return np.sum(ad_core.jacobian(lambda t: t * t)(np.ones(3))) * np.sum(a @ a)

    close(ad_core.trace(fun, B).hvp(C, B), ad_core.hvp(fun, (C,), (B,)))


def test_a_compiled_function_too_large_for_a_program():
    f = ad_core.compile(square)
    close(f(C), C @ C)
    close(f(-C), -C * 2.0)
    close(f.jvp(C, B), C @ B + B @ C)
    close(f(np.stack([C, -C, C]), batch_dims=1), np.stack([C @ C, -2.0 * C, C @ C]))
    assert f.paths <= 4


def test_a_dense_jacobian_takes_operations_in_proportion_to_its_entries():
    """cumsum: half of all entries are there, each with at most one operation."""
    n = 1000
    tape = ad_core.trace(lambda x: np.cumsum(np.sin(x)), np.ones(n))
    found = tape.jacobian(np.ones(n))
    np.testing.assert_allclose(found, np.tri(n) * np.cos(1.0), rtol=1e-14)
    assert tape._build("jacobian", 0).program.operations <= n * (n + 1) // 2


def test_a_matrix_shared_by_a_batch_is_replayed():
    """Products with batch stride 0 cost more than their number of nodes."""
    n = 170
    x, stack = np.full((n, n), 0.01), np.linspace(0.0, 1.0, 4 * n * n).reshape(4, n, n)
    fun = lambda x: np.sum(np.matmul(x, stack))  # noqa: E731
    tape = ad_core.trace(fun, x)
    for compiled in (tape, pickle.loads(pickle.dumps(tape))):
        np.testing.assert_allclose(compiled(2.0 * x), 2.0 * fun(x), rtol=1e-12)
