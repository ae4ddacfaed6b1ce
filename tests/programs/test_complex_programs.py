# SPDX-License-Identifier: Apache-2.0
"""Tapes and compiled functions of complex arguments: the same results as the transforms, at one
point and in batches, on every path, from files, and what is refused."""

import pickle

import numpy as np
import pytest

import ad_core
from ad_core.errors import DtypeError, NoDerivativeError
from ad_core.programs import compiled
from ad_core.programs.fallback import Replayed
from agreement import refused
from complex_calls import HOLOMORPHIC, OTHERS, POINTS, REAL, REAL_ARRAYS, V, W, like

pytestmark = pytest.mark.usefixtures("nothing_leaks")

each = pytest.mark.parametrize
EVERY = HOLOMORPHIC | OTHERS | REAL | REAL_ARRAYS
SHIFT = 0.25 - 0.125j


def close(found, expected):
    np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-12)
    assert np.shape(found) == np.shape(expected)
    assert np.iscomplexobj(found) == np.iscomplexobj(expected)


def at_each(f, *arrays):
    return np.stack([np.asarray(f(*point)) for point in zip(*arrays, strict=True)])


def compare(evaluator, f, z, name):
    """All methods at one point, against the transforms."""
    rng = np.random.default_rng(4)
    t = like(rng, z)
    value, tangent = ad_core.jvp(f, (z,), (t,))
    w = like(rng, value) if np.iscomplexobj(value) else np.real(like(rng, value))
    close(evaluator(z), value)
    close(evaluator.jvp(z, t), tangent)
    close(evaluator.vjp(z, w), ad_core.vjp(f, z)[1](w)[0])
    close(evaluator.ggnvp(z, t), ad_core.ggnvp(f, (z,), (t,)))
    if name in HOLOMORPHIC:
        expected = ad_core.jacobian(f, holomorphic=True)(z)
        close(evaluator.jacobian(z, holomorphic=True), expected)
        both = evaluator.value_and_jacobian(z, holomorphic=True)
        close(both[0], value)
        close(both[1], expected)
    if name in REAL:
        gradient = ad_core.grad(f)(z)
        close(evaluator.grad(z), gradient)
        close(evaluator.value_and_grad(z)[1], gradient)
        close(evaluator.hvp(z, t), ad_core.hvp(f, (z,), (t,)))
    if name in REAL | REAL_ARRAYS:
        close(evaluator.jacobian(z), ad_core.jacobian(f)(z))


@each("point", POINTS)
@each("name", EVERY)
def test_at_one_point(name, point):
    f, z = EVERY[name], POINTS[point]
    compare(ad_core.trace(f, z), f, z, name)
    moved = z + SHIFT if isinstance(z, np.ndarray) else complex(z) + SHIFT
    function = ad_core.compile(f)
    for _ in range(2):
        compare(function, f, z, name)
        compare(function, f, moved, name)


@each("name", EVERY)
@each("z", [V, W, W.T], ids=["vector", "matrix", "transposed"])
def test_in_a_replay(name, z, monkeypatch):
    """Recordings without a program."""

    def replayed(self, name, argnums, numbers, points):
        return Replayed(self._recording, self._lowered, name, argnums, None), None

    monkeypatch.setattr(compiled.Compiled, "_make", replayed)
    f = EVERY[name]
    compare(ad_core.trace(f, z), f, z, name)
    compare(ad_core.compile(f), f, z, name)


@each("name", EVERY)
@each("n", [0, 1, 3, 40])
def test_batches(name, n):
    f = EVERY[name]
    rng = np.random.default_rng(n)
    Z = rng.standard_normal((n, 2)) + 1j * rng.standard_normal((n, 2)) + 0.1
    T = rng.standard_normal((n, 2)) + 1j * rng.standard_normal((n, 2))
    tape, function = ad_core.trace(f, Z[0] if n else np.ones(2, complex)), ad_core.compile(f)
    if n == 0:
        assert tape(Z).shape[0] == function(Z, batch_dims=1).shape[0] == 0
        return
    values = at_each(f, Z)
    tangents = at_each(lambda z, t: ad_core.jvp(f, (z,), (t,))[1], Z, T)
    W = rng.standard_normal(values.shape)
    W = W + 1j * rng.standard_normal(values.shape) if np.iscomplexobj(values) else W
    pulled = at_each(lambda z, w: ad_core.vjp(f, z)[1](w)[0], Z, W)
    for evaluator, options in ((tape, {}), (function, {"batch_dims": 1})):
        close(evaluator(Z, **options), values)
        close(evaluator.jvp(Z, T, **options), tangents)
        close(evaluator.vjp(Z, W, **options), pulled)
        if name in HOLOMORPHIC:
            J = at_each(ad_core.jacobian(f, holomorphic=True), Z)
            close(evaluator.jacobian(Z, holomorphic=True, **options), J)
        if name in REAL:
            close(evaluator.grad(Z, **options), at_each(ad_core.grad(f), Z))


