# SPDX-License-Identifier: Apache-2.0
"""What a sparse method costs: by sweeps over the recording with few seeds, and by a program.

The units are those of ad_core/programs/by_cost.py.  The terms of a large program are estimated from
programs of two samples of the outputs, because an attempt that is given up has cost its limit.
"""

import numpy as np

from ad_core import _core
from ad_core.programs import by_cost
from ad_core.programs.by_cost import MAKE, START, recording_time

__all__ = ["SparseCosts"]

GRADIENT = 10  # to record the gradient, for each edge of its recording
PATTERN = 10  # to find the sparsity pattern, for each edge
SMALL = 1 << 14  # terms of programs whose number is not estimated
SAMPLED = 512, 256  # every so many-th output is in a sample


class SparseCosts:
    """What a sparse Jacobian or Hessian of a recording costs.

    recorded: the recording; swept: the same or, for a Hessian, the recording of its gradient.
    """

    def __init__(self, recorded, swept, hessian):
        self.nodes = _core.tape_size(recorded.trace)["nodes"]
        self.record = recording_time(recorded)
        self.edges = _core.sweep_edges(swept.trace)
        self.recorded, self.swept = recorded, swept
        self.again = START + self.nodes + (GRADIENT * self.edges if hessian else 0)
        self.least = self.nodes + self.edges  # the number of terms of a program, at least

    @property
    def is_small(self):
        """Whether an attempt costs so little that nothing has to be estimated before."""
        return self.least <= SMALL

    def replay(self, products):
        """One replay whose products take so many operations."""
        return self.again + products

    def room(self, products):
        """The terms that a program may need if it costs no more than FIRST calls of the one-shot
        transform, which runs the function and finds the sparsity pattern."""
        once = self.replay(products) + self.record + PATTERN * self.edges
        return int(by_cost.FIRST * once / MAKE)

    def estimate(self):
        """The number of terms of a program; infinite if it has more than a graph may have.

        The difference of two samples is the cost of the further outputs; what all outputs share
        counts once.  It is too large where outputs share more with their neighbours than with
        others.
        """
        if self.is_small:
            return self.least
        # The recording of a gradient begins with the nodes of its function.
        inputs, outputs = self.recorded.inputs.nodes, self.swept.outputs
        numbers = np.flatnonzero(np.isin(inputs, self.swept.inputs.nodes)).astype(np.uint32)
        counts = []
        try:
            for share in SAMPLED:
                some = outputs.nodes[::share]
                graph = _core.Graph(self.swept.trace, inputs, some)
                graph.jacobian(numbers, graph.outputs, np.empty(0, np.uint32))
                counts.append((len(some), graph.terms))
        except _core.ProgramTooLarge:
            return np.inf
        (m, few), (n, more) = counts
        return more if n == m else few + (more - few) * (outputs.size - m) / (n - m)
