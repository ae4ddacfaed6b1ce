# SPDX-License-Identifier: Apache-2.0
"""Objects of np.poly1d with traced coefficients: functions of polynomials return such objects as
NumPy does, whatever the process has traced before."""

import numpy as np
import pytest

import ad_core

X = np.array([1.0, 2.3, 0.5, 3.0, 0.25, 1.5])

FUNCTIONS = {
    "polymul": lambda x: np.polymul(np.poly1d(x[:3]), x[3:])[0],
    "polymul reversed": lambda x: np.polymul(x[3:], np.poly1d(x[:3]))[1],
    "polydiv": lambda x: np.polydiv(np.poly1d(x[:3]), x[3:5])[0][0],
    "polydiv's remainder": lambda x: np.polydiv(np.poly1d(x[:3]), x[3:5])[1](2.0),
    "polyadd": lambda x: np.polyadd(np.poly1d(x[:3]), 0.0)[0] * x[3],
    "polysub": lambda x: np.polysub(np.poly1d(x[:3]), x[3:5])[0],
    "polyder": lambda x: np.polyder(np.poly1d(x[:3]))[0] * x[4],
    "polyint": lambda x: np.polyint(np.poly1d(x[:3]))(x[5]),
    "polyval": lambda x: np.polyval(np.poly1d(x[:3]), x[5]),
    "polyval of a polynomial": lambda x: np.polyval([1.0, 2.0], np.poly1d(x[:3]))[1],
    "operators": lambda x: (np.poly1d(x[:3]) * x[3:5] + np.poly1d(x[3:]) ** 2 - x[0])(x[5]),
    "arrays": lambda x: np.polymul(x[:3], x[3:])[0],
}


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.usefixtures("objects_taken")
def test_derivatives(name):
    f = FUNCTIONS[name]
    steps = 1e-6 * np.eye(6)
    expected = [(f(X + h) - f(X - h)) / 2e-6 for h in steps]
    for jacobian in (ad_core.jacfwd(f), ad_core.jacrev(f), ad_core.compile(f).jacobian):
        np.testing.assert_allclose(jacobian(X), expected, rtol=1e-6, atol=1e-8)
