# SPDX-License-Identifier: Apache-2.0
"""Matrix functions by LAPACK agree with the rules in Python, in any thread."""

import importlib
import os
import subprocess
import sys

import numpy as np
import pytest

import ad_core
from ad_core import _core
from ad_core.recording.record import record
from repository import ROOT
from threads import everywhere

rng = np.random.default_rng(7)


def stack(*shape):
    """Matrices with well separated eigenvalues, singular values and pivots."""
    n = min(shape[-2:])
    a = rng.normal(size=shape)
    a[..., np.arange(n), np.arange(n)] += 3.0 * np.arange(1, n + 1)
    return a


def spd(*shape):
    a = stack(*shape)
    return a @ np.swapaxes(a, -1, -2)


def triangular(lower, trans, unit):
    def function(a, b):
        from ad_core.scipy.linalg import solve_triangular

        return solve_triangular(a, b, trans, lower=lower, unit_diagonal=unit)

    return function


A, S, B = stack(5, 5), spd(5, 5), rng.normal(size=(5, 3))
MANY = stack(2, 3, 4, 4)
LARGE = stack(70, 70)
CASES = {
    "solve": (np.linalg.solve, A, B),
    "solve-vector": (np.linalg.solve, A, B[:, 0]),
    "solve-stack": (np.linalg.solve, MANY, rng.normal(size=(2, 3, 4, 2))),
    "solve-known": (lambda b: np.linalg.solve(A, b), B),
    "solve-known-stack": (lambda b: np.linalg.solve(MANY, b), rng.normal(size=(2, 3, 4, 2))),
    "inv": (np.linalg.inv, A),
    "inv-stack": (np.linalg.inv, MANY),
    "det": (np.linalg.det, A),
    "det-negative": (np.linalg.det, A[[1, 0, 2, 3, 4]]),
    "det-stack": (np.linalg.det, MANY),
    "slogdet": (lambda a: np.linalg.slogdet(a)[1], A),
    "slogdet-stack": (lambda a: np.linalg.slogdet(a)[1], MANY),
    "cholesky": (np.linalg.cholesky, S),
    "cholesky-stack": (np.linalg.cholesky, spd(3, 4, 4)),
    "cholesky-halves": (lambda a: np.linalg.cholesky(a)[60:], spd(70, 70)),
    "cholesky-halves-stack": (lambda a: np.linalg.cholesky(a)[:, 30:], spd(2, 35, 35)),
    "qr": (np.linalg.qr, stack(6, 4)),
    "qr-stack": (np.linalg.qr, stack(2, 3, 3)),
    "eigh": (np.linalg.eigh, S),
    "eigh-upper": (lambda a: np.linalg.eigh(a, "U"), S),
    "eigh-stack": (np.linalg.eigh, spd(2, 4, 4)),
    "eigvalsh": (np.linalg.eigvalsh, S),
    "logdet-large": (lambda a: np.linalg.slogdet(a)[1], LARGE),
    **{
        f"triangular-{lower:d}{trans:d}{unit:d}": (triangular(lower, trans, unit), A, B)
        for lower in (False, True)
        for trans in (False, True)
        for unit in (False, True)
    },
}


LARGEST = ("cholesky-halves", "cholesky-halves-stack", "logdet-large")


def results(name):
    """Values, Jacobians in both modes and a second-order product, as one flat array."""
    function, *args = CASES[name]
    numbers = tuple(range(len(args)))
    direction = [np.cos(np.arange(x.size)).reshape(x.shape) for x in args]

    def total(*args):
        found = function(*args)
        parts = found if isinstance(found, tuple) else (found,)
        return sum(np.sum(np.sin(part)) for part in parts)

    found = [ad_core.trace(function, *args)(*args)]
    found.append(ad_core.jvp(ad_core.grad(total, numbers), args, direction)[1])
    modes = ("rev",) if name in LARGEST else ("fwd", "rev")
    found += [ad_core.jacobian(function, argnums=numbers, mode=mode)(*args) for mode in modes]
    return flat(found)


def flat(x):
    if isinstance(x, (tuple, list)):
        return np.concatenate([flat(part) for part in x])
    return np.ravel(x)


