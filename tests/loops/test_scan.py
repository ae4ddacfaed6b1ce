# SPDX-License-Identifier: Apache-2.0
"""scan() has the values and derivatives of the loop that it stands for, in all transforms."""

import threading
import warnings
from typing import NamedTuple

import numpy as np
import pytest

import ad_core
from ad_core import _core
from ad_core.loops import steps as steps_module
from agreement import refused

W = np.array([[0.4, -0.3, 0.1], [0.2, 0.5, -0.2], [-0.1, 0.3, 0.3]])
C = np.array([0.3, -0.8, 1.1])


def looped(step, carry, xs=None, *, length=None, memory=None):
    """scan() as a loop."""
    leaves = [] if xs is None else [xs] if not isinstance(xs, dict) else list(xs.values())
    ys = []
    for k in range(len(leaves[0]) if leaves else length):
        if xs is None:
            x = None
        else:
            x = {key: v[k] for key, v in xs.items()} if isinstance(xs, dict) else xs[k]
        carry, y = step(carry, x)
        ys.append(y)
    if ys[0] is None:
        return carry, None
    if isinstance(ys[0], tuple):
        return carry, tuple(np.stack(part) for part in zip(*ys, strict=True))
    return carry, np.stack(ys)


class State(NamedTuple):
    position: np.ndarray
    speed: float


def with_closure(scan, p):
    """The weights are in the closure of the step."""
    weights = W * p[0]
    carry, ys = scan(lambda c, x: (np.tanh(weights @ c + x), np.sum(c * x)), C * p[1], XS)
    return np.concatenate([carry, ys * p[2]])


XS = np.linspace(-1.0, 1.0, 21).reshape(7, 3)


def with_inputs(scan, p):
    """A derivative by the inputs of all steps, and two results in each."""
    carry, (first, second) = scan(
        lambda c, x: (c * 0.9 + np.sin(x), (c * x, np.exp(x))), p[0], p * np.ones(3)
    )
    return carry + np.sum(first) + second


def with_nothing_but_length(scan, p):
    return scan(lambda c, _: (c + 0.1 * p * np.cos(c), None), p * 2.0, length=9)[0]


def with_nested_carry(scan, p):
    def step(state, x):
        speed = state["s"].speed - 0.1 * p[0] * np.sum(state["s"].position) + x["push"]
        position = state["s"].position + 0.1 * speed * x["scale"]
        return {"s": State(position, speed), "time": state["time"] + 0.1}, speed

    start = {"s": State(p * 1.5, p[1]), "time": 0.0}
    xs = {"push": np.linspace(0, 1, 6), "scale": p[2] * np.arange(1.0, 7.0)}
    end, speeds = scan(step, start, xs)
    return np.concatenate([end["s"].position * end["time"], speeds])


def with_integers(scan, p):
    """Integers among the inputs and in the carry."""
    table = np.stack([p, p**2, np.sin(p)])

    def step(carry, k):
        total, count = carry
        return (total * 0.5 + table[k] * table[count % 3], count + 1), table[k, 0]

    (total, count), ys = scan(step, (p * 0.0, 0), np.array([0, 2, 1, 1, 0]))
    return np.concatenate([total * count, ys])


def with_complex_numbers(scan, p):
    carry, ys = scan(
        lambda z, x: (z * (0.9 + 0.2j * p[1]) + x, np.abs(z)), p[0] + 1j * p[2], XS[:, 0] * p[0]
    )
    return np.stack([carry.real, carry.imag, np.sum(ys)])


def with_branches(scan, p):
    def step(c, x):
        if c[0] > x:
            return c * p[1], c[0]
        return c + p[0] * x, c[1] * x

    carry, ys = scan(step, p * 1.0, np.array([-1.0, 0.2, 0.4, 1.0, 5.0, 0.1]))
    return np.concatenate([carry, ys])


def with_a_carry_that_begins_as_an_integer(scan, p):
    return scan(lambda c, x: (c + p[0] * x, c * 2.0), 0, np.arange(1.0, 5.0))[0] * p


def written_in_place(scan, p):
    def step(c, x):
        c = c.copy()
        c[1:] += c[:-1] * x
        c *= 0.9
        return c, np.max(c)

    carry, ys = scan(step, p * 1.0, p)
    return carry * np.sum(ys)


def within_each_other(scan, p):
    def outer(c, x):
        inner, ys = scan(lambda d, z: (d * 0.8 + np.sin(z * p), d[0] * z), c, x * np.ones(4))
        return inner, np.sum(ys)

    carry, ys = scan(outer, p * 0.5, np.array([0.1, 0.7, -0.4]))
    return np.concatenate([carry, ys])


FUNCTIONS = (
    with_closure, with_inputs, with_nothing_but_length, with_nested_carry, with_integers,
    with_complex_numbers, with_branches, with_a_carry_that_begins_as_an_integer, written_in_place,
    within_each_other,
)  # fmt: skip
P = np.array([0.7, 1.2, 0.4])
close = np.testing.assert_allclose


