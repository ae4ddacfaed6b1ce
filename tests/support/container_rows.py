# SPDX-License-Identifier: Apache-2.0
"""Containers of every kind that can be arguments and results, each made with an array, a whole
number and a text."""

import dataclasses
import types
from collections import OrderedDict, defaultdict
from typing import NamedTuple

from scipy.optimize import OptimizeResult

import ad_core


@dataclasses.dataclass
class Record:
    a: object
    n: int = 2
    label: str = "name"


@dataclasses.dataclass(frozen=True, slots=True)
class Frozen:
    a: object
    n: int = 2
    label: str = "name"


class Attribute(NamedTuple):
    name: str
    init: bool = True


class Attrs:
    """A class as attrs makes it."""

    __attrs_attrs__ = (Attribute("a"), Attribute("n"), Attribute("label"))

    def __init__(self, a, n=2, label="name"):
        self.a, self.n, self.label = a, n, label


class Named(NamedTuple):
    a: object
    n: int = 2
    label: str = "name"


class Registered:
    __slots__ = ("a", "label", "n")

    def __init__(self, a, n=2, label="name"):
        self.a, self.n, self.label = a, n, label


ad_core.register_tree(
    Registered,
    lambda r: ((r.a,), (r.n, r.label)),
    lambda aux, children: Registered(*children, *aux),
)


class WithAttributes(dict):
    """A dict whose items are attributes too."""

    __getattr__ = dict.__getitem__


def of_factory(a):
    made = defaultdict(list)
    made.update(a=a, n=2, label="name")
    return made


# name -> a function that makes the container of an array
CONTAINERS = {
    "dict": lambda a: {"a": a, "n": 2, "label": "name"},
    "list": lambda a: [a, 2, "name"],
    "tuple": lambda a: (a, 2, "name"),
    "named tuple": Named,
    "OrderedDict": lambda a: OrderedDict(label="name", n=2, a=a),
    "defaultdict": of_factory,
    "subclass of dict": lambda a: WithAttributes(a=a, n=2, label="name"),
    "OptimizeResult": lambda a: OptimizeResult(a=a, n=2, label="name"),
    "dataclass": Record,
    "frozen dataclass with slots": Frozen,
    "attrs": Attrs,
    "namespace": lambda a: types.SimpleNamespace(a=a, n=2, label="name"),
    "registered": Registered,
    "nested": lambda a: {"p": Record(a), "q": [None, ()]},
}
# Those whose other fields are None in derivatives.
PLAIN = ("dict", "list", "tuple", "named tuple", "OrderedDict", "defaultdict", "subclass of dict",
         "OptimizeResult")  # fmt: skip


def part(container, name):
    """An entry of a container: "a", "n" or "label"."""
    if isinstance(container, dict):
        return part(container["p"], name) if "p" in container else container[name]
    if type(container) in (list, tuple):
        return container[("a", "n", "label").index(name)]
    return getattr(container, name)
