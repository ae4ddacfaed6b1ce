# SPDX-License-Identifier: Apache-2.0
"""ad_core: SciPy's ``solve_ivp`` as it is, with ``jac=`` a tape's sparse Jacobian."""

from scipy.integrate import solve_ivp

import ad_core
from benchmarks.peers.ivp import prepared
from benchmarks.peers.peer import Peer


def prepare(scenario, args):
    tape = ad_core.trace(scenario.fun, *args)
    note = "traced beforehand; SciPy's own order of elimination"
    return prepared(scenario, solve_ivp, note, jac=lambda t, y: tape.jacobian(y, sparse=True))


PEER = Peer("ad_core-jac", ("ad_core", "numpy", "scipy"), prepare)
