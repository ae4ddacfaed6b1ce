"""Nested containers are flattened and rebuilt."""

from collections import OrderedDict, defaultdict, namedtuple

import numpy as np
import pytest

from ad_core.recording.trees import Tree, flatten, map_leaves

Point = namedtuple("Point", "x y")


class Named(Point):
    """A subclass of a named tuple."""

    __slots__ = ()


class Pair(tuple):
    """A subclass of tuple."""

    __slots__ = ()


TREES = [
    1.0,
    (),
    [],
    {},
    None,
    (1.0,),
    [1.0, (2.0, [3.0])],
    {"b": 1.0, "a": {"d": [2.0], "c": 3.0}},
    Point(1.0, [2.0, 3.0]),
    Named(1.0, None),
    Pair([1.0, 2.0]),
    (None, [None, 1.0], {"x": None}),
    {1: 1.0, 0: 2.0},
    {"a": 1.0, 1: 2.0},
    {(0, 1): 1.0, (0, 0): 2.0},
    [[[[[[1.0]]]]], ((((2.0,),),),)],
]


@pytest.mark.parametrize("value", TREES, ids=repr)
def test_flattening_and_rebuilding(value):
    leaves, tree = flatten(value)
    again = tree.build(leaves)
    assert again == value
    assert type(again) is type(value)
    assert tree.leaves == len(leaves)
    assert flatten(again)[1] == tree
    if leaves:
        assert again is not value or tree.kind is None


def test_the_order_of_leaves_is_left_to_right_and_by_key():
    value = [1, (2, {"z": 5, "a": 3, "m": [4]}), 6]
    assert flatten(value)[0] == [1, 2, 3, 4, 5, 6]


def test_keys_of_several_types_are_ordered_by_type():
    value = {"b": 1, 2: 2, "a": 3}
    assert flatten(value)[0] == [2, 3, 1]
    assert list(map_leaves(abs, {"b": -1, 2: -2, "a": -3})) == ["b", 2, "a"]
    other = {"a": 3, "b": 1, 2: 2}
    assert flatten(value)[1] == flatten(other)[1]
    assert flatten(value)[0] == flatten(other)[0]


def test_a_dict_keeps_its_order():
    for value in ({"w": 1, "b": 2}, {2: 1, "x": 2, 1: {"z": 3, "a": (4, {"q": 5, "c": 6})}}):
        leaves, tree = flatten(value)
        again = tree.build(leaves)
        assert repr(again) == repr(value)
        assert repr(map_leaves(lambda x: x, value)) == repr(value)


def test_keys_without_a_total_order():
    """frozensets compare by inclusion and can not be sorted; equal structures have equal leaves."""
    one, two = frozenset({1}), frozenset({2})
    leaves, tree = flatten({one: 1.0, two: 2.0})
    others, other = flatten({two: 2.0, one: 1.0})
    assert tree != other or leaves == others


def test_the_order_of_a_dict_does_not_belong_to_its_structure():
    one, two = {"a": 1.0, "b": 2.0}, {"b": 2.0, "a": 1.0}
    assert flatten(one)[1] == flatten(two)[1]
    assert flatten(one)[0] == flatten(two)[0]


@pytest.mark.parametrize(
    ("one", "two"),
    [
        (1.0, (1.0,)),
        ((1.0,), [1.0]),
        ((1.0,), (1.0, 2.0)),
        ({"a": 1.0}, {"b": 1.0}),
        (Point(1.0, 2.0), (1.0, 2.0)),
        (Point(1.0, 2.0), Named(1.0, 2.0)),
        (None, ()),
        (None, 1.0),
        ([1.0, [2.0]], [[1.0], 2.0]),
    ],
)
def test_other_structures_are_unequal(one, two):
    assert flatten(one)[1] != flatten(two)[1]
    assert flatten(one)[1] == flatten(one)[1]


def test_everything_else_is_a_leaf():
    for leaf in (1.0, "text", np.ones(2), {1.0}, range(3), object(), np.float64(1.0), b"x"):
        leaves, tree = flatten(leaf)
        assert leaves[0] is leaf
        assert tree.leaves == 1
        assert map_leaves(id, leaf) == id(leaf)


def test_an_array_is_one_leaf():
    array = np.ones((2, 2))
    assert len(flatten([array, array])[0]) == 2


def test_map_leaves():
    value = {"a": [1, 2], "b": Point(3, None)}
    assert map_leaves(lambda x: x * 10, value) == {"a": [10, 20], "b": Point(30, None)}
    assert value == {"a": [1, 2], "b": Point(3, None)}


def test_subclasses_of_dict_are_kept_or_are_leaves():
    """A subclass of dict never becomes a plain dict."""
    for value in (OrderedDict(b=1.0, a=2.0), defaultdict(float, a=1.0)):
        leaves, tree = flatten(value)
        again = tree.build(leaves)
        assert type(again) is type(value)
        assert again == value


def test_too_few_leaves():
    _, tree = flatten([1.0, 2.0])
    with pytest.raises(StopIteration):
        tree.build([1.0])


def test_a_trees_text_shows_its_shape():
    assert repr(flatten({"w": [1.0, 2.0], "b": (3.0, None)})[1]) == "{'w': [*, *], 'b': (*, None)}"
    assert repr(flatten(Point(1.0, 2.0))[1]) == "Point(x=*, y=*)"
    assert repr(Tree(None)) == "*"


def test_trees_are_not_hashable():
    with pytest.raises(TypeError, match="unhashable"):
        hash(flatten([1.0])[1])


def test_a_tree_deeper_than_the_recursion_limit_is_an_error():
    value = 1.0
    for _ in range(100_000):
        value = [value]
    try:
        with pytest.raises(RecursionError):
            flatten(value)
    finally:
        while isinstance(value, list):
            value = value.pop()