def branching(z):
    if z.real[0] > 0.0:
        return np.sum(z * z)
    return np.sum(np.exp(z)) if z.imag[0] > 0.0 else 1j * np.sum(z)


def test_paths_of_a_batch():
    rng = np.random.default_rng(0)
    Z = rng.standard_normal((60, 2)) + 1j * rng.standard_normal((60, 2))
    for rows in (Z, Z[::-1], Z):
        function = ad_core.compile(branching)
        J = at_each(ad_core.jacobian(branching, holomorphic=True), rows)
        close(function.jacobian(rows, holomorphic=True, batch_dims=1), J)
        close(function(rows, batch_dims=1), at_each(branching, rows))
        G = at_each(ad_core.grad(lambda z: np.abs(branching(z))), rows)
        modulus = ad_core.compile(lambda z: np.abs(branching(z)))
        close(modulus.grad(rows, batch_dims=1), G)
        for z, j in zip(rows, J, strict=True):
            close(function.jacobian(z, holomorphic=True), j)
        assert function.paths == 3


def test_trees_and_several_arguments():
    def f(p, x, scale):
        return {"z": p["z"] * x * scale, "r": np.abs(p["z"]) * p["a"]}

    p, x = {"z": V, "a": 1.5}, 0.5 + 0.25j
    function, tape = ad_core.compile(f), ad_core.trace(lambda p, x: f(p, x, 2), p, x)
    expected = f(p, x, 2)
    for found in (function(p, x, 2), tape(p, x)):
        close(found["z"], expected["z"])
        close(found["r"], expected["r"])
    t = ({"z": 1j * V, "a": 1.0}, 1j)
    _, tangent = ad_core.jvp(lambda p, x: f(p, x, 2), (p, x), t)
    close(tape.jvp((p, x), t)["z"], tangent["z"])
    w = {"z": V[::-1], "r": np.ones(3)}
    expected = ad_core.vjp(lambda p, x: f(p, x, 2), p, x)[1](w)
    found = tape.vjp((p, x), w)
    close(found[0]["z"], expected[0]["z"])
    close(found[0]["a"], expected[0]["a"])
    close(found[1], expected[1])
    single = tape.vjp((p, x), w, argnums=1)
    close(single, expected[1])


def test_real_points_of_a_tape():
    """A real array has the imaginary part zero; a compiled function records it as real."""
    tape = ad_core.trace(lambda z: z * z * 1j, V)
    close(tape(V.real), V.real**2 * 1j)
    function = ad_core.compile(lambda z: z * z)
    assert function(V.real).dtype == float
    assert function(V).dtype == complex
    assert function.paths == 2


def test_real_results_are_written_to_out():
    fun = lambda a, z: np.sum(a**2 * np.abs(z))  # noqa: E731
    a, out = np.ones(3), np.empty(3)
    for f in (ad_core.trace(fun, a, V), ad_core.compile(fun)):
        assert f.grad(a, V, out=out) is out
        close(out, 2 * np.abs(V))
        value = np.empty(())
        assert f(a, V, out=value) is value
        with refused(DtypeError, "grad of", "out"):
            f.grad(a, V, argnums=1, out=out)


def test_many_shapes_are_no_values(recwarn):
    """Complex arrays of many shapes are not arguments with many values."""
    function = ad_core.compile(lambda z: np.sum(np.abs(z)))
    for n in range(1, 12):
        function(np.ones(n, complex))
    assert not recwarn.list


