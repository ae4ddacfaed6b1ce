# SPDX-License-Identifier: Apache-2.0
"""Arrays of classes that are derived from np.ndarray: values, classes and derivatives are those of
the class's own code on plain arrays."""

import copy

import numpy as np
import pytest

import ad_core
from ad_core.errors import NotDifferentiable

pytestmark = pytest.mark.usefixtures("nothing_leaks")


class Viewed(np.ndarray):
    """Made as in NumPy's manual: a view of an array, with an attribute that results inherit."""

    def __new__(cls, numbers, scale=2.0):
        made = np.asarray(numbers, dtype=float).view(cls)
        made.scale = scale
        return made

    def __array_finalize__(self, source):
        self.scale = getattr(source, "scale", None)

    def scaled(self):
        return self * self.scale

    @property
    def length(self):
        return np.sqrt(self.dot(self))

    @classmethod
    def ones(cls, n):
        return cls(np.ones(n))


class Buffered(np.ndarray):
    """Made over the memory of another array, with operators of its own."""

    def __new__(cls, numbers):
        numbers = np.array(numbers, dtype=float)
        made = super().__new__(cls, numbers.shape, float, numbers)
        made.numbers = numbers
        return made

    def __array_finalize__(self, source):
        self.numbers = getattr(source, "numbers", None)

    def __mul__(self, other):
        return Buffered(np.asarray(self) * np.asarray(other) / 100.0)

    def __rmul__(self, other):
        return Buffered(np.asarray(self) * np.asarray(other) * 100.0)

    def __getitem__(self, key):
        return super().__getitem__(key)

    def scaled(self):
        return self.numbers * 3.0

    @property
    def length(self):
        return np.linalg.norm(self.numbers)

    @classmethod
    def ones(cls, n):
        return cls(np.ones(n))


class Named(np.ndarray):
    """Calls super() with its own name."""

    def __new__(subtype, numbers):
        numbers = np.array(numbers, dtype=float)
        return super().__new__(subtype, numbers.shape, float, numbers)

    def scaled(self):
        return 2.0 * super().__add__(1.0)

    @property
    def length(self):
        return float(np.sqrt(np.sum(self**2)))

    @classmethod
    def ones(cls, n):
        return cls(np.ones(n))


class Derived(Viewed):
    """A class derived from another derived class."""

    def scaled(self):
        return super().scaled() + 1.0


class Wraps(Viewed):
    """Chooses the class of results."""

    def __array_wrap__(self, result, context=None, return_scalar=False):
        if return_scalar:
            return result[()]
        return type(self)(result) if np.size(result) > 2 else np.asarray(result)


class Ufuncs(np.ndarray):
    """Elements are in hundredths for ufuncs, by the method of ndarray."""

    def __new__(cls, numbers):
        return np.asarray(numbers, dtype=float).view(cls)

    def __array_ufunc__(self, ufunc, method, *inputs, out=None, **kwargs):
        plain = [x.view(np.ndarray) / 100 if isinstance(x, Ufuncs) else x for x in inputs]
        if out is not None:
            kwargs["out"] = tuple(x.view(np.ndarray) for x in out)
        found = super().__array_ufunc__(ufunc, method, *plain, **kwargs)
        return found.view(type(self)) if np.ndim(found) and found.dtype == float else found

    def scaled(self):
        return self + self

    @property
    def length(self):
        return np.sum(self)

    @classmethod
    def ones(cls, n):
        return cls(np.ones(n))


def changed(q):
    q[1] = q[0] * q[2]
    q[2:] += 1.0
    return q


def in_place(q):
    q *= 2.0
    q += q
    q /= 3.0
    return q


CALLS = {
    "+": lambda q: q + q,
    "+ array": lambda q: q + np.arange(4.0),
    "array +": lambda q: np.arange(4.0) + q,
    "- 1": lambda q: q - 1.0,
    "1 -": lambda q: 1 - q,
    "*": lambda q: q * 2.5,
    "reflected *": lambda q: 2.5 * q,
    "/": lambda q: q / np.linalg.norm(q),
    "**": lambda q: q**2,
    "-": lambda q: -q,
    "abs": lambda q: abs(q),
    "@": lambda q: q @ q,
    "matrix @": lambda q: np.arange(12.0).reshape(3, 4) @ q,
    "<": lambda q: np.where(q < 0.95, q, 2.0),
    "if": lambda q: q[0] if q[1] > q[2] else q[3],
    "element": lambda q: q[1],
    "slice": lambda q: q[1:3],
    "index": lambda q: q[[2, 0, 0]],
    "mask": lambda q: q[np.asarray(q) > 0.8],
    "iterated": lambda q: [x * y for x, y in zip(q, [*q][::-1], strict=True)],
    "changed": changed,
    "in place": in_place,
    "sin": np.sin,
    "arctan2": lambda q: np.arctan2(q, 2.0),
    "sum": np.sum,
    "methods": lambda q: q.sum() + q.prod() + q.max(),
    "sum of an axis": lambda q: q.reshape(2, 2).sum(axis=1),
    "cumsum": lambda q: q.cumsum(),
    "reshape": lambda q: q.reshape(2, 2).T,
    "copies": lambda q: q.copy() + copy.copy(q) + copy.deepcopy(q),
    "dot": lambda q: np.dot(q, q[::-1]),
    "outer": lambda q: np.outer(q, q),
    "cross": lambda q: np.cross(q[:3], q[1:]),
    "norm": np.linalg.norm,
    "concatenate": lambda q: np.concatenate([q, 2.0 * np.asarray(q)]),
    "stack": lambda q: np.stack([q, q]),
    "array": lambda q: np.array(q),
    "asarray": lambda q: np.asarray(q),
    "asanyarray": lambda q: np.asanyarray(q),
    "subok": lambda q: np.array(q, subok=True),
    "of arrays": lambda q: np.array([q, q]),
    "of elements": lambda q: np.array([1.0, *q]),
    "zeros_like": lambda q: np.zeros_like(q) + np.asarray(q),
    "view": lambda q: q.view(np.ndarray) * 2.0,
    "view as itself": lambda q: q.view(type(q)),
    "new one": lambda q: type(q)([q[0], q[2]]),
    "own method": lambda q: q.scaled(),
    "own property": lambda q: q.length,
    "own classmethod": lambda q: q.ones(4) + q,
    "tolist": lambda q: q.tolist(),
    "item": lambda q: q.item(2),
    "text": lambda q: q * float(len(f"{q}") > 0),
}
X = np.array([0.7, 1.1, 0.9, 1.6])


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
@pytest.mark.parametrize("kind", [Viewed, Buffered, Named, Derived, Wraps, Ufuncs])
def test_like_plain_arrays(kind, call):
    classes = []

    def f(x):
        found = call(kind(x.copy()))
        classes.append(found.__class__ if isinstance(found, np.ndarray) else None)
        return np.ravel(np.asarray(found))

    plain = f(X)
    value, forward = ad_core.value_and_jacobian(f, mode="fwd")(X)
    assert classes[-1] is classes[0]
    np.testing.assert_allclose(value, plain, rtol=1e-14)
    step = 1e-6
    expected = [(f(X + d) - f(X - d)) / (2.0 * step) for d in step * np.eye(4)]
    np.testing.assert_allclose(forward, np.stack(expected, -1), rtol=1e-7, atol=1e-8)
    np.testing.assert_allclose(ad_core.jacrev(f)(X), forward, rtol=1e-12)
    compiled = ad_core.compile(f)
    np.testing.assert_allclose(compiled.jacobian(X), forward, rtol=1e-12)


