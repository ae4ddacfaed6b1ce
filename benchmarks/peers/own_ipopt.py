# SPDX-License-Identifier: Apache-2.0
"""ad_core: the callbacks of ``ad_core.solvers.IpoptProblem``."""

from ad_core import solvers
from benchmarks.peers.nlp import prepared
from benchmarks.peers.peer import Peer


def problem(scenario):
    return solvers.IpoptProblem(scenario.objective, scenario.start(), scenario.fun)


def prepare(scenario, args):
    return prepared(problem(scenario), "recorded beforehand")


PEER = Peer("ad_core-ipopt", ("ad_core", "numpy", "scipy"), prepare)
