# SPDX-License-Identifier: Apache-2.0
"""One plain NumPy evaluation of the function: the yardstick, no derivative."""

from benchmarks.peers.peer import Peer, Prepared


def prepare(scenario, args):
    return Prepared({"": scenario.fun}, note="one evaluation, no derivative")


PEER = Peer("numpy", ("numpy",), prepare, kind="evaluation")
