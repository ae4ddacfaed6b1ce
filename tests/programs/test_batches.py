# SPDX-License-Identifier: Apache-2.0
"""Extra leading axes: batches of every shape and layout, point by point against one point."""

import _thread
import functools
import operator
import os
import subprocess
import sys
import threading
import tracemalloc

import numpy as np
import pytest

import ad_core
from ad_core import _core
from ad_core.programs import workers as threads
from ad_core.recording.trees import flatten
from counted import call_with_signal
from isas import runnable

SIZES = (0, 1, 2, 7, 8, 9, 15, 16, 17, 31, 33, 257)
SHAPES = ((), (1,), (3, 5), (1, 1), (2, 0, 3), (2, 1, 4), (17, 2), (2, 2, 2, 2, 2))


def many(x, y):
    """Runs of several operations, a sum, a product, an entry that is constant."""
    z = np.sin(x) * y + np.exp(-x * x)
    out = np.zeros((2, 3))
    out[0] = np.cumsum(z) / (1.5 + np.cos(y))
    out[1, 0] = x @ z
    out[1, 1] = 2.0 * x[0]
    return out


def scalar(x, y):
    return np.sum(many(x, y) ** 2) + x[0] * y


def points(shape, seed=0):
    rng = np.random.default_rng(seed)
    return rng.uniform(-1.0, 1.0, (*shape, 3)), rng.uniform(-1.0, 1.0, shape)


def tapes():
    return ad_core.trace(many, *points(())), ad_core.trace(scalar, *points(()))


@pytest.fixture(params=runnable())
def isa(request):
    before = _core.isa()
    assert _core.choose_isa(request.param)
    yield request.param
    assert _core.choose_isa(before)


def calls(tape, one, x, y):
    """The methods as {name: (function of a batch, arguments)}."""
    w = np.cos(np.arange(6.0)).reshape(2, 3)
    v = np.broadcast_to(w, (*np.shape(y), 2, 3))
    both = (0, 1)
    return {
        "value": (tape, (x, y)),
        "jacobian": (lambda *a: tape.jacobian(*a, argnums=both), (x, y)),
        "value_and_jacobian": (lambda *a: tape.value_and_jacobian(*a, argnums=both), (x, y)),
        "jvp": (lambda *a: tape.jvp(a[:2], a[2:]), (x, y, np.sin(x), np.cos(y))),
        "vjp": (lambda *a: tape.vjp(a[:2], a[2]), (x, y, v)),
        "grad": (lambda *a: one.grad(*a, argnums=both), (x, y)),
        "value_and_grad": (lambda *a: one.value_and_grad(*a, argnums=both), (x, y)),
        "hessian": (lambda *a: one.hessian(*a, argnums=both), (x, y)),
        "hvp": (lambda *a: one.hvp(a[:2], a[2:]), (x, y, np.sin(x), np.cos(y))),
    }


METHODS = tuple(calls(None, None, np.zeros(3), 0.0))


def assert_each_point(call, args, batch):
    found, tree = flatten(call(*args))
    for place in np.ndindex(batch):
        expected, other = flatten(call(*(x[place] for x in args)))
        assert tree == other
        for z, one in zip(found, expected, strict=True):
            assert z.shape == batch + np.shape(one)
            np.testing.assert_allclose(z[place], one, rtol=1e-12, atol=1e-14)
    return found


@pytest.mark.parametrize("method", METHODS)
def test_sizes(method, isa):
    for n in SIZES:
        call, args = calls(*tapes(), *points((n,), n))[method]
        assert_each_point(call, args, (n,))


@pytest.mark.parametrize("method", METHODS)
def test_shapes(method):
    for shape in SHAPES:
        call, args = calls(*tapes(), *points(shape))[method]
        for z in assert_each_point(call, args, shape):
            assert type(z) is (np.ndarray if np.ndim(z) else np.float64)


@pytest.mark.parametrize("method", METHODS)
def test_an_empty_batch_has_the_shapes_of_a_full_one(method):
    tape, one = tapes()
    call, args = calls(tape, one, *points((4, 2)))[method]
    full = flatten(call(*args))[0]
    call, args = calls(tape, one, *points((4, 0)))[method]
    empty = flatten(call(*args))[0]
    assert [z.shape for z in empty] == [(4, 0, *z.shape[2:]) for z in full]


BROADCAST = [((4,), ()), ((), (4,)), ((4, 1), (5,)), ((1, 5), (4, 1)), ((17, 1, 2), (3, 1)),
             ((1,), (33,)), ((0,), (1,)), ((2, 0), (0,)), ((5,), (1, 1, 1))]  # fmt: skip


