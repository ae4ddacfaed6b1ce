# SPDX-License-Identifier: Apache-2.0
"""Functions that numba compiles after names of their module were exchanged."""

import sys
import types

import numpy as np
import pytest

import ad_core

pytest.importorskip("numba")

MODULE = """
import math
from math import exp
import numpy as np
from numpy.linalg import norm
from numba import njit

@njit
def names(x): return norm(x) * exp(x[0]) + float(x[1])

@njit
def attributes(x): return np.dot(x, x) + math.sin(x[0]) + np.zeros(2)[0]

def of_objects(x):
    pair = np.asarray([x[0], x[1]], dtype=object)
    return float(norm(pair)) * exp(x[0]) + math.sin(x[1]) + np.dot(pair, pair)
"""


def test_they_are_compiled_with_the_originals(monkeypatch):
    module = types.ModuleType("model_with_numba")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    exec(MODULE, vars(module))
    x = np.array([1.0, 2.0])
    ad_core.grad(module.of_objects)(x)
    assert {"norm", "exp", "float", "math", "np"} <= set(ad_core.adapted()[module.__name__])
    for function in (module.names, module.attributes):
        np.testing.assert_allclose(function(x), function.py_func(x))
        differences = [
            (function(x + e) - function(x - e)) / 2e-6 for e in 1e-6 * np.eye(2)
        ]  # fmt: skip
        np.testing.assert_allclose(ad_core.grad(function)(x), differences, rtol=1e-7)
