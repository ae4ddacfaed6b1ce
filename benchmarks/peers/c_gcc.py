# SPDX-License-Identifier: Apache-2.0
"""A yardstick, no library: ad_core's own Jacobian program as C, vectorised over points by gcc.

Compiled with ``-O3 -mavx2 -mfma -fopenmp-simd -fno-math-errno`` and libmvec's sin, cos, exp, log
and pow, run on one thread, dense; points in whichever of three layouts is the fastest. "First call"
has the compilation.
"""

import ctypes
import math
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np

import ad_core
from benchmarks.batched import gathered, in_blocks
from benchmarks.peers.c_code import LANES, LOOPS, source
from benchmarks.peers.peer import Peer, Prepared, point

FLAGS = ("-O3", "-mavx2", "-mfma", "-fopenmp-simd", "-fno-math-errno")
# Otherwise gcc joins sin(x) and cos(x) into one function without a vector form.
APART = ("-fno-builtin-sin", "-fno-builtin-cos")
GCC = shutil.which("gcc")
if GCC is None:
    raise ImportError("gcc is not on the path")

POINTER = ctypes.POINTER(ctypes.c_double)


def vectorised(text, messages):
    """Whether gcc reports that it vectorised the loop over points, at its line or the next one."""
    loop = text[: text.index("#pragma omp simd")].count("\n") + 2
    return any(f"run.c:{line}:" in messages for line in (loop, loop + 1))


def built(text):
    """The function ``run`` of a C source, compiled and loaded."""
    with tempfile.TemporaryDirectory() as folder:
        file, library = Path(folder, "run.c"), Path(folder, "run.so")
        file.write_text(text)
        options = (*FLAGS, *APART, "-fopt-info-vec-optimized", "-shared", "-fPIC")
        command = [GCC, *options, "-o", library, file, "-lmvec", "-lm"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"gcc failed: {done.stderr}")
        if not vectorised(text, done.stderr):
            raise RuntimeError("gcc did not vectorise the loop over points")
        run = ctypes.CDLL(str(library)).run
    run.argtypes = ctypes.c_long, POINTER, POINTER
    run.restype = None
    return run


def layouts(x):
    """The points (N, D) in each of the layouts."""
    return {"columns": np.ascontiguousarray(x.T), "blocks": in_blocks(x, LANES), "rows": x}


def caller(run, layout, memory, N, E):
    """A plain function of `layouts` that fills ``memory`` and returns it, points first."""
    blocks = -(-N // LANES)
    shape = {"columns": (E, N), "blocks": (blocks, E, LANES), "rows": (N, E)}[layout]
    out = memory[: math.prod(shape)].reshape(shape)
    there = out.ctypes.data_as(POINTER)
    seen = out if layout == "rows" else out.swapaxes(-1, -2)
    n = blocks * LANES if layout == "blocks" else N

    def call(points):
        run(n, points[layout].ctypes.data_as(POINTER), there)
        return seen

    return call


def prepare(scenario, args):
    tape = ad_core.trace(scenario.fun, *point(args))
    program = tape.instructions("jacobian")
    runs = {layout: built(source(*program, scenario.D, layout)) for layout in LOOPS}
    N, E = scenario.N, scenario.K * scenario.D
    memory = np.zeros(-(-N // LANES) * LANES * E)

    def answer(raw):
        return gathered(raw, scenario.checked).reshape(-1, scenario.K, scenario.D)

    return Prepared(
        {layout: caller(run, layout, memory, N, E) for layout, run in runs.items()},
        lambda args: (layouts(args[0]),),
        answer,
        note="one thread; " + " ".join(FLAGS),
    )


PEER = Peer("gcc", ("gcc", "ad_core", "numpy"), prepare)
