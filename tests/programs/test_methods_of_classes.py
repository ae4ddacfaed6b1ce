# SPDX-License-Identifier: Apache-2.0
"""compile() and transforms as decorators in the body of a class, and of bound methods."""

import copy
import dataclasses
import gc
import pickle
import weakref

import numpy as np
import pytest

import ad_core
from agreement import refused

X = np.array([1.0, 2.0])


class Spring:
    def __init__(self, k):
        self.k = k

    @ad_core.compile
    def energy(self, x, n=2):
        """The energy of the spring."""
        return 0.5 * self.k * np.sum(x**n)

    @ad_core.grad
    def slope(self, x):
        return self * x

    def plain(self, x):
        return 0.5 * self.k * np.sum(x**2)


@dataclasses.dataclass
class Damper:
    c: float
    name: str = "damper"

    @ad_core.compile
    def force(self, v):
        return self.c * v


class Slotted:
    __slots__ = ("k",)

    def __init__(self, k):
        self.k = k

    @ad_core.compile
    def energy(self, x):
        return 0.5 * self.k * np.sum(x**2)


@pytest.mark.parametrize("cls", [Spring, Slotted])
def test_a_compiled_method_is_bound(cls):
    one, two = cls(2.0), cls(4.0)
    for _ in range(3):
        assert one.energy(X) == 5.0
        np.testing.assert_array_equal(one.energy.grad(X), 2 * X)
        np.testing.assert_array_equal(two.energy.grad(X), 4 * X)
        np.testing.assert_array_equal(one.energy.hessian(X), 2 * np.eye(2))
        np.testing.assert_array_equal(two.energy.hvp(X, X), 4 * X)
        np.testing.assert_array_equal(one.energy.grad(np.stack([X, 3 * X]), batch_dims=1)[1], 6 * X)
    assert cls.energy(one, X) == 5.0
    np.testing.assert_array_equal(cls.energy.grad(one, X, argnums=1), 2 * X)


def test_arguments_of_a_method_are_numbered_without_the_object():
    spring = Spring(2.0)
    np.testing.assert_array_equal(spring.energy.grad(X, 3, argnums=0), 3 * X**2)
    np.testing.assert_array_equal(spring.energy.grad(X, n=3), 3 * X**2)
    with refused(ValueError, "argnums=2"):
        spring.energy.grad(X, 3, argnums=2)
    with refused(TypeError, "argument 1", "float"):
        spring.energy.grad(X, 3, argnums=1)


def test_changes_of_the_object_are_seen():
    spring = Spring(2.0)
    for k in (2.0, 3.0, 3.0, 2.0, 5.0):
        spring.k = k
        np.testing.assert_array_equal(spring.energy.grad(X), k * X)
        np.testing.assert_array_equal(spring.energy.jvp(X, X), 5 * k)


class Items(dict):
    @ad_core.compile
    def energy(self, x):
        return 0.5 * self["k"] * np.sum(x**2)


def test_changes_of_items_are_seen():
    held = Items(k=2.0)
    for k in (2.0, 3.0, 2.0):
        held["k"] = k
        np.testing.assert_array_equal(held.energy.grad(X), k * X)


def test_an_object_that_refers_to_itself_is_recorded_in_every_call():
    spring = Spring(2.0)
    spring.parent = [spring]
    for k in (2.0, 3.0):
        spring.k = k
        np.testing.assert_array_equal(spring.energy.grad(X), k * X)


def test_an_object_with_floats_in_fields_is_not_differentiated_by():
    damper = Damper(3.0)
    for _ in range(3):
        assert damper.force.grad(2.0) == 3.0
    assert Damper(4.0).force.grad(2.0) == 4.0
    assert Damper.force.grad(damper, 2.0).c == 2.0


def test_recordings_are_shared_and_do_not_keep_objects_alive():
    Spring.energy.clear()
    springs = [Spring(float(k)) for k in range(1, 4)]
    for spring in springs:
        spring.energy.grad(X), spring.energy.grad(X)
    assert Spring.energy.paths == 3
    ended = [weakref.ref(spring) for spring in springs]
    del spring, springs
    gc.collect()
    assert [one() for one in ended] == [None] * 3
    Spring(9.0).energy.grad(X)  # the recordings of ended objects are dropped with the next call
    assert Spring.energy.paths <= 1


def test_an_object_without_weak_references_is_recorded_in_every_call():
    one = Slotted(2.0)
    assert "__weakref__" in one.energy.explain(X)


def test_within_a_trace_a_method_is_the_function_itself():
    def f(k):
        return Spring(k).energy(X * k)

    assert ad_core.grad(f)(2.0) == 0.5 * 5 * 3 * 4.0
    assert ad_core.compile(f).grad(2.0) == 0.5 * 5 * 3 * 4.0
    inner = lambda k: np.sum(Spring(k).energy.grad(X))  # noqa: E731
    assert ad_core.grad(inner)(2.0) == 3.0
    spring = Spring(2.0)
    np.testing.assert_array_equal(ad_core.hessian(spring.energy)(X), 2 * np.eye(2))
    np.testing.assert_array_equal(ad_core.grad(Spring.energy, 1)(spring, X), 2 * X)


def test_bound_methods_are_functions():
    spring = Spring(2.0)
    for f in (ad_core.compile(spring.plain), ad_core.compile(spring.energy)):
        np.testing.assert_array_equal(f.grad(X), 2 * X)
    np.testing.assert_array_equal(ad_core.grad(spring.plain)(X), 2 * X)
    np.testing.assert_array_equal(ad_core.trace(spring.energy, X).grad(X), 2 * X)


class Scaled:
    factor = 3.0

    def value(self, x):
        return self.factor * x * x

    slope = ad_core.grad(value, 1)
    both = ad_core.value_and_grad(value, 1)
    slopes = ad_core.jacobian(value, 1)
    values = ad_core.value_and_jacobian(value, 1)
    curvature = ad_core.hessian(value, 1)


def test_transforms_are_bound_as_functions_are():
    one = Scaled()
    assert (one.slope(2.0), one.slopes(2.0), one.curvature(2.0)) == (12.0, 12.0, 6.0)
    assert one.both(2.0) == one.values(2.0) == (12.0, 12.0)


def test_pickles_and_copies():
    spring = Spring(2.0)
    method = pickle.loads(pickle.dumps(spring.energy))
    np.testing.assert_array_equal(method.grad(X), 2 * X)
    np.testing.assert_array_equal(copy.deepcopy(spring).energy.grad(X), 2 * X)
    assert spring.energy.__name__ == "energy"
    assert spring.energy.__doc__ == "The energy of the spring."
    assert "compiled energy" in repr(spring.energy)


def test_verify_compares_with_the_method():
    class Counting:
        calls = 0

        @ad_core.compile
        def wrong(self, x):
            type(self).calls += 1
            return x * type(self).calls

        fine = ad_core.compile(lambda self, x: x * 2.0, verify=3)

    assert Counting().fine(2.0) == 4.0
