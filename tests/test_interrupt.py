"""Errors, signals and re-entrance in the middle of a trace; nothing leaks."""

import contextlib
import gc
import os
import signal
import sys
import threading
import time
import warnings

import numpy as np
import pytest

import ad_core
from ad_core import _core
from ad_core.recording import record

# NumPy's own, bound before any trace stands something in their place.
NAMES = ["zeros", "empty", "ones", "full", "eye", "identity", "zeros_like", "ones_like",
         "empty_like", "full_like", "array", "asarray", "asanyarray", "ascontiguousarray",
         "asfortranarray", "asarray_chkfinite", "copy"]  # fmt: skip
OWN = {name: getattr(np, name) for name in NAMES}

x3 = np.array([1.0, 2.0, 3.0])


def assert_clean():
    assert not _core.is_tracing()
    for name, function in OWN.items():
        assert getattr(np, name) is function, name
    assert type(np.zeros(2)) is np.ndarray
    np.testing.assert_array_equal(ad_core.grad(lambda x: np.sum(x**2))(x3), 2 * x3)


@pytest.fixture(autouse=True)
def clean():
    yield
    assert_clean()


def resident():
    """Bytes of memory in use, after a collection."""
    gc.collect()
    if not sys.platform.startswith("linux"):
        pytest.skip("reads /proc")
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


# -------------------------------------------------------------------- errors inside the function


class Own(Exception):
    pass


class Counter:
    """Raises at the k-th step."""

    def __init__(self, k, error):
        self.k, self.error = k, error

    def __call__(self, x):
        self.k -= 1
        if self.k == 0:
            raise self.error
        return x


def stepped(x, step):
    """A function of every kind of operation, with a step after each."""
    y = step(x * 2.0)
    y = step(np.sin(y))
    out = step(np.zeros(3))
    out[0] = step(y[0])
    out[1:] = step(y[1:] @ y[1:])
    z = step(np.concatenate([out, y]))
    z = step(np.where(z > 0.1, z, 0.5))
    inner = step(ad_core.grad(lambda t: step(np.sum(t * y) * step(t)))(0.5))
    deep = step(ad_core.hessian(lambda t: step(np.sum(step(t) ** 3)))(y))
    z = step(np.cumsum(z) + np.max(z))
    return step(np.sum(z) + inner + np.sum(deep))


STEPS = 40


@pytest.mark.parametrize(
    "kind", [Own, KeyboardInterrupt, RecursionError, MemoryError, GeneratorExit, SystemExit]
)
@pytest.mark.parametrize("transform", [ad_core.grad, ad_core.jacfwd, ad_core.hessian])
def test_an_error_at_every_step_leaves_nothing_behind(kind, transform):
    expected = transform(lambda x: stepped(x, lambda y: y))(x3)
    raised = 0
    for k in range(1, STEPS):
        error = kind("at step", k)
        step = Counter(k, error)
        caught = None
        try:
            got = transform(lambda x, step=step: stepped(x, step))(x3)
        except kind as came:
            raised += 1
            caught = came
        if caught is None:
            np.testing.assert_array_equal(got, expected)
        else:
            assert caught is error  # unchanged, the very object
            assert caught.__cause__ is None
        assert_clean()
    assert raised >= 15
    np.testing.assert_array_equal(transform(lambda x: stepped(x, lambda y: y))(x3), expected)


def test_an_error_inside_an_inner_trace_may_be_caught_in_the_outer_one():
    def f(x):
        with contextlib.suppress(Own):
            ad_core.grad(lambda y: stepped(y * x, Counter(5, Own())))(x)
        assert _core.is_tracing()
        return np.sum(x * ad_core.grad(lambda y: np.sum(y * y * x))(x))

    np.testing.assert_allclose(ad_core.grad(f)(x3), 6 * x3**2, rtol=1e-15)


def test_real_recursion_error():
    def f(x):
        return f(x * 1.0)

    with pytest.raises(RecursionError):
        ad_core.grad(f)(1.0)


def test_transforms_nested_too_deeply():
    def f(x, n):
        return ad_core.grad(lambda y: f(y, n + 1))(x)

    with pytest.raises(RecursionError):
        f(1.0, 0)


@pytest.mark.slow  # a sanitizer keeps what was freed, and resident memory says nothing
def test_errors_do_not_grow_memory():
    def failing(x):
        stepped(x, Counter(12, Own()))

    def run(n):
        for _ in range(n):
            with pytest.raises(Own):
                ad_core.hessian(failing)(x3)

    run(200)
    before = resident()
    run(1000)
    assert resident() - before < 4 * 2**20


def test_recordings_held_and_dropped_return_to_the_pool():
    """More recordings than the pool holds live at once; each keeps its own tape."""
    pulls = [ad_core.vjp(lambda x, k=k: x * float(k), x3)[1] for k in range(50)]
    for k, pull in enumerate(pulls):
        np.testing.assert_array_equal(pull(np.ones(3))[0], np.full(3, float(k)))
    del pulls[::2]
    for k, pull in enumerate(pulls):
        np.testing.assert_array_equal(pull(np.ones(3))[0], np.full(3, 2.0 * k + 1.0))


# ---------------------------------------------------------------------------------- no growth


def quartic(x):
    return np.sum(x**4) * x[0]


