# SPDX-License-Identifier: Apache-2.0
"""ad_core: the function traced once, then its tape called point after point, with ``out=``.

Integer data such as labels are constants of the tape.
"""

from functools import partial

import numpy as np

import ad_core
from benchmarks import limits
from benchmarks.peers.peer import Peer, Prepared, function_args
from benchmarks.tree import leaves


def data(arg):
    """Whether an argument holds no floats, and is therefore a constant of the tape."""
    return not any(np.issubdtype(leaf.dtype, np.floating) for leaf in leaves(arg))


def traced(scenario, args):
    """The tape, and the function that drops the arguments that are constants of it."""
    given = function_args(scenario, args)
    kept = [i for i, arg in enumerate(given) if not data(arg)]

    def fun(*floats):
        whole = list(given)
        for i, value in zip(kept, floats, strict=True):
            whole[i] = value
        return scenario.fun(*whole)

    fun.__name__ = scenario.fun.__name__
    constants = len(kept) < len(given)
    tape = ad_core.trace(fun if constants else scenario.fun, *[given[i] for i in kept])

    def convert(args):
        return tuple(args[i] for i in kept) + tuple(args[len(given) :])

    return tape, convert


def operations(tape, what):
    """The number of operations of a program of the tape."""
    return limits.operations(tape.instructions(what)[0])


def prepare(scenario, args):
    tape, convert = traced(scenario, args)
    if scenario.what == "jacobian":
        run = partial(tape.jacobian, out=np.empty((scenario.K, scenario.D)))
    else:
        run = getattr(tape, scenario.what)

    def note():
        if scenario.what == "jvp":
            return "traced beforehand"
        count, value = operations(tape, scenario.what), operations(tape, "value")
        return f"traced beforehand; {count:,} operations, {count / value:.3g}x those of the value"

    return Prepared({"": run}, convert, note=note)


PEER = Peer("ad_core-tape", ("ad_core", "numpy"), prepare)
