# SPDX-License-Identifier: Apache-2.0
"""C files that tapes write, compiled and called."""

import ctypes
import re
import subprocess

import numpy as np

__all__ = ["call_source", "compiled"]

FLAGS = ["-O1", "-ffp-contract=off", "-Wall", "-Wextra", "-Werror", "-pedantic"]


def compiled(text, folder, compiler="cc", language="c99"):
    """The library of a C text; warnings are errors."""
    source, library = folder / "source.c", folder / f"{abs(hash((text, compiler)))}.so"
    source.write_text(text)
    how = ["-x", "c++", "-std=c++17"] if language == "c++" else [f"-std={language}"]
    command = [compiler, *how, *FLAGS, "-shared", "-fPIC", str(source), "-o", str(library), "-lm"]
    subprocess.run(command, check=True)
    return ctypes.CDLL(str(library))


def call_source(library, text, name, x):
    """(what the function of this name returns, results)."""
    numbers = dict(re.findall(rf"{name}_(n_\w+) = (\d+)", text))
    x = np.ascontiguousarray(x, dtype=float)
    assert x.size == int(numbers["n_in"])
    y, work = np.full(int(numbers["n_out"]), 7e77), np.full(int(numbers["n_work"]) + 1, 7e77)
    given = [ctypes.c_void_p(array.ctypes.data) for array in (x, y, work)]
    result = getattr(library, name)(*given)
    assert work[-1] == 7e77
    return result, y
