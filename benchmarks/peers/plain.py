# SPDX-License-Identifier: Apache-2.0
"""One plain NumPy evaluation of the function: the yardstick, no derivative."""

from benchmarks.peers.peer import Peer, Prepared, function_args


def prepare(scenario, args):
    def convert(args):
        return function_args(scenario, args)

    return Prepared({"": scenario.fun}, convert, note="one evaluation, no derivative")


PEER = Peer("numpy", ("numpy",), prepare, kind="evaluation")