WITHOUT_LAPACK = """
import sys
for name in list(sys.modules):
    if name.split(".")[0] == "scipy":
        del sys.modules[name]
sys.modules["scipy"] = None
import numpy as np
from ad_core import _core
from ad_core.recording.record import record
_core.without_lapack()
import test_lapack
assert not _core.has_lapack()
names = [name for name in test_lapack.CASES if not name.startswith("triangular")]
np.savez(sys.argv[1], **{name: test_lapack.results(name) for name in names})
"""


@pytest.fixture(scope="module")
def without_lapack(tmp_path_factory):
    """The same by the rules in Python, and by the functions of small matrices."""
    file = tmp_path_factory.mktemp("lapack") / "found.npz"
    path = os.pathsep.join([os.path.dirname(__file__), *sys.path])
    subprocess.run(
        [sys.executable, "-c", WITHOUT_LAPACK, str(file)],
        check=True, env={**os.environ, "PYTHONPATH": path}, cwd=file.parent,
    )  # fmt: skip
    with np.load(file) as found:
        return dict(found)


@pytest.mark.parametrize("name", [name for name in CASES if not name.startswith("triangular")])
def test_both_ways_agree(without_lapack, name):
    assert _core.has_lapack()
    found, expected = results(name), without_lapack[name]
    scale = np.abs(expected).max()
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-11 * scale)


@pytest.mark.parametrize("name", [name for name in CASES if "halves" not in name])
def test_derivatives_are_those_of_the_function(name):
    function, *args = CASES[name]
    modes, order = (("rev",), 1) if name == "logdet-large" else (("fwd", "rev"), 2)
    ad_core.transforms.testing.check_grads(function, tuple(args), order=order, modes=modes)


@pytest.mark.parametrize("n", [1, 2, 31, 32, 33, 64, 67])
def test_second_derivatives_of_cholesky_factors_of_any_size(n):
    a, weights = spd(n, n), np.cos(np.arange(float(n * n))).reshape(n, n)
    u, v = stack(2, n, n)
    f = lambda a: np.sum(weights * np.sin(np.linalg.cholesky(a)))  # noqa: E731
    gradient, h = ad_core.grad(f), 1e-5
    moved = ad_core.hvp(f, (a,), (v,))
    expected = (gradient(a + h * v) - gradient(a - h * v)) / (2.0 * h)
    scale = np.abs(expected).max()
    np.testing.assert_allclose(moved, expected, atol=1e-6 * scale)
    assert not np.triu(moved, 1).any()
    assert abs(np.sum(u * moved) - np.sum(v * ad_core.hvp(f, (a,), (u,)))) < 1e-10 * scale * n * n
    along = ad_core.jvp(np.linalg.cholesky, (a,), (v,))[1]
    assert abs(np.sum(np.triu(along, 1))) == 0.0
    pulled = ad_core.vjp(np.linalg.cholesky, a)[1](u)[0]
    assert abs(np.sum(along * u) - np.sum(pulled * v)) < 1e-12 * n * n * np.abs(pulled).max()


@pytest.mark.parametrize("name", ["solve", "inv", "det", "slogdet", "cholesky", "qr", "eigh"])
def test_another_point_has_other_factors(name):
    function, *args = CASES[name]
    tape = ad_core.trace(function, *args)
    for scale in (1.0, 1.1, 1.1, 0.9):
        moved = [scale * x for x in args]
        numbers = tuple(range(len(args)))
        found = tape.jacobian(*moved, argnums=numbers)
        np.testing.assert_allclose(
            flat(found),
            flat(ad_core.jacobian(function, argnums=numbers)(*moved)),
            rtol=1e-10,
            atol=1e-13,
        )


def test_scipy_is_not_imported(tmp_path):
    """The first calls of np.linalg import no module but those of ad_core's own."""
    code = """
import sys
import numpy as np, ad_core
def f(x):
    a = np.linalg.inv(x) + np.linalg.cholesky(x @ x.T + np.eye(20))
    return np.linalg.det(a) + np.sum(np.linalg.eigh(a + a.T)[0] + np.linalg.qr(a)[1])
x = np.eye(20) + np.arange(400.0).reshape(20, 20) / 400.0
ad_core.grad(np.sum)(x)
before = set(sys.modules)
ad_core.grad(f)(x)
ad_core.trace(f, x).grad(np.stack([x, x]), batch_dims=1)
others = [name for name in set(sys.modules) - before if not name.startswith(("ad_core", "ctypes"))]
assert not any(name.split(".")[0] == "scipy" for name in sys.modules), others
"""
    path = os.pathsep.join(sys.path)
    environment = {**os.environ, "PYTHONPATH": path}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment, cwd=tmp_path)


