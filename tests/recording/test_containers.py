# SPDX-License-Identifier: Apache-2.0
"""How objects of the user's classes are taken apart and built again."""

import dataclasses
import functools
import itertools
from collections import Counter, OrderedDict, defaultdict

import numpy as np
import pytest

import ad_core
from ad_core.recording.plain import difference, flatten_inputs, leaves_like
from ad_core.recording.trees import flatten
from agreement import refused
from container_rows import CONTAINERS, Frozen, Record, Registered, WithAttributes, part


@pytest.mark.parametrize("name", CONTAINERS)
def test_flattening_and_rebuilding(name):
    value = CONTAINERS[name](1.5)
    leaves, tree = flatten(value)
    again = tree.build(leaves)
    assert type(again) is type(value)
    assert [part(again, key) for key in ("a", "n", "label")] == [1.5, 2, "name"]
    assert flatten(again)[1] == tree
    assert difference(tree, flatten(again)[1]) is None


@pytest.mark.parametrize("name", CONTAINERS)
def test_only_floats_are_inputs(name):
    leaves, tree = flatten_inputs(CONTAINERS[name](1.5))
    assert leaves == [1.5]
    again = tree.fill([2.5])
    assert [part(again, key) for key in ("a", "n", "label")] == [2.5, 2, "name"]
    assert leaves_like(tree, CONTAINERS[name](0.5), "it") == [0.5]


@pytest.mark.parametrize(("one", "two"), list(itertools.permutations(CONTAINERS, 2)))
def test_other_classes_are_other_structures(one, two):
    trees = [flatten(CONTAINERS[name](1.5))[1] for name in (one, two)]
    assert trees[0] != trees[1]
    assert difference(*trees)


def test_a_subclass_of_dict_keeps_what_it_holds():
    ordered = OrderedDict(b=1.0, a=2.0)
    ordered.move_to_end("b")
    made = WithAttributes(a=1.0)
    made.__dict__["unit"] = "m"
    factory = defaultdict(list, a=1.0)
    for value in (ordered, made, factory, Counter(a=1)):
        leaves, tree = flatten(value)
        again = tree.build(leaves)
        assert (list(again.items()), type(again)) == (list(value.items()), type(value))
    assert flatten(made)[1].build([1.0]).__dict__ == {"unit": "m"}
    assert flatten(factory)[1].build([1.0])["new"] == []
    assert factory == {"a": 1.0}


class Checked:
    """Its objects are made by __init__ alone."""


@dataclasses.dataclass
class Strict:
    a: float

    def __post_init__(self):
        if not self.a > 0:
            raise ValueError("a must be positive")


def test_objects_are_built_without_their_init():
    assert ad_core.grad(lambda p: -p.a)(Strict(2.0)).a == -1.0


@dataclasses.dataclass
class Box:
    w: float
    h: float
    area: float = dataclasses.field(init=False)

    def __post_init__(self):
        self.area = self.w * self.h


@dataclasses.dataclass
class Hidden:
    w: float

    def __post_init__(self):
        self.squared = self.w**2


class Own(Record):
    def __new__(cls, *args):
        return object.__new__(cls)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (Box(2.0, 3.0), ["Box", "area", "register_tree"]),
        (Hidden(2.0), ["Hidden", "squared", "register_tree"]),
        (Own(2.0), ["Own", "__new__", "register_tree"]),
    ],
)
def test_objects_that_compute_fields_are_refused(value, words):
    """A field that was computed before would be a constant, or an input of its own."""
    with refused(TypeError, "argument 0", *words):
        ad_core.grad(lambda p: p.w)(value)
    f = ad_core.compile(lambda x, p: x * p.__class__.__name__.__len__())
    assert f.grad(1.0, value) == len(type(value).__name__)  # it may be data


@dataclasses.dataclass
class Cached:
    w: float
    n: int = dataclasses.field(default=3, init=False)

    @functools.cached_property
    def area(self):
        return self.w**2


