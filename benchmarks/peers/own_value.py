# SPDX-License-Identifier: Apache-2.0
"""ad_core: the value alone by a tape made once, with which the gradient's time is compared."""

from benchmarks.peers.own_tape import operations, traced
from benchmarks.peers.peer import Peer, Prepared


def prepare(scenario, args):
    tape, convert = traced(scenario, args)

    def note():
        return f"the value, no derivative; {operations(tape, 'value'):,} operations"

    return Prepared({"": tape}, convert, note=note)


PEER = Peer("ad_core-value", ("ad_core", "numpy"), prepare, kind="evaluation")
