# SPDX-License-Identifier: Apache-2.0
"""Common code of the peers that solve a stiff equation: the interval and the tolerances."""

from benchmarks.peers.peer import Prepared

END = 2e-4
"""The end time, after about ten steps; the cost of a factorisation does not depend on the time."""
OPTIONS = {"method": "Radau", "rtol": 1e-4, "atol": 1e-6}


def prepared(scenario, solve, note, **options):
    """Solve by ``solve``, which has solve_ivp's arguments; ``options`` are further arguments."""

    def rate(t, y):
        return scenario.fun(y)

    def run(y):
        return solve(rate, (0.0, END), y, **OPTIONS, **options)

    def answer(found):
        if found.status != 0:
            raise ArithmeticError(found.message)
        return [found.y[:, -1]]

    return Prepared({"": run}, answer=answer, note=note)