def test_tape_files():
    def f(p):
        return {"z": p["z"] ** 2 * p["a"], "r": (np.abs(p["z"]), p["w"] * 1j)}

    p = {"z": V, "a": 2.0, "w": 0.5 + 1j}
    tape = ad_core.trace(f, p)
    for again in (pickle.loads(pickle.dumps(tape)), ad_core.Tape.from_bytes(tape.to_bytes())):
        found, expected = again(p), f(p)
        close(found["z"], expected["z"])
        close(found["r"][1], expected["r"][1])
        w = {"z": V, "r": (np.ones(3), 1j)}
        pulled, wanted = again.vjp(p, w), tape.vjp(p, w)
        for key in p:
            np.testing.assert_array_equal(pulled[key], wanted[key])
        np.testing.assert_array_equal(again.tangents(p), tape.tangents(p))
    holomorphic = ad_core.trace(np.exp, V)
    again = ad_core.Tape.from_bytes(holomorphic.to_bytes())
    close(again.jacobian(V, holomorphic=True), np.diag(np.exp(V)))


def test_pickled_functions_and_verification():
    function = pickle.loads(pickle.dumps(ad_core.compile(branching, verify=5)))
    for z in (V, -V, 1j * V):
        close(function(z), branching(z))
    with refused(RuntimeError, "not a function of its arguments alone"):
        count = iter(range(100))
        ad_core.compile(lambda z: z + 1j * next(count), verify=5)(V)


def test_methods_within_a_trace():
    function, tape = ad_core.compile(np.exp), ad_core.trace(np.exp, V)
    for evaluator in (function, tape):
        inner = lambda a: np.sum(  # noqa: E731
            np.abs(evaluator.jacobian(a * V, holomorphic=True))  # noqa: B023
        )
        expected = np.sum(np.abs(np.exp(0.5 * V)) * V.real)
        np.testing.assert_allclose(ad_core.grad(inner)(0.5), expected, rtol=1e-12)
        value = ad_core.grad(lambda a: np.sum(evaluator(a * V)).imag)(0.5)  # noqa: B023
        np.testing.assert_allclose(value, np.sum(np.exp(0.5 * V) * V).imag, rtol=1e-12)


REFUSED = {
    "Jacobian without holomorphic": (lambda f: f.jacobian(V), DtypeError, ("holomorphic=True",)),
    "grad of a complex result": (lambda f: f.grad(V), TypeError, ("real result", "np.abs")),
    "Hessian": (lambda f: f.lagrangian_hessian(V, V), DtypeError, ("Hessian", "hvp")),
    "weights": (lambda f: f.ggnvp(V, V, np.ones(3)), DtypeError, ("weights", "complex")),
    "out": (lambda f: f(V, out=np.empty(3, complex)), DtypeError, ("out", "complex")),
    "out of a product": (lambda f: f.vjp(V, V, out=np.empty((2, 3))), DtypeError, ("vjp", "out")),
    "sparse": (lambda f: f.jacobian(V, sparse=True), TypeError, ("sparse=True", "real arrays")),
    "both": (lambda f: f.jacobian(V, sparse=True, holomorphic=True), TypeError, ("leave one",)),
}


@each("name", REFUSED)
@each("kind", ["tape", "function"])
def test_refusals(name, kind):
    f = ad_core.trace(np.sin, V) if kind == "tape" else ad_core.compile(np.sin)
    call, error, words = REFUSED[name]
    for _ in range(2):
        with refused(error, *words):
            call(f)
    close(f(V), np.sin(V))


@each("make", [lambda f: ad_core.trace(f, V), ad_core.compile], ids=["tape", "function"])
def test_functions_that_are_not_holomorphic_are_refused(make):
    f = make(lambda z: np.stack([z * z, np.conj(z)]))
    for _ in range(2):
        with refused(NoDerivativeError, "not holomorphic"):
            f.jacobian(V, holomorphic=True)
    with refused(DtypeError, "real argument"):
        ad_core.compile(np.sin).jacobian(np.ones(2), holomorphic=True)


def test_a_point_of_a_batch_that_is_not_holomorphic_is_found():
    """However small its derivatives are beside those of other points."""
    function = ad_core.compile(lambda z, a, b: a * z * z + b * np.conj(z))
    Z = np.full((3, 1), 1.0 + 1.0j)
    a, b = np.array([[1e20], [1e-5], [1.0]]), np.array([[0.0], [1e-5], [0.0]])
    with refused(NoDerivativeError, "not holomorphic"):
        function.jacobian(Z, a, b, holomorphic=True, batch_dims=1)
    b[1] = 0.0
    J = function.jacobian(Z, a, b, holomorphic=True, batch_dims=1)
    np.testing.assert_allclose(J[:, 0, 0], 2 * a[:, 0] * Z[:, 0], rtol=1e-14)