@pytest.mark.parametrize(("first", "second"), BROADCAST)
def test_batch_axes_broadcast(first, second):
    tape, one = tapes()
    shape = np.broadcast_shapes(first, second)
    x, y = points(first)[0], points(second)[1]
    full = np.broadcast_to(x, (*shape, 3)).copy(), np.broadcast_to(y, shape).copy()
    for method in ("value", "value_and_jacobian", "hessian"):
        call = calls(tape, one, *full)[method][0]
        for z, expected in zip(flatten(call(x, y))[0], flatten(call(*full))[0], strict=True):
            assert z.shape == expected.shape
            np.testing.assert_array_equal(z, expected)


def test_one_point_and_many_directions():
    """Tangents and cotangents have batch axes of their own."""
    tape = ad_core.trace(lambda x: np.sin(x) * x[0], np.ones(3))
    x = np.array([0.3, 0.5, 0.7])
    np.testing.assert_allclose(tape.jvp(x, np.eye(3)).T, tape.jacobian(x), rtol=1e-14)
    np.testing.assert_allclose(tape.vjp(x, np.eye(3)), tape.jacobian(x), rtol=1e-14)
    points = np.stack([x, x + 1.0, x + 2.0, x + 3.0])
    found = tape.vjp(points[:, None], np.eye(3))
    np.testing.assert_allclose(found, tape.jacobian(points), rtol=1e-14)


# --------------------------------------------------------------------------------------- layouts


def strided(x):
    room = np.full([2 * n for n in x.shape], np.nan)
    view = room[tuple(slice(1, None, 2) for _ in x.shape)]
    view[...] = x
    return view


def reversed_everywhere(x):
    back = tuple(slice(None, None, -1) for _ in x.shape)
    return x[back].copy()[back]


def readonly(x):
    x = x.copy()
    x.flags.writeable = False
    return x


def unaligned(x):
    view = np.empty(x.nbytes + 1, np.uint8)[1:].view(np.float64).reshape(x.shape)
    view[...] = x
    assert x.size == 0 or not view.flags.aligned
    return view


def transposed(x):
    return x.T.copy().T


def of_a_field(x):
    records = np.zeros(x.shape, [("flag", "i1"), ("x", "f8")])
    records["x"] = x
    return records["x"]


class Own(np.ndarray):
    """A subclass that changes nothing."""


LAYOUTS = {
    "C": np.ascontiguousarray, "Fortran": np.asfortranarray, "strided": strided,
    "reversed": reversed_everywhere, "read-only": readonly, "unaligned": unaligned,
    "transposed": transposed, "a field": of_a_field,
    "swapped": lambda x: x.astype(x.dtype.newbyteorder()),
    "a subclass": lambda x: x.view(Own),
}  # fmt: skip
OF_NUMBERS = ("read-only", "unaligned", "swapped", "a subclass", "a field")


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("method", METHODS)
def test_layouts(layout, method):
    for shape in ((), (1,), (16,), (37,), (3, 7)):
        tape, one = tapes()
        call, args = calls(tape, one, *points(shape))[method]
        args = [np.array(x) for x in args]
        expected = flatten(call(*args))[0]
        given = [LAYOUTS[layout](x) if x.ndim or layout in OF_NUMBERS else x for x in args]
        before = [x.copy() for x in given]
        found = flatten(call(*given))[0]
        for z, want in zip(found, expected, strict=True):
            assert type(z) is type(want)
            np.testing.assert_array_equal(z, want)
        for x, was in zip(given, before, strict=True):
            np.testing.assert_array_equal(x, was)


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_short_floats_are_widened(dtype):
    tape, one = tapes()
    x, y = (z.astype(dtype) for z in points((19,)))
    for call in (tape, tape.value_and_jacobian, one.hessian):
        found = flatten(call(x, y))[0]
        expected = flatten(call(x.astype(float), y.astype(float)))[0]
        for z, want in zip(found, expected, strict=True):
            assert z.dtype == np.float64
            np.testing.assert_array_equal(z, want)


def test_strides_of_zero():
    tape, _ = tapes()
    x, y = points(())
    X, Y = np.broadcast_to(x, (21, 3)), np.broadcast_to(y, (21,))
    np.testing.assert_array_equal(tape.jacobian(X, Y), np.stack([tape.jacobian(X, Y)[0]] * 21))
    np.testing.assert_allclose(tape.jacobian(X, Y)[20], tape.jacobian(x, y), rtol=1e-14)