@pytest.fixture(params=[False, True], ids=["short loops", "blocks"])
def blocks(request, monkeypatch):
    """Whether steps are compiled, several at once."""
    if request.param:
        monkeypatch.setattr(steps_module, "FEWEST", 1)
        monkeypatch.setattr(steps_module, "MOST", 3)


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.__name__)
@pytest.mark.usefixtures("blocks")
def test_first_derivatives(function):
    f, expected = (lambda p: function(ad_core.scan, p)), (lambda p: function(looped, p))
    close(f(P), expected(P), rtol=1e-15)
    J = ad_core.jacobian(expected)(P)
    compiled, tape = ad_core.compile(f), ad_core.trace(f, P)
    for jacobian in (ad_core.jacfwd(f), ad_core.jacrev(f), compiled.jacobian, tape.jacobian):
        close(jacobian(P), J, rtol=1e-11, atol=1e-13)
    close(tape(P), expected(P), rtol=1e-12)
    near = P * [1.001, 0.999, 1.002]
    J = ad_core.jacobian(expected)(near)
    close(compiled.jacobian(near), J, rtol=1e-11, atol=1e-13)
    close(compiled(near), expected(near), rtol=1e-12)
    points = np.stack([P, near])
    close(compiled.jacobian(points, batch_dims=1)[1], J, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.__name__)
@pytest.mark.usefixtures("blocks")
def test_second_derivatives(function):
    weights = np.linspace(1.0, 2.0, len(function(looped, P)))
    f = lambda p: np.sum(weights * function(ad_core.scan, p))  # noqa: E731
    expected = lambda p: np.sum(weights * function(looped, p))  # noqa: E731
    H = ad_core.hessian(expected)(P)
    v = np.array([0.3, -1.0, 0.5])
    gradient = ad_core.grad(f)
    for hessian in (
        ad_core.hessian(f), ad_core.jacfwd(gradient), ad_core.jacrev(gradient),
        ad_core.jacrev(ad_core.jacfwd(f)), ad_core.compile(f).hessian,
    ):  # fmt: skip
        close(hessian(P), H, rtol=1e-9, atol=1e-11)
    close(ad_core.hvp(f, (P,), (v,)), H @ v, rtol=1e-9, atol=1e-11)


def test_third_derivatives():
    f = lambda t: np.sum(with_closure(ad_core.scan, t * P))  # noqa: E731
    expected = lambda t: np.sum(with_closure(looped, t * P))  # noqa: E731
    derivative = ad_core.grad(ad_core.grad(ad_core.grad(expected)))(1.1)
    close(ad_core.grad(ad_core.grad(ad_core.grad(f)))(1.1), derivative, rtol=1e-10)
    _, coefficients = ad_core.jet(f, (1.1,), (np.array([1.0]),), order=3)
    close(6.0 * coefficients[2], derivative, rtol=1e-10)


@pytest.mark.parametrize("memory", [300, 400, 1000, "1 kB", "0.1 MiB", "1 GB"])
@pytest.mark.usefixtures("blocks")
def test_derivatives_do_not_depend_on_the_memory(memory, monkeypatch):
    monkeypatch.setattr(steps_module, "COPIES", 0)  # of the tape of a step

    def f(p):
        return ad_core.scan(lambda c, _: (np.sin(c * p), c[0]), C, length=40, memory=memory)[1]

    expected = ad_core.jacrev(lambda p: looped(lambda c, _: (np.sin(c * p), c[0]), C, length=40)[1])
    for jacobian in (ad_core.jacrev(f), ad_core.jacfwd(f), ad_core.compile(f).jacobian):
        close(jacobian(P), expected(P), rtol=1e-12)


def test_no_step_is_run_more_often_than_the_memory_requires(monkeypatch):
    monkeypatch.setattr(steps_module, "COPIES", 0)
    calls = []

    def step(c, x):
        calls.append(1)
        return np.sin(c + x), None

    xs, c = np.linspace(0.0, 1.0, 60), np.ones(4)
    for room, repeated in ((59, 0), (10, 51), (5, 94)):
        calls.clear()
        gradient = ad_core.grad(
            lambda c, room=room: np.sum(ad_core.scan(step, c, xs, memory=room * c.size * 8)[0])
        )(c)
        # the value, the record of each step, what is run again, and a look at the first step
        assert len(calls) <= 60 + 60 + repeated + 2
        close(gradient, ad_core.grad(lambda c: np.sum(looped(step, c, xs)[0]))(c), rtol=1e-13)


def test_no_steps_and_one_step():
    step = lambda c, x: (c * x, c + x)  # noqa: E731
    assert ad_core.scan(step, 3.0, np.empty(0)) == (3.0, None)
    assert ad_core.scan(step, 3.0, length=0) == (3.0, None)
    assert ad_core.grad(lambda c: ad_core.scan(step, c, length=0)[0])(3.0) == 1.0
    carry, ys = ad_core.scan(step, 3.0, np.array([2.0]))
    assert (carry, ys.tolist()) == (6.0, [5.0])
    assert ad_core.grad(lambda c: ad_core.scan(step, c, np.array([2.0]))[0])(3.0) == 2.0


