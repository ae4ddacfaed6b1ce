# SPDX-License-Identifier: Apache-2.0
"""Arguments gathered while a batch is evaluated, against the arrays that NumPy gathers."""

import pickle

import numpy as np
import pytest

import ad_core
from ad_core import gather

RNG = np.random.default_rng(0)
INDEXES = (np.int8, np.uint8, np.int16, np.uint16, np.int32, np.uint32, np.int64, np.uint64, ">i4")


def energy(x, load):
    """The energy of three unknowns and a number."""
    y = np.sin(x[1:] - x[:-1]) * load
    return np.sum(y * y) + x[0] * x[2]


def forces(x, load):
    return np.stack([x[0] * x[1], np.exp(-x[2]) * load, x[1] / (2.0 + np.cos(x[0]))])


def corner(x):
    """A function of two nodes with three coordinates each."""
    d = x[1] - x[0]
    return np.sqrt(d @ d)


@pytest.fixture(scope="module")
def tapes():
    return ad_core.trace(energy, np.ones(3), 1.0), ad_core.trace(forces, np.ones(3), 1.0)


def same(got, want):
    if isinstance(want, tuple):
        return len(got) == len(want) and all(map(same, got, want))
    return np.array_equal(got, want)


@pytest.mark.parametrize("points", [0, 1, 3, 4, 16, 17, 300, 5000])
def test_every_method_takes_gathered_arguments(tapes, points):
    values = RNG.normal(size=40)
    index = RNG.integers(-40, 40, (points, 3))
    load = RNG.normal(size=points)
    x, g = values[index], gather(values, index)
    v = RNG.normal(size=(points, 3))
    scalar, vector = tapes
    for name in ("grad", "value_and_grad", "hessian", "jacobian", "value_and_jacobian"):
        assert same(getattr(scalar, name)(g, load), getattr(scalar, name)(x, load)), name
    assert same(vector(g, load), vector(x, load))
    assert same(vector.jacobian(g, load, argnums=(0, 1)), vector.jacobian(x, load, argnums=(0, 1)))
    assert same(vector.jacobian(g, load, sparse=True), vector.jacobian(x, load, sparse=True))
    assert same(vector.vjp((g, load), v), vector.vjp((x, load), v))
    assert same(scalar.hvp((g, load), (v, load)), scalar.hvp((x, load), (v, load)))
    assert same(vector.jvp((x, load), (g, load)), vector.jvp((x, load), (x, load)))
    out = np.empty((points, 3, 3))
    assert vector.jacobian(g, load, out=out, workers=1) is out
    assert np.array_equal(out, vector.jacobian(x, load))


@pytest.mark.parametrize("dtype", INDEXES)
def test_indices_of_every_type(tapes, dtype):
    values = RNG.normal(size=100)
    index = RNG.integers(0, 100, (33, 3)).astype(dtype)
    scalar, _ = tapes
    assert np.array_equal(
        scalar.grad(gather(values, index), 2.0), scalar.grad(values[index.astype(int)], 2.0)
    )


@pytest.mark.parametrize("points", [2, 16, 77])
def test_rows_of_several_numbers(points):
    tape = ad_core.trace(corner, np.arange(6.0).reshape(2, 3))
    nodes = RNG.normal(size=(30, 3))
    ends = RNG.integers(-30, 30, (points, 2))
    want = tape.value_and_jacobian(nodes[ends])
    assert same(tape.value_and_jacobian(gather(nodes, ends)), want)
    wide = RNG.normal(size=(60, 5))  # rows apart from one another: not copied
    wide[::2, 1:4] = nodes
    apart = gather(wide[::2, 1:4], ends)
    assert np.shares_memory(apart.values, wide)
    assert same(tape.value_and_jacobian(apart), want)
    columns = np.asfortranarray(nodes)  # numbers of a row apart: copied
    assert same(tape.value_and_jacobian(gather(columns, ends)), want)
    backwards = gather(nodes[::-1], 29 - ends % 30)
    assert same(tape.value_and_jacobian(backwards), want)


def test_rows_that_are_the_whole_argument(tapes):
    """The index has batch axes only, which broadcast against those of other arguments."""
    _, vector = tapes
    rows, load = RNG.normal(size=(7, 3)), RNG.normal(size=(4, 1))
    index = RNG.integers(0, 7, 50)
    got = vector.jacobian(gather(rows, index), load)
    assert got.shape == (4, 50, 3, 3)
    assert np.array_equal(got, vector.jacobian(rows[index], load))
    one = vector.jacobian(gather(rows, np.array(5)), 2.0)
    assert np.array_equal(one, vector.jacobian(rows[5], 2.0))
    assert np.array_equal(
        vector.jacobian(gather(rows, index.reshape(1, 50)), load),
        vector.jacobian(rows[index.reshape(1, 50)], load),
    )


