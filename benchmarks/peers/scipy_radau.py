# SPDX-License-Identifier: Apache-2.0
"""SciPy: ``solve_ivp`` with ``jac_sparsity=``, so that it takes coloured differences."""

from scipy.integrate import solve_ivp

import ad_core
from benchmarks.peers.ivp import prepared
from benchmarks.peers.peer import Peer


def prepare(scenario, args):
    structure = ad_core.trace(scenario.fun, *args).jacobian_sparsity().astype(float)
    return prepared(scenario, solve_ivp, "structure given", jac_sparsity=structure)


PEER = Peer("scipy-radau", ("scipy", "numpy"), prepare, kind="differences")
