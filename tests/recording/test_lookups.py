# SPDX-License-Identifier: Apache-2.0
"""The names of NumPy that are replaced for a function: those that its code can look up, or all if
it may reach code that can not be inspected.  The derivative is the same in any case."""

import functools
import operator

import numpy as np
import pytest
from numpy import asarray, exp, linalg

import ad_core
from ad_core import _core
from ad_core.solvers.arguments import array_function


@pytest.fixture(autouse=True)
def names_as_at_first():
    ad_core.restore()


SCALE = 2.0
MATRIX = np.arange(9.0).reshape(3, 3)
CUBE = np.array([1, None], object)


def filled(x):
    out = np.zeros(3)
    for k in range(3):
        out[k] = x[k] * SCALE
    return out


def helper(x):
    return np.stack([filled(x), x])


def endless(x, n=3):
    return x if n == 0 else endless(x, n - 1) * np.ones(3)


class Model:
    scale = 3.0

    def __call__(self, x):
        return self.scale * np.array([x[0], x[1] * x[2]])

    def method(self, x):
        return np.asarray([x[0] * x[0]])


model = Model()


class Scaled:
    """An operand whose methods are code of the user."""

    def __rmul__(self, x):
        return np.zeros(3) + x

    __array_ufunc__ = None


scaled = Scaled()


def with_import(x):
    import numpy.linalg as la

    return la.norm(np.array([x[0], x[1]]))


def with_class(x):
    class Local:
        y = np.zeros(3)

    Local.y[0] = x[0]
    return Local.y


def squares(x):
    for part in x:
        yield part * part


def generated(x):
    return np.array(list(squares(x)))


# A function, and the names that are replaced for it; None: all.
SEEN = {
    "an operator": (lambda x: x * 2.0, []),
    "ufuncs": (lambda x: np.sin(x) * np.exp(x[0]), []),
    "a ufunc bound early": (lambda x: exp(x), []),
    "an array": (lambda x: np.array([x[0] * x[1], x[2]]), ["array"]),
    "a buffer": (filled, ["zeros"]),
    "a helper's buffer": (helper, ["zeros"]),
    "recursion": (endless, ["ones"]),
    "a constant array": (lambda x: MATRIX @ x, []),
    "a function of NumPy's": (lambda x: np.sum(x**2), []),
    "a method": (lambda x: x.sum() + x.mean(), ["mean"]),
    "a part of NumPy": (lambda x: np.linalg.solve(MATRIX + np.eye(3), x), ["eye", "solve"]),
    "a part bound early": (lambda x: linalg.norm(x), []),
    "a comprehension": (lambda x: np.stack([part * part for part in x]), []),
    "a list": (lambda x: np.mean([x[0], x[1]]), ["mean"]),
    "attributes": (lambda x: x.reshape(x.shape).T * x.size, []),
    "built-in functions": (lambda x: sum(abs(part) for part in [x[0], x[1]]), None),  # a generator
    "type tests": (
        lambda x: x * 2.0 if isinstance(x, np.ndarray) and hasattr(x, "ndim") else x,
        [],
    ),
    "containers": (
        lambda x: np.stack(sorted(map(np.square, list(x)), key=lambda y: -y)),
        [],
    ),
    "a tuple of numbers": (lambda x, weights=(2.0, 3.0): x * weights[0] + weights[1], []),
    "NumPy in a module of ours": (
        array_function(lambda x: [x[0], x[1] * x[2]]),
        ["array", "asarray"],
    ),
    "a loop": (lambda x: sum([x[k] * k for k in range(len(x))]), []),
}
UNSEEN = {
    "a method of an object": model.method,
    "a callable object": model,
    "an object in the globals": lambda x: model(x),
    "a partial function": functools.partial(operator.mul, 2.0),
    "an operand with code": lambda x: x * scaled,
    "a creation function bound early": lambda x: asarray(x) * 2.0,
    "an import": with_import,
    "a class": with_class,
    "a tuple of objects": lambda x, parts=(2.0, scaled): x * parts[0],
    "a tuple in a tuple": lambda x, parts=((2.0,), 3.0): x * parts[1],
    "getattr": lambda x: getattr(np, "zeros")(3) + x,  # noqa: B009
    "a namespace": lambda x: np.__dict__["ones"](3) * x,
    "globals": lambda x: globals()["np"].ones(3) * x,
    "an array of objects": lambda x: x if CUBE is None else x * 2.0,
    "np.errstate": lambda x: np.log(x) if np.geterr() else x,
    "vectorize": lambda x: x * np.vectorize(lambda k: 2.0 * k)(1.0),
    "a module that is loaded on demand": lambda x: x if np.testing is None else x + x,
    "another library": lambda x: operator.mul(x, x),
    "a derivative within": lambda x: ad_core.grad(lambda y: np.sum(y * y))(x),
    "a generator": generated,
}


