# SPDX-License-Identifier: Apache-2.0
"""Random programs in plain NumPy style, for hypothesis.

A program is written step by step from the rows of ROWS and BLOCKS, and is run while it is written.
A step for which NumPy raises an error, or that comes close to a kink, is left out. Therefore a row
is only text, and an example is shrunk by leaving out steps. In a row, A and B are values, V is all
values, I and J are small indices, K and L constants, and N is the name of the new value.
"""

import itertools
import re
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from hypothesis import strategies as st

from ad_core.recording.trees import flatten
from complex_steps import Watch, as_complex, jacobians, run, strict, watched

MARGIN = 1e-3  # least distance of the points from comparisons, kinks and ties
LARGEST = 6.0  # larger values are scaled down while a program is written
CONSTANTS = (0.37, -0.61, 1.13, -1.27, 0.083, 2.19, -0.217, 0.717)
STENCIL = {1: 3 / 4, -1: -3 / 4, 2: -3 / 20, -2: 3 / 20, 3: 1 / 60, -3: -1 / 60}
SHAPES = ((3,), (), (2, 3), (4,), (1,), (3, 3), (8,), (1, 3), (2, 2, 2), (17,))

ROWS = {
    "functions": """
        np.sin(A) | np.cos(A) | np.tanh(A) | np.arctan(A) | np.arcsinh(A) | np.exp(np.sin(A))
        np.exp(-A * A) | np.log(A * A + 1.5) | np.sqrt(np.square(A) + 0.5) | np.log1p(A**2)
        np.expm1(np.tanh(A)) | np.sinh(np.sin(A)) | np.reciprocal(np.cosh(np.tanh(A))) | A**3
        (A * A + 0.3) ** 0.7 | 2.0 ** np.sin(A) | np.power(A * A + 0.4, K) | np.tan(np.tanh(A))
        np.exp2(np.cos(A)) | np.log2(A * A + 1.1) | np.log10(A * A + 0.9) | np.cbrt(A * A + 0.2)
        np.arcsin(0.9 * np.sin(A)) | np.arccos(0.8 * np.cos(A)) | np.arctanh(0.8 * np.tanh(A))
        np.arccosh(A * A + 1.2) | (A * A + 0.6) ** -1.5 | 1.0 / (1.0 + np.exp(-A))
    """,
    "arithmetic": """
        A + B | A - B | A * B | A * B + A | B - A * B | A / (B * B + 1.0) | (A - B) * (A + B)
        K * A | A + K | K - A | A / 1.7 | K / (A * A + 1.0) | -A | +A | A * A * A | A - A | 0.0 * A
        np.arctan2(A, B * B + 0.4) | np.hypot(A, B * B + 1.0) | np.logaddexp(A, B)
        (A * A + 0.5) ** np.tanh(B) | np.sin(A) * np.sin(A) + np.cos(B) * np.sin(A)
        np.sin(A * B) + np.cos(B * A) | K * A + L * B | (lambda t: np.sin(t) * t)(A + B)
        np.add(A, B) - np.add(B, A) * K | np.multiply(A, A) + A * A | 1.0 * A + 0.0
    """,
    "kinks": """
        np.abs(A) | np.maximum(A, K) | np.minimum(K, A) | np.clip(A, -0.71, 0.83) | A * (A > K)
        np.maximum(A, B) | np.minimum(np.sin(A), B) | np.where(A > B, A * B, B) | abs(A) + K
        np.where(A > K, np.sin(A), A * K) | np.where(A < K, 0.0, A) | np.where(A <= K, L, A * A)
        np.where((A > -0.5) & (A < 0.9), A * A, K) | np.select([A > 0.5, A > K], [A * A, A], L)
        A - np.floor(A) | np.mod(A, 0.77) | np.sign(A) * A | np.fmax(A, B) | np.ptp(A)
        np.max(A) | np.min(A, axis=0) | np.max(A, axis=-1) * K | np.max(A) - np.min(A)
        np.where(A > K, np.sqrt(np.where(A > K, A - K, 1.0)), 0.0) | np.linalg.norm(A)
    """,
    "indexing": """
        A[I] | A[-1] | A[I:] | A[:-1] | A[::-1] | A[::2] | A[..., 0] | A[:, I] | A[I, J] | A[I, ...]
        A[:, None] | A[None] | A[..., ::-1] | A[[I, J, I]] | A[np.array([J, I])] | A[[0, 1], [1, 0]]
        A[np.arange(len(A)) % 2 == 0] | np.take(A, [I, J]) | A[1:] - A[:-1] | A[1:] * A[:-1] + A[I]
        np.diag(A) | np.diagonal(A) | A[1:, ::-1] | A[[[0, I], [J, 0]]] | A[:, [I, 0]] | A[()]
        A[I:J] | A[1:-1] | np.flip(A)[I:] * A[: len(A) - I] | A.flat[:] | np.split(A, [1])[0]
    """,
    "reductions": """
        np.sum(A) | A.sum(axis=0) | np.sum(A, axis=-1, keepdims=True) | np.mean(A) | A.mean(axis=-1)
        np.prod(np.tanh(A) + 1.0) | np.prod(A, axis=0) | np.cumsum(A) | np.cumsum(A, axis=0)
        np.cumprod(np.cos(A)) | np.diff(A) | np.var(A) | np.sqrt(np.var(A, axis=-1) + 0.1)
        np.trace(A) | np.average(A, axis=0) | np.cumsum(A[::-1])[::-1] | np.trapezoid(A)
        sum(A) | sum(t * t for t in A) | np.sum(A, axis=(0, -1)) | np.sum(A[:, None] * A)
        np.add.reduce(A) | np.add.accumulate(A) | np.sum(A * A) / (1 + I)
    """,
    "products": """
        A @ B | np.dot(A, B) | A @ B.T | A.T @ B | A @ A.T | np.outer(A, B) | np.inner(A, B)
        np.matmul(A, A) | np.kron(A, B) | np.dot(A, A) * A
        A @ np.cos(np.arange(A.shape[-1])) | np.sin(np.arange(2 * len(A))).reshape(2, -1) @ A
        np.ones((2, A.shape[0])) @ A | np.linalg.multi_dot([A, B, A]) | np.vecdot(A, B)
        np.linalg.matrix_power(A, 2 + I)
    """,
    "joining": """
        np.concatenate([A, B]) | np.stack([A, B]) | np.stack([A, A * K], axis=-1) | np.append(A, K)
        np.concatenate([np.ravel(A), np.ravel(B)]) | np.array([A, B]) | np.vstack([A, B])
        np.array([np.sum(A), K, np.sum(B)]) | np.hstack([A, B]) | np.repeat(A, 2) | np.tile(A, 2)
        np.roll(A, 1) | np.pad(A, 1) | np.array([np.sin(t) for t in A]) | np.column_stack([A, B])
        np.array([[A, K], [L, B]]) | np.concatenate([A[I:], A[:I]]) | np.delete(A, I)
        np.insert(A, I, K) | np.array([np.sum(row) * i for i, row in enumerate(A)])
    """,
    "shaping": """
        A.reshape(-1) | A.T | np.transpose(A) | np.ravel(A) | A.reshape(2, -1) | A.reshape(-1, 3)
        np.flip(A) | np.expand_dims(A, 0) | np.squeeze(A) | np.broadcast_to(A, (2, *np.shape(A)))
        np.atleast_2d(A) | np.swapaxes(A, 0, -1) | np.moveaxis(A, 0, -1) | np.copy(A) | A.copy()
        np.rot90(A) | np.tril(A) | np.asarray(A) | np.array(A) | A | A.T.reshape(-1) | A.flatten()
    """,
    "decisions": """
        max(np.sum(A), np.float64(K)) | A[np.argmax(A)] | np.sort(A) | np.sum(A[A > K])
        A * np.count_nonzero(A > K) | A[np.argsort(A)] | min(A) * K
        A * 1.5 if np.all(A < K) else A * A | A + K if A[0] > A[-1] else np.sin(A)
        np.cos(A) if np.any(A > K) else A | K * A if not np.sum(A) > K else np.exp(-A * A)
        np.array([t * t if t > K else L * t for t in A]) | (A, A * K)[int(np.sum(A) < L)]
        A[-int(A[0] > K)] | A * 1.1 if A[I] > K else np.tanh(A)
    """,
    "constants": """
        K | np.array([0.3, -1.1, 0.7]) | np.array(np.linspace(0.1, 0.9, 4)) | np.ones((2, 3)) * K
        np.zeros(3) | np.array(np.arange(3) * K) | np.float64(K) | np.eye(3) | np.full(3, K)
        np.ones_like(A) | np.array(K)
    """,
}
BLOCKS = {
    "buffers": """
N = np.zeros(3)
N[I] = np.sum(A)
N[1:] += A[0]

N = np.zeros_like(A)
N[...] = A
N[1:] -= K * A[:-1]

N = np.empty(len(A))
for i in range(len(A)):
    N[i] = np.sum(A[i]) * (i + 1)

N = np.zeros((2, len(A)))
part = N[1]
part[:] = np.sin(A)
N[0] = part * K

N = np.ones(4) * K
N[[0, 2]] = np.sum(A)
N[1::2] *= np.mean(B)

N = np.zeros(len(A) + 1)
for i in range(len(A)):
    N[i + 1] = 0.5 * N[i] + np.tanh(A[i])

N = np.zeros(())
N[()] = np.sum(A)
N += K

N = np.zeros((2, 2))
N[0, 0], N[1, 1] = np.sum(A), np.mean(B)
N[0, 1] = N[0, 0] * N[1, 1]
N[I % 2] += N[J % 2]

N = np.full((3, 3), K)
N[np.arange(3), np.arange(3)] = A[:3]
N[:, 0] = N[0]

N = np.zeros(5)
part = N[::-1]
part[:2] = np.mean(A)
N[3] *= L
N = part * 1.0
""",
    "updates": """
N = A.copy()
N += B
N *= K

N = A
N += K

N = A
N *= np.cos(B)

N = A * 1.0
N[0] = K

N = A + B
part = N[..., ::-1]
part *= np.cos(A)

A *= K

A += 0.5 * np.sin(B)

A[I] = np.tanh(np.mean(B))

A[...] = np.tanh(B)

A[..., 0] *= K

A[1:] -= A[:-1]

A -= A * K

A[I] += A[J]

A[[I, J]] = A[[J, I]]

A[:] = A[::-1]

N = A * 1.0
N[N < K] = L
""",
    "masks": """
with np.errstate(all="ignore"):
    N = np.where(A > K, np.log(A - K), L)

with np.errstate(all="ignore"):
    N = np.where(A > K, 1.0 / np.maximum(A - K, 0.0), A)
    N = np.tanh(N) * B

with np.errstate(all="ignore"):
    N = np.where(A < K, 0.0, np.sqrt(A - K) * (1.0 + A))

with np.errstate(all="ignore"):
    N = np.where(A > B, (A - B) ** 1.5, 0.0)
    N += np.sum(N)
""",
    "branches": """
if np.sum(A) > K:
    N = np.sin(A)
else:
    N = A * K

if A[0] > K:
    N = A * A
elif A[0] > L:
    N = A * L
else:
    N = np.tanh(A)

N = A
if np.max(A) > K and np.min(A) < L:
    N = N * np.cos(A)

N = 0.0
for t in np.ravel(A):
    if t > K:
        N = N + t * t
    else:
        N = N - t

N = np.zeros(2)
if A > K or A < L:
    N[0] = A * A
else:
    N[1] = np.sin(A)

N = A * 1.0
if -0.8 < np.mean(A) < 0.9:
    N += np.mean(B)
""",
    "loops": """
N = np.sum(A) ** 2 + 0.7
while N > 1.0:
    N = N * 0.5

N = np.cosh(np.tanh(np.sum(A) * 2)) * 2.3
total = 0.0
while N > 1.0:
    total = total + np.sin(N)
    N = N * 0.7
N = N + total

N = A
for _ in range(3):
    N = np.sin(N) * K + A

N = A * 3.0
while np.max(np.abs(N)) > 0.6:
    N = N * 0.7

total = np.mean(A)
N = 0.0
for i in range(4):
    N += total**i / (i + 1)
    if N > 2.0:
        break
""",
}
RETURNS = """
    A | (A, B) | V | sum(np.sum(np.sin(v)) for v in V) | np.array([np.sum(v * v) for v in V])
    [A, B, A] | {'one': A, 'two': (B, K)} | x | (x, A) | np.sum(A) * K | (A, x, x) | A[None]
    np.concatenate([np.ravel(v) for v in V]) | np.stack([A, A]) | (np.sum(A), (B, A)) | V[::-1]
    np.ravel(A)[0] | np.mean(A) + np.sum(B * B) | (A, np.ones(2)) | np.sum(A) - np.sum(A) | [V, A]
"""


