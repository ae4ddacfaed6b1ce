# SPDX-License-Identifier: Apache-2.0
"""Every answer of threads that share a Tape, a Function or a function for C equals that of one
thread. With a GIL they switch as often as possible; without one they run at the same time."""

import gc
import pickle

import numpy as np
import pytest
import scipy.special as sp

import ad_core
from ad_core.errors import BranchChanged
from c_functions import call_many
from threads import everywhere

ROUNDS = 25


def curve(x):
    return np.sin(x[1:] * x[:-1]) + x[1:] ** 2


def total(x):
    return np.sum(curve(x)) * x[0]


def rooted(x):
    """At zeros its derivatives need the strict program."""
    return np.sum(np.where(x > 0, np.sqrt(np.abs(x)) * x[1], 0.0))


def special(x):
    return np.sum(sp.jv(1.0, x) * sp.beta(x, x + 1.0))


def points_of(n, count=8):
    return np.random.default_rng(n).uniform(0.2, 1.4, (count, n))


# What a tape is asked at x, v. Each row is a method of its own program, and batches use lanes.
ASKED = {
    "value": lambda f, x, v: f(x),
    "grad": lambda f, x, v: f.grad(x),
    "value_and_grad": lambda f, x, v: f.value_and_grad(x),
    "hessian": lambda f, x, v: f.hessian(x),
    "hvp": lambda f, x, v: f.hvp(x, v),
    "jvp": lambda f, x, v: f.jvp(x, v),
    "vjp": lambda f, x, v: f.vjp(x, 2.0),
    "sparse": lambda f, x, v: f.hessian(x, sparse=True).toarray(),
    "batch": lambda f, x, v: f.grad(np.stack([x, v] * 20), batch_dims=1),
    "out": lambda f, x, v: f.grad(x, out=np.empty(x.shape)),
}


def same(found, expected):
    for one, other in zip(leaves(found), leaves(expected), strict=True):
        np.testing.assert_array_equal(one, other)


def leaves(x):
    return x if isinstance(x, tuple) else (x,)


def answers(f, points):
    return [{name: ask(f, x, x[::-1]) for name, ask in ASKED.items()} for x in points]


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("fun", [total, rooted, special])
def test_all_methods_of_one(fun, compiled):
    points = points_of(5)
    points[1::2, 0] = 0.0 if fun is rooted else 0.3
    make = (lambda: ad_core.compile(fun)) if compiled else (lambda: ad_core.trace(fun, points[0]))
    expected = answers(make(), points)
    shared = make()

    def work(number):
        rng = np.random.default_rng(number)
        for _ in range(ROUNDS):
            k = rng.integers(len(points))
            name = rng.choice(list(ASKED))
            same(ASKED[name](shared, points[k], points[k][::-1]), expected[k][name])

    everywhere(work)


@pytest.mark.parametrize("name", ASKED)
def test_a_program_that_all_make_at_once(name):
    x = points_of(5)[0]
    for fun in (total, rooted, special):
        expected = ASKED[name](ad_core.trace(fun, x), x, x[::-1])
        for _ in range(3):
            tape = ad_core.trace(fun, x)
            for found in everywhere(lambda _, tape=tape: ASKED[name](tape, x, x[::-1])):
                same(found, expected)


def test_all_methods_are_made_at_once():
    """Their derivatives are terms of one graph."""
    x = points_of(5)[0]
    expected = answers(ad_core.trace(total, x), [x])[0]
    names = list(ASKED)
    for _ in range(5):
        tape = ad_core.trace(total, x)

        def work(number, tape=tape):
            for name in names[number:] + names[:number]:
                same(ASKED[name](tape, x, x[::-1]), expected[name])

        everywhere(work)


def steps(x):
    """A path for each number of positive elements, of any length."""
    y = x * 1.0
    for k in range(len(x)):
        if x[k] > 0:
            y = np.sin(y) * x[k]
    return np.sum(y)


