"""Limits of recordings: node limits, failing allocations, long chains, wide reductions."""

import sys

import numpy as np
import pytest

import ad_core
from ad_core import _core
from ad_core.recording.record import record
from counted import held_memory

# Python's own entry, bound before any trace stands something in its place.
ZEROS = np.zeros

x3 = np.array([0.5, 1.5, 2.5])
A = np.arange(9.0).reshape(3, 3) / 7.0 + np.eye(3)


@pytest.fixture(autouse=True)
def hooks_reset():
    yield
    _core.set_node_limit(0)
    _core.fail_allocation(0)
    assert np.zeros is ZEROS


def chain(x, n):
    y = x
    for _ in range(n):
        y = y * 1.0000001
    return y


def wide(x):
    return np.sum(np.outer(x, x) @ np.ones(3))


def buffered(x):
    out = np.zeros(4)
    out[0] = x[0] * x[1]
    out[1:] = np.cumsum(x) / np.max(x)
    return out


def mixed(x):
    y = np.concatenate([np.sin(x), x[[2, 0, 0]] ** 3])
    return np.where(y > 0.2, y, y * y) @ np.arange(6.0) + np.prod(x) + x[0]


# --------------------------------------------------------------------------------- node limits


@pytest.mark.parametrize(
    "f", [wide, mixed, lambda x: chain(x[0], 50), lambda x: np.sum(buffered(x))]
)
def test_every_node_limit_is_a_clear_error_and_the_next_call_is_right(f):
    expected = ad_core.grad(f)(x3)
    second = ad_core.hessian(f)(x3)
    refused = 0
    for limit in range(1, 400):
        _core.set_node_limit(limit)
        try:
            got = ad_core.grad(f)(x3)
        except ad_core.TapeFullError:
            refused += 1
            assert not _core.is_tracing()
            assert np.zeros is ZEROS
        else:
            np.testing.assert_array_equal(got, expected)
            break
    else:
        pytest.fail("no limit was enough")
    assert refused > 5
    _core.set_node_limit(limit - 1)
    with pytest.raises(ad_core.TapeFullError):
        ad_core.grad(f)(x3)
    _core.set_node_limit(0)
    np.testing.assert_array_equal(ad_core.grad(f)(x3), expected)
    np.testing.assert_array_equal(ad_core.hessian(f)(x3), second)


def test_a_limit_met_while_a_gradient_is_being_recorded():
    expected = ad_core.hessian(mixed)(x3)
    for limit in range(10, 3000, 7):
        _core.set_node_limit(limit)
        try:
            got = ad_core.hessian(mixed)(x3)
        except ad_core.TapeFullError:
            assert not _core.is_tracing()
            assert np.zeros is ZEROS
        else:
            np.testing.assert_array_equal(got, expected)
            return
    pytest.fail("no limit was enough")


def test_a_full_tape_names_the_cause_and_the_remedy():
    _core.set_node_limit(100)
    with pytest.raises(ad_core.TapeFullError, match=r"more nodes than a tape can number.*in parts"):
        ad_core.grad(lambda x: chain(x, 1000))(1.0)


def test_a_full_tape_is_a_memory_error():
    _core.set_node_limit(10)
    with pytest.raises(MemoryError):
        ad_core.jacobian(np.sin)(np.ones(11))


# ---------------------------------------------------------------------------- allocation failures