def _rows(text):
    return [row.strip() for line in text.strip().split("\n") for row in line.split(" | ")]


KINDS = {name: [f"N = {row}" for row in _rows(text)] for name, text in ROWS.items()}
KINDS |= {name: text.strip().split("\n\n") for name, text in BLOCKS.items()}
# Steps with decisions by Python or by indices: points take different paths.
BRANCHING = ("decisions", "branches", "loops")


@dataclass(frozen=True)
class Program:
    """The source of `f`, the shapes of its arguments and the seed of its points."""

    source: str
    shapes: tuple
    seed: int

    def _repr_pretty_(self, printer, cycle):
        """The text with which hypothesis shows an example."""
        lines = [
            f"Program of shapes {self.shapes}, seed {self.seed}",
            *self.source.rstrip().split("\n"),
        ]
        for line in lines:
            printer.text(line)
            printer.break_()

    @cached_property
    def f(self):
        scope = {"np": np}
        exec(self.source, scope)
        return scope["f"]

    def total(self, *args):
        """A scalar: the sum of all outputs, with different weights."""
        return weighted(self.f(*args))

    @property
    def argnums(self):
        return tuple(range(len(self.shapes)))

    def path(self, args):
        """The path of the program at a point; None close to another path or if values are large."""
        try:
            value, watch = run(self.source, args)
        except (ArithmeticError, RuntimeWarning):
            return None
        far = watch.margin > MARGIN and all(map(moderate, flatten(value)[0]))
        return repr(watch.path) if far else None

    @cached_property
    def paths(self):
        """Lists of points, one for each path; the list of point 0 comes first."""
        found = {}
        for number in range(9):
            args = point(self.shapes, self.seed, number)
            found.setdefault(self.path(args), []).append(args)
        found.pop(None, None)
        return list(found.values())

    @cached_property
    def points(self):
        """The points on the path of point 0, which comes first."""
        return self.paths[0]

    def jacobians(self, args):
        """The Jacobians by complex steps: a list for each leaf of the result, by argument."""
        return jacobians(lambda args: run(self.source, args)[0], args)

    def gradients(self, args):
        """The gradients of total by complex steps, one for each argument."""
        return jacobians(lambda args: weighted(run(self.source, args)[0]), args)

    def second(self, args, tangents, step=3e-4):
        """The Hessian of total times tangents, by differences of gradients of sixth order; None if
        they would come close to a kink or across it."""
        gradients, sides = [], set()
        if run(self.source, args)[1].margin < 50 * step:
            return None
        for k in STENCIL:
            moved = [x + k * step * v for x, v in zip(args, tangents, strict=True)]
            watch = run(self.source, moved)[1]
            sides.add(repr((watch.path, watch.sides)))
            gradients.append([STENCIL[k] / step * g for g in self.gradients(moved)])
        return [sum(terms) for terms in zip(*gradients, strict=True)] if len(sides) == 1 else None


