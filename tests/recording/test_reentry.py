# SPDX-License-Identifier: Apache-2.0
"""Re-entrant evaluations have separate results.  Finalizers, which run wherever Python makes an
object, and rules call the function that is being evaluated, at another point."""

import contextlib
import gc
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import ad_core
from ad_core import _core
from ad_core.programs import build, by_cost, workers
from ad_core.recording.trees import flatten
from threads import everywhere


class Meddler:
    """A cycle of garbage, whose finalizer calls a function and creates another such cycle."""

    def __init__(self, call, state):
        self.itself, self.call, self.state = self, call, state

    def __del__(self):
        if self.state["on"]:
            self.state["calls"] += 1
            self.state["on"] = False  # what it calls makes objects too
            try:
                self.call()
            except BaseException as error:  # which Python would print
                self.state["error"] = error
            self.state["on"] = True
            Meddler(self.call, self.state)


@contextlib.contextmanager
def meddled(call, least=1):
    """A context in which call() runs wherever garbage can be collected."""
    state = {"on": True, "calls": 0, "error": None}
    before = gc.get_threshold()
    gc.freeze()  # collections look at what is made from here on
    Meddler(call, state)
    gc.set_threshold(1, 1_000_000, 1_000_000)  # the young ones alone: quick
    try:
        yield state
    finally:
        gc.set_threshold(*before)
        state["on"] = False
        gc.collect()
        gc.unfreeze()
    if state["error"] is not None:
        raise state["error"]
    assert state["calls"] >= least


def same(found, expected):
    (found, tree), (expected, other) = flatten(found), flatten(expected)
    assert tree == other
    for x, y in zip(found, expected, strict=True):
        np.testing.assert_array_equal(x, y)


def several(x, a):
    y = np.sin(x) * a
    return {"total": np.sum(y), "parts": (y, y[::-1] * x)}


def norm(x):
    return np.sqrt(np.sum(x * x))


def branching(x):
    return np.sin(x) * x[0] if x[0] > 0 else np.cos(x) + x[1]


def roots(x):
    return np.linalg.solve(np.diag(x) + 2.0 * np.eye(3), np.sin(x))


@ad_core.custom_vjp
def squares(x):
    return x**2


squares.defvjp(lambda x: (x**2, x), lambda x, w: (2.0 * x * w,))


def by_rule(x):
    return squares(x) + np.sum(squares(np.sin(x)))


X, Y = np.array([0.3, 0.7, 1.1]), np.array([1.4, 0.2, -0.6])
W = np.array([1.0, -2.0, 0.5])
FUNCTIONS = {
    "several results": (several, (X, 2.0), (Y, -1.0)),
    "one number": (norm, (X,), (Y,)),
    "infinities": (norm, (np.zeros(3),), (Y,)),
    "infinities elsewhere": (norm, (X,), (np.zeros(3),)),
    "a branch": (branching, (X,), (Y,)),
    "matrices": (roots, (X,), (Y,)),
    "a rule": (by_rule, (X,), (Y,)),
}
METHODS = {
    "value": lambda f, args: f(*args),
    "jacobian": lambda f, args: f.jacobian(*args),
    "value_and_jacobian": lambda f, args: f.value_and_jacobian(*args),
    "jvp": lambda f, args: f.jvp(args if len(args) > 1 else args[0],
                                 args if len(args) > 1 else args[0]),
    "a batch": lambda f, args: f.jacobian(*(np.stack([x] * 4) for x in args)),
    "out": lambda f, args: f.jacobian(*args, out=empty_like(f.jacobian(*args))),
}  # fmt: skip


def empty_like(results):
    leaves, tree = flatten(results)
    return tree.build([x.copy() for x in leaves])  # plain, whatever runs: np.empty may be traced


class Adaptive:
    """A compiled function that takes batches as a tape does."""

    def __init__(self, f):
        self.f = ad_core.compile(f)

    def __call__(self, *args):
        return self.f(*args)

    def __getattr__(self, name):
        method = getattr(self.f, name)
        return lambda *args, **options: method(
            *args, batch_dims=np.ndim(args[0]) - 1 if name == "jacobian" else None, **options
        )


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("made", [ad_core.trace, Adaptive], ids=["trace", "compile"])
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("case", FUNCTIONS)
def test_a_finalizer_that_calls_the_function_being_evaluated(case, method, made):
    f, args, other = FUNCTIONS[case]
    if method == "jvp" and case == "several results":
        other = args[0] * 0.5, 3.0
    tape = made(f, *args) if made is ad_core.trace else made(f)
    call = METHODS[method]
    expected = call(tape, args)
    with meddled(lambda: call(tape, other) if case != "a branch" else call(tape, (Y + 1.0,))):
        for _ in range(1 if case == "a rule" else 4):
            same(call(tape, args), expected)


