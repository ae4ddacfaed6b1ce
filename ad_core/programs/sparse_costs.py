# SPDX-License-Identifier: Apache-2.0
"""What a sparse method costs: by sweeps over the recording with few seeds, and by a program.

The units are those of ad_core/programs/by_cost.py.  The terms of a large program are estimated from
programs of two samples of the outputs, because an attempt that is given up has cost its limit.
"""

import numpy as np

from ad_core import _core
from ad_core.programs import by_cost
from ad_core.programs.by_cost import MAKE, START, recording_time
from ad_core.sparse.compression import any_multipliers

__all__ = ["SparseCosts"]

GRADIENT = 10  # to record the gradient, for each edge of its recording
PATTERN = 10  # to find the sparsity pattern, for each edge
SMALL = 1 << 14  # terms of programs whose number is not estimated
SAMPLED = 512, 256  # every so many-th output is in a sample


class SparseCosts:
    """What a sparse Jacobian or Hessian of a recording costs."""

    def __init__(self, recording, name, edges):
        """name: of the method.  edges: those of the recording or, for a Hessian, of the recording
        of its gradient."""
        self.lagrangian = name == "sparse_lagrangian_hessian"
        self.hessian = hessian = self.lagrangian or name == "sparse_hessian"
        self.nodes, _, _, _, *operations = _core.recording_counts(recording.trace)
        self.record = recording_time(*operations)
        self.edges = edges
        self.again = START + self.nodes + (GRADIENT * edges if hessian else 0)
        self.least = self.nodes + edges  # the number of terms of a program, at least

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

    def estimate(self, recording, own):
        """The number of terms of a program; infinite if it has more than a graph may have.

        own: the recording with those inputs alone by which it is differentiated.

        The difference of two samples is the cost of the further outputs; what all outputs share
        counts once.  The estimate is too large where outputs share more with their neighbours than
        with others.
        """
        if self.is_small:
            return self.least
        # The recording of a gradient, which is not kept, begins with the nodes of its function.
        multipliers = any_multipliers(own) if self.lagrangian else None
        swept = own.differentiated(multipliers) if self.hessian else own
        every, outputs = recording.inputs.nodes, swept.outputs.nodes
        numbers = np.flatnonzero(np.isin(every, own.inputs.nodes)).astype(np.uint32)
        counts = []
        try:
            for share in SAMPLED:
                some = outputs[::share]
                graph = _core.Graph(swept.trace, every, some)
                graph.jacobian(numbers, graph.outputs, np.empty(0, np.uint32))
                counts.append((len(some), graph.terms))
        except _core.ProgramTooLarge:
            return np.inf
        (m, few), (n, more) = counts
        return more if n == m else few + (more - few) * (len(outputs) - m) / (n - m)
