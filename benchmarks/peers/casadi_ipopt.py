# SPDX-License-Identifier: Apache-2.0
"""CasADi: its Functions of SX scalars as callbacks of cyipopt's, through raw buffers.

Functions as CasADi's own ``nlpsol`` makes them: f, its gradient, g, its Jacobian, and the lower
triangle of the Lagrangian's Hessian.
"""

import casadi
import numpy as np

from benchmarks.peers.casadi_shared import NAMESPACE, column, symbols
from benchmarks.peers.casadi_sx import Call
from benchmarks.peers.nlp import prepared
from benchmarks.peers.peer import Peer
from scenarios import with_numpy


class Problem:
    """A problem object of cyipopt's."""

    def __init__(self, scenario):
        x, vector = symbols(np.zeros(scenario.D))
        f = with_numpy(scenario.objective, NAMESPACE)(x)
        g = column(with_numpy(scenario.fun, NAMESPACE)(x))
        factor, multipliers = casadi.SX.sym("factor"), casadi.SX.sym("v", scenario.K)
        lagrangian = factor * f + casadi.dot(multipliers, g)
        hessian = casadi.tril(casadi.hessian(lagrangian, vector)[0])
        self.calls = {
            name: Call(casadi.Function(name, inputs, [result]))
            for name, inputs, result in (
                ("f", [vector], f),
                ("gradient", [vector], casadi.gradient(f, vector)),
                ("g", [vector], g),
                ("jacobian", [vector], casadi.jacobian(g, vector)),
                ("hessian", [vector, multipliers, factor], hessian),
            )
        }
        run = {name: call.caller() for name, call in self.calls.items()}
        value, gradient, constraints = run["f"], run["gradient"], run["g"]
        jacobian, lower = run["jacobian"], run["hessian"]
        self.objective = lambda x: value(x)[0][0]
        self.gradient = lambda x: gradient(x)[0]
        self.constraints = lambda x: constraints(x)[0]
        self.jacobian = lambda x: jacobian(x)[0]
        self.hessian = lambda x, multipliers, factor: lower(x, multipliers, factor)[0]

    def _structure(self, name):
        rows, columns = self.calls[name].function.sparsity_out(0).get_triplet()
        return np.array(rows), np.array(columns)

    def jacobianstructure(self):
        return self._structure("jacobian")

    def hessianstructure(self):
        return self._structure("hessian")


problem = Problem


def prepare(scenario, args):
    return prepared(problem(scenario), "graphs built beforehand")


PEER = Peer("casadi-ipopt", ("casadi",), prepare)
