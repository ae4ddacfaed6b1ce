"""An interrupt (Ctrl-C) at every point where one can arrive: the state of the process is as before,
and the next call is right.

_core.interrupt_at(n) sends SIGINT at the n-th instruction of Python functions or check for signals.
The interpreter and the core then handle it where they handle a real one.
"""

import signal
import threading
import warnings

import numpy as np
import pytest
import scipy.optimize
import scipy.special

import ad_core
from ad_core import _core, errors

CALLABLES = {name: value for name, value in vars(np).items() if callable(value)}
x3 = np.array([1.0, 2.0, 3.0])
MOST = 120  # points of a case in the default run

pytestmark = pytest.mark.skipif(
    signal.getsignal(signal.SIGINT) is not signal.default_int_handler
    or threading.current_thread() is not threading.main_thread(),
    reason="the main thread has no handler of SIGINT",
)


def plain(x):
    return np.sum(np.sin(x) * x)


def swallowing(x):
    try:
        return x[0].__float__()
    except TypeError:
        return x[0] * x[1]


def debugged():
    with ad_core.debug(nans=True):
        return ad_core.grad(plain)(x3)


def allowing(x):
    with ad_core.allow_refusals():
        return swallowing(x)


def allowed():
    with ad_core.allow_refusals():
        return ad_core.grad(swallowing)(x3)


def branching(x):
    return x * 2 if x[0] > 1.5 else x * 3


def squares(x):
    return np.sum((x - 1.0) ** 2)


def minimized():
    return scipy.optimize.minimize(squares, x3, jac=ad_core.grad(squares)).x


compiled = ad_core.compile(plain)
points = np.array([[1.0, 2.0], [2.0, 3.0], [1.0, 1.0]])
CASES = {
    "jacobian": lambda: ad_core.jacobian(lambda x: x * 2.0)(x3),
    "gradient": lambda: ad_core.grad(plain)(x3),
    "hessian": lambda: ad_core.hessian(plain)(x3),
    "tangents": lambda: ad_core.jvp(plain, (x3,), (x3,))[1],
    "pullback": lambda: ad_core.vjp(plain, x3)[1](1.0)[0],
    "jet": lambda: ad_core.jet(plain, (x3,), (np.ones((1, 3)),), order=3)[1],
    "nested": lambda: ad_core.grad(lambda x: np.sum(ad_core.grad(plain)(x)))(x3),
    "tape": lambda: ad_core.trace(plain, x3).hessian(x3),
    "compiled": lambda: ad_core.compile(plain).jacobian(x3),
    "compiled before": lambda: compiled.jacobian(x3),
    "batch": lambda: compiled.jacobian(np.ones((3000, 3)), batch_dims=1, workers=1),
    "batch of threads": lambda: compiled.jacobian(np.ones((3000, 3)), batch_dims=1, workers=2),
    "two paths": lambda: ad_core.compile(branching).jacobian(points, batch_dims=1),
    "sparse": lambda: ad_core.jacobian(lambda x: x[1:] * x[:-1], sparse=True)(x3).toarray(),
    "rule": lambda: ad_core.grad(lambda x: np.sum(scipy.special.gammaln(x)))(x3),
    "memory order": lambda: ad_core.grad(lambda x: np.sum(np.ravel(np.outer(x, x).T, "K")))(x3),
    "debug": debugged,
    "refusals allowed within": lambda: ad_core.grad(allowing)(x3),
    "refusals allowed around": allowed,
    "solver": minimized,
}


def state():
    """The state of the process that a derivative changes while it runs and must restore."""
    return _core.is_tracing(), _core.watches_nans(), np.geterr(), list(warnings.filters)


def assert_as_before(before):
    assert state() == before
    for name, value in CALLABLES.items():
        assert getattr(np, name) is value, name
    with pytest.raises(errors.NotDifferentiable):  # refusals are remembered
        ad_core.grad(swallowing)(x3)


def interrupted(call, n):
    """(number of points that the call did not reach, its result); None if it was interrupted."""
    try:
        _core.interrupt_at(n)
        try:
            result = call()
        finally:
            left = _core.interrupt_at(0)
    except KeyboardInterrupt:
        return None
    return left, result


def count_points(call):
    most = 10**9
    left, _ = interrupted(call, most)
    return most - left


def hold(call, numbers):
    """The number of calls that were interrupted, with one call for each of these points."""
    expected, raised = call(), 0
    before = state()
    for n in numbers:
        found = interrupted(call, n)
        raised += found is None
        if found is not None:
            np.testing.assert_allclose(found[1], expected, rtol=1e-12)
        assert_as_before(before)
        np.testing.assert_allclose(call(), expected, rtol=1e-12)
    return raised


@pytest.mark.usefixtures("names_stay")
@pytest.mark.parametrize("name", CASES)
def test_an_interrupt_leaves_nothing_behind(name):
    call = CASES[name]
    call()
    count = count_points(call)
    first = range(1, min(count, MOST // 2))
    rest = range(len(first) + 1, count, max(1, (count - len(first)) * 2 // MOST))
    assert hold(call, [*first, *rest]) > 0.9 * (len(first) + len(rest))


@pytest.mark.slow
@pytest.mark.usefixtures("names_stay")
@pytest.mark.parametrize("name", CASES)
def test_an_interrupt_at_many_points_leaves_nothing_behind(name):
    call = CASES[name]
    call()
    hold(call, range(1, count_points(call) + 50, 7))


class Switch:
    """A context that an interrupt can leave on."""

    on = 0

    def __enter__(self):
        Switch.on += 1
        self.entered()

    def entered(self):
        pass

    def __exit__(self, *error):
        Switch.on -= 1


def test_the_points_find_a_context_that_an_interrupt_leaves_on():
    """The tests above would find such a context."""

    def call():
        with Switch():
            return 1.0

    left_on = 0
    for n in range(1, count_points(call) + 1):
        Switch.on = 0
        interrupted(call, n)
        left_on += Switch.on
    assert left_on > 0


def test_contexts_without_warnings_may_overlap():
    """As the contexts of two threads may."""
    before = warnings.filters
    first, second = _core.no_warnings(), _core.no_warnings()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert warnings.filters is not before
    second.__exit__(None, None, None)
    assert warnings.filters is before