@pytest.mark.filterwarnings("ignore::ad_core.errors.PerformanceWarning")
@pytest.mark.parametrize("max_paths", [64, 3])
def test_shapes_and_paths_that_arrive(max_paths):
    f = ad_core.compile(steps, max_paths=max_paths)
    rng = np.random.default_rng(0)
    points = [rng.uniform(-1.0, 1.0, n) for n in (2, 3, 4) for _ in range(12)]
    expected = [ad_core.grad(steps)(x) for x in points]

    def work(number):
        for k in np.random.default_rng(number).permutation(len(points)):
            np.testing.assert_allclose(f.grad(points[k]), expected[k], rtol=1e-12, atol=1e-14)

    everywhere(work)


def test_numbers_and_nested_arguments():
    f = ad_core.compile(lambda p: p[0] * p[1] if isinstance(p, list) else p[0] + p[1])

    def work(number):
        kind = (list, tuple)[number % 2]
        x, y = 1.0 + number, 10.0 + number
        for _ in range(ROUNDS):
            assert f.grad(kind([x, y])) == kind([y, x] if kind is list else [1.0, 1.0])

    everywhere(work)


def test_one_recording_that_is_replayed():
    """A function of matrices of this size has no program."""
    A = np.random.default_rng(1).normal(size=(40, 40)) / 10

    def f(x):
        return np.sum(np.tanh(A @ np.tanh(A @ x)))

    points = [np.random.default_rng(k).normal(size=(40, 40)) for k in range(4)]
    tape = ad_core.trace(f, points[0])
    expected = [ad_core.grad(f)(x) for x in points]

    def work(number):
        for _ in range(8):
            np.testing.assert_allclose(tape.grad(points[number]), expected[number], rtol=1e-12)

    everywhere(work)


def test_each_thread_gets_its_own_exception():
    def value(x):
        if x < 0:
            raise ValueError(f"negative: {x}")
        return np.sqrt(x)

    root = ad_core.external(value, vjp=lambda primals, w: (0.5 * w / np.sqrt(primals[0]),))

    def tried(x):
        try:
            return root(x)
        except ValueError:
            return -x

    tape = ad_core.trace(tried, 4.0)
    tape(9.0)

    def work(number):
        for _ in range(ROUNDS):
            if number % 2:
                with pytest.raises(ValueError, match=f"negative: -{number}"):
                    tape(-float(number))
            else:
                assert tape(4.0 + number) == np.sqrt(4.0 + number)

    everywhere(work)


def test_points_on_another_branch():
    tape = ad_core.trace(lambda x: x * x if x > 1.0 else x, 2.0)

    def work(number):
        for _ in range(ROUNDS):
            assert tape.grad(2.0 + number) == 4.0 + 2 * number
            with pytest.raises(BranchChanged, match=r"x > 1\.0"):
                tape.grad(0.5)

    everywhere(work)


def test_files_that_are_written_and_read():
    points = points_of(5)
    tape = ad_core.trace(total, points[0])
    expected = answers(tape, points[:1])[0]

    def work(number):
        for k in range(6):
            made = (
                pickle.loads(pickle.dumps(tape))
                if k % 2
                else (ad_core.Tape.from_bytes(tape.to_bytes()))
            )
            for name in ("value", "grad", "batch"):
                same(ASKED[name](made, points[0], points[0][::-1]), expected[name])

    everywhere(work)


def test_functions_for_c():
    points = points_of(5, 50)
    tape = ad_core.trace(rooted, points[0])
    points[::3, 0] = 0.0
    status, expected = call_many(tape.cfunction("grad"), points)
    assert status == "ok"

    def work(number):
        for _ in range(8):
            status, found = call_many(tape.cfunction("grad"), points)
            assert status == "ok"
            np.testing.assert_array_equal(found, expected)
            np.testing.assert_array_equal(np.ravel(tape.grad(points)), np.ravel(expected))

    everywhere(work)


def test_tapes_that_are_dropped_while_others_run():
    points = points_of(5)
    expected = answers(ad_core.trace(total, points[0]), points[:1])[0]
    kept = ad_core.trace(total, points[0])

    def work(number):
        for k in range(8):
            tape = ad_core.trace(total, points[number])
            cycle = [tape]
            cycle.append(cycle)
            for name in ("grad", "hvp", "batch"):
                same(ASKED[name](kept, points[0], points[0][::-1]), expected[name])
                ASKED[name](tape, points[0], points[0][::-1])
            del tape, cycle
            if k % 4 == number:
                gc.collect()

    everywhere(work)