def test_batch_axes_that_reach_into_the_rows():
    tape = ad_core.trace(np.sin, 1.0)
    values, index = RNG.normal(size=(5, 4)), np.array([0, 4, 4])
    assert np.array_equal(tape.grad(gather(values, index)), tape.grad(values[index]))


def test_numbers_and_gathered_numbers():
    tape = ad_core.trace(lambda a, b: a * b + np.sin(a), 1.0, 2.0)
    a, b = RNG.normal(size=9), RNG.normal(size=3)
    i, j = RNG.integers(0, 9, 100), RNG.integers(0, 3, 100)
    got = tape.value_and_jacobian(gather(a, i), gather(b, j), argnums=(0, 1))
    assert same(got, tape.value_and_jacobian(a[i], b[j], argnums=(0, 1)))


def test_a_function_takes_gathered_batches():
    fun = ad_core.compile(lambda x: np.where(x[0] > 0, 1.0, -1.0) * x @ x)
    values, index = RNG.normal(size=20), RNG.integers(0, 20, (64, 3))
    got = fun.grad(gather(values, index), batch_dims=1)
    assert np.array_equal(got, fun.grad(values[index], batch_dims=1))
    branchy = ad_core.compile(lambda x: x @ x if x[0] > 0 else x[1] * x[2])
    got = branchy.value_and_grad(gather(values, index), batch_dims=1)
    assert same(got, branchy.value_and_grad(values[index], batch_dims=1))
    assert branchy.paths == 2
    one = branchy.grad(gather(values, index[0]))
    assert np.array_equal(one, branchy.grad(values[index[0]]))


def test_a_flipped_guard_is_reported_at_its_point():
    tape = ad_core.trace(lambda x: x @ x if x[0] > 0 else x[1], np.ones(2))
    values, index = np.array([1.0, 2.0, -3.0]), np.array([[0, 1], [1, 0], [2, 1]])
    with pytest.raises(ad_core.BranchChanged, match="point 2"):
        tape.grad(gather(values, index))


def test_derivatives_that_are_not_finite_are_computed_again():
    tape = ad_core.trace(lambda x: np.sqrt(x[0]) * x[1], np.ones(2))
    values = np.array([0.0, 1.0, 2.0])
    index = RNG.integers(0, 3, (40, 2))
    got = tape.jacobian(gather(values, index))
    assert np.array_equal(got, tape.jacobian(values[index]), equal_nan=True)


def test_tapes_without_a_program_take_the_array(monkeypatch):
    def network(w, x):
        return np.tanh(np.tanh(x @ w.reshape(40, 40)) @ w.reshape(40, 40))

    x = RNG.normal(size=(60, 40))
    tape = ad_core.trace(lambda w: np.sum(network(w, x)), np.ones(1600))
    values, index = RNG.normal(size=50), RNG.integers(0, 50, (2, 1600))
    got = tape.grad(gather(values, index))
    assert np.allclose(got, tape.grad(values[index]), rtol=1e-13)


def test_values_and_index_may_change_between_calls(tapes):
    scalar, _ = tapes
    values, index = RNG.normal(size=9), RNG.integers(0, 9, (20, 3))
    g = gather(values, index)
    before = scalar(g, 1.0)
    values *= 2.0
    index[:] = (index + 1) % 9
    assert np.array_equal(scalar(g, 1.0), scalar(values[index], 1.0))
    assert not np.array_equal(scalar(g, 1.0), before)


@pytest.mark.parametrize("points", [1, 2, 33, 5000])
@pytest.mark.parametrize("wrong", [20, -21, 2**31 - 1, -(2**31)])
@pytest.mark.parametrize("dtype", [np.int32, np.int64])
def test_a_number_that_is_not_a_row_raises(tapes, points, wrong, dtype):
    scalar, _ = tapes
    index = RNG.integers(0, 20, (points, 3)).astype(dtype)
    at = int(RNG.integers(points)), int(RNG.integers(3))
    index[at] = wrong
    told = rf"argument 0 .*gathered from 20 rows, but index\[{at[0]}, {at[1]}\] is {wrong}"
    with pytest.raises(IndexError, match=told):
        scalar.grad(gather(np.ones(20), index), 1.0)
    with pytest.raises(IndexError, match="gathered from 0 rows"):
        scalar.grad(gather(np.empty(0), index), 1.0)