def weighted(value):
    total = 0.0
    for k, leaf in enumerate(flatten(value)[0]):
        weights = np.cos(np.arange(np.size(leaf)) + k).reshape(np.shape(leaf))
        total = total + np.sum(weights * np.arcsinh(leaf))
    return total


def point(shapes, seed, number):
    """Point 0 anywhere; the others around it, some close and some far."""
    start, around = np.random.default_rng(seed), np.random.default_rng([seed, number])
    reach = (1.0, 0.15, 0.5)[number % 3] if number else 0.0
    spread = ((start.uniform(-1.4, 1.4, s), around.uniform(-reach, reach, s)) for s in shapes)
    return tuple(np.float64(x + y) if np.ndim(x) == 0 else x + y for x, y in spread)


def moderate(value, largest=1e3):
    return bool(np.all(np.isfinite(value)) and np.all(np.abs(value) <= largest))


def tame(value):
    return np.size(value) <= 30 and np.ndim(value) <= 3 and moderate(value, LARGEST)


class Writer:
    """A program while it is written. It is run at its point 0."""

    REFUSALS = (
        TypeError, ValueError, IndexError, AttributeError, ArithmeticError, RuntimeWarning,
        DeprecationWarning,  # for calls that later versions of NumPy do not allow
    )  # fmt: skip

    def __init__(self, shapes, seed):
        self.shapes, self.seed = tuple(shapes), seed
        self.names = list("xyz"[: len(shapes)])
        self.texts = []
        self.restart()

    def restart(self):
        """Run the program from the start, since a step that is left out may have changed values."""
        self.watch = Watch()
        self.scope = dict(self.watch.names)
        for name, x in zip("xyz", point(self.shapes, self.seed, 0), strict=False):
            self.scope[name] = as_complex(x)
        for text in self.texts:
            exec(watched(text), self.scope)

    def write(self, row, numbers):
        """Add a step with the first operands, counted from the given numbers, on which it runs."""
        return any(
            self.add(self.filled(row, a, b, *numbers[2:]))
            for a, b in itertools.islice(self.operands(row, *numbers[:2]), 20)
        )

    def operands(self, row, *numbers):
        """Pairs of values to try; number 0 is the latest value, small numbers are late values."""
        choices = []
        for letter, number in zip("AB", numbers, strict=True):
            count = len(self.names)
            tries = range(count if re.search(rf"\b{letter}\b", row) else 1)
            choices.append([self.names[-1 - (number**2 // 16 + k) % count] for k in tries])
        return itertools.product(*choices)

    def filled(self, row, a, b, index, constant):
        meaning = {
            "A": a, "B": b, "I": index % 3, "J": index // 3 % 3, "N": f"v{len(self.names)}",
            "K": CONSTANTS[constant % 8], "L": CONSTANTS[(constant // 8 + constant + 3) % 8],
            "V": f"({', '.join(self.names)},)",
        }  # fmt: skip
        return re.sub(r"\b[ABIJKLNV]\b", lambda found: str(meaning[found[0]]), row)

    def add(self, text):
        """Run the text, and keep it if the values are not too large and far from all kinks."""
        new = f"v{len(self.names)}"
        self.watch.margin = np.inf
        try:
            with strict():
                exec(watched(text), self.scope)
                while new in self.scope and np.max(np.abs(self.scope[new]), initial=0) > LARGEST:
                    text += f"\n{new} = {new} * 0.2"
                    self.scope[new] = self.scope[new] * 0.2
            names = [*self.names, new] if new in self.scope else self.names
            fits = self.watch.margin > MARGIN and all(tame(self.scope[name]) for name in names)
        except self.REFUSALS:
            fits = False
        if not fits:
            self.restart()
            return False
        self.names = names
        self.texts.append(text)
        return True

    def finished(self, row, numbers):
        """The program, which returns the value of a row of RETURNS or its latest value."""
        text = self.names[-1]
        for a, b in self.operands(row, *numbers[:2]):
            trial = self.filled(row, a, b, *numbers[2:])
            try:
                leaves = flatten(eval(trial, self.scope))[0]
            except self.REFUSALS:
                continue
            if all(map(moderate, leaves)):
                text = trial
                break
        lines = "\n".join([*self.texts, f"return {text}"]).split("\n")
        head = f"def f({', '.join('xyz'[: len(self.shapes)])}):\n"
        return Program(head + "".join(f"    {line}\n" for line in lines), self.shapes, self.seed)


NUMBERS = st.tuples(*[st.integers(0, 15)] * 4)


@st.composite
def programs(draw, kinds=tuple(KINDS), steps=12):
    """Programs with at most this number of steps of these kinds, and one to three arguments."""
    shapes = draw(st.lists(st.sampled_from(SHAPES), min_size=1, max_size=3))
    writer = Writer(shapes, draw(st.integers(0, 9999)))
    step = st.one_of(st.just(""), *[st.sampled_from(KINDS[kind]) for kind in kinds])
    for row, numbers in draw(st.lists(st.tuples(step, NUMBERS), min_size=5, max_size=steps)):
        if row:  # hypothesis shrinks a step to none
            writer.write(row, numbers)
    return writer.finished(draw(st.sampled_from(_rows(RETURNS))), draw(NUMBERS))
