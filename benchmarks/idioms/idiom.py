# SPDX-License-Identifier: Apache-2.0
"""An idiom of NumPy code, its sizes, and the bounds of its figures."""

from collections.abc import Callable
from dataclasses import dataclass, field

FIGURES = {
    "one": ("one-shot / NumPy", "x"),
    "call": ("compiled / NumPy", "x"),
    "gain": ("compiled / one-shot", "x"),
    "setup": ("set-up", "calls"),
    "setup_ms": ("set-up", "ms"),
    "call_us": ("compiled call", "µs"),
    "point_ns": ("a point", "ns"),
    "peak_mb": ("peak memory", "MB"),
    "entries": ("entries of the sparse matrix", ""),
    "first_ms": ("first derivative beyond SciPy's import", "ms"),
    "traced_us": ("in a trace", "µs"),
    "plain_us": ("without a trace", "µs"),
}
"""What bounds may be on: heading and unit."""

GRADIENTS = ("value_and_grad", "hvp")
MATRICES = ("jacobian", "hessian", "sparse_jacobian", "sparse_hessian")
ALONE = ("traced", "first")
KINDS = (*GRADIENTS, *MATRICES, *ALONE)
"""What is measured: derivatives, or one figure alone. ``"traced"``: the function itself, within a
trace; ``"first"``: the first gradient in a process."""

MOST_ONE_SHOT = 15.0
"""How many times NumPy's own time a gradient in one shot may take, unless an idiom says more."""
MOST_GAIN = 1.1
"""How many one-shot calls a compiled call may take: one, and a tenth for the noise of medians."""
MOST_SETUP = 20.0
"""How many one-shot calls a set-up may take."""
UNNOTICED = {"one": 1e-4, "setup": 1e-3}
"""Seconds up to which a general bound of this figure is not missed, since no user notices them."""


@dataclass(frozen=True)
class Idiom:
    """A function as users write it, with inputs made from a size and a seed."""

    fun: Callable
    args: Callable
    """``args(size, seed)``: the arguments, of which the first is the one differentiated."""
    sizes: tuple
    what: str = "value_and_grad"
    how: str = "trace"
    """``"trace"``: recorded once, all arguments but the first are constants. ``"compile"``: a
    Function, called at inputs that take different paths. ``"fresh"``: the same, at inputs whose
    paths are all new; the set-up is part of the time."""
    turns: int = 3
    """The number of inputs on which the function is called in turn."""
    points: int = 1
    """The number of points in a compiled call."""
    bounds: dict = field(default_factory=dict)
    """Bounds by the names of `FIGURES`; a bound may be a dictionary ``{size: bound}``."""
    reason: str = ""
    """Why a bound is missed, where it is."""

    @property
    def name(self):
        """The name of the function."""
        return self.fun.__name__

    @property
    def text(self):
        """What the function does, on one line."""
        return " ".join(self.fun.__doc__.split())

    def own_bound(self, figure, size):
        """The idiom's own bound of a figure, or None."""
        bound = self.bounds.get(figure)
        return bound.get(size) if isinstance(bound, dict) else bound

    def bound(self, figure, size):
        """The bound of a figure, the idiom's own or a general one; or None."""
        bound = self.own_bound(figure, size)
        if bound is not None or self.what in ALONE:
            return bound
        if figure == "one":
            return MOST_ONE_SHOT if self.what in GRADIENTS else None
        if figure == "setup":
            return None if self.how == "fresh" or self.own_bound("setup_ms", size) else MOST_SETUP
        if figure == "gain" and self.how == "fresh":
            return 2.0
        return MOST_GAIN if figure == "gain" else None


class Subject(list):
    """The idioms of one file. An instance is the decorator that adds a function to it."""

    def __init__(self, title):
        super().__init__()
        self.title = title

    def __call__(self, args, *sizes, bounds=None, **options):
        def add(fun):
            self.append(Idiom(fun, args, sizes, bounds=bounds or {}, **options))
            return fun

        return add
