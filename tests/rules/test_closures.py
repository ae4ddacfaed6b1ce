# SPDX-License-Identifier: Apache-2.0
"""Traced values that functions and objects refer to: found, and replaced in copies."""

import collections
import dataclasses
import functools

import numpy as np

import ad_core
from ad_core.rules.closures import hoisted


class Node:
    """A part of a tree that knows its parent."""

    def __init__(self, value, parent=None):
        self.value = value
        self.parent = parent
        self.parts = []
        self.table = np.arange(3.0)

    def total(self):
        whole = self if self.parent is None else self.parent
        return whole.value + sum(part.value for part in whole.parts)


@dataclasses.dataclass(frozen=True)
class Frozen:
    x: object
    name: str = "frozen"


def examined(check):
    """check(x) within a trace, where x is a traced number."""
    return ad_core.grad(lambda x: [check(x), x][1])(3.0)


def test_objects_that_refer_to_one_another():
    def check(x):
        whole = Node(x)
        part = Node(2.0, whole)
        whole.parts.append(part)
        values, rebuild = hoisted(part.total)
        assert len(values) == 1
        copied = rebuild([10.0])
        assert copied() == 12.0
        assert copied.__self__ is not part
        assert copied.__self__.parent.parts[0] is copied.__self__
        assert copied.__self__.table is part.table
        assert whole.value is x

    examined(check)


def test_functions_that_refer_to_themselves():
    def check(x):
        def power(n):
            return 1.0 if n == 0 else x * power(n - 1)

        values, rebuild = hoisted(power)
        assert len(values) == 1
        assert rebuild([2.0])(3) == 8.0

    examined(check)


def test_what_has_no_traced_value_is_shared():
    plain, other = Node(1.0), {"a": [Frozen(2.0)]}

    def check(x):
        item = [plain, other, Frozen(x), functools.partial(max, x, key=abs), lambda y, z=x: y + z]
        values, rebuild = hoisted(item)
        assert len(values) == 1  # the same value in several places is one
        copied = rebuild([5.0])
        assert copied[0] is plain
        assert copied[1]["a"][0] is other["a"][0]
        assert copied[2] == Frozen(5.0)
        assert copied[3](-7.0) == -7.0
        assert copied[4](1.0) == 6.0
        assert item[2].x is x

    examined(check)


def test_dictionaries_of_other_classes():
    def check(x):
        held = collections.OrderedDict(b=[x], a=1.0)
        values, rebuild = hoisted({"held": held, "default": collections.defaultdict(list, c=x)})
        assert len(values) == 1
        copied = rebuild([4.0])
        assert copied["held"] == collections.OrderedDict(b=[4.0], a=1.0)
        assert copied["default"]["c"] == 4.0
        assert copied["default"]["new"] == []
        assert held["b"][0] is x

    examined(check)


def test_what_is_not_searched():
    def check(x):
        assert hoisted([np.float64, iter([x]), {1, 2}, np])[0] == []

    examined(check)