@pytest.mark.parametrize("layout", ["C", "Fortran", "strided", "reversed"])
def test_no_hidden_copies(layout):
    tape = ad_core.trace(lambda x: np.sin(x) * x[0], np.ones(8))
    x = LAYOUTS[layout](np.random.default_rng(0).random((50_000, 8)))
    out = np.empty((50_000, 8))
    tape(x[:20_000], out=out[:20_000], workers=2)
    tracemalloc.start()
    try:
        tape(x, out=out, workers=2)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < x.size * 8 / 20
    np.testing.assert_allclose(out, np.sin(x) * x[:, :1], rtol=1e-14)


def test_many_axes():
    tape = ad_core.trace(lambda x: x * x, np.full((1,) * 11 + (2,), 0.5))
    x = np.arange(6.0).reshape((3,) + (1,) * 11 + (2,))
    np.testing.assert_array_equal(tape(x), x * x)
    assert tape.jacobian(x).shape == x.shape + x.shape[1:]
    x = np.arange(10.0).reshape((1,) * 7 + (5, 2))
    np.testing.assert_array_equal(ad_core.trace(lambda x: x * x, np.ones(2))(x), x * x)


# ---------------------------------------------------------------------------- out= and workers=


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("n", [None, 0, 1, 16, 17, 257])
def test_results_in_given_arrays(method, n):
    shape = () if n is None else (n,)
    tape, one = tapes()
    x, y = points(shape)
    owner = one if method in ("grad", "value_and_grad", "hessian", "hvp") else tape
    call, args = calls(tape, one, x, y)[method]
    expected, tree = flatten(call(*args))
    out = [np.full(np.shape(z), np.nan) for z in expected]
    given = tree.build(out)
    if method in ("jvp", "hvp"):
        found = getattr(owner, method)(args[:2], args[2:], out=given)
    elif method == "vjp":
        found = owner.vjp(args[:2], args[2], out=given)
    elif method == "value":
        found = owner(*args, out=given)
    else:
        found = getattr(owner, method)(*args, argnums=(0, 1), out=given)
    found, other = flatten(found)
    assert tree == other
    for z, to, want in zip(found, out, expected, strict=True):
        assert z is to
        np.testing.assert_array_equal(to, want)


def test_structural_zeros_are_written_into_given_arrays():
    tape = ad_core.trace(lambda x: np.array([x[0], 0.0 * x[1], 5.0]), np.ones(3))
    for shape in ((3, 3), (40, 3, 3)):
        out = np.full(shape, np.nan)
        tape.jacobian(np.ones(shape[:-1]), out=out)
        np.testing.assert_array_equal(out, np.broadcast_to(np.diag([1.0, 0.0, 0.0]), shape))


@pytest.mark.parametrize("workers", [None, 1, 2, 3, 8, 40, np.int64(2)])
def test_workers(workers):
    one = tapes()[1]
    for n in (0, 1, 100, 30_001):
        x, y = points((n,))
        expected = one.value_and_grad(x, y, workers=1)
        found = one.value_and_grad(x, y, workers=workers)
        for z, want in zip(found, expected, strict=True):
            np.testing.assert_array_equal(z, want)


def test_broken_points_do_not_spoil_their_neighbours():
    """A point with an infinity is computed by the strict program; the others are not changed."""
    tape = ad_core.trace(
        lambda x: np.sum(np.where(x > 0.0, np.sqrt(np.abs(x)) * np.log(np.abs(x)), x * x)),
        np.array([0.5, -0.5]),
    )
    X = np.random.default_rng(3).uniform(-1.0, 1.0, (60_000, 2))
    clean = tape.grad(X)
    broken = np.arange(0, 60_000, 97)
    X[broken, 1] = 0.0
    for workers in (1, 2):
        found = tape.grad(X, workers=workers)
        np.testing.assert_array_equal(found[broken, 1], 0.0)
        np.testing.assert_allclose(found[:, 0], clean[:, 0], rtol=1e-12)
        rest = np.setdiff1d(np.arange(60_000), broken)
        np.testing.assert_allclose(found[rest], clean[rest], rtol=1e-12)


def test_a_flipped_branch_in_a_batch_names_the_first_point():
    tape = ad_core.trace(lambda x: x * x if x[0] > 0 else -x, np.ones(2))
    X = np.ones((40_000, 2))
    X[[1234, 39_000], 0] = -1.0
    for workers in (1, 2):
        with pytest.raises(ad_core.BranchChanged, match=r"point 1234 of the batch"):
            tape.jacobian(X, workers=workers)
    with pytest.raises(ad_core.BranchChanged, match=r"point \(30, 34\) of the batch"):
        tape(X.reshape(1000, 40, 2)[:, :40])
    np.testing.assert_array_equal(tape(X[:1000]), 1.0)


# --------------------------------------------------------------------- progress and interruption