def test_threads_share_a_function():
    def function(a, b):
        return np.linalg.solve(a, b) + np.linalg.det(a) * np.linalg.cholesky(a @ a.T)[:, :3]

    points = [(A + k * np.eye(5), B) for k in range(8)]
    tape = ad_core.trace(function, A, B)
    expected = [ad_core.jacobian(function)(*point) for point in points]
    found = [None] * len(points)

    def work(k):
        for _ in range(20):
            found[k] = tape.jacobian(*points[k])

    everywhere(work, len(points))
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9)


def test_a_known_matrix_is_copied():
    a = A.copy()
    tape = ad_core.trace(lambda b: np.linalg.solve(a, b), B)
    a[:] = 0.0
    np.testing.assert_allclose(tape(B), np.linalg.solve(A, B), rtol=1e-13)
    assert np.all(tape.jvp(B, B) == tape(B))


def test_singular_matrices_raise_as_in_numpy():
    singular = np.ones((3, 3))
    for function in (np.linalg.inv, lambda a: np.linalg.solve(a, a), np.linalg.cholesky):
        tape = ad_core.trace(function, spd(3, 3))
        with pytest.raises(np.linalg.LinAlgError):
            tape(singular if function is not np.linalg.cholesky else -singular)
    tape = ad_core.trace(np.linalg.det, spd(3, 3))
    assert tape(singular) == 0.0
    assert np.all(tape.jacobian(np.diag([1.0, 2.0, 0.0])) == np.diag([0.0, 0.0, 2.0]))


def test_zero_seeds_give_zero_at_nonfinite_matrices():
    """A stack in which one matrix is NaN, with seeds at the others."""
    a = stack(2, 3, 3)
    a[1] = np.nan
    tape = ad_core.trace(lambda a: np.linalg.slogdet(a)[1], stack(2, 3, 3))
    found = tape.vjp(a, np.array([1.0, 0.0]))
    np.testing.assert_allclose(found[0], np.linalg.inv(a[0]).T, rtol=1e-12)
    assert np.all(found[1] == 0.0)


@pytest.mark.parametrize(("name", "source", "rule"), _core.linear_table())
def test_every_kind_is_in_c_and_in_python_and_is_compared(name, source, rule):
    file, _, function = rule.partition(":")
    module = importlib.import_module(f"ad_core.rules.{file.removesuffix('.py')}")
    assert callable(getattr(module, function))
    assert [case for case in CASES if case.startswith(name)]
    path = ROOT / "src" / "linalg" / source
    if path.is_file():
        assert f"ad_linear_{name} = {{" in path.read_text("utf-8")


@pytest.mark.parametrize("name", [name for name in CASES if not name.startswith(("qr", "eig"))])
def test_products_with_hessians_are_one_sweep(name):
    """The core knows the second derivatives, which are those of the recorded gradient."""
    function, *args = CASES[name]
    numbers = tuple(range(len(args)))
    direction = [np.cos(np.arange(x.size)).reshape(x.shape) for x in args]

    def total(*args):
        # the matrices depend on other numbers, so that their adjoints are needed too
        found = function(*[x * np.cos(1e-4 * x[..., :1]) for x in args])
        return np.sum(np.sin(found)) + np.sum(np.sin(function(*args)))

    recording = record(total, args, {}, numbers)
    flat_direction, nodes = flat(direction), recording.inputs.nodes
    one = _core.hessian_product(
        recording.trace, nodes, recording.outputs.nodes, np.ones(1), flat_direction
    )
    assert one is not None
    expected = flat(ad_core.jvp(ad_core.grad(total, numbers), args, direction)[1])
    scale = np.abs(expected).max()
    np.testing.assert_allclose(one, expected, rtol=1e-9, atol=1e-11 * scale)
