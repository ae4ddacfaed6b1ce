# SPDX-License-Identifier: Apache-2.0
"""A recorded function in the form from which the programs of its methods are built."""

import math
from itertools import accumulate

import numpy as np

from ad_core import _core
from ad_core.recording.argnums import is_single, numbered
from ad_core.recording.complex_leaves import Complex
from ad_core.recording.plain import leaves_like
from ad_core.recording.trees import LEAF

__all__ = ["Side", "Source"]


class Side:
    """The arguments, or the result: their trees, and the shapes of all leaves in order."""

    def __init__(self, trees, shapes):
        self.trees = trees
        self.shapes = shapes
        self.sizes = [math.prod(shape) for shape in shapes]
        *self.firsts, self.size = accumulate(self.sizes, initial=0)
        self.bare = all(tree == LEAF for tree in trees)
        self.is_complex = any(tree.holds(Complex) for tree in trees)
        self._leaves = list(accumulate((tree.leaves for tree in trees), initial=0))

    def numbers(self, k):
        """The leaves that belong to argument k."""
        return range(self._leaves[k], self._leaves[k + 1])

    def extent(self, arguments):
        """The number of elements that these arguments hold."""
        return sum(self.sizes[leaf] for k in arguments for leaf in self.numbers(k))

    def flatten(self, arguments, what, points=False):
        """The leaves of arguments with these trees; the error for others names what differs.
        points: they are points and not tangents or cotangents."""
        if len(arguments) != len(self.trees):
            raise TypeError(f"{what} must be {len(self.trees)} arguments, got {len(arguments)}")
        row = []
        for k, (argument, tree) in enumerate(zip(arguments, self.trees, strict=True)):
            name = what if len(self.trees) == 1 else f"{what} (argument {k})"
            row += leaves_like(tree, argument, name, "the recorded structure", points)
        return row


class Source:
    """Arguments and result of one recording, and its graph (None if it is too large for one)."""

    def __init__(self, recording, name):
        trees = recording.inputs.tree.trees
        self.name = name
        self._recording = recording
        self.arguments = Side(trees, list(recording.inputs.shapes))
        self.result = Side([recording.outputs.tree], list(recording.outputs.shapes))
        self.inputs = np.arange(self.arguments.size, dtype=np.uint32)
        self._graphs = {}
        self._gradients = None
        self._seeds = {}

    @property
    def graph(self):
        """The recording's graph, made when it is first used.

        The first one made is kept, since terms belong to one graph.
        """
        if not self._graphs:
            r = self._recording
            try:
                graph = _core.Graph(r.trace, r.inputs.nodes, r.outputs.nodes)
            except _core.ProgramTooLarge:
                graph = None
            self._graphs.setdefault(0, graph)
        return self._graphs[0]

    @property
    def made_graph(self):
        """The graph if it has been made."""
        return self._graphs.get(0)

    def seeds(self, side):
        """Terms of inputs that carry tangents (side: the arguments) or cotangents (the result)."""
        if side not in self._seeds:  # another thread, or a finalizer, may be first
            self._seeds.setdefault(side, self.graph.more_inputs(side.size))
        return self._seeds[side]

    def gradient(self, inputs, adjoints):
        """Terms of the gradient of the sum of the results, each times its adjoint, from which
        further derivatives can be computed.

        Products with the Jacobian of a rule have no derivatives in a graph.  If the function calls
        such rules, the gradient is recorded, in which these products are operations and calls.
        """
        found = self._recorded_gradient()
        if found is None:
            return self.graph.pull(inputs, self.graph.outputs, adjoints)
        trace, nodes, gradient, seeds, _ = found
        given = np.concatenate([self.inputs, adjoints]).astype(np.uint32)
        return self.graph.lowered(trace, np.concatenate([nodes, seeds]), given, gradient[inputs])

    def _recorded_gradient(self):
        """What gradient_of() returns for this recording and the calls that may raise in the
        gradient alone; None where the graph itself will do, or if there is no such gradient."""
        if self._gradients is None:
            found = None
            if not all(rule.elementwise for rule in _core.called_rules(self._recording.trace)):
                found = _gradient_of(self._recording)
            self._gradients = [found]
        return self._gradients[0]

    @property
    def gradient_calls(self):
        """The calls in the gradient that may raise where the function does not."""
        found = self._gradients and self._gradients[0]
        return found[-1] if found else []

    def wrt(self, argnums):
        """(numbers of arguments, whether argnums is a single number)."""
        count = len(self.arguments.trees)
        reason = f"{self.name} does not have: it was recorded with {count}"
        return numbered(argnums, count, reason), is_single(argnums)


def _gradient_of(recording):
    """The gradient of a recording as another one, and calls in it whose outcomes are not guards of
    the recording; or None.

    It must depend on no outcomes but those of the recording itself and of calls of rules, and on
    no results that are undetermined at some points, since programs watch those of the recording.
    """
    trace, nodes = recording.trace, (recording.inputs.nodes, recording.outputs.nodes)
    if _core.takes_derivatives(trace) or any(rule.local for rule in _core.called_rules(trace)):
        return None
    try:
        found = _core.gradient_of(trace, *nodes, np.ones(recording.outputs.size), True)
    except Exception:  # the derivative by replays raises it too
        return None
    guards = [_core.tape_size(of)["guards"] for of in (trace, found[0])]
    if _core.undetermined_calls(found[0]):
        return None
    calls = [_core.guarded_call(found[0], k) for k in range(*guards)]
    local = any(rule.local for rule in _core.called_rules(found[0]))
    return None if local or None in calls else (*found, calls)