LOOPS = {
    "jacobian": lambda x: ad_core.jacobian(lambda x: np.sin(x) * x[0])(x),
    "grad": lambda x: ad_core.grad(quartic)(x),
    "vjp": lambda x: ad_core.vjp(quartic, x)[1](1.0),
    "linearize": lambda x: ad_core.linearize(quartic, x)[1](x),
    "hessian": lambda x: ad_core.hessian(quartic)(x),
    "nested closure": lambda x: ad_core.grad(lambda a: ad_core.grad(lambda b: a * b * b)(a))(2.0),
    "buffers": lambda x: ad_core.jacobian(lambda x: np.array([x[0], np.full(2, 1.5)[0]]))(x),
    "tree": lambda x: ad_core.grad(lambda p: np.sum(p["a"] * p["b"][0]))({"a": x, "b": (x,)}),
    "aux": lambda x: ad_core.grad(lambda x: (quartic(x), {"x": x}), has_aux=True)(x),
    "trace": lambda x: ad_core.trace(quartic, x).nodes,
}


@pytest.mark.slow  # a sanitizer keeps what was freed, and resident memory says nothing
@pytest.mark.parametrize("name", LOOPS)
def test_twenty_thousand_calls_do_not_grow_memory(name):
    """A leak grows every time; what the heap takes for good, or the kernel by merging pages,
    it takes once."""
    call = LOOPS[name]
    n = 20_000 if name in ("jacobian", "grad", "vjp") else 4_000
    for _ in range(n // 10):
        call(x3)
    growth = []
    while len(growth) < 3 and (not growth or growth[-1] >= 2 * 2**20):
        before, objects = resident(), len(gc.get_objects())
        for _ in range(n):
            call(x3)
        growth.append(resident() - before)
        assert len(gc.get_objects()) - objects < 100
    assert growth[-1] < 2 * 2**20, growth


# --------------------------------------------------------------------------------- re-entrance


def test_a_derivative_inside_a_destructor():
    found = []

    class Last:
        def __del__(self):
            found.append(ad_core.grad(lambda y: y**3)(2.0))

    def f(x):
        last = Last()
        y = x * x
        del last
        return y * x

    np.testing.assert_allclose(ad_core.grad(f)(3.0), 27.0)
    assert found == [12.0]


def test_a_derivative_inside_a_warning_filter():
    def f(x):
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            warnings.showwarning = lambda *_, **__: found.append(ad_core.grad(np.sin)(0.0))
            warnings.warn("asked for", stacklevel=1)
        return x * x

    found, shown = [], warnings.showwarning
    try:
        assert ad_core.grad(f)(3.0) == 6.0
    finally:
        warnings.showwarning = shown
    assert found == [1.0]


def test_a_derivative_inside_a_foreign_ufunc_override():
    class Foreign:
        __array_ufunc__ = None

        def __rmul__(self, other):
            return other * ad_core.grad(lambda y: y**2)(3.0)

        def __radd__(self, other):
            return NotImplemented

    assert ad_core.grad(lambda x: x * Foreign())(1.0) == 6.0
    with pytest.raises(TypeError):
        ad_core.grad(lambda x: x + Foreign())(1.0)


def test_a_derivative_inside_a_float_conversion():
    class Lazy:
        def __float__(self):
            return float(ad_core.grad(np.exp)(0.0))

    assert ad_core.grad(lambda x: x * float(Lazy()))(2.0) == 1.0


# ------------------------------------------------------------------------------------- Ctrl-C


class Alarm(Exception):
    pass


def interrupting(handler):
    """A handler for SIGALRM that notes when it ran, then does what it is for."""

    def handle(number, frame):
        handle.at = time.perf_counter()
        handler(number, frame)

    return handle


def repeat(call):
    """Call until an exception comes, but not for ever."""
    for _ in range(100):
        call()


def raise_alarm(number, frame):
    raise Alarm("the handler's own")


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no timers here")
@pytest.mark.parametrize("mode", ["fwd", "rev"])
@pytest.mark.parametrize("function", ["elementwise", "matmul", "scalars"])
@pytest.mark.parametrize(
    ("handler", "kind"), [(signal.default_int_handler, KeyboardInterrupt), (raise_alarm, Alarm)]
)
def test_a_signal_stops_a_long_sweep(mode, function, handler, kind):
    n = 1500

    def elementwise(x):
        y = x
        for _ in range(300):
            y = np.sin(y)
        return y

    def matmul(x):
        X = x[:900].reshape(30, 30)
        for _ in range(60):
            X = X @ X * 1e-3
        return np.resize(X.ravel(), n)

    def scalars(x):
        y = [x[k] for k in range(n)]
        for _ in range(150):
            y = [a * 1.5 for a in y]
        return np.array(y)

    f = {"elementwise": elementwise, "matmul": matmul, "scalars": scalars}[function]
    recording = record(f, (np.linspace(0.1, 1.0, n),), {}, 0)
    handle = interrupting(handler)
    before = signal.signal(signal.SIGALRM, handle)
    handle.at = None
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        with pytest.raises(kind):
            repeat(lambda: recording.jacobian(mode))
        stopped = time.perf_counter()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)
    assert handle.at is not None
    assert stopped - handle.at < 0.5
    # the interrupted recording is still good
    column = recording.product([np.eye(1, n)[0]], forward=True)
    pulled = recording.product([np.eye(1, n)[0]], forward=False)
    np.testing.assert_allclose(column[0], pulled[0], rtol=1e-12)


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no timers here")
def test_the_time_from_the_signal_to_the_stop():
    """Sent while one sweep runs that takes far longer than the bound."""
    n = 3000
    A = np.random.default_rng(0).standard_normal((n, n))
    recording = record(lambda x: np.sin(A @ np.sin(A @ x)), (np.ones(n),), {}, 0)
    sent = []
    main = threading.main_thread().ident

    def send():
        time.sleep(0.05)
        sent.append(time.perf_counter())
        signal.pthread_kill(main, signal.SIGINT)

    thread = threading.Thread(target=send)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        repeat(lambda: recording.jacobian("rev"))
    stopped = time.perf_counter()
    thread.join()
    assert stopped - sent[0] < 0.5
    assert np.isfinite(recording.product([np.ones(n)], forward=False)).all()
