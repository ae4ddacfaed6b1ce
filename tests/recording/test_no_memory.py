"""Failing allocations of Python, at every point: the call raises MemoryError or has the right
result, and the next call is right."""

import os
import re
import subprocess
import sys

import numpy as np
import pytest

import ad_core
from ad_core import _core

_testcapi = pytest.importorskip("_testcapi", reason="this CPython has no _testcapi")

# CPython 3.13.0 runs the code of other functions once it had no memory for a frame.
pytestmark = pytest.mark.skipif(
    sys.version_info >= (3, 12), reason="this CPython is not known to go on where memory ends"
)
MANY = 3000  # more allocations than any of the calls makes
# NumPy may lose the exception when an allocation fails.
FORGOTTEN = re.compile(r"without (setting an exception|exception set)|without error")

x3 = np.array([1.0, 2.0, 3.0])
two_ways = np.array([[1.0, 2.0], [2.0, 3.0], [1.0, 1.0]])
tree = {"a": 1.5, "b": x3}


def plain(x):
    return np.sum(np.sin(x) * x)


def branching(x):
    return x * 2.0 if x[0] > 1.5 else x * 3.0


def guarding(x):
    count = 0
    while x[0] * count < 3.0:
        count += 1
    return x[x > 1.5] * count if np.all(x > 0.0) else x


def picking(x):
    out = np.zeros(4)
    out[1:] = x[[2, 0, 1]]
    out[x[0] > 0.5] = out[1] * x[-1]
    return np.sum(out[1::2] * x[:2])


compiled = ad_core.compile(plain)
of_trees = ad_core.compile(lambda t: {"c": t["a"] * 2.0, "d": np.sin(t["b"]) * t["a"]})
of_ways = ad_core.compile(branching)
tape = ad_core.trace(lambda x: np.array([x[0] * x[1], np.sin(x[2])]), x3)
out = np.empty(2)
# Compiling programs is excluded: NumPy's own cumsum dereferences a null pointer without memory.
CASES = {
    "record": lambda: ad_core.jacobian(lambda x: x * 2.0)(x3),
    "gradient": lambda: ad_core.grad(plain)(x3),
    "guards": lambda: ad_core.jacobian(guarding)(x3),
    "gather": lambda: ad_core.grad(picking)(x3),
    "point": lambda: compiled.jacobian(x3),
    "point of a tree": lambda: of_trees(tree)["d"],
    "Jacobian of a tree": lambda: of_trees.jacobian(tree)["d"]["b"],
    "into out": lambda: tape(x3, out=out).copy(),
    "tape": lambda: tape.jacobian(x3),
    "batch": lambda: compiled.jacobian(np.ones((30, 3)), batch_dims=1),
    "batch of a tree": lambda: of_trees({"a": np.ones(7), "b": np.ones((7, 3))}, batch_dims=1)["d"],
    "ways of a batch": lambda: of_ways.jacobian(two_ways, batch_dims=1),
    "nested": lambda: ad_core.grad(lambda x: np.sum(ad_core.grad(plain)(x)))(x3),
    "hessian": lambda: ad_core.hessian(plain)(x3),
    "jet": lambda: ad_core.jet(plain, (x3,), (np.ones((1, 3)),), order=3)[1],
}


def with_failure(call, n):
    """The call's result if the n-th allocation fails; None if it raises MemoryError."""
    try:
        _testcapi.set_nomemory(n, n + 1)
        try:
            return call()
        finally:
            _testcapi.remove_mem_hooks()
    except MemoryError:
        return None
    except SystemError as error:
        if FORGOTTEN.search(str(error)) and "ad_core" not in str(error):
            return None
        raise


def hold(name):
    """Let each allocation of a case fail; returns their number."""
    call = CASES[name]
    expected, failed, last = call(), 0, 0
    for n in range(MANY):
        found = with_failure(call, n)
        if found is None:
            failed, last = failed + 1, n
        else:
            np.testing.assert_allclose(found, expected, rtol=1e-12)
        assert not _core.is_tracing()
        np.testing.assert_allclose(call(), expected, rtol=1e-12)
        if n - last > 100:  # there are no more allocations
            break
    return failed


def hold_all():
    for name in CASES:
        print(name, end=" ", flush=True)
        print(hold(name), flush=True)


def test_failed_allocations():
    """In a separate process, which a segmentation fault would end."""
    path = os.pathsep.join([os.path.dirname(__file__), *sys.path])
    environment = {**os.environ, "PYTHONPATH": path}
    done = subprocess.run(
        [sys.executable, "-P", "-c", "import test_no_memory\ntest_no_memory.hold_all()"],
        capture_output=True,
        text=True,
        env=environment,
    )
    assert done.returncode == 0, done.stdout[-200:] + done.stderr[-2000:]
    counts = [int(line.split()[-1]) for line in done.stdout.splitlines()]
    assert len(counts) == len(CASES)
    assert min(counts) > 0
    assert sum(counts) > 1000
