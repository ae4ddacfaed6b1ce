# SPDX-License-Identifier: Apache-2.0
"""The struct of ad_core.h for ctypes, and calls of C functions with NumPy arrays."""

import ctypes

import numpy as np

__all__ = ["STATUS", "Struct", "begin", "call", "call_many", "changed", "struct_of"]

STATUS = {
    0: "ok", 1: "branch changed", 2: "call failed", 3: "bad work", 4: "bad abi", 5: "freed",
}  # fmt: skip
_Pointer = ctypes.c_void_p
_Size = ctypes.POINTER(ctypes.c_size_t)


class Struct(ctypes.Structure):
    _fields_ = [
        ("abi", ctypes.c_uint32), ("size", ctypes.c_uint32), ("n_in", ctypes.c_size_t),
        ("n_out", ctypes.c_size_t), ("n_work", ctypes.c_size_t), ("self", _Pointer),
        ("begin", ctypes.CFUNCTYPE(ctypes.c_int, _Pointer, _Pointer)),
        ("eval", ctypes.CFUNCTYPE(ctypes.c_int, _Pointer, _Pointer, _Pointer, _Pointer)),
        ("eval_many", ctypes.CFUNCTYPE(
            ctypes.c_int, _Pointer, ctypes.c_size_t, _Pointer, _Pointer, _Pointer)),
        ("guard", ctypes.CFUNCTYPE(ctypes.c_int, _Pointer, _Pointer, _Size, _Size)),
        ("line", ctypes.CFUNCTYPE(ctypes.c_char_p, _Pointer, ctypes.c_size_t)),
        ("n_guards", ctypes.c_size_t), ("row", ctypes.POINTER(ctypes.c_int32)),
        ("column", ctypes.POINTER(ctypes.c_int32)), ("n_value", ctypes.c_size_t),
        ("n_rows", ctypes.c_size_t), ("n_columns", ctypes.c_size_t), ("name", ctypes.c_char_p),
    ]  # fmt: skip


def struct_of(function):
    """The struct that a CFunction leads to, without a copy."""
    return Struct.from_address(function.address)


def begin(function):
    """New work memory, prepared through the pointer."""
    f = struct_of(function)
    work = np.full(f.n_work, np.nan)
    assert f.begin(f.self, work.ctypes.data) == 0
    return work


def call(function, x, work=None):
    """(status, results) at one point."""
    f = struct_of(function)
    work = begin(function) if work is None else work
    x = np.ascontiguousarray(x, dtype=float)
    assert x.size == f.n_in
    y = np.full(f.n_out, 7e77)
    return STATUS[f.eval(f.self, x.ctypes.data, y.ctypes.data, work.ctypes.data)], y


def call_many(function, x, work=None):
    """(status, results) at the points in the rows of x."""
    f = struct_of(function)
    work = begin(function) if work is None else work
    x = np.ascontiguousarray(x, dtype=float)
    assert x.shape[1:] == (f.n_in,)
    y = np.full((len(x), f.n_out), 7e77)
    status = f.eval_many(f.self, len(x), x.ctypes.data, y.ctypes.data, work.ctypes.data)
    return STATUS[status], y


def changed(function, work):
    """(guard, point, line) after a status of a changed branch."""
    f = struct_of(function)
    guard, point = ctypes.c_size_t(), ctypes.c_size_t()
    assert f.guard(f.self, work.ctypes.data, guard, point) == 0
    return guard.value, point.value, f.line(f.self, guard.value).decode()
