# SPDX-License-Identifier: Apache-2.0
"""What a peer offers, and the adaptations that let one source run on all of them."""

from collections.abc import Callable
from dataclasses import dataclass

from scenarios import with_numpy


def same(value):
    """Return ``value``: the conversion of a peer that takes and gives NumPy arrays."""
    return value


@dataclass(frozen=True)
class Prepared:
    """A scenario made ready for a peer. Only ``variants`` are timed."""

    variants: dict[str, Callable]
    """Ways an experienced user might call the peer; the runner keeps the fastest."""
    convert: Callable = same
    """The scenario's NumPy arguments (a tuple) -> the peer's own."""
    answer: Callable = same
    """What a variant returned -> the derivative in nested NumPy arrays; a batch's at the points
    ``scenario.checked`` only."""
    note: str | Callable[[], str] = ""
    """Shown in the table; made after preparation was timed where it is a function."""


@dataclass(frozen=True)
class Peer:
    """A library. ``prepare(scenario, args)`` may do work: its time counts as set-up."""

    name: str
    packages: tuple[str, ...]
    prepare: Callable
    kind: str = "exact"
    """``"exact"``, ``"differences"`` (looser tolerance) or ``"evaluation"`` (no derivative)."""


def function_args(scenario, args):
    """The arguments the function takes: all, but for the direction of a product J v."""
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
    """Stands for ``np.zeros(n)`` where a library has no item assignment: a list, joined at the end.

    Joining once is what the library's users write by hand (``np.array([a, b, ...])``, ``stack``),
    and faster than functional updates such as JAX's ``out.at[i].set(value)``.
    """

    def __init__(self, size):
        self.items = [0.0] * size

    def __setitem__(self, index, value):
        self.items[index] = value


def with_buffers(fun, module, join, **replaced):
    """``fun``'s source on ``module``; a vector filled item by item comes back ``join(items)``."""

    def zeros(shape):
        return Buffer(shape) if isinstance(shape, int) else module.zeros(shape)

    rebound = with_numpy(fun, Namespace(module, zeros=zeros, **replaced))

    def adapted(*args):
        out = rebound(*args)
        return join(out.items) if isinstance(out, Buffer) else out

    adapted.__name__ = fun.__name__
    return adapted