@pytest.mark.parametrize("kind", [Viewed, Named, Ufuncs])
def test_what_numpy_computes_by_methods_of_the_class(kind):
    """NumPy's mean divides by the method of the class."""

    def f(x):
        return np.mean(kind(x))

    if kind is Ufuncs:
        with pytest.raises(NotDifferentiable, match=r"mean of .* Ufuncs .* methods of this class"):
            ad_core.grad(f)(X)
    else:
        np.testing.assert_allclose(ad_core.grad(f)(X), np.full(4, 0.25))


@pytest.mark.parametrize("inside", [True, False])
def test_operators_of_a_plain_array_and_a_class_with_reflected_ones(inside):
    """A plain array would call the method of its subclass first."""
    table = np.arange(4.0)
    f = lambda x: np.sum(np.asarray((np.array(table) if inside else table) * Buffered(x)))  # noqa: E731
    if inside:
        np.testing.assert_allclose(ad_core.grad(f)(X), 100.0 * table)
    else:
        with pytest.raises(NotDifferentiable, match="__rmul__"):
            ad_core.grad(f)(X)


class Both(np.ndarray):
    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        return super().__array_ufunc__(ufunc, method, *map(np.asarray, inputs), **kwargs)

    def __rmul__(self, other):
        return 7.0 * np.asarray(self)


class OwnSum(Viewed):
    def sum(self, *args, **kwargs):
        return 10.0 * super().sum(*args, **kwargs)


def test_a_function_of_numpy_calls_the_method_of_the_class():
    for f in (lambda x: np.sum(OwnSum(x)), lambda x: OwnSum(x).sum()):
        np.testing.assert_allclose(ad_core.grad(f)(X), np.full(4, 10.0))


def test_attributes_are_inherited():
    def f(x):
        v = Viewed(x, scale=5.0)
        assert (v.scale, v[1:].scale, (v + 1).scale) == (5.0, 5.0, 5.0)
        assert isinstance(v, Viewed)
        assert (v.shape, v.ndim, v.size, len(v), v.dtype) == ((4,), 1, 4, 4, np.float64)
        return v.scaled()

    np.testing.assert_array_equal(ad_core.jacobian(f)(X), 5.0 * np.eye(4))


def test_a_buffer_shares_its_memory():
    def f(x):
        b = Buffered(x)
        b[0] = x[1] * x[2]
        return b.numbers[0]

    np.testing.assert_allclose(ad_core.grad(f)(X), [0.0, X[2], X[1], 0.0])


class Initialised(np.ndarray):
    def __new__(cls, numbers):
        return np.asarray(numbers).view(cls)

    def __init__(self, numbers):
        self.first = numbers[0]


class Slots(np.ndarray):
    __slots__ = ("first",)


class WrapsResults(np.ndarray):
    def __array_wrap__(self, result, context=None, return_scalar=False):
        return 2.0 * np.asarray(result)


@pytest.mark.parametrize("kind", [Initialised, Slots, WrapsResults, Both, np.recarray])
def test_other_classes_are_refused(kind):
    make = Initialised if kind is Initialised else lambda x: np.asarray(x).view(kind)
    with pytest.raises(NotDifferentiable, match=kind.__name__):
        ad_core.grad(lambda x: np.sum(make(x) + 1.0))(X)


def test_a_part_of_a_buffer_is_refused():
    class Part(np.ndarray):
        def __new__(cls, x):
            return super().__new__(cls, (2,), float, np.array(x, dtype=float))

    globals()["Part"], Part.__module__ = Part, __name__
    with pytest.raises(NotDifferentiable, match="take a part of the array"):
        ad_core.grad(lambda x: np.sum(Part(x)))(X)


def test_aux_is_an_instance():
    _, aux = ad_core.grad(lambda x: (np.sum(x**2), Viewed(x, scale=3.0)), has_aux=True)(X)
    assert type(aux) is Viewed
    np.testing.assert_array_equal(aux, X)