def test_a_wrong_number_raises_though_the_function_does_not_need_it():
    tape = ad_core.trace(lambda x: x[0] * 2.0, np.ones(2))
    with pytest.raises(IndexError, match=r"index\[1, 1\] is 7"):
        tape(gather(np.ones(3), np.array([[0, 1], [2, 7], [0, 0], [0, 0], [0, 0]])))


def test_shapes_that_do_not_fit_raise(tapes):
    scalar, _ = tapes
    with pytest.raises(ValueError, match=r"recorded shape \(3,\).*got shape \(5, 2\)"):
        scalar(gather(np.ones(9), np.zeros((5, 2), int)), 1.0)
    with pytest.raises(ValueError, match="do not fit one another"):
        scalar(gather(np.ones(9), np.zeros((5, 3), int)), np.ones(4))
    with pytest.raises(ValueError, match="batch_dims"):
        scalar(gather(np.ones(9), np.zeros((5, 3), int)), 1.0, batch_dims=2)


def test_values_and_indices_of_wrong_types_raise():
    with pytest.raises(TypeError, match="got a mask"):
        gather(np.ones(3), np.array([True, False, True]))
    with pytest.raises(TypeError, match="index of gather must be integers, got dtype float64"):
        gather(np.ones(3), [0.0, 1.0])
    with pytest.raises(TypeError, match="values of gather must be real float64"):
        gather(np.arange(3), [0, 1])
    with pytest.raises(TypeError, match="values of gather must be real float64"):
        gather(np.ones(3, complex), [0, 1])
    with pytest.raises(ValueError, match="axis to gather from"):
        gather(3.0, [0, 1])
    with pytest.raises(IndexError, match="out of range for any array"):
        gather(np.ones(3), np.array([2**63], np.uint64))
    assert gather(np.ones(3, np.float32), [0, 1]).dtype == np.float64
    assert gather(np.ones(3, ">f8"), [0, 1]).values.dtype.isnative


def test_results_may_not_overlap_gathered_values(tapes):
    _, vector = tapes
    values, index = np.ones(300), np.zeros((100, 3), int)
    with pytest.raises(ValueError, match="shares memory"):
        vector(gather(values, index), 1.0, out=values.reshape(100, 3))
    with pytest.raises(ValueError, match="shares memory"):
        vector(gather(values, index), 1.0, out=index.view(np.float64))


def test_elsewhere_a_gathered_argument_is_an_array():
    values, index = RNG.normal(size=(4, 2)), np.array([[3, -1], [0, 0]])
    g = gather(values, index)
    assert (g.shape, g.ndim, g.dtype) == ((2, 2, 2), 3, np.float64)
    assert np.array_equal(np.asarray(g), values[index])
    assert np.asarray(g, dtype=np.float32).dtype == np.float32
    assert np.array_equal(np.sin(g), np.sin(values[index]))
    with pytest.raises(ValueError, match="without a copy"):
        np.asarray(g, copy=False)
    again = pickle.loads(pickle.dumps(g))
    assert np.array_equal(np.asarray(again), values[index])
    assert repr(again) == "gather(float64 (4, 2), int64 (2, 2)): shape (2, 2, 2)"


def test_traced_values_are_indexed_at_once():
    index = np.array([2, 0, 0])
    J = ad_core.jacobian(lambda x: gather(x, index) ** 2)(np.array([1.0, 2.0, 3.0]))
    assert np.array_equal(J, [[0, 0, 6.0], [2.0, 0, 0], [2.0, 0, 0]])


def test_a_tape_called_while_another_function_is_traced(tapes):
    scalar, _ = tapes
    values, index = RNG.normal(size=9), RNG.integers(0, 9, (20, 3))
    got = ad_core.grad(lambda s: s * np.sum(scalar(gather(values, index), 1.0)))(1.0)
    assert got == np.sum(scalar(values[index], 1.0))


def test_a_function_called_while_another_is_traced():
    fun = ad_core.compile(lambda a, x: a * np.sum(x**2))
    x, index = np.arange(5.0), np.array([1, 4])
    got = ad_core.grad(lambda a: fun(a, gather(x, index)) + fun.grad(a, gather(x, index)))(3.0)
    assert got == 17.0
