"""Errors, signals and re-entrant calls during a trace, without leaks."""

import contextlib
import functools
import gc
import signal
import warnings

import numpy as np
import pytest

import ad_core
from ad_core import _core
from ad_core.recording.record import record
from counted import call_with_signal, held_memory

# NumPy's own functions, bound before any trace replaces them.
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


# -------------------------------------------------------------------- errors inside the function


class Own(Exception):
    pass


class Counter:
    """Raises an exception at the k-th step."""

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


@pytest.mark.slow
def test_errors_do_not_grow_memory():
    def failing(x):
        stepped(x, Counter(12, Own()))

    def run(n):
        for _ in range(n):
            with pytest.raises(Own):
                ad_core.hessian(failing)(x3)

    run(200)
    held = [held_memory()]
    for _ in range(3):
        run(1000)
        held.append(held_memory())
    # A leak of one number each is twice that in every round; tables of Python grow in some.
    assert min(np.diff(held)) < 4 * 1000


def test_recordings_held_and_dropped_return_to_the_pool():
    """More recordings exist at once than the pool has tapes; each has its own tape."""
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


@pytest.mark.slow
@pytest.mark.parametrize("name", LOOPS)
def test_twenty_thousand_calls_do_not_grow_memory(name):
    call = LOOPS[name]
    n = 20_000 if name in ("jacobian", "grad", "vjp") else 4_000
    for _ in range(n // 10):
        call(x3)
    before, objects = held_memory(), len(gc.get_objects())
    for _ in range(n):
        call(x3)
    assert held_memory() - before < 4 * n  # a leak of one number each is twice that
    assert len(gc.get_objects()) - objects < 100


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


def raise_alarm(number, frame):
    raise Alarm("the handler's own")


@pytest.fixture(params=["default", "own"])
def handled(request):
    """The exception that the handler of SIGINT raises."""
    handler = {"default": signal.default_int_handler, "own": raise_alarm}[request.param]
    before = signal.signal(signal.SIGINT, handler)
    yield {"default": KeyboardInterrupt, "own": Alarm}[request.param]
    signal.signal(signal.SIGINT, before)


def elementwise(x):
    y = x
    for _ in range(1000):
        y = np.sin(y)
    return y


def matmul(x):
    X = x[:900].reshape(30, 30)
    for _ in range(2000):
        X = X @ X * 1e-3
    return X.ravel()


def scalars(x):
    y = [x[k] for k in range(len(x))]
    for _ in range(800):
        y = [a * 1.5 for a in y]
    return np.array(y)


@pytest.mark.parametrize("forward", [True, False])
@pytest.mark.parametrize("function", [elementwise, matmul, scalars])
def test_a_signal_stops_a_long_sweep(forward, function, handled):
    """For a single seed and for all: the signal is handled before the sweep has ended."""
    n = 1500
    recording = record(function, (np.linspace(0.1, 1.0, n),), {}, 0)
    nodes = recording.trace, recording.inputs.nodes, recording.outputs.nodes
    one = np.ones((recording.inputs.size if forward else recording.outputs.size, 1))
    product = _core.push_forward if forward else _core.pull_back
    expected = product(*nodes, one)
    for call in (functools.partial(product, *nodes, one),
                 functools.partial(_core.dense_jacobian, *nodes, forward, 0)):  # fmt: skip
        ended, error = call_with_signal(call)
        assert type(error) is handled
        assert not ended
        # the interrupted recording is still good
        np.testing.assert_array_equal(product(*nodes, one), expected)


def test_a_signal_stops_the_sweeps_of_two_large_products(handled):
    n = 1500
    A = np.random.default_rng(0).standard_normal((n, n))
    recording = record(lambda x: np.sin(A @ np.sin(A @ x)), (np.ones(n),), {}, 0)
    nodes = recording.trace, recording.inputs.nodes, recording.outputs.nodes
    ended, error = call_with_signal(functools.partial(_core.dense_jacobian, *nodes, False, 0))
    assert type(error) is handled
    assert not ended
    assert np.isfinite(recording.product([np.ones(n)], forward=False)).all()


def test_a_short_sweep_does_not_check_for_signals():
    """The tests above need a long sweep: a short one does not check for signals."""
    recording = record(np.sin, (x3,), {}, 0)
    nodes = recording.trace, recording.inputs.nodes, recording.outputs.nodes
    ended, error = call_with_signal(functools.partial(_core.pull_back, *nodes, np.ones((3, 1))))
    assert type(error) is KeyboardInterrupt
    assert ended
