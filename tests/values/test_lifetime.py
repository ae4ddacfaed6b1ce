"""Lifetimes: captured inputs, results, and traced values that outlive their trace."""

import contextlib
import copy
import gc
import pickle
import weakref
from functools import lru_cache

import numpy as np
import pytest

import ad_core
from ad_core import _core

x3 = np.array([1.0, 2.0, 3.0])


# --------------------------------------------------------------------------- inputs are captured


def test_pullback_after_the_input_changed():
    x = x3.copy()
    y, pullback = ad_core.vjp(lambda x: x**2, x)
    x[:] = 100.0
    np.testing.assert_array_equal(y, [1.0, 4.0, 9.0])
    np.testing.assert_array_equal(pullback(np.ones(3))[0], [2.0, 4.0, 6.0])


def test_linear_map_after_the_input_changed():
    x = x3.copy()
    y, push = ad_core.linearize(lambda x: x**2, x)
    x[:] = 100.0
    np.testing.assert_array_equal(y, [1.0, 4.0, 9.0])
    np.testing.assert_array_equal(push(np.ones(3)), [2.0, 4.0, 6.0])


def test_pullback_after_a_captured_constant_changed():
    x, c = x3.copy(), np.array([2.0, 3.0, 4.0])
    _, pullback = ad_core.vjp(lambda x: np.sin(x) * c + (c @ x) * x, x)
    first = pullback(np.ones(3))[0]
    c[:] = 0.0
    np.testing.assert_array_equal(pullback(np.ones(3))[0], first)


def test_pullback_after_an_index_array_changed():
    index, mask = np.array([0, 2, 2]), np.array([True, False, True])
    _, pullback = ad_core.vjp(lambda x: (x[index] ** 2, np.where(mask, x, 0.0)), x3)
    index[:], mask[:] = 1, False
    got = pullback((np.ones(3), np.ones(3)))[0]
    np.testing.assert_array_equal(got, [3.0, 0.0, 13.0])


def test_the_function_may_change_its_argument():
    def f(x):
        x[0] = x[1] * 2.0
        x += 1.0
        return x * x

    x = x3.copy()
    got = ad_core.jacobian(f)(x)
    np.testing.assert_array_equal(got, [[0.0, 20.0, 0.0], [0.0, 6.0, 0.0], [0.0, 0.0, 8.0]])
    np.testing.assert_array_equal(x, x3)
    np.testing.assert_array_equal(ad_core.vjp(f, x)[1](np.ones(3))[0], got.sum(0))
    np.testing.assert_array_equal(x, x3)


def test_a_result_written_to_after_its_return():
    kept = []

    def f(x):
        out = np.zeros(3)
        out[:] = x * x
        kept.append(out)
        return out

    y, pullback = ad_core.vjp(f, x3)
    with pytest.raises(ad_core.EscapedTraceError):
        kept[0][0] = 7.0
    np.testing.assert_array_equal(y, x3**2)
    np.testing.assert_array_equal(pullback(np.ones(3))[0], 2 * x3)


# -------------------------------------------------------------------------- results are not shared


def leaves(*trees):
    return [
        leaf for leaf in ad_core.recording.trees.flatten(trees)[0] if isinstance(leaf, np.ndarray)
    ]


def assert_apart(results, given):
    """No result shares memory with another one or with an argument, and all are writable."""
    for k, a in enumerate(results):
        for b in [*results[k + 1 :], *given]:
            assert not np.shares_memory(a, b)
        a += 1.0


def same(x):
    return x


def twice(x):
    return x, x, {"again": x}


@pytest.mark.parametrize("f", [same, twice, lambda x: x[:], lambda x: np.zeros(3), lambda x: x * 2])
def test_nothing_returned_is_aliased(f):
    x = x3.copy()
    y, pullback = ad_core.vjp(f, x)
    w = ad_core.recording.trees.map_leaves(np.ones_like, y)
    t = np.ones(3)
    pushed, push = ad_core.linearize(f, x)
    results = leaves(
        y, pullback(w), pullback(w), pushed, push(t), push(t), ad_core.jvp(f, (x,), (t,)),
        ad_core.jacfwd(f)(x), ad_core.jacrev(f)(x), ad_core.value_and_jacobian(f)(x),
    )  # fmt: skip
    assert len(results) >= 9
    assert_apart(results, [x, t, *leaves(w)])
    np.testing.assert_array_equal(x, x3)