def by_differences(f, x):
    columns = [(f(x + h) - f(x - h)) / 2e-6 for h in 1e-6 * np.eye(3)]
    return np.stack(columns, axis=-1)


@pytest.mark.parametrize("name", SEEN)
def test_names_that_the_code_looks_up(name, nothing_leaks):
    f, names = SEEN[name]
    x = np.array([0.5, 1.5, 2.5])
    found = _core.looked_up(f, x)
    # np.ma has names of its own once it is loaded
    assert (None if found is None else sorted(set(found))) == names
    np.testing.assert_allclose(ad_core.jacobian(f)(x), by_differences(f, x), rtol=1e-7, atol=1e-7)


@pytest.mark.parametrize("name", UNSEEN)
def test_code_that_can_not_be_inspected(name, nothing_leaks):
    f, x = UNSEEN[name], np.array([0.5, 1.5, 2.5])
    assert _core.looked_up(f, x) is None
    if name != "a derivative within":
        expected = by_differences(f, x)
    else:
        expected = 2.0 * np.eye(3)
    np.testing.assert_allclose(ad_core.jacobian(f)(x), expected, rtol=1e-7, atol=1e-7)


def closing_over(value):
    return lambda x: x * value


def test_closures():
    x = np.ones(3)
    for value in (2.0, np.float64(2.0), MATRIX[0], 3, True):
        assert _core.looked_up(closing_over(value), x) == []
    for value in (scaled, [1.0, 2.0, 3.0], CUBE, model):
        assert _core.looked_up(closing_over(value), x) is None


def test_other_arguments():
    def f(x, other):
        return x * other

    assert _core.looked_up(f, np.ones(3), 2.0) == []
    assert _core.looked_up(f, np.ones(3), scaled) is None


def test_changes_of_globals_are_noticed(monkeypatch):
    f = lambda x: x * SCALE  # noqa: E731
    assert _core.looked_up(f, np.ones(3)) == []
    monkeypatch.setitem(globals(), "SCALE", scaled)
    assert _core.looked_up(f, np.ones(3)) is None
    np.testing.assert_array_equal(ad_core.jacobian(f)(np.ones(3)), np.eye(3))


def test_a_name_that_shadows_a_built_in_function(monkeypatch):
    f = lambda x: sum([x[0], x[1]])  # noqa: E731
    assert _core.looked_up(f, np.ones(3)) == []
    monkeypatch.setitem(globals(), "sum", lambda parts: np.array(parts) * 2.0)
    assert _core.looked_up(f, np.ones(3)) == ["array", "array"]
    np.testing.assert_array_equal(
        ad_core.jacobian(f)(np.ones(3)), [[2.0, 0.0, 0.0], [0.0, 2.0, 0.0]]
    )


def test_names_are_restored_whichever_trace_ends_first():
    """Nested traces that need different names."""
    seen = []

    def inner(y):
        seen.append(np.zeros is original)
        return np.sum(y * np.zeros(3))

    def outer(x):
        g = ad_core.grad(inner)(x)
        seen.append(np.zeros is original)
        return g

    original = np.zeros
    ad_core.jacobian(outer)(np.ones(3))
    assert seen == [False, False]
    assert np.zeros is original


def test_only_needed_names_are_replaced():
    before = dict(np.__dict__)
    during = []

    def f(x):
        during.append(1.0)
        return x * np.zeros(3)

    def g(x):
        np.sin(x)
        return np.zeros(3) * x

    assert _core.looked_up(f, np.ones(3)) is None  # a list, whose method is called
    ad_core.jacobian(f)(np.ones(3))
    assert _core.looked_up(g, np.ones(3)) == ["zeros"]
    ad_core.jacobian(g)(np.ones(3))
    assert {name: x for name, x in np.__dict__.items() if before.get(name) is not x} == {}


def test_compiled_modules_refer_to_numpy_after_a_trace():
    """Modules that refer to a copy of NumPy's namespace while a trace replaces names."""
    generator = pytest.importorskip("numpy.random._generator")
    seen = []

    def f(x):
        seen.append(generator.np is np)
        return x * np.random.default_rng(0).normal(size=3)

    ad_core.jacobian(f)(np.ones(3))
    assert seen == [False]
    assert generator.np is np
