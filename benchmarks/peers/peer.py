# SPDX-License-Identifier: Apache-2.0
"""The interface of a peer, and the adaptations by which one source runs on all peers."""

from collections.abc import Callable
from dataclasses import dataclass

from scenarios import with_numpy


def same(value):
    """Return ``value``: the conversion of a peer that takes and gives NumPy arrays."""
    return value


@dataclass(frozen=True)
class Prepared:
    """A scenario prepared for a peer. Only ``variants`` are timed."""

    variants: dict[str, Callable]
    """Ways in which an experienced user might call the peer; the runner keeps the fastest."""
    convert: Callable = same
    """The scenario's NumPy arguments (a tuple) -> the peer's own."""
    answer: Callable = same
    """The result of a variant -> the derivative in nested NumPy arrays; for a batch, at the points
    ``scenario.checked`` only."""
    note: str | Callable[[], str] = ""
    """A note in the table; if it is a function, it is called after preparation was timed."""


@dataclass(frozen=True)
class Peer:
    """A library. ``prepare(scenario, args)`` may do work: its time counts as set-up."""

    name: str
    packages: tuple[str, ...]
    prepare: Callable
    kind: str = "exact"
    """``"exact"``, ``"differences"`` (looser tolerance) or ``"evaluation"`` (no derivative)."""


def function_args(scenario, args):
    """The arguments of the function: all except the direction of a product J v."""
    return args[:1] if scenario.what == "jvp" else args


def point(args):
    """The first point of a batch's arguments."""
    return tuple(arg[0] for arg in args)


class Namespace:
    """A module with some names replaced."""

    def __init__(self, module, **replaced):
        self._module = module
        self.__dict__.update(replaced)

    def __getattr__(self, name):
        return getattr(self._module, name)


class Buffer:
    """A replacement for ``np.zeros(n)`` in libraries without item assignment: a list of items.

    The items are joined once at the end, as the library's users do (``np.array([a, b, ...])``,
    ``stack``), which is faster than functional updates such as JAX's ``out.at[i].set(value)``.
    """

    def __init__(self, size):
        self.items = [0.0] * size

    def __setitem__(self, index, value):
        self.items[index] = value


def with_buffers(fun, module, join, **replaced):
    """``fun``'s source with ``module`` as np; a vector filled item by item becomes
    ``join(items)``."""

    def zeros(shape):
        return Buffer(shape) if isinstance(shape, int) else module.zeros(shape)

    rebound = with_numpy(fun, Namespace(module, zeros=zeros, **replaced))

    def adapted(*args):
        out = rebound(*args)
        return join(out.items) if isinstance(out, Buffer) else out

    adapted.__name__ = fun.__name__
    return adapted
