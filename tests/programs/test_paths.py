# SPDX-License-Identifier: Apache-2.0
"""The path of a point is found by its guards; recordings are kept within limits, with warnings that
name them.  Recordings and runs of programs are counted, nothing is timed."""

import itertools
import pickle
import warnings

import numpy as np
import pytest

import ad_core
from ad_core.errors import PerformanceWarning
from counted import Counted
from threads import everywhere

rng = np.random.default_rng(5)


def signs(x):
    """Each element's sign decides a branch."""
    s = x[0] * 0.0
    for k in range(x.size):
        s = s + (x[k] * x[k] if x[k] > 0 else np.sin(x[k]) * x[0])
    return s


def chain(x):
    """The first comparison that holds decides the branch."""
    k = 0
    while x[0] > 0.1 * k and k < 12:
        k += 1
    return np.sum(x * x) * k


def loop(x):
    total = x[0]
    while total < 3.0:
        total = total + x[1] * x[1] + 0.5
    return total * x[0]


def ordered(x):
    y = np.sort(x)
    return y[0] * y[1] + np.sum(y[2:] ** 2)


def largest(x):
    k = int(np.argmax(x))
    return x[k] ** 2 + np.sum(x[:k])


def rounded(x):
    return x[0] * int(np.floor(x[1] * 3.0)) + x[1] ** 2


def nested(x):
    if x[0] > x[1]:
        return x[0] * x[1] if x[2] > 0 else x[0] + x[2]
    return x[1] ** 3 if x[2] > x[1] else np.exp(x[2])


FUNCTIONS = {f.__name__: f for f in (signs, chain, loop, ordered, largest, rounded, nested)}
SIZE = 4
POINTS = rng.uniform(-1.0, 1.0, (150, SIZE))
METHODS = {
    "value": (lambda f, x: f(x), lambda f: f),
    "grad": (lambda f, x: f.grad(x), ad_core.grad),
    "jacobian": (lambda f, x: f.jacobian(x), ad_core.jacobian),
    "value_and_grad": (lambda f, x: f.value_and_grad(x), ad_core.value_and_grad),
    "hessian": (lambda f, x: f.hessian(x), ad_core.hessian),
    "jvp": (lambda f, x: f.jvp(x, x), lambda f: lambda x: ad_core.jvp(f, (x,), (x,))[1]),
    "hvp": (lambda f, x: f.hvp(x, x), lambda f: lambda x: ad_core.hvp(f, (x,), (x,))),
    "sparse": (lambda f, x: f.jacobian(x, sparse=True).toarray(), ad_core.jacobian),
}


def close(found, expected):
    if isinstance(found, tuple):
        assert len(found) == len(expected)
        for x, y in zip(found, expected, strict=True):
            close(x, y)
    else:
        np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12)


quiet = pytest.mark.filterwarnings("ignore::ad_core.errors.PerformanceWarning")


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_point_has_the_derivative_of_its_own_path(name, method):
    fun = FUNCTIONS[name] if method != "sparse" else lambda x: FUNCTIONS[name](x) + 0 * x[:1]
    call, transform = METHODS[method]
    transform = transform(fun)
    f = ad_core.compile(fun)
    for x in POINTS[:60]:
        close(call(f, x), transform(x))
    for x in POINTS[59::-1]:
        close(call(f, x), transform(x))


@quiet
@pytest.mark.parametrize("max_paths", [1, 3, 64])
@pytest.mark.parametrize("method", ["value", "grad", "hessian", "value_and_grad"])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_batches(name, method, max_paths):
    fun = FUNCTIONS[name]
    transform = METHODS[method][1](fun)
    f = ad_core.compile(fun, max_paths=max_paths)
    bound = f if method == "value" else getattr(f, method)
    expected = [transform(x) for x in POINTS]
    if method == "value_and_grad":
        expected = tuple(np.array(part) for part in zip(*expected, strict=True))
    for batch, wanted in ((POINTS, expected), (POINTS.reshape(10, 15, SIZE), expected)):
        found = bound(batch, batch_dims=batch.ndim - 1)
        if method != "value_and_grad":
            close(np.reshape(found, np.shape(wanted)), wanted)
        else:
            for x, y in zip(found, wanted, strict=True):
                close(x.reshape(y.shape), y)
    assert f.paths <= max_paths


