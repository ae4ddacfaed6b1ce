# SPDX-License-Identifier: Apache-2.0
"""Plain NumPy programs run on complex numbers: derivatives by complex steps, exact to rounding.

`Watch` replaces NumPy there. It has another formula where NumPy's is not analytic or does not take
complex numbers, and it records each decision and how far from it the values were.
"""

import ast
from functools import lru_cache

import numpy as np

from ad_core.recording.trees import flatten

STEP = 1e-20  # imaginary; its square is below rounding


class Watch:
    """NumPy on complex numbers. `path` holds each outcome that Python or an index depends on,
    `margin` the least distance from a comparison, kink or tie, and `sides` the side of each."""

    MADE = ("zeros", "ones", "full", "eye", "array", "asarray", "linspace", "arange")
    MADE_LIKE = ("zeros_like", "ones_like")

    def __init__(self):
        self.path = []
        self.sides = []
        self.margin = np.inf
        self.linalg = self
        for name in self.MADE + self.MADE_LIKE:
            setattr(self, name, _complex(getattr(np, name)))
        self.empty = self.zeros
        self.fmax = self.maximum
        self.names = {
            "np": self, "compare": self.compare, "abs": self.abs, "int": self.int,
            "max": self.first, "min": self.last,
        }  # fmt: skip

    def __getattr__(self, name):
        return getattr(np, name) if hasattr(np, name) else getattr(np.linalg, name)

    # ------------------------------------------------------------------------------- decisions

    def near(self, distance):
        distance = np.asarray(np.real(distance))
        if distance.size and distance.dtype.kind == "f":
            self.margin = min(self.margin, np.min(np.abs(distance)))
            self.sides.append((distance > 0).tolist())

    def decided(self, outcome):
        self.path.append(np.asarray(outcome).tolist())
        return outcome

    def compare(self, a, name, b, decides):
        self.near(a - b)
        outcome = getattr(np, name)(np.real(a), np.real(b))
        return self.decided(outcome) if decides else outcome

    def int(self, outcome):
        return int(self.decided(outcome))

    def count_nonzero(self, mask):
        return np.count_nonzero(self.decided(mask))

    def argsort(self, a):
        real = np.real(a)
        if real.ndim != 1:
            raise ValueError("an order is taken down along one axis only")
        self.near(np.diff(np.sort(real)))
        return self.decided(np.argsort(real))

    def sort(self, a):
        return a[self.argsort(a)]

    def argmax(self, a):
        return self.argsort(a)[-1]

    def median(self, a):
        return np.mean(self.sort(a)[(len(a) - 1) // 2 : len(a) // 2 + 1])

    def first(self, *items):
        items = np.asarray(items[0] if len(items) == 1 else items)
        return items[self.argmax(items)]

    def last(self, *items):
        return -self.first(*[-item for item in items])

    # ----------------------------------------------------------------------------------- kinks

    def maximum(self, a, b):
        return np.where(self.compare(a, "greater", b, False), a, b)[()]

    def minimum(self, a, b):
        return -self.maximum(-a, -b)

    def clip(self, a, low, high):
        return self.minimum(self.maximum(a, low), high)

    def max(self, a, axis=None):
        a, axis = (np.ravel(a), 0) if axis is None else (a, axis)
        real = np.real(a)
        if real.shape[axis] > 1:
            self.near(np.diff(np.sort(real, axis=axis), axis=axis).take([-1], axis=axis))
        chosen = np.argmax(real, axis=axis, keepdims=True)
        self.sides.append(chosen.tolist())
        return np.squeeze(np.take_along_axis(a, chosen, axis=axis), axis=axis)[()]

    def min(self, a, axis=None):
        return -self.max(-a, axis)

    def ptp(self, a):
        return self.max(a) - self.min(a)

    def sign(self, a):
        self.near(a)
        return np.sign(np.real(a))

    def abs(self, a):
        return self.sign(a) * a

    def floor(self, a):
        self.near(a - np.rint(np.real(a)))
        return np.floor(np.real(a))

    def mod(self, a, b):
        return a - b * self.floor(a / b)

    # -------------------------------------------------------------------------------- formulas

    def norm(self, a):
        self.near(np.sqrt(np.sum(np.real(a) ** 2)))
        return np.sqrt(np.sum(a * a))

    def var(self, a, axis=None):
        return np.mean((a - np.mean(a, axis=axis, keepdims=True)) ** 2, axis=axis)

    def vecdot(self, a, b):
        return np.vecdot(np.conj(a), b)

    def arctan2(self, a, b):
        if np.any(np.real(b) <= 0.0):
            raise ValueError("the formula is for the right half plane")
        return np.arctan(a / b)

    def hypot(self, a, b):
        return np.sqrt(a * a + b * b)

    def logaddexp(self, a, b):
        return np.log(np.exp(a) + np.exp(b))

    def cbrt(self, a):
        return a ** (1 / 3)


def _complex(function):
    def made(*args, **kwargs):
        result = function(*args, **kwargs)
        return result.astype(complex) if result.dtype.kind == "f" else result

    return made


class _Comparisons(ast.NodeTransformer):
    """Replaces each `a > b` by `compare(a, "greater", b, decides)`."""

    def __init__(self):
        self.decides = False
        self.names = {
            ast.Gt: "greater", ast.GtE: "greater_equal", ast.Lt: "less", ast.LtE: "less_equal",
        }  # fmt: skip

    def deciding(self, node, field):
        outside = self.decides
        for name, value in ast.iter_fields(node):
            self.decides = outside or name == field
            if isinstance(value, list):
                setattr(node, name, [self.visit(item) for item in value])
            elif isinstance(value, ast.AST):
                setattr(node, name, self.visit(value))
        self.decides = outside
        return node

    def visit_If(self, node):
        return self.deciding(node, "test")

    visit_While = visit_IfExp = visit_If

    def visit_Subscript(self, node):
        return self.deciding(node, "slice")

    def visit_Compare(self, node):
        if not all(type(op) in self.names for op in node.ops):
            return node
        parts = []
        terms = [self.visit(term) for term in (node.left, *node.comparators)]
        for a, op, b in zip(terms, node.ops, terms[1:], strict=False):
            name, decides = ast.Constant(self.names[type(op)]), ast.Constant(self.decides)
            parts.append(ast.Call(ast.Name("compare", ast.Load()), [a, name, b, decides], []))
        return parts[0] if len(parts) == 1 else ast.BoolOp(ast.And(), parts)


@lru_cache(maxsize=4096)
def watched(source):
    """The source as code, which is run with the names of a Watch."""
    tree = _Comparisons().visit(ast.parse(source))
    return compile(ast.fix_missing_locations(tree), "<program>", "exec")


def as_complex(x):
    return np.array(x, dtype=complex)[()]


def strict():
    """A context in which no operation may overflow or leave its domain."""
    return np.errstate(all="raise", under="ignore")


def run(source, args):
    """The value of the source's f on complex numbers, and the Watch of the run."""
    watch = Watch()
    scope = dict(watch.names)
    exec(watched(source), scope)
    with strict():
        value = scope["f"](*[as_complex(x) for x in args])
    return value, watch


def jacobians(f, args):
    """The Jacobians of a function of a list of complex arguments: for each leaf of the result a
    list with one entry for each argument."""
    args = [np.array(x, dtype=complex) for x in args]
    by_argument = []
    for x in args:
        columns = []
        for index in np.ndindex(x.shape):
            x[index] += STEP * 1j
            columns.append([np.imag(leaf) / STEP for leaf in flatten(f(args))[0]])
            x[index] = x[index].real
        leaves = [np.stack(entries, axis=-1) for entries in zip(*columns, strict=True)]
        by_argument.append([J.reshape(J.shape[:-1] + x.shape) for J in leaves])
    return [J for leaf in zip(*by_argument, strict=True) for J in leaf]