def test_results_are_those_of_the_loop_outside_a_trace():
    carry, ys = ad_core.scan(lambda c, x: (c + x, None), {"n": 0}["n"], np.arange(4))
    assert (carry, ys) == (6, None)
    assert isinstance(carry, np.integer)


def test_nan_and_infinities():
    f = lambda x: ad_core.scan(lambda c, z: (c * z, np.sqrt(c)), x, np.array([1.0, 0.0, 2.0]))  # noqa: E731
    expected = lambda x: looped(lambda c, z: (c * z, np.sqrt(c)), x, np.array([1.0, 0.0, 2.0]))  # noqa: E731
    for x in (-1.0, np.nan, np.inf, 0.0, 4.0):
        with np.errstate(all="ignore"):
            got = ad_core.jacrev(lambda x: f(x)[1])(x)
            wanted = ad_core.jacrev(lambda x: expected(x)[1])(x)
        # a zero that stays zero near the point is not known to be one in the next step
        np.testing.assert_array_equal(np.where(np.isnan(got), got, wanted), got)


def test_threads_share_one_function():
    f = ad_core.compile(lambda p: np.sum(with_closure(ad_core.scan, p)))
    points = P * np.linspace(0.9, 1.1, 8)[:, None]
    expected = [ad_core.grad(lambda p: np.sum(with_closure(looped, p)))(p) for p in points]
    wrong = []

    def work(k):
        for _ in range(20):
            if not np.allclose(f.grad(points[k]), expected[k], rtol=1e-10):
                wrong.append(k)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def pair_expected(c, x):
    return c


REFUSED = {
    "no pair": (lambda: ad_core.scan(pair_expected, C, XS), TypeError, "pair_expected"),
    "no function": (lambda: ad_core.scan(3, C, XS), TypeError, "int"),
    "another structure": (
        lambda: ad_core.scan(lambda c, x: ((c, c), None), C, XS), ValueError, "structure"
    ),
    "another shape": (
        lambda: ad_core.scan(lambda c, x: (np.append(c, 1.0), None), C, XS), ValueError, "(4,)"
    ),
    "another y": (
        lambda: ad_core.scan(lambda c, x: (c + 1, c if c[0] > 1 else (c, c)), C, XS),
        ValueError, "y =",
    ),
    "lengths": (
        lambda: ad_core.scan(lambda c, x: (c, None), C, (XS, XS[1:])), ValueError, "[7, 6]"
    ),
    "length and xs": (
        lambda: ad_core.scan(lambda c, x: (c, None), C, XS, length=3), ValueError, "length=3"
    ),
    "no length": (lambda: ad_core.scan(lambda c, x: (c, None), C), ValueError, "length="),
    "a number in xs": (
        lambda: ad_core.scan(lambda c, x: (c, None), C, (XS, 3.0)), ValueError, "3.0"
    ),
    "memory": (
        lambda: ad_core.scan(lambda c, x: (c, None), C, XS, memory="many"), ValueError, "200 MB"
    ),
    "negative length": (
        lambda: ad_core.scan(lambda c, x: (c, None), C, length=-1), ValueError, "length"
    ),
    "too little memory": (
        lambda: ad_core.grad(lambda c: ad_core.scan(lambda c, x: (c * x, None), c, XS, memory=10)
                             [0][0])(C), ValueError, "memory=10",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(name):
    call, error, words = REFUSED[name]
    with refused(error, words):
        call()


def test_an_error_of_a_step_is_its_own():
    def step(c, x):
        if x > 0.5:
            raise KeyError("no such reaction")
        return c * x, None

    with pytest.raises(KeyError, match="no such reaction"):
        ad_core.grad(lambda c: ad_core.scan(step, c, np.array([0.1, 0.9]))[0])(1.0)


@pytest.fixture
def small_machine():
    """A machine with memory for recordings of 40,000 nodes."""
    before = _core.set_large_tape(10_000)
    yield
    _core.set_large_tape(before)


@pytest.mark.usefixtures("small_machine")
def test_a_loop_whose_recording_is_large_is_told_of_scan():
    def steps(x):
        for _ in range(30):
            x = np.sin(x) * 0.5
        return np.sum(x)

    with pytest.warns(ad_core.errors.PerformanceWarning, match=r"of steps .*scan") as caught:
        ad_core.grad(steps)(np.ones(1000))
    assert len(caught) == 1  # once in a recording
    assert caught[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ad_core.grad(steps)(np.ones(100))
        ad_core.grad(lambda x: np.sum(ad_core.scan(lambda c, _: (np.sin(c) * 0.5, None), x,
                                                   length=30)[0]))(np.ones(1000))  # fmt: skip