CALLS = {
    "jacobian-fwd": lambda: ad_core.jacobian(buffered, mode="fwd")(x3),
    "jacobian-rev": lambda: ad_core.jacobian(buffered, mode="rev")(x3),
    "jacobian-chunked": lambda: ad_core.jacobian(buffered, mode="rev", chunk_size=2)(x3),
    "jacobian-scalar": lambda: ad_core.jacobian(lambda x: chain(x, 300))(1.5),
    "grad": lambda: ad_core.grad(mixed)(x3),
    "hessian": lambda: ad_core.hessian(mixed)(x3),
    "hvp": lambda: ad_core.hvp(mixed, (x3,), (x3,)),
    "jvp": lambda: ad_core.jvp(mixed, (x3,), (x3,)),
    "vjp": lambda: ad_core.vjp(buffered, x3)[1](np.arange(4.0)),
    "linearize": lambda: ad_core.linearize(buffered, x3)[1](x3),
    "matmul": lambda: ad_core.jacobian(lambda X: (X @ A) @ X.T)(A),
    "batched-matmul": lambda: ad_core.jacobian(lambda X: np.stack([X, X]) @ A)(A),
    "reductions": lambda: ad_core.jacobian(
        lambda X: np.stack([np.sum(X, 0), np.max(X, 1), np.min(X, 0), np.prod(X, 1), X.mean(0)])
    )(A),
    "cumsum": lambda: ad_core.jacobian(lambda X: np.cumsum(X, axis=1))(A),
    "arrays": lambda: ad_core.jacobian(lambda X: np.exp(X[::2, [0, 0, 2]] * X[0]).T)(A),
    "guards": lambda: ad_core.grad(lambda x: x[0] if x[1] > 1.0 and x[2] > 1.0 else x[1])(x3),
    "inner-vjp": lambda: ad_core.jacobian(lambda w: ad_core.vjp(buffered, x3)[1](w)[0])(np.ones(4)),
    "third": lambda: ad_core.grad(ad_core.grad(ad_core.grad(lambda x: np.sin(x) * x)))(0.5),
    "trace": lambda: np.array([n.value for n in ad_core.trace(mixed, x3).nodes]),
    "adjoints": lambda: ad_core.trace(mixed, x3).adjoints(1.0),
    "float32": lambda: ad_core.jacobian(np.sin)(x3.astype(np.float32)),
}


def flat(result):
    leaves = ad_core.recording.trees.flatten(result)[0]
    return np.concatenate([np.ravel(leaf) for leaf in leaves])


@pytest.mark.parametrize("name", CALLS)
def test_each_allocation_that_fails_is_a_memory_error_and_the_next_call_is_right(name):
    call = CALLS[name]
    expected = flat(call())
    failures = 0
    for n in range(1, 2000):
        _core.fail_allocation(n)
        try:
            got = call()
        except ad_core.TapeFullError:
            pytest.fail("memory was out, not numbers")
        except MemoryError:
            failures += 1
            _core.fail_allocation(0)
            assert not _core.is_tracing()
            assert np.zeros is ZEROS
            np.testing.assert_array_equal(flat(call()), expected)
        else:
            np.testing.assert_array_equal(flat(got), expected)
            break
    else:
        pytest.fail("allocations never stopped failing")
    assert failures >= 2


def test_out_of_memory_names_a_remedy():
    _core.fail_allocation(1)
    with pytest.raises(MemoryError, match="chunk_size"):
        ad_core.grad(wide)(x3)


def test_a_failure_inside_the_function_can_be_caught_there():
    """The tape is as it was before the operation that failed."""

    def f(x):
        y = np.sin(x)
        _core.fail_allocation(1)
        try:
            for _ in range(1000):
                y = y * 2.0
        except MemoryError:
            caught.append(True)
        _core.fail_allocation(0)
        return np.sin(x) * x

    caught = []
    got = ad_core.grad(f)(0.5)
    assert caught
    np.testing.assert_allclose(got, np.cos(0.5) * 0.5 + np.sin(0.5), rtol=1e-15)


# --------------------------------------------------------------------------------- long and wide


@pytest.mark.parametrize("transform", [ad_core.jacfwd, ad_core.jacrev])
def test_a_million_chained_operations_need_no_recursion(transform):
    n = 1_000_000
    limit = sys.getrecursionlimit()
    got = transform(lambda x: chain(x, n))(1.0)
    assert sys.getrecursionlimit() == limit
    np.testing.assert_allclose(got, 1.0000001**n, rtol=1e-8)


def test_second_derivative_of_a_long_chain():
    n = 100_000

    def f(x):
        y = x * x
        for _ in range(n):
            y = y * 1.00001
        return y

    np.testing.assert_allclose(ad_core.grad(ad_core.grad(f))(1.0), 2.0 * 1.00001**n, rtol=1e-8)


