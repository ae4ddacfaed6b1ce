# SPDX-License-Identifier: Apache-2.0
"""Steam reforming at equilibrium: five gases from mass action and the balances of C, H and O.

Size: 5 unknown logarithms of amounts; inputs are temperature (K), pressure (bar) and the 3 total
amounts of the elements (mol). The number of Newton steps depends on the data, and the loop is
differentiated as it is.

Source: J. Xu and G. Froment, Methane steam reforming, AIChE Journal 35 (1989) (the reactions and
their equilibrium constants); W. Smith and R. Missen, Chemical Reaction Equilibrium Analysis (1982)
(Newton's method).
"""

import numpy as np

import ad_core

SPECIES = ("CH4", "H2O", "CO", "CO2", "H2")
ATOMS = np.array(
    [
        [1.0, 0.0, 1.0, 1.0, 0.0],  # C
        [4.0, 2.0, 0.0, 0.0, 2.0],  # H
        [0.0, 1.0, 1.0, 2.0, 0.0],  # O
    ]
)
REACTIONS = np.array(
    [
        [-1.0, -1.0, 1.0, 0.0, 3.0],  # CH4 + H2O = CO + 3 H2
        [0.0, -1.0, -1.0, 1.0, 1.0],  # CO + H2O = CO2 + H2
    ]
)
FEED = ATOMS @ np.array([1.0, 3.0, 0.0, 0.0, 0.1])  # mol


def log_constants(temperature):
    """Logarithms of the equilibrium constants, in powers of bar."""
    return np.array([30.114 - 26830.0 / temperature, -4.036 + 4400.0 / temperature])


def equations(log_n, temperature, pressure, totals):
    """Mass action, then the balances relative to the totals: zero at equilibrium."""
    n = np.exp(log_n)
    log_p = log_n - np.log(np.sum(n)) + np.log(pressure)
    F = np.zeros(5)
    F[:2] = REACTIONS @ log_p - log_constants(temperature)
    F[2:] = ATOMS @ n / totals - 1.0
    return F


def equations_jacobian(log_n, totals):
    """The Jacobian of the residual by hand, for Newton's method."""
    n = np.exp(log_n)
    J = np.empty((5, 5))
    J[:2] = REACTIONS - np.outer(REACTIONS.sum(axis=1), n / n.sum())
    J[2:] = ATOMS * n / totals[:, None]
    return J


def equilibrium(temperature, pressure, totals, tolerance=1e-10):
    """Logarithms of the amounts of the five gases at equilibrium."""
    log_n = np.log(np.full(5, np.sum(totals) / 10.0))
    step, iterations = np.ones(5), 0
    while np.max(np.abs(step)) > tolerance:
        F = equations(log_n, temperature, pressure, totals)
        step = np.linalg.solve(equations_jacobian(log_n, totals), -F)
        longest = np.max(np.abs(step))
        if longest > 2.0:  # limit the change of an amount in one step to a factor of e^2
            step *= 2.0 / longest
        log_n = log_n + step
        iterations += 1
        if iterations > 100:
            raise RuntimeError(f"no equilibrium after {iterations} steps")
    return log_n


def conversion(temperature, pressure, totals):
    """The part of the carbon that is no longer in methane."""
    return 1.0 - np.exp(equilibrium(temperature, pressure, totals)[0]) / totals[0]


def shift_equilibrium(temperature, feed):
    """The second reaction alone, with a feed of CO, H2O, CO2, H2: one unknown, found by bisection
    and Newton's method."""
    K = np.exp(log_constants(temperature)[1])
    co, h2o, co2, h2 = feed

    def g(x):
        return (co2 + x) * (h2 + x) - K * (co - x) * (h2o - x)

    low, high = -min(co2, h2), min(co, h2o)
    while high - low > 0.05:
        middle = 0.5 * (low + high)
        if g(middle) > 0:
            high = middle
        else:
            low = middle
    x, change = 0.5 * (low + high), 1.0
    while abs(change) > 1e-12:
        slope = co2 + h2 + 2 * x + K * (co + h2o - 2 * x)
        change = -g(x) / slope
        x += change
    return x


def main():
    pressure = 10.0
    derivative = ad_core.value_and_jacobian(equilibrium, argnums=(0, 1, 2))
    print("T (K)  methane converted   per 100 K   by the implicit function theorem")
    for temperature in (800.0, 900.0, 1000.0, 1100.0):
        log_n, (by_temperature, _, _) = derivative(temperature, pressure, FEED)
        partial = ad_core.jacobian(equations, argnums=1)(log_n, temperature, pressure, FEED)
        implicit = -np.linalg.solve(equations_jacobian(log_n, FEED), partial)
        n = np.exp(log_n[0])
        rates = [
            -100.0 * n * sensitivity[0] / FEED[0] for sensitivity in (by_temperature, implicit)
        ]
        print(f"{temperature:5.0f}{1.0 - n / FEED[0]:19.4f}{rates[0]:12.6f}{rates[1]:20.6f}")


CASES = [
    ("temperature", lambda t: equilibrium(100.0 * t, 10.0, FEED), (9.5,)),
    ("all inputs", lambda t, p, totals: equilibrium(100.0 * t, p, totals), (9.5, 10.0, FEED)),
    ("conversion", lambda t, p, totals: conversion(100.0 * t, p, totals), (11.0, 5.0, FEED)),
    ("equations", equations, (np.log([0.5, 2.0, 0.3, 0.2, 1.8]), 950.0, 10.0, FEED)),
    ("by hand", equations_jacobian, (np.log([0.5, 2.0, 0.3, 0.2, 1.8]), FEED)),
    (
        "shift",
        lambda t, feed: shift_equilibrium(100.0 * t, feed),
        (9.5, np.array([1, 2, 0.3, 0.4])),
    ),
]

if __name__ == "__main__":
    main()