@pytest.mark.parametrize("name", ["signs", "chain", "loop", "nested"])
def test_known_paths_are_not_recorded_again(name):
    """After two visits of each path no point is recorded."""
    counted = Counted(FUNCTIONS[name])
    f = ad_core.compile(counted)
    points = POINTS[:60]
    for x in (*points, *points):
        f.grad(x)
    calls = counted.calls
    for x in rng.permutation(points):
        f.grad(x)
    f.grad(points, batch_dims=1)
    assert counted.calls == calls
    assert calls <= 2 * f.paths + 8  # a third one if many new paths came before


def test_few_programs_are_run_to_find_a_path():
    """Of 64 paths with six tests each, a point's is found by a few programs."""
    f = ad_core.compile(signs)
    corners = [np.array(x) for x in itertools.product((-0.7, 0.6), repeat=6)]
    for x in corners * 2:
        f.grad(x)
    assert f.paths == 64
    known = next(iter(f._recordings.keys.values()))
    depths = []

    def depth(path, level):
        depths.append(level)
        for other in path.branches.values():
            depth(other, level + 1)

    depth(known.root, 1)
    assert len(depths) == 64
    assert max(depths) <= 7


def test_few_recordings_at_points_on_new_paths():
    """One for each point; a second one if the path was met before."""
    counted = Counted(ordered)
    f = ad_core.compile(counted, max_paths=8)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for x in rng.normal(size=(200, 6)):
            before = counted.calls
            close(f.grad(x), ad_core.grad(ordered)(x))
            assert counted.calls <= before + 2
        before = counted.calls
        f.grad(rng.normal(size=(100, 6)), batch_dims=1)
    assert counted.calls <= before + 150
    assert f.paths <= 8


def test_paths_that_recur_among_many_new_ones_are_found_again():
    counted = Counted(ordered)
    f = ad_core.compile(counted)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for x in rng.normal(size=(300, 8)):
            f.grad(x)
        x = np.arange(8.0)
        for _ in range(200):
            f.grad(x)
        before = counted.calls
        for _ in range(10):
            close(f.grad(x), ad_core.grad(ordered)(x))
    assert counted.calls == before


@pytest.mark.parametrize(
    "arguments",
    [(n,) for n in (0, 3, True, "a", b"b", None)] + [(2, "a"), (np.sin, 3)],
    ids=repr,
)
def test_arguments_that_are_part_of_the_recording(arguments):
    def fun(x, *rest):
        scale = len(repr(rest[:1])) + len(rest)
        return np.sum(x * x) * scale if x[0] > 0 else np.sum(x) * scale

    counted = Counted(fun)
    f = ad_core.compile(counted)
    points = [np.array([1.0, 2.0]), np.array([-1.0, 2.0]), np.array([1.0, 2.0, 3.0])]
    for _ in range(3):
        for x in points:
            close(f.grad(x, *arguments), ad_core.grad(fun)(x, *arguments))
    calls = counted.calls
    for x in points:
        close(f.grad(x, *arguments), ad_core.grad(fun)(x, *arguments))
        close(f(x, *arguments), fun(x, *arguments))
    assert counted.calls == calls


def test_equal_values_of_other_types_have_recordings_of_their_own():
    f = ad_core.compile(lambda x, n: x * len(repr(n)))
    for n in (1, True, 1, True, "1", b"1", "1"):
        assert f.grad(2.0, n) == len(repr(n))