def test_a_long_chain_of_arrays_is_freed_without_recursion():
    def f(x):
        y = x
        for _ in range(100_000):
            y = y[:]  # each a view that could hold on to the one before
        return y

    np.testing.assert_array_equal(ad_core.jacobian(f)(x3), np.eye(3))


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["fwd", "rev"])
def test_ten_million_nodes(mode):
    n = 2_500_000

    def f(t):
        x = t * np.linspace(0.0, 1.0, n)
        return np.sum(np.sin(x) * x + 1.0)

    recording = record(f, (0.7,), {}, 0)
    assert recording.trace.nodes >= 10_000_000
    x = 0.7 * np.linspace(0.0, 1.0, n)
    expected = np.sum(np.linspace(0.0, 1.0, n) * (np.cos(x) * x + np.sin(x)))
    np.testing.assert_allclose(recording.jacobian(mode), expected, rtol=1e-10)


@pytest.mark.parametrize("n", [1, 63, 64, 65, 4095, 4097, 100_003])
@pytest.mark.parametrize("mode", ["fwd", "rev"])
def test_wide_reductions(n, mode):
    rng = np.random.default_rng(n)
    x = rng.uniform(0.5, 1.5, n)

    def f(t):
        y = t * x
        return np.array([np.sum(y * y), np.max(y), np.min(y), np.cumsum(y)[-1], y @ x])

    expected = [2 * np.sum(x * x) * 0.9, x.max(), x.min(), np.sum(x), x @ x]
    np.testing.assert_allclose(ad_core.jacobian(f, mode=mode)(0.9), expected, rtol=1e-11)


def test_gradient_of_a_sum_of_many_numbers():
    x = np.linspace(-1.0, 1.0, 1_000_001)
    np.testing.assert_array_equal(ad_core.grad(lambda x: np.sum(x * x))(x), 2 * x)


@pytest.mark.parametrize("order", [4, 5, 6])
def test_high_order(order):
    f = np.sin
    for _ in range(order):
        f = ad_core.grad(f)
    expected = [np.sin, np.cos, lambda x: -np.sin(x), lambda x: -np.cos(x)][order % 4](0.6)
    np.testing.assert_allclose(f(0.6), expected, rtol=1e-13)


# --------------------------------------------------------------------------------- memory


def sizes(f, *args):
    """Counts and bytes of a recording of f."""
    return _core.tape_size(record(f, args, {}, tuple(range(len(args)))).trace)


def test_a_binary_scalar_node_takes_at_most_48_bytes():
    def f(x, y):
        for _ in range(20_000):
            x = x * y
        return x

    size = sizes(f, 1.0, 1.0)
    assert size["nodes"] == 20_002
    assert size["bytes"] / size["nodes"] <= 48


def test_an_array_node_takes_value_and_partials_alone():
    size = sizes(lambda x, y: x * y, np.ones(10_000), np.ones(10_000))
    assert size["array runs"] == 1
    assert size["bytes"] <= 10_000 * (8 + 16) + 20_000 * 8 + 10_000


def test_a_matrix_product_is_one_run():
    n = 60
    size = sizes(lambda X, Y: X @ Y, np.ones((n, n)), np.ones((n, n)))
    assert size["block runs"] == 1
    assert size["nodes"] < 4 * n * n
    assert size["bytes"] < 64 * n * n


def test_indexing_and_reshaping_record_nothing():
    def f(x):
        y = np.concatenate([x.reshape(10, 10).T[::-1].ravel(), x[[3, 1, 4]]])
        out = np.zeros(y.shape)
        out[:] = y
        return out[::-1]

    size = sizes(f, np.ones(100))
    assert size["runs"] == 0
    assert size["nodes"] <= 101


def test_a_small_recording_after_a_huge_one_gives_its_memory_back():
    ad_core.grad(np.sin)(1.0)
    before = held_memory()
    big = ad_core.jvp(lambda t: np.sum(np.sin(t * np.ones(12_000_000))), (1.0,), (1.0,))
    np.testing.assert_allclose(big[1], 12_000_000 * np.cos(1.0))
    # what the pool may keep (256 MB) and the shared index array (48 MB) are allowed
    assert held_memory() - before < 400 * 2**20
