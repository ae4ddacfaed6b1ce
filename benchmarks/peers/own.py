# SPDX-License-Identifier: Apache-2.0
"""ad_core: one shot, so every call traces the function anew."""

import ad_core
from benchmarks.peers.peer import Peer, Prepared


def prepare(scenario, args):
    fun = scenario.fun
    if scenario.what == "jvp":
        return Prepared({"": lambda y, v: ad_core.jvp(fun, (y,), (v,))[1]})
    transform = getattr(ad_core, scenario.what)
    return Prepared({"": lambda *args: transform(fun)(*args)})


PEER = Peer("ad_core", ("ad_core", "numpy"), prepare)
