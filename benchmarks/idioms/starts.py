# SPDX-License-Identifier: Apache-2.0
"""The first derivative of a process, which may import what later ones find.

``python -m benchmarks.idioms.starts MODULE NAME`` prints the seconds of the first gradient of a
subject's idiom, ``python -m benchmarks.idioms.starts scipy.linalg`` those of an import. Both begin
after ad_core is imported and has taken a derivative of another function.
"""

import importlib
import subprocess
import sys
from statistics import median
from time import process_time

import numpy as np

import ad_core
from benchmarks import ROOT

PROCESSES = 5
"""The number of processes of which the median counts."""


def seconds(module, name=None):
    """The seconds of the first gradient of ``module.name``, or of the import of a module."""
    ad_core.grad(np.sum)(np.ones(2))
    if name is None:
        start = process_time()
        importlib.import_module(module)
        return process_time() - start
    (idiom,) = (i for i in importlib.import_module(module).SUBJECT if i.name == name)
    (x,) = idiom.args(idiom.sizes[0], 0)

    def total(x):
        return np.sum(idiom.fun(x))

    start = process_time()
    ad_core.grad(total)(x)
    return process_time() - start


def in_new_processes(tell, *words):
    """The median seconds that new processes print; ``tell()`` is called after each."""
    command = [sys.executable, "-m", "benchmarks.idioms.starts", *words]
    found = []
    for _ in range(PROCESSES):
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        found.append(float(done.stdout))
        tell()
    return median(found)


def beyond_scipy(idiom, tell):
    """Seconds of the first gradient of an idiom beyond those of ``import scipy.linalg``."""
    first = in_new_processes(tell, idiom.fun.__module__, idiom.name)
    return max(0.0, first - in_new_processes(tell, "scipy.linalg"))


if __name__ == "__main__":
    print(seconds(*sys.argv[1:]))