def test_many_values_and_shapes_are_kept():
    counted = Counted(lambda x, n: np.sum(x) * n)
    f = ad_core.compile(counted)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for calls in (298, 298 + 290, 298 + 290):  # all but 8 have programs on the second visit
            for n in range(200):
                close(f.grad(np.ones(2), n), np.full(2, float(n)))
            for n in range(1, 100):
                close(f.grad(np.ones(n), 1), np.ones(n))
            assert counted.calls == calls
    assert f.paths == 299 - 1


AT_A_POINT = {
    "value": lambda f, x: f(x),
    "jacobian": lambda f, x: f.jacobian(x),
    "value_and_jacobian": lambda f, x: f.value_and_jacobian(x),
    "grad": lambda f, x: f.grad(x),
    "value_and_grad": lambda f, x: f.value_and_grad(x),
    "hessian": lambda f, x: f.hessian(x),
    "jvp": lambda f, x: f.jvp(x, x),
    "vjp": lambda f, x: f.vjp(x, 2.0),
    "hvp": lambda f, x: f.hvp(x, x),
    "out": lambda f, x: f.grad(x, out=np.empty_like(x)),
    "a batch": lambda f, x: f.grad(np.stack([x, x]), batch_dims=1),
    "sparse": lambda f, x: f.hessian(x, sparse=True).toarray(),
}