@pytest.mark.parametrize("order", [list(METHODS), list(METHODS)[::-1]], ids=["first", "last"])
def test_a_finalizer_while_programs_are_made(order):
    f, args, _ = FUNCTIONS["several results"]
    whole, other = ad_core.trace(f, *args), ad_core.trace(f, *args)
    expected = {name: METHODS[name](whole, args) for name in METHODS}
    cotangent = {"total": 1.0, "parts": (W, W)}
    vjp = whole.vjp(args, cotangent)
    names = iter(order * 1000)
    with meddled(lambda: METHODS[next(names)](other, (Y, 0.5)), least=4):
        same(other.vjp(args, cotangent), vjp)
        for name in METHODS:
            same(METHODS[name](other, args), expected[name])


@pytest.fixture
def replayed(monkeypatch):
    """A function that counts as too large for a program, recorded."""

    def too_large(*args):
        raise _core.ProgramTooLarge

    monkeypatch.setattr("ad_core.programs.compiled.build", too_large)
    monkeypatch.setattr("ad_core.programs.source._core.Graph", too_large)
    return ad_core.trace(branching, X)


def test_a_finalizer_while_a_recording_is_replayed(replayed):
    """Functions too large for a program are replayed; each call has its own guards."""
    tape = replayed
    assert isinstance(tape._build("jacobian", 0), by_cost.ByCost)
    expected = ad_core.jacobian(branching)(X)

    def fits_not():
        with pytest.raises(ad_core.BranchChanged):
            tape.jacobian(-Y)

    with meddled(fits_not):
        for _ in range(4):
            same(tape.jacobian(X), expected)
    with meddled(lambda: tape.jacobian(X)):
        for _ in range(4):
            with pytest.raises(ad_core.BranchChanged, match=r"point 1 of the batch.*x\[0\] > 0"):
                tape.jacobian(np.stack([X, -Y, X]))


def test_locks_of_replays_are_reentrant(replayed):
    """A finalizer may run while a replay is counted."""
    method = replayed._build("jacobian", 0)
    with method.lock:
        assert method.lock.acquire(blocking=False)
        method.lock.release()
        method.count(1)
    assert method.spent == method.costs.replay


class Executor:
    """An executor whose submit(), which holds a lock, is interrupted by a batch of points."""

    def __init__(self):
        self.lock, self.calls = threading.Lock(), 0

    def submit(self, function):
        assert self.lock.acquire(timeout=5), "waits for itself"
        with ThreadPoolExecutor(1) as pool:
            self.calls += 1
            self.interrupt()
            future = pool.submit(function)
        self.lock.release()
        return future


def test_a_finalizer_while_a_batch_is_handed_to_threads(monkeypatch):
    points = np.linspace(0.5, 2.0, 3 * 20_000).reshape(-1, 3)
    tape = ad_core.trace(lambda x: np.cumsum(np.tanh(x) * np.exp(x)), X)
    expected = tape.jacobian(points, workers=1)
    executor = Executor()
    executor.interrupt = lambda: same(tape.jacobian(points, workers=2), expected)
    monkeypatch.setattr(workers, "_pool", executor)
    same(tape.jacobian(points, workers=2), expected)
    assert executor.calls == 1


def test_a_finalizer_in_one_shot_derivatives():
    f, args, other = FUNCTIONS["a rule"]
    expected = ad_core.jacobian(f)(*args), ad_core.hessian(lambda x: np.sum(f(x)))(*args)
    with meddled(lambda: ad_core.jacobian(f)(*other)):
        for _ in range(3):
            found = ad_core.jacobian(f)(*args), ad_core.hessian(lambda x: np.sum(f(x)))(*args)
            same(found, expected)


