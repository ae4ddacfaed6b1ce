# SPDX-License-Identifier: Apache-2.0
"""Functions that numba has compiled run as the Python functions that they were compiled from.

The tests run in a process of their own, with numba if it is installed, and with a package that
stands in for it: its compiled functions take plain numbers alone, as numba's do."""

import importlib.util
import os
import subprocess
import sys

import pytest

DISPATCHER = """
import numpy as np

class Base:
    def __call__(self, *args, **kwargs):
        for x in args:
            if type(x) not in (int, float, bool, np.float64, np.ndarray):
                raise TypeError("bad argument type for built-in operation")
        return self.py_func(*args, **kwargs)

class CPUDispatcher(Base):
    def __init__(self, py_func):
        self.py_func = py_func
        self.__name__ = py_func.__name__
        self.__module__, self.__qualname__ = py_func.__module__, py_func.__qualname__
"""
ELEMENTWISE = """
import numpy as np
from numba.core.registry import CPUDispatcher

class DUFunc:
    def __init__(self, py_func):
        self._dispatcher = CPUDispatcher(py_func)
        self.__name__ = py_func.__name__
        self.ufunc = np.frompyfunc(py_func, py_func.__code__.co_argcount, 1)

    def __call__(self, *args, **kwargs):
        return np.float64(1.0) * np.asarray(self.ufunc(*args, **kwargs), float)[()]
"""
INIT = """
from numba.core.registry import CPUDispatcher
from numba.np.ufunc.dufunc import DUFunc
njit, vectorize = CPUDispatcher, DUFunc
"""
MODEL = """
import math
import numba
import numpy as np
import ad_core

@numba.njit
def inner(x, n):
    total = 0.0
    for k in range(n):
        total += x**k
    return total

@numba.njit
def outer(x):
    if x > 1.0:
        return math.sin(x) * inner(x, 3)
    return inner(x, 2)

@numba.njit
def fill(out, x):
    for i in range(out.size):
        out[i] = (i + 1) * x

@numba.vectorize
def smooth(x, width):
    return math.exp(-x * x / width) if x > 0 else 1.0

class Model:
    def __init__(self):
        self.function, self.parts = outer, [smooth]

    def __call__(self, x):
        return self.function(x) + self.parts[0](x, 2.0)

def filled(x):
    plain, traced = np.zeros(3), np.zeros(3)
    fill(plain, 2.0)
    fill(traced, x)
    return plain @ traced

def arrays(x):
    return smooth(x, np.array([[1.0], [2.0]]))

def check(f, g, x):
    x = np.asarray(x, float)[()]
    expected = ad_core.jacobian(g)(x)
    compiled = ad_core.compile(f)
    for found in (ad_core.jacfwd(f)(x), ad_core.jacrev(f)(x), compiled.jacobian(x),
                  compiled.jacobian(np.stack([x, x]), batch_dims=1)[1]):
        np.testing.assert_allclose(found, expected, rtol=1e-12)
    np.testing.assert_allclose(compiled(x), f(x), rtol=1e-12)

def sin_times_sum(x):
    return np.sin(x) * (1.0 + x + x * x)

check(outer, sin_times_sum, 2.0)
check(lambda x: outer(x), lambda x: 1.0 + x, 0.5)
check(lambda x: inner(x, 4), lambda x: 1.0 + x + x**2 + x**3, 1.3)
check(Model(), lambda x: sin_times_sum(x) + np.exp(-x * x / 2.0), 2.0)
check(filled, lambda x: 28.0 * x, 1.5)
check(arrays, lambda x: np.where(x > 0, np.exp(-x * x / np.array([[1.0], [2.0]])), 1.0),
      [0.5, -1.0, 2.0])
check(lambda x: smooth(x, x), lambda x: np.exp(-x), 0.7)
for f in (lambda x: smooth(x, 1.0, out=np.zeros(2)), ):
    try:
        ad_core.jacobian(f)(np.array([1.0, 2.0]))
    except ad_core.errors.NotDifferentiable as error:
        assert "smooth" in str(error) and "model.py" in str(error), error
    else:
        raise AssertionError("out= of a compiled function has lost the derivative")
ad_core.restore()
assert "__call__" not in vars(type(outer)) and not ad_core.adapted()
assert outer(2.0) == outer.py_func(2.0) or abs(outer(2.0) - outer.py_func(2.0)) < 1e-14
check(outer, sin_times_sum, 2.0)
"""


@pytest.fixture
def stand_in(tmp_path):
    for name, text in {
        "": INIT, "core": "", "core/registry.py": DISPATCHER, "np": "", "np/ufunc": "",
        "np/ufunc/dufunc.py": ELEMENTWISE,
    }.items():  # fmt: skip
        file = tmp_path / "numba" / name
        if file.suffix != ".py":
            file = file / "__init__.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return str(tmp_path)


def run(folder, path):
    script = folder / "model.py"
    script.write_text(MODEL)
    before = [os.environ["PYTHONPATH"]] if os.environ.get("PYTHONPATH") else []
    done = subprocess.run(
        [sys.executable, "-P", "-W", "ignore", str(script)],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([*path, *before])},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


def test_with_a_stand_in_for_numba(tmp_path, stand_in):
    run(tmp_path, [stand_in])


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("numba") is None, reason="numba is not installed")
def test_with_numba(tmp_path):
    run(tmp_path, [])
