# SPDX-License-Identifier: Apache-2.0
"""CasADi: the same Function called as most Python code does, with a NumPy array, giving a DM.

The DM is sparse: nonzeros and their pattern; turning it into a NumPy array is not timed.
"""

import numpy as np

from benchmarks.peers.casadi_shared import convert, derivative
from benchmarks.peers.peer import Peer, Prepared


def answer(raw):
    """The DM as an array."""
    return np.asarray(raw.full())


def prepare(scenario, args):
    if scenario.what != "jacobian":
        raise NotImplementedError(f"{scenario.what} is not called this way here")
    function = derivative(scenario, args)
    return Prepared({"": function}, convert, answer, "graph built beforehand; a sparse DM")


PEER = Peer("casadi-call", ("casadi", "numpy"), prepare)