def test_a_finalizer_that_names_the_comparison():
    """The message is about the point of the outer call."""

    def two(x):
        y = x * 2.0 if x[0] > 0 else x
        return y * y if x[1] > 0 else y

    tape = ad_core.trace(two, X)
    with meddled(lambda: tape(X)):
        for _ in range(4):
            with pytest.raises(ad_core.BranchChanged, match=r"if x\[1\] > 0"):
                tape(np.array([1.0, -1.0, 1.0]))


def test_a_finalizer_that_calls_a_rule_that_fails():
    """Each call raises its own error."""

    def at(limit):
        @ad_core.custom_jvp
        def fails(x):
            if np.any(x > limit):
                raise ValueError(f"beyond {limit}")
            return x * 1.0

        fails.defjvp(lambda primals, tangents: (fails(*primals), tangents[0]))
        return fails

    tapes = {limit: ad_core.trace(at(limit), X) for limit in (2.0, 3.0)}

    def other():
        with pytest.raises(ValueError, match=r"beyond 2\.0"):
            tapes[2.0](X + 9.0)

    with meddled(other):
        for points in (X + 9.0, np.stack([X, X + 9.0, X, X, X])):
            with pytest.raises(ValueError, match=r"beyond 3\.0"):
                tapes[3.0](points)


# ------------------------------------------------------------------------------------------ rules


@pytest.mark.parametrize("points", [1, 5])
def test_a_rule_that_calls_the_tape_that_calls_it(points):
    """At other points, to a certain depth: each evaluation has its own memory."""
    tape, depth = None, [0]

    @ad_core.custom_jvp
    def again(x):
        if tape is not None and depth[0] < 2:
            depth[0] += 1
            try:
                tape(x + 1.0)
                tape.jacobian(x + 2.0)
            finally:
                depth[0] -= 1
        return np.sin(x)

    again.defjvp(lambda primals, tangents: (again(*primals), np.cos(primals[0]) * tangents[0]))
    f = lambda x: again(x) * x + again(x * 2.0)  # noqa: E731
    tape = ad_core.trace(f, X)
    at = X if points == 1 else np.stack([X] * points)
    plain = np.sin(at) * at + np.sin(2.0 * at)
    np.testing.assert_allclose(tape(at), plain, rtol=1e-15)
    slope = np.cos(at) * at + np.sin(at) + 2.0 * np.cos(2.0 * at)
    found = tape.jacobian(at)
    np.testing.assert_allclose(found, slope[..., None] * np.eye(3), rtol=1e-14)


def test_seeds_are_made_once():
    """Two threads that compute a product for the first time use the same inputs."""
    for _ in range(20):
        tape = ad_core.trace(several, X, 2.0)
        found = everywhere(lambda number, tape=tape: tape.jvp((X, 2.0), (W, 1.0)))
        expected = ad_core.jvp(several, (X, 2.0), (W, 1.0))[1]
        for one in found:
            for x, y in zip(flatten(one)[0], flatten(expected)[0], strict=True):
                np.testing.assert_allclose(x, y, rtol=1e-13)


def test_the_first_seeds_stay(monkeypatch):
    """A call that runs while they are made gets the same ones."""
    source = ad_core.trace(several, X, 2.0)._lowered
    graph, within = source.graph, []

    class Meddling:
        def __getattr__(self, name):
            return getattr(graph, name)

        def more_inputs(self, n):
            found = graph.more_inputs(n)
            if not within:
                within.append(None)
                within[0] = source.seeds(source.result)
            return found

    monkeypatch.setitem(source._graphs, 0, Meddling())
    assert source.seeds(source.result) is within[0]
    assert build._seed_firsts(source, source.result)[0] == graph.input_number(within[0][0])


def test_more_tapes_come_back_while_one_does():
    """A tape drops its rules, whose finalizers free other tapes."""

    class Holds:
        def __init__(self, tape):
            self.tape = tape

        def __call__(self, x):
            return x * 1.0

    tape = ad_core.trace(np.sin, X)
    for _ in range(12):
        held = ad_core.custom_jvp(Holds(tape))
        held.defjvp(lambda primals, tangents: (primals[0] * 1.0, tangents[0]))
        tape = ad_core.trace(lambda x, held=held: np.sin(held(x)), X)
    del held, tape
    gc.collect()
    for _ in range(8):
        np.testing.assert_allclose(ad_core.jacobian(np.sin)(X), np.diag(np.cos(X)), rtol=1e-15)
