# SPDX-License-Identifier: Apache-2.0
"""Functions of scikit-fuzzy: membership functions, defuzzification, fuzzy controllers."""

import numpy as np
import skfuzzy as fuzz
from skfuzzy import control as ctrl

from published import row

X = np.array([0.3, 2.2, 4.1, 5.7, 7.9])


def triangle(x, corners):
    return fuzz.trimf(x, corners)


def trapezoid(x, corners):
    return fuzz.trapmf(x, corners)


def centroid(memberships):
    return fuzz.defuzz(X, memberships, "centroid")


def bisector(memberships):
    return fuzz.defuzz(X, memberships, "bisector")


def interpolated(memberships, place):
    return fuzz.interp_membership(X, memberships, place)


def tip(quality, service):
    """The tipping problem of the package's documentation."""
    q = ctrl.Antecedent(np.arange(0, 11, 1), "quality")
    s = ctrl.Antecedent(np.arange(0, 11, 1), "service")
    t = ctrl.Consequent(np.arange(0, 26, 1), "tip")
    q.automf(3)
    s.automf(3)
    t["low"] = fuzz.trimf(t.universe, [0, 0, 13])
    t["medium"] = fuzz.trimf(t.universe, [0, 13, 25])
    t["high"] = fuzz.trimf(t.universe, [13, 25, 25])
    rules = [
        ctrl.Rule(q["poor"] | s["poor"], t["low"]),
        ctrl.Rule(s["average"], t["medium"]),
        ctrl.Rule(s["good"] | q["good"], t["high"]),
    ]
    simulation = ctrl.ControlSystemSimulation(ctrl.ControlSystem(rules))
    simulation.input["quality"] = quality
    simulation.input["service"] = service
    simulation.compute()
    return simulation.output["tip"]


FUNCTIONS = [
    row(triangle, X, np.array([1.0, 4.0, 9.0])),
    row(trapezoid, X, np.array([1.0, 3.0, 5.0, 9.0])),
    row(fuzz.gaussmf, X, 4.0, 1.5),
    row(fuzz.gauss2mf, X, 3.0, 1.5, 5.0, 1.2),
    row(fuzz.gbellmf, X, 2.0, 3.0, 4.5),
    row(fuzz.sigmf, X, 4.0, 1.5),
    row(fuzz.dsigmf, X, 2.0, 1.5, 5.0, 1.2),
    row(fuzz.smf, X, 1.0, 7.0),
    row(fuzz.zmf, X, 1.0, 7.0),
    row(fuzz.pimf, X, 1.0, 3.0, 5.0, 7.5),
    row(centroid, np.array([0.1, 0.4, 0.9, 0.5, 0.2])),
    row(bisector, np.array([0.1, 0.4, 0.9, 0.5, 0.2])),
    row(interpolated, np.array([0.1, 0.4, 0.9, 0.5, 0.2]), 3.3),
    row(tip, 6.5, 9.3),
]