def test_gradients_are_not_aliased():
    x = x3.copy()
    y = x  # one array as both arguments
    f = ad_core.value_and_grad(lambda a, b: np.sum(a + b), argnums=(0, 1))
    aux = ad_core.grad(lambda a: (np.sum(a), {"a": a, "b": a, "c": a * 1.0}), has_aux=True)
    assert_apart(leaves(f(x, y)[1], aux(x), ad_core.hessian(lambda a: np.sum(a**2))(x)), [x])


def test_a_second_pull_is_not_changed_by_writing_to_the_first():
    _, pullback = ad_core.vjp(lambda x: x * 3.0, x3)
    first = pullback(np.ones(3))[0]
    first[:] = -1.0
    np.testing.assert_array_equal(pullback(np.ones(3))[0], [3.0, 3.0, 3.0])


def test_results_of_nested_traces_share_no_memory():
    def f(x):
        y, pullback = ad_core.vjp(same, x)
        w = x * 2.0
        pulled = pullback(w)[0]
        pulled[0] = 100.0
        y[1] = 200.0
        return np.concatenate([x, w, pulled, y])

    value, _ = ad_core.vjp(f, x3)
    np.testing.assert_array_equal(value, [1, 2, 3, 2, 4, 6, 100, 4, 6, 1, 200, 3])


# ------------------------------------------------------------------------------------ escapes

USES = {
    "add": lambda t: t + 1.0,
    "radd": lambda t: 1.0 + t,
    "add itself": lambda t: t + t,
    "negate": lambda t: -t,
    "power": lambda t: t**2,
    "compare": lambda t: t < 1.0,
    "ufunc": np.sin,
    "sum": np.sum,
    "stack": lambda t: np.stack([t, t]),
    "where": lambda t: np.where(True, t, 0.0),
    "matmul": lambda t: np.ones((3, 3)) @ (t * np.ones(3)),
    "reshape": lambda t: np.reshape(t, -1),
    "asarray": lambda t: np.asarray(t) + 1.0,
    "method": lambda t: t.sum(),
    "inner grad": lambda t: ad_core.grad(lambda y: np.sum(y * y))(t),
    "inner closure": lambda t: ad_core.grad(lambda y: np.sum(y * t))(1.0),
    "inner result": lambda t: ad_core.jacobian(lambda y: t)(1.0),
}  # fmt: skip


def escaped_scalar():
    kept = []
    ad_core.grad(lambda x: kept.append(x * 2.0) or x)(3.0)
    return kept[0]


def escaped_array():
    kept = []
    ad_core.jacobian(lambda x: kept.append(x * 2.0) or x)(x3)
    return kept[0]


def escaped_buffer():
    kept = []

    def f(x):
        out = np.zeros(3)
        out[0] = x[0]
        kept.append(out)
        return x

    ad_core.jacobian(f)(x3)
    return kept[0]


ESCAPED = [escaped_scalar, escaped_array, escaped_buffer]


@pytest.mark.parametrize("make", ESCAPED)
@pytest.mark.parametrize("use", USES)
def test_use_after_the_trace(make, use):
    with pytest.raises(ad_core.EscapedTraceError, match="after its trace ended"):
        USES[use](make())


@pytest.mark.parametrize("make", ESCAPED)
@pytest.mark.parametrize("use", USES)
def test_use_in_another_trace(make, use):
    kept = make()
    with pytest.raises(ad_core.EscapedTraceError, match="after its trace ended"):
        ad_core.grad(lambda x: np.sum(x * USES[use](kept)))(1.0)
    with pytest.raises(ad_core.EscapedTraceError):
        ad_core.jacobian(lambda x: kept)(1.0)


@pytest.mark.parametrize("make", [escaped_array, escaped_buffer])
def test_indexing_and_storing_after_the_trace(make):
    with pytest.raises(ad_core.EscapedTraceError):
        make()[0] + 1.0
    with pytest.raises(ad_core.EscapedTraceError):
        make()[0] = 1.0
    with pytest.raises(ad_core.EscapedTraceError):
        make()[:] = 1.0


def test_an_escape_names_its_owner():
    kept = []

    def owner(x):
        kept.append(x)
        return x

    ad_core.grad(owner)(3.0)
    with pytest.raises(ad_core.EscapedTraceError, match=r"'owner'.*return the value"):
        kept[0] + 1.0


def test_an_escape_from_an_inner_trace_that_was_merged():
    """Values of a finished inner trace raise an error.  The result of an operation with an outer
    value belongs to the outer trace, and its derivative is right."""

    def f(x):
        kept = []
        ad_core.grad(lambda y: kept.append(x * y * y) or x * y)(x)
        return kept[0] * x

    assert ad_core.grad(f)(3.0) == 4 * 3.0**3

    def g(x):
        kept = []
        ad_core.grad(lambda y: kept.append(y * y) or y * y)(2.0)
        return kept[0] * x

    with pytest.raises(ad_core.EscapedTraceError, match="ended"):
        ad_core.grad(g)(3.0)


