# SPDX-License-Identifier: Apache-2.0
"""ad_core: ``ad_core.solvers.solve_ivp``."""

from ad_core import solvers
from benchmarks.peers.ivp import prepared
from benchmarks.peers.peer import Peer


def prepare(scenario, args):
    return prepared(scenario, solvers.solve_ivp, "tracing included")


PEER = Peer("ad_core-radau", ("ad_core", "numpy", "scipy"), prepare)
