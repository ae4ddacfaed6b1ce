# SPDX-License-Identifier: Apache-2.0
"""Programs in other languages that call functions of ad_core, built with its header as their
authors build them: C, C++ with threads, Cython without the GIL, Numba, scipy.LowLevelCallable."""

import ctypes
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import ad_core
from c_functions import Struct, begin

HERE = Path(__file__).parent
CC = os.environ.get("CC", "cc").split()
CXX = os.environ.get("CXX", "c++").split()

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="compilers are called as on Unix"),
]


def compiler(command):
    if shutil.which(command[0]) is None:
        pytest.skip(f"no compiler: {command[0]}")
    return command


@pytest.fixture(scope="module")
def build(tmp_path_factory):
    folder = tmp_path_factory.mktemp("consumers")

    def build(name):
        source, library = HERE / name, folder / f"{name}.so"
        command = compiler(CXX) if name.endswith(".cpp") else [*compiler(CC), "-std=c11"]
        flags = ["-O2", "-Wall", "-Wextra", "-Werror", "-pedantic", "-shared", "-fPIC"]
        include = f"-I{ad_core.get_include()}"
        subprocess.run(
            [*command, *flags, include, source, "-o", library, "-lm", "-pthread"], check=True
        )
        return ctypes.CDLL(str(library))

    return build


def arm(x):
    a, b = x[0] + x[1], x[0] + x[1] + x[2]
    return np.array([
        np.cos(x[0]) + 0.8 * np.cos(a) + 0.5 * np.cos(b),
        np.sin(x[0]) + 0.8 * np.sin(a) + 0.5 * np.sin(b),
    ])  # fmt: skip


POINTS = np.random.default_rng(3).normal(size=(501, 3))
POINT = np.array([0.3, 0.5, 0.7])


def pointer(function):
    return ctypes.c_void_p(function.address)


def data(x):
    return x.ctypes.data_as(ctypes.c_void_p)


def test_newton_in_c(build):
    def equations(x):
        return np.stack([
            x[0] ** 2 + x[1] ** 2 - 4.0, np.exp(x[0]) + x[1] - 1.0, x[2] - np.sin(x[0] * x[2])
        ])  # fmt: skip

    newton = build("newton.c").newton
    newton.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_double]
    x = np.array([-1.5, 1.0, 0.4])
    f = ad_core.trace(equations, x).cfunction("value_and_jacobian")
    assert 1 <= newton(pointer(f), data(x), 1e-13) <= 10
    np.testing.assert_allclose(equations(x), 0.0, atol=1e-13)


def copy_of(function, extra=0, **fields):
    """A copy of the struct with other fields, as another version of the library would give it."""
    memory = ctypes.create_string_buffer(ctypes.sizeof(Struct) + extra)
    ctypes.memmove(memory, function.address, ctypes.sizeof(Struct))
    for name, value in fields.items():
        setattr(Struct.from_buffer(memory), name, value)
    return memory


def test_other_versions_of_the_library(build):
    newton = build("newton.c").newton
    newton.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_double]
    f = ad_core.trace(lambda x: x**2 - 2.0, np.ones(1)).cfunction("value_and_jacobian")
    size = ctypes.sizeof(Struct)
    x = np.ones(1)
    later = copy_of(f, extra=16, size=size + 16)  # that has appended two fields
    assert newton(ctypes.addressof(later), data(x), 1e-14) > 0
    np.testing.assert_allclose(x, np.sqrt(2.0))
    assert newton(ctypes.addressof(copy_of(f, size=size - 8)), data(x), 1e-14) == -4
    assert newton(ctypes.addressof(copy_of(f, abi=2)), data(x), 1e-14) == -4
    assert newton(None, data(x), 1e-14) == -4


def test_threads_in_cpp(build):
    library = build("threads.cpp")
    library.in_threads.argtypes = [
        ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int,
    ]  # fmt: skip
    tape = ad_core.trace(arm, POINT)
    f, y = tape.cfunction("jacobian"), np.empty((len(POINTS), 6))
    for threads in 1, 2, 5:
        y[:] = np.nan
        assert library.in_threads(pointer(f), len(POINTS), data(POINTS), data(y), threads) == 0
        np.testing.assert_allclose(y.reshape(-1, 2, 3), tape.jacobian(POINTS), rtol=1e-13)


def test_quad_by_a_low_level_callable(build):
    integrate = pytest.importorskip("scipy.integrate")
    from scipy import LowLevelCallable

    library = build("integrand.c")
    library.integrand.restype = ctypes.c_double
    library.integrand.argtypes = [ctypes.c_int, ctypes.POINTER(ctypes.c_double), ctypes.c_void_p]
    f = ad_core.trace(lambda x: np.exp(-x[0]) * np.sin(x[1]), np.ones(2)).cfunction("value")
    work = begin(f)
    held = (ctypes.c_void_p * 2)(f.address, work.ctypes.data)
    call = LowLevelCallable(library.integrand, ctypes.cast(held, ctypes.c_void_p))
    found, _ = integrate.quad(call, 0.0, 2.0, args=(0.7,))
    np.testing.assert_allclose(found, (1.0 - np.exp(-2.0)) * np.sin(0.7))


def test_cython_without_the_gil(tmp_path):
    cython = pytest.importorskip("Cython.Build")
    setuptools = pytest.importorskip("setuptools")
    compiler(CC)
    shutil.copy(HERE / "jacobians.pyx", tmp_path)
    [extension] = cython.cythonize(
        setuptools.Extension("jacobians", [str(tmp_path / "jacobians.pyx")],
                             include_dirs=[ad_core.get_include()]),
        quiet=True,
    )  # fmt: skip
    command = setuptools.Distribution({"ext_modules": [extension]}).get_command_obj("build_ext")
    command.build_lib, command.build_temp = str(tmp_path), str(tmp_path / "temp")
    command.ensure_finalized()
    command.run()
    [built] = tmp_path.glob("jacobians.*.so")
    spec = importlib.util.spec_from_file_location("jacobians", built)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    tape = ad_core.trace(arm, POINT)
    status, y = module.jacobians(tape.cfunction("jacobian").capsule, POINTS)
    assert status == 0
    np.testing.assert_array_equal(y[7].reshape(2, 3), tape.jacobian(POINTS[7]))


def test_numba_without_the_gil():
    numba = pytest.importorskip("numba")
    f = ad_core.trace(arm, POINT).cfunction("jacobian")
    kind = ctypes.CFUNCTYPE(ctypes.c_int, *[ctypes.c_void_p] * 4)
    evaluate, self = kind(f.eval_address), f.self_address

    @numba.njit(nogil=True)
    def jacobians(x, y, work):
        status = 0
        for k in range(len(x)):
            status |= evaluate(self, x[k].ctypes.data, y[k].ctypes.data, work.ctypes.data)
        return status

    y = np.empty((len(POINTS), 6))
    assert jacobians(POINTS, y, f.work()) == 0
    expected = ad_core.trace(arm, POINT).jacobian(POINTS)
    np.testing.assert_allclose(y.reshape(-1, 2, 3), expected, rtol=1e-13)