def test_an_escape_by_a_cache():
    @lru_cache
    def table(n):
        return np.linspace(0.0, 1.0, n) * np.ones(n)

    first = ad_core.jacobian(lambda x: x * table(3))(x3)
    np.testing.assert_array_equal(first, np.diag([0.0, 0.5, 1.0]))
    with pytest.raises(ad_core.EscapedTraceError):
        ad_core.grad(lambda x: table_of(x))(x3)
    with pytest.raises(ad_core.EscapedTraceError):
        ad_core.grad(lambda x: table_of(x))(x3)


KEPT = {}


def table_of(x):
    """Keeps a traced value in a global."""
    if "value" not in KEPT:
        KEPT["value"] = np.sum(x)
        raise ad_core.EscapedTraceError("first call")
    return KEPT["value"] + x[0]


def test_a_generator_resumed_after_the_trace():
    def steps(x):
        while True:
            x = x * 2.0
            yield x

    kept = []

    def f(x):
        kept.append(steps(x))
        return next(kept[0])

    assert ad_core.grad(f)(3.0) == 2.0
    with pytest.raises(ad_core.EscapedTraceError):
        next(kept[0])


def test_a_generator_that_differentiates_is_resumed_between_traces():
    """Traces open and close between two steps of a generator."""

    def steps():
        for k in range(4):
            yield ad_core.grad(lambda x, k=k: x**2 * k)(1.0)

    walk = steps()

    def f(x):
        return x * next(walk) + x * next(walk)

    assert ad_core.grad(f)(1.0) == 2.0
    assert next(walk) == 4.0
    assert ad_core.grad(lambda x: x * next(walk))(1.0) == 6.0


@pytest.mark.parametrize("make", ESCAPED)
def test_copies_of_an_escaped_value_can_not_be_used_either(make):
    for copied in (copy.copy, copy.deepcopy):
        with pytest.raises(ad_core.EscapedTraceError):
            copied(make()) + 1.0
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(TypeError, match="pickled"):
            pickle.dumps(make(), protocol)


def test_inspecting_an_escaped_value_does_not_crash():
    for make in ESCAPED:
        kept = make()
        for look in (repr, str, lambda x: x.shape, lambda x: x.dtype, lambda x: x.ndim):
            with contextlib.suppress(ad_core.EscapedTraceError):
                assert look(kept) is not None


# ----------------------------------------------------------------------- copies during the trace


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, np.copy, np.array])
def test_a_copy_keeps_its_derivative_and_shares_no_memory(copied):
    def f(x):
        y = copied(x)
        y[0] = 0.0
        z = copied(x[1]) * x[2]
        return np.sum(y * x) + z

    np.testing.assert_array_equal(ad_core.grad(f)(x3), [0.0, 7.0, 8.0])


def test_deepcopy_of_a_container():
    def f(x):
        held = copy.deepcopy({"x": x, "parts": [x[0], x[1] * 2.0]})
        return np.sum(held["x"] ** 2) + held["parts"][1]

    np.testing.assert_array_equal(ad_core.grad(f)(x3), [2.0, 6.0, 6.0])


def test_pickling_a_traced_value_raises():
    for x in (1.0, x3):
        with pytest.raises(TypeError, match="can not be pickled"):
            ad_core.jacobian(lambda x: pickle.loads(pickle.dumps(x)))(x)


def test_traced_types_can_not_be_constructed():
    for kind in (_core.TracedScalar, _core.TracedArray):
        with pytest.raises(TypeError, match="made by ad_core while it traces"):
            kind()


# ------------------------------------------------------------------------------------ freeing


def test_a_recording_is_freed_with_its_pullback():
    class Marked(np.ndarray):
        pass

    def recording():
        held = Marked((3,))
        held[:] = 1.0
        _, pullback = ad_core.vjp(lambda x: x * held, x3)
        return pullback, weakref.ref(held)

    pullback, held = recording()
    pullback(np.ones(3))
    del pullback
    gc.collect()
    assert held() is None


def test_traced_values_are_freed_without_the_collector():
    class Owner:
        pass

    gc.collect()
    gc.disable()
    try:
        gone = []

        def f(x):
            owner = Owner()
            owner.value = x * 2.0
            gone.append(weakref.ref(owner))
            return np.sum(owner.value)

        ad_core.grad(f)(x3)
        assert gone[0]() is None
    finally:
        gc.enable()
