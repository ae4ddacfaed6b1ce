# SPDX-License-Identifier: Apache-2.0
"""An idiom at one size: its function, its inputs, and the ways to its derivative."""

from functools import partial

import numpy as np

import ad_core
from benchmarks import agreement
from benchmarks.idioms.idiom import ALONE
from benchmarks.tree import join, leaves, split

STEPS = (1e-5, 1e-7)
"""The steps of central differences, for inputs of the size 1. One of them must agree: among many
elements some are nearer to a kink, or to another element in a sort, than the longer one."""
TOLERANCE = 1e-5
"""The relative error allowed to central differences."""
CHECKED = 3
"""The number of inputs, or points of a batch, at which answers are compared."""


FEW = 4
"""The number of inputs that a random direction changes."""


class Disagreement(Exception):
    """Two ways to a derivative give different answers."""


def sum_of_squares(operation):
    """The function by whose derivative an operation that is timed alone is checked."""
    return lambda x: np.sum(operation(x) ** 2)


def arrays(answer):
    """A derivative as a list of dense arrays, leaf by leaf."""
    found = []
    for leaf in leaves(answer):
        if hasattr(leaf, "tocsr"):  # sparse: the entries in order, with their indices
            matrix = leaf.tocsr()
            matrix.sum_duplicates()
            found += [matrix.data, matrix.indices.astype(float), matrix.indptr.astype(float)]
        else:
            found.append(np.array(leaf, dtype=float))
    return found


class Case:
    """An idiom at one size."""

    def __init__(self, idiom, size):
        self.idiom, self.size, self.what = idiom, size, idiom.what
        given = [idiom.args(size, seed) for seed in range(idiom.turns)]
        self.fun = idiom.fun
        self.inputs = given
        if idiom.how == "trace":
            data = given[0][1:]
            self.inputs = [args[:1] for args in given]
            if data:
                self.fun = self._with(data)
        if idiom.what in ALONE:
            self.fun, self.what = sum_of_squares(self.fun), "value_and_grad"
        if self.what == "hvp":
            rng = np.random.default_rng(99)
            self.direction = rng.normal(size=np.shape(self.inputs[0][0]))

    def _with(self, data):
        """The function of its first argument."""
        fun = self.idiom.fun

        def bound(x):
            return fun(x, *data)

        bound.__name__ = fun.__name__
        return bound

    def one_shot(self):
        """The derivative in one shot, as a function of the arguments."""
        fun, what = self.fun, self.what
        if what == "hvp":
            return lambda x: ad_core.hvp(fun, (x,), (self.direction,))
        name = what.removeprefix("sparse_")
        options = {"sparse": True} if name != what else {}
        transform = getattr(ad_core, name)
        return lambda *args: transform(fun, **options)(*args)

    def compiled(self):
        """A compiled derivative. The first call is part of its set-up."""
        idiom = self.idiom
        if idiom.how == "trace":
            program = ad_core.trace(self.fun, *self.inputs[0])
        else:
            program = ad_core.compile(self.fun)
        if self.what == "hvp":
            return lambda x: program.hvp((x,), (self.direction,))
        name = self.what.removeprefix("sparse_")
        method = getattr(program, name)
        return partial(method, sparse=True) if name != self.what else method

    def set_up(self):
        """`compiled`, called at one point; twice at every input if they take different paths, since
        a path may have a program from its second visit on."""
        run = self.compiled()
        for args in self.inputs * 2 if self.idiom.how == "compile" else self.inputs[:1]:
            run(*args)
        return run

    def one_pass(self):
        """A compiled function made anew and called at all inputs, whose paths are all new."""
        run = self.compiled()
        for args in self.inputs:
            run(*args)

    def calls(self):
        """The inputs of compiled calls: those of the case, or batches of them."""
        if self.idiom.points == 1:
            return self.inputs
        count = len(self.inputs)
        rows = np.stack([args[0] for args in self.inputs])
        repeated = np.arange(self.idiom.points) % count
        return [(rows[(repeated + shift) % count],) for shift in range(CHECKED)]

    def check(self, run, count=CHECKED):
        """Compare the compiled derivative with the one-shot one, and that with differences.

        ``count`` inputs are compared.
        """
        one = self.one_shot()
        answers = [one(*args) for args in self.inputs[:count]]
        if self.idiom.points == 1:
            found = [run(*args) for args in self.inputs[:count]]
        else:
            (batch,) = self.calls()[0]
            result = run(batch)
            found = [
                tuple(part[i] for part in result) if isinstance(result, tuple) else result[i]
                for i in range(len(answers))
            ]
        for mine, expected in zip(found, answers, strict=True):
            error = agreement.error(arrays(mine), arrays(expected))
            if not error <= agreement.EXACT:
                raise Disagreement(f"compiled and one-shot differ by {error:.1e}")
        self.compare_with_differences(self.inputs[0], answers[0])

    def compare_with_differences(self, args, answer):
        """Compare a one-shot derivative with central differences along a few directions."""
        x, *data = args
        flat, what = join(x), self.what
        whole = [self.direction.ravel()] if what == "hvp" else directions(answer, what, flat.size)

        def at(shift):
            moved = split(flat + shift, x)
            moved = moved if isinstance(x, list | tuple) else moved[0]
            if what in ("hessian", "sparse_hessian", "hvp"):
                return join(ad_core.grad(self.fun)(moved, *data))
            return np.ravel(self.fun(moved, *data))

        size = max(1.0, np.abs(flat).max())
        for v in whole:
            mine = np.ravel(product(answer, what, v))
            for step in STEPS:
                step = step * size / np.abs(v).max()
                high, low = at(step * v), at(-step * v)
                expected = (high - low) / (2.0 * step)
                rounding = 100 * np.finfo(float).eps * np.abs(high).max() / step
                error = np.abs(mine - expected).max()
                largest = max(np.abs(expected).max(), np.abs(mine).max())
                if error <= TOLERANCE * largest + rounding:
                    break
            else:
                raise Disagreement(f"one-shot and central differences differ by {error:.1e}")


def product(answer, what, v):
    """The product of a derivative with a direction."""
    if what == "value_and_grad":
        return join(answer[1]) @ v
    if what == "hvp":
        return answer
    return (answer if hasattr(answer, "tocsr") else answer.reshape(-1, v.size)) @ v


def directions(answer, what, size):
    """A direction along a few axes at random, and for a gradient two axes of middling components.

    Few, because among a million inputs some are as near to a kink as the step is long. The largest
    components are often those.
    """
    rng = np.random.default_rng(7)
    found = [np.zeros(size)]
    some = rng.permutation(size)[:FEW]
    found[0][some] = rng.normal(size=some.size)
    if what == "value_and_grad":
        components = join(answer[1])
        order = np.argsort(np.abs(components))[np.count_nonzero(components == 0.0) :]
        for place in order[[len(order) // 3, len(order) // 2]] if len(order) else ():
            found.append(np.zeros(size))
            found[-1][place] = 1.0
    return found
