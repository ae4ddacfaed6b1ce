# SPDX-License-Identifier: Apache-2.0
"""Functions whose first derivatives are one-shot, and which are compiled when that pays."""

import math

import numpy as np

from ad_core import _core
from ad_core.programs.function import compile
from ad_core.programs.tape import trace
from ad_core.recording.record import record
from ad_core.solvers import costs
from ad_core.solvers.blas import held
from ad_core.transforms import first_order, second_order

__all__ = ["Gradual"]

MOST_PATHS = 8  # each path has a program of its own, whose set-up must pay too
SEEDED = ("hvp", "lagrangian_hessian", "sparse_lagrangian_hessian")  # their second argument
SEEN = 16  # calls from one count of the paths to the next
# Entries of Jacobians for which BLAS has one thread. In larger ones its threads have work to do, in
# smaller ones it does not start them.
HELD = range(1 << 12, (1 << 20) + 1)


class Gradual:
    """fun(x, *others) for x of shape (n,), and its derivatives by x.

    The first values are fun's own, and the first derivatives are one-shot.  A method is compiled
    when its one-shot calls have cost as much as the set-up of its program is estimated to cost
    (costs.py), so together they cost at most twice what the better of the two ways would have cost.
    Methods whose programs would not be faster, or do not fit into memory, stay one-shot.

    Programs are those of one recording, or of an ad_core.Function if fun takes several paths.  In
    one-shot calls, the other arguments are plain numbers.  A program takes them as inputs; if
    fun refuses them there (math.sin(t), table[int(t)]), the calls stay one-shot.  So every error of
    a recording or a program is answered by a one-shot call, which raises those that are fun's own.
    """

    def __init__(self, fun):
        self.fun = fun
        self._program = None
        self._tape = None
        self._size = ()  # that of a recording (None: there is none), once it is known
        self._once = {"value": fun}
        self._last = None  # (bytes of x, the recording there) of products with a Hessian
        self._counts = {}
        self._due = {}  # method: the number of calls from which it is judged or compiled
        self._ready = set()
        self._seen = 0  # calls of programs
        self._entries = 0  # of the last dense Jacobian

    @property
    def program(self):
        """The ad_core.Function, made when it is first used."""
        if self._program is None:
            self._program = compile(self.fun)
        return self._program

    def _evaluator(self, *args):
        """The recording, or the Function if comparisons may have other outcomes elsewhere."""
        self.size(*args)
        return self.program if self._tape is None else self._tape

    def __call__(self, *args):
        return self._run("value", args)

    def light(self, fast, counted, taken=lambda tape: tape):
        """fast, or counted for the calls at which values are judged, and from where on they are
        compiled the program itself.  For small functions, counting each call would be half of a
        solver's time.  taken(tape) is a Tape as a function with fast's arguments."""
        left = first = costs.FIRST["value"]
        program = None

        def value(*args):
            nonlocal left, first, program
            if left > 1:
                left -= 1
                return fast(*args)
            if program is not None:
                try:
                    return program(*args)
                except Exception:
                    self._stay("value")
                    program = None
            self._counts["value"] = self._counts.get("value", 0) + first - left
            y = counted(*args)
            first = left = self._left("value")
            if "value" in self._ready and self._tape is not None:
                program = taken(self._tape)
            return y

        return value

    def _left(self, name):
        """The number of calls until a method is judged or compiled: 0 if it is compiled."""
        if name in self._ready:
            return 0
        return self._due.get(name, costs.FIRST.get(name, costs.SOON)) - self._counts[name]

    def grad(self, *args):
        """The gradient (n,) of a function with one number as its result."""
        return self._run("grad", args)

    def jacobian(self, *args, sparse=False):
        """The Jacobian (m, n)."""
        if sparse:
            return self._run("sparse_jacobian", args)
        found = self._alone(self._run)("jacobian", args)
        self._entries = np.size(found)
        return found

    def _alone(self, method):
        """A method that computes dense Jacobians, with BLAS on one thread if they are small.

        Its other threads would go on waiting for work for some time, on the cores on which the
        threads of SciPy's own BLAS then factorise the matrix."""
        return held(method) if self._entries in HELD else method

    def hessian(self, *args, sparse=False):
        """The Hessian (n, n) of a function with one number as its result."""
        return self._run("sparse_hessian" if sparse else "hessian", args)

    def hvp(self, x, v):
        """The product (n,) of the Hessian and a vector."""
        return self._run("hvp", (x, v))

    def lagrangian_hessian(self, x, multipliers, sparse=False):
        """The Hessian (n, n) of multipliers @ fun."""
        name = "sparse_lagrangian_hessian" if sparse else "lagrangian_hessian"
        return self._run(name, (x, multipliers))

    def together(self, name, *args):
        """(value, derivative) by one program if that of the method "grad" or "jacobian" is in use,
        otherwise None."""
        if name not in self._ready:
            return None
        self._watch_paths(name)
        try:
            method = getattr(self._evaluator(*args), f"value_and_{name}")
            return (self._alone(method) if name == "jacobian" else method)(*args)
        except Exception:
            self._stay(name)
            return None

    def size(self, *args):
        """The size of a recording (Tape.size), or None if fun can not be recorded."""
        if self._size == ():
            try:
                tape = trace(self.fun, *args)
                self._size = tape.size
                if self._size["guards"] == 0:
                    self._tape = tape
            except Exception:
                self._size = None
        return self._size

    def dense_jacobian(self, entries, x):
        """The Jacobian at x if matrix products alone have as many nodes as it has entries, which
        shows without its pattern that it is dense; None otherwise."""
        found = record(self.fun, (x,), {}, 0)
        size = _core.tape_size(found.trace)
        if size["block runs"] == 0 or size["nodes"] < entries:
            return None
        self._entries = entries
        return self._alone(found.jacobian)()

    def _run(self, name, args):
        count = self._counts[name] = self._counts.get(name, 0) + 1
        if count > self._due.get(name, costs.FIRST.get(name, costs.SOON)):
            self._judge(name, count, args)
            if name in self._ready:
                try:
                    return self._compiled(name, args)
                except Exception:
                    self._stay(name)
        if name not in self._once:
            self._once[name] = self._transform(name)
        return self._once[name](*args)

    def _judge(self, name, count, args):
        """Decide whether a method is compiled from now on."""
        if name in self._ready:
            self._watch_paths(name)
            return
        if name not in self._due:
            m = np.size(args[1]) if name in SEEDED else args[0].size
            self._due[name] = costs.calls_until(name, self._judged(name, args), args[0].size, m)
        if count > self._due[name]:
            self._ready.add(name)

    def _judged(self, name, args):
        """The size of a recording: that of a one-shot Jacobian, if there was one.  Its other
        arguments are plain, so values, which take comparisons of them too, have their own."""
        found = None
        if name != "value":
            found = getattr(self._once.get("jacobian"), "recorded_size", None)
        return found or self.size(*_primals(name, args))

    def _watch_paths(self, name):
        self._seen += 1
        if self._tape is None and self._seen % SEEN == 0 and self.program.paths > MOST_PATHS:
            self._stay(name)

    def _stay(self, name):
        """Keep a method one-shot from here on."""
        self._ready.discard(name)
        self._due[name] = math.inf

    def _compiled(self, name, args):
        evaluator = self._evaluator(*_primals(name, args))
        if name == "value":
            return evaluator(*args)
        if name == "hvp":
            return evaluator.hvp(*args)
        sparse = name.startswith("sparse_")
        method = getattr(evaluator, name.removeprefix("sparse_"))
        return method(*args) if name == "grad" else method(*args, sparse=sparse)

    def _transform(self, name):
        fun = self.fun
        if name == "hvp":
            return self._product
        if name == "lagrangian_hessian":
            return lambda x, v: second_order.lagrangian_hessian(fun, (x,), v)
        if name == "sparse_lagrangian_hessian":
            return first_order.hessian(lambda x, v: np.sum(v * fun(x)), sparse=True)
        sparse = {"sparse": True} if name.startswith("sparse_") else {}
        return getattr(first_order, name.removeprefix("sparse_"))(fun, **sparse)

    def _product(self, x, v):
        """A one-shot product.  Those at one x, which solvers take in turn, share a recording."""
        key = x.tobytes()
        known = self._last
        if known is None or known[0] != key:
            recording = record(self.fun, (x,), {}, 0)
            if recording.outputs.shapes != [()] or recording.nested:
                return first_order.hvp(self.fun, (x,), (v,))
            known = self._last = key, recording
        found = known[1].hvp([v])
        return found if np.isfinite(found).all() else first_order.hvp(self.fun, (x,), (v,))


def _primals(name, args):
    """The arguments of fun among those of a method."""
    return args[:1] if name in SEEDED else args
