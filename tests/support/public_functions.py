# SPDX-License-Identifier: Apache-2.0
"""NumPy's public functions, and those that are left out of generated tests."""

import numpy as np
import pytest

SKIPPED = {  # functions of files, the terminal or the configuration
    "DataSource", "genfromtxt", "fromfile", "fromregex", "get_include", "info", "load", "loadtxt",
    "memmap", "save", "savetxt", "savez", "savez_compressed", "set_printoptions", "setbufsize",
    "seterr", "seterrcall", "errstate", "show_config", "show_runtime", "source", "test",
    "printoptions", "empty",
}  # fmt: skip


TEXT = {"array2string", "array_repr", "array_str", "str_", "bytes_"}  # shows the numbers


CLASSES = {"vectorize", "matrix", "ndenumerate", "ndarray", "poly1d"}


def functions():
    for module in (np, np.linalg, np.fft):
        for name in sorted(dir(module)):
            f = getattr(module, name)
            if name.startswith("_") or name in SKIPPED or not callable(f):
                continue
            if isinstance(f, type) and not (issubclass(f, np.generic) or name in CLASSES):
                continue
            yield pytest.param(module, name, id=f"{module.__name__}.{name}")