@pytest.mark.parametrize("name", AT_A_POINT)
def test_after_many_new_shapes_a_shape_has_a_program_from_its_second_visit_on(name):
    counted = Counted(lambda x: np.sum(np.sin(x) * x) if x[0] > 0.0 else np.sum(x**3))
    f, call = ad_core.compile(counted), AT_A_POINT[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = [
            [call(f, np.linspace(a, 2.0, n)) for n in range(1, 30) for a in (0.3, -0.3)]
            for _ in range(4)
        ]
        calls = counted.calls
        found.append([call(f, np.linspace(a, 2.0, n)) for n in range(1, 30) for a in (0.3, -0.3)])
    assert counted.calls == calls
    for results in found[1:]:
        for x, y in zip(found[0], results, strict=True):
            close(y, x)
    tapes = [ad_core.trace(counted, np.linspace(a, 2.0, n)) for n in (4, 29) for a in (0.3, -0.3)]
    for tape, at, n in zip(tapes, (0.3, -0.3) * 2, (4, 4, 29, 29), strict=True):
        place = 2 * (n - 1) + (at < 0.0)
        if name not in ("out", "a batch", "sparse"):
            close(found[0][place], call(tape, np.linspace(at, 2.0, n)))


def test_new_shapes_among_known_ones_have_programs_at_once():
    counted = Counted(lambda x: np.sum(x**2))
    f = ad_core.compile(counted)
    for n in range(1, 30):
        for _ in range(2):
            f.grad(np.ones(n))
        f.jacobian(np.ones(1))  # of a known shape
        f.grad(np.ones((1, 1)), batch_dims=1)
    assert counted.calls == 29


# ------------------------------------------------------------------------------ limits and warnings


def caught(call):
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        call()
    assert all(w.category is PerformanceWarning for w in found)
    assert all(w.filename == __file__ for w in found)
    return [str(w.message) for w in found]


def test_the_eighth_value_of_one_argument_warns():
    def fun(x, count, other=2):
        return np.sum(x) * count * other

    f = ad_core.compile(fun)
    for n in range(7):
        assert caught(lambda n=n: f.grad(np.ones(2), n)) == []
    (message,) = caught(lambda: f.grad(np.ones(2), 7))
    for part in ("fun has been recorded for 8 values of argument 1 (count)", "float(n)", "ad_core"):
        assert part in message
    assert caught(lambda: [f.grad(np.ones(2), n) for n in range(8, 20)]) == []


@pytest.mark.parametrize(
    ("make", "remedy"),
    [
        (lambda k: np.arange(3) + k, "a.astype(float)"), (lambda k: (k, k), "pass floats"),
        (lambda k: lambda x: x * k, "pass the same object"), (str, "pass the same object"),
    ],
    ids=["an array", "a tuple", "a function", "a text"],
)  # fmt: skip
def test_the_remedy_fits_the_argument(make, remedy):
    f = ad_core.compile(lambda value, x: np.sum(x))
    (message,) = caught(lambda: [f.grad(make(k), np.ones(2), argnums=1) for k in range(9)])
    assert "argument 0 (value)" in message
    assert remedy in message


def test_arguments_that_vary_together_do_not_warn():
    f = ad_core.compile(lambda x, n, m: x * n * m)
    assert caught(lambda: [f.grad(1.0, n, -n) for n in range(30)]) == []
    assert caught(lambda: [f.grad(1.0 + 0.1 * k, 1, 1) for k in range(30)]) == []


def test_integers_of_a_batch_do_not_warn():
    f = ad_core.compile(lambda x, n: x * n)
    assert caught(lambda: f.grad(np.ones(40), np.arange(40), batch_dims=1)) == []


def test_more_paths_than_allowed_warn_once():
    f = ad_core.compile(chain, max_paths=3)
    messages = caught(lambda: [f.grad(np.array([0.1 * k + 0.05, 1.0])) for k in range(12)] * 2)
    (message,) = messages
    assert "chain takes more than 3 paths" in message
    assert "max_paths" in message
    assert f.paths == 3


def test_memory_is_bounded():
    def fun(x):
        return np.sum(np.sin(x) * x)

    f = ad_core.compile(fun, max_bytes=1_000_000)
    messages = caught(lambda: [f.grad(np.full(n, 0.5)) for n in range(1, 150)])
    assert not messages  # each shape was met once
    messages = caught(lambda: [f.grad(np.full(n, 0.5)) for n in range(1, 150)])
    (message,) = messages
    for part in ("more than 1,000,000 bytes", "max_bytes", "clear()"):
        assert part in message
    assert 1 <= f.paths < 149
    assert f._recordings.bytes <= 1_000_000
    for n in range(1, 150, 7):
        x = np.linspace(0.0, 1.0, n)
        close(f.grad(x), np.sin(x) + x * np.cos(x))


def test_a_recording_of_any_size_is_kept_while_it_is_the_last():
    f = ad_core.compile(lambda x: np.sum(x * x), max_bytes=1)
    caught(lambda: [f.grad(np.ones(n)) for n in (5, 6)])
    assert f.paths == 1


def test_the_least_recently_used_shapes_are_dropped_first():
    counted = Counted(lambda x: np.sum(np.sin(x) * x))
    f = ad_core.compile(counted, max_bytes=120_000)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for n in range(1, 100):
            f.grad(np.ones(200))  # by one program, without a look at the table
            f.grad(np.ones(n))
        assert f.paths < 50
        calls = counted.calls
        f.grad(np.ones(200))
    assert counted.calls == calls


def test_the_bytes_are_those_of_what_is_kept():
    f = ad_core.compile(signs)
    for x in POINTS:
        f.grad(x)
        f.hessian(x)
    kept = [p for known in f._recordings.keys.values() for p in known.paths.values()]
    assert f.paths == len(kept)
    assert f._recordings.bytes == sum(p.counted for p in kept)
    f.clear()
    assert (f.paths, f._recordings.bytes) == (0, 0)
    close(f.grad(POINTS[0]), ad_core.grad(signs)(POINTS[0]))


def test_pickles_keep_the_limits():
    f = pickle.loads(pickle.dumps(ad_core.compile(chain, max_paths=5, max_bytes=12_345)))
    assert (f._recordings.max_paths, f._recordings.max_bytes) == (5, 12_345)


@quiet
def test_threads_on_new_and_known_paths():
    f = ad_core.compile(signs, max_paths=20)
    wrong = []

    def work(seed):
        own = np.random.default_rng(seed)
        for _ in range(60):
            x = own.uniform(-1.0, 1.0, 5)
            if not np.allclose(f.grad(x), ad_core.grad(signs)(x), rtol=1e-10):
                wrong.append(x)

    everywhere(work)
    assert not wrong
    assert f.paths <= 20