def test_cached_properties_are_computed_again():
    p = Cached(3.0)
    assert p.area == 9.0
    found = ad_core.grad(lambda p: p.area * p.n)(p)
    assert (found.w, found.n) == (18.0, 3)


def test_fields_of_any_other_kind_stay():
    held = object()
    p = Record(2.0, n=[1, 2], label=held)
    found = ad_core.grad(lambda p: p.a ** p.n[1])(p)
    assert (found.a, found.n, found.label) == (4.0, [1, 2], held)
    assert ad_core.grad(lambda p: p.a * p.n[1])(Record(2.0, n=[1.0, 2])).n == [0.0, None]
    with refused(TypeError, ".label", "complex"):
        ad_core.grad(lambda p: p.a)(Record(2.0, label=np.clongdouble(1j)))


@pytest.mark.parametrize("bad", [np.clongdouble(1j), np.longdouble(1.0), np.array([1.0], object)])
def test_numbers_that_cannot_be_inputs_are_refused_among_floats(bad):
    with refused(TypeError, "argument 0 ['b']"):
        ad_core.grad(lambda p: p["a"])({"a": 1.0, "b": bad})


def test_unknown_objects_among_floats_are_refused():
    with refused(TypeError, "argument 0 [1]"):
        ad_core.grad(lambda p: p[0])([1.0, Checked()])


def test_functions_among_floats_stay_plain():
    found = ad_core.grad(lambda p: p["f"](p["a"]))({"a": 0.5, "f": np.sin, "of": Record})
    assert found == {"a": np.cos(0.5), "f": None, "of": None}


# ----------------------------------------------------------------------------- register_tree


def test_registering_is_checked():
    for cls in (dict, list, tuple, float, np.ndarray, type(None)):
        with refused(ValueError, cls.__name__):
            ad_core.register_tree(cls, list, list)
    with refused(ValueError, "Registered", "already"):
        ad_core.register_tree(Registered, list, list)
    with refused(TypeError, "class", "int"):
        ad_core.register_tree(3, list, list)
    with refused(TypeError, "unflatten", "NoneType"):
        ad_core.register_tree(Checked, list, None)


def test_a_wrong_flatten_is_named():
    class Wrong:
        pass

    ad_core.register_tree(Wrong, lambda w: [1.0], lambda aux, children: Wrong())
    with refused(TypeError, "Wrong", "pair", "list"):
        ad_core.grad(lambda w: 1.0)(Wrong())


def test_another_aux_is_another_structure():
    p = Registered(1.0)
    f = ad_core.compile(lambda p: p.a * p.n)
    assert [f.grad(Registered(1.0, n)).a for n in (2, 3, 2)] == [2.0, 3.0, 2.0]
    with refused(ValueError, "aux", "3"):
        ad_core.jvp(lambda p: p.a, (p,), (Registered(1.0, 3),))


def test_a_registered_subclass_of_another_container():
    class Pair(tuple):
        __slots__ = ()

    class Other(dict):
        pass

    @dataclasses.dataclass
    class Field:
        a: float
        b: float

    ad_core.register_tree(Pair, lambda p: (p[:1], p[1]), lambda b, a: Pair((*a, b)))
    ad_core.register_tree(Other, lambda p: ([p["a"]], p["b"]), lambda b, a: Other(a=a[0], b=b))
    ad_core.register_tree(Field, lambda p: ([p.a], p.b), lambda b, a: Field(*a, b))
    for value in (Pair((2.0, 3.0)), Other(a=2.0, b=3.0), Field(2.0, 3.0)):
        leaves, tree = flatten(value)
        assert leaves == [2.0]
        assert tree.build([5.0]) != value
        assert type(tree.build([5.0])) is type(value)


def test_equal_frozen_objects_are_equal_again():
    value = Frozen(1.5)
    leaves, tree = flatten(value)
    assert tree.build(leaves) == value
    assert hash(tree.build(leaves)) == hash(value)
