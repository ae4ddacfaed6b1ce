# SPDX-License-Identifier: Apache-2.0
"""What the peers that solve a stiff equation share: the interval and the tolerances."""

from benchmarks.peers.peer import Prepared

END = 2e-4
"""Ten steps or so: what a factorisation costs does not depend on the time."""
OPTIONS = {"method": "Radau", "rtol": 1e-4, "atol": 1e-6}


def prepared(scenario, solve, note, **options):
    """``solve`` is solve_ivp, or has its arguments; ``options`` are further ones."""

    def rate(t, y):
        return scenario.fun(y)

    def run(y):
        return solve(rate, (0.0, END), y, **OPTIONS, **options)

    def answer(found):
        if found.status != 0:
            raise ArithmeticError(found.message)
        return [found.y[:, -1]]

    return Prepared({"": run}, answer=answer, note=note)