class Bar:
    """A progress bar like tqdm's."""

    def __init__(self, error=None):
        self.steps, self.threads, self.error = [], set(), error

    def update(self, n):
        self.steps.append(n)
        self.threads.add(threading.get_ident())
        if self.error is not None:
            raise self.error


def slow(x):
    for _ in range(100):
        x = np.sin(x) + 0.5 * np.cos(x)
    return x


@pytest.mark.parametrize("workers", [1, 2, None])
@pytest.mark.parametrize("n", [0, 1, 15, 17, 1000, 20_000])
def test_progress_counts_every_point(workers, n):
    tape = ad_core.trace(slow, np.ones(4))
    bar = Bar()
    tape.jacobian(np.ones((n, 4)), workers=workers, progress=bar)
    assert sum(bar.steps) == n
    assert all(step > 0 for step in bar.steps)
    assert bar.threads <= {threading.get_ident()}
    assert len(bar.steps) < 500
    if n == 20_000 and workers == 1:  # of several threads the others may do it all
        assert len(bar.steps) > 3


def test_progress_of_points_that_are_computed_again():
    tape = ad_core.trace(lambda x: np.where(x > 0.5, np.log(x - 0.5), 0.0), 0.7)
    bar = Bar()
    found = tape.jacobian(np.full(50_000, 0.5), progress=bar)
    np.testing.assert_array_equal(found, 0.0)
    assert sum(bar.steps) == 50_000


def test_progress_of_a_function_on_many_paths():
    f, bar = ad_core.compile(lambda x: x * x if x[0] > 0 else np.sin(x)), Bar()
    f(np.random.default_rng(0).uniform(-1, 1, (50_000, 2)), batch_dims=1, progress=bar)
    assert sum(bar.steps) == 50_000


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_of_the_bar_ends_the_batch(workers):
    tape = ad_core.trace(slow, np.ones(4))
    bar = Bar(ZeroDivisionError("no bar"))
    with pytest.raises(ZeroDivisionError, match="no bar"):
        tape.jacobian(np.ones((100_000, 4)), workers=workers, progress=bar)
    assert len(bar.steps) == 1
    assert tape(np.ones((300, 4)), workers=workers).shape == (300, 4)


@pytest.fixture
def one_thread():
    """A number of workers with __index__ in C, so that Python checks no signals there."""
    _core.set_threads(None, operator.index)
    yield
    _core.set_threads(threads._submit, threads._count)


@pytest.mark.parametrize("method", ["value", "jacobian"])
def test_a_signal_stops_a_batch(method, one_thread):
    """A signal before the first check: only the points up to that check are computed."""
    tape = ad_core.trace(slow, np.ones(8))
    call, X = tape._build(method, 0), np.random.default_rng(0).random((20_000, 8))
    out = np.full((len(X), *call.out_shapes[0]), np.nan)
    ended, error = call_with_signal(functools.partial(call.batch, [X], [out], 1, None))
    assert type(error) is KeyboardInterrupt
    assert not ended
    done = np.isfinite(out).reshape(len(X), -1).all(axis=1)
    assert 0 < done.sum() < len(X) / 2
    [whole], _ = call.batch([X], None, 1, None)
    np.testing.assert_array_equal(whole[done], out[done])


@pytest.mark.parametrize("workers", [1, 2, 8])
@pytest.mark.parametrize("kind", ["tape", "function", "paths"])
def test_an_interrupt_stops_a_batch(workers, kind):
    class Interrupting(Bar):
        def update(self, n):
            super().update(n)
            _thread.interrupt_main()

    X = np.random.default_rng(0).random((30_000, 8))
    if kind == "tape":
        call = ad_core.trace(slow, np.ones(8)).jacobian
    else:
        f = ad_core.compile(slow if kind == "function" else
                            lambda x: slow(x) if x[0] > 1e-4 else slow(slow(x)))  # fmt: skip
        call = functools.partial(f.jacobian, batch_dims=1)
    expected = call(X[:10])
    bar = Interrupting()
    with pytest.raises(KeyboardInterrupt):
        call(X, workers=workers, progress=bar)
    assert len(bar.steps) == 1
    np.testing.assert_array_equal(call(X[:10]), expected)
    np.testing.assert_allclose(call(X[:5000])[:10], expected, rtol=1e-12)


@pytest.mark.parametrize("name", runnable())
def test_the_environment_chooses_the_instruction_set(name, tmp_path):
    text = "import ad_core; print(ad_core.trace(lambda x: x, 1.0).isa)"
    done = subprocess.run(
        [sys.executable, "-P", "-c", text], env={**os.environ, "AD_CORE_ISA": name},
        cwd=tmp_path, capture_output=True, text=True, timeout=600, check=True,
    )  # fmt: skip
    assert done.stdout.split() == [name]
