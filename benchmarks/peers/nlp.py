# SPDX-License-Identifier: Apache-2.0
"""Common code of the peers for nonlinear programs: all callbacks at one point, in one order."""

import numpy as np

from benchmarks.peers.peer import Prepared


def prepared(problem, note):
    """The callbacks of a problem object of cyipopt's, called one after the other."""

    def run(x, multipliers, factor):
        return (
            problem.objective(x),
            problem.gradient(x),
            problem.constraints(x),
            problem.jacobian(x),
            problem.hessian(x, multipliers, factor),
        )

    def by_rows(structure, data):
        rows, columns = structure
        return np.asarray(data)[np.lexsort((columns, rows))]

    def answer(raw):
        *parts, jacobian, hessian = raw
        return [
            *map(np.asarray, parts),
            by_rows(problem.jacobianstructure(), jacobian),
            by_rows(problem.hessianstructure(), hessian),
        ]

    return Prepared({"": run}, answer=answer, note=note)
