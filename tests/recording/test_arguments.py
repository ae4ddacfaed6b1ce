"""Arguments and results: argnums, shapes, dtypes, memory order, nested containers, constants."""

import os
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

import numpy as np
import pytest

import ad_core
from jacobians import JACOBIANS

x3 = np.array([0.5, 1.5, 2.5])
A = np.arange(6.0).reshape(2, 3) / 3.0 - 0.4

Point = namedtuple("Point", "x y")


def cubes(x):
    return A @ x**3


def cubes_jacobian(x):
    return A * 3 * x**2


def energy(x, k=2.0):
    return k * np.sum(x**3)


@pytest.fixture(params=JACOBIANS)
def jacobian(request):
    return JACOBIANS[request.param]


# ------------------------------------------------------------------------------------- argnums


def product(a, b, c=1.0):
    return np.sum(a * b**2) * c


PARTS = [np.array([4.0, 9.0]), np.array([4.0, 12.0]), 22.0]
ARGS = (np.array([1.0, 2.0]), np.array([2.0, 3.0]))


@pytest.mark.parametrize("transform", [ad_core.grad, *JACOBIANS.values()])
@pytest.mark.parametrize(
    "argnums", [0, 1, -1, -2, np.int64(1), (0,), (1,), (0, 1), (1, 0), [0, 1], (-1, 0), ()]
)
def test_argnums(transform, argnums):
    got = transform(product, argnums)(*ARGS)
    if isinstance(argnums, (tuple, list)):
        assert type(got) is tuple
        assert len(got) == len(argnums)
        for part, k in zip(got, argnums, strict=True):
            np.testing.assert_allclose(part, PARTS[k % 2], rtol=1e-15)
    else:
        np.testing.assert_allclose(got, PARTS[argnums % 2], rtol=1e-15)


def test_argnums_of_a_hessian():
    H = ad_core.hessian(product, (0, 1))(*ARGS)
    np.testing.assert_allclose(H[0][0], np.zeros((2, 2)))
    np.testing.assert_allclose(H[0][1], np.diag(2 * ARGS[1]))
    np.testing.assert_allclose(H[1][0], np.diag(2 * ARGS[1]))
    np.testing.assert_allclose(H[1][1], np.diag(2 * ARGS[0]))
    np.testing.assert_allclose(ad_core.hessian(product, 1)(*ARGS), np.diag(2 * ARGS[0]))


def test_hvp_of_two_arguments():
    t, s = np.array([1.0, 2.0]), np.array([3.0, -1.0])
    got = ad_core.hvp(product, ARGS, (t, s))
    assert type(got) is tuple
    np.testing.assert_allclose(got[0], 2 * ARGS[1] * s)
    np.testing.assert_allclose(got[1], 2 * ARGS[1] * t + 2 * ARGS[0] * s)


def test_keyword_arguments_are_passed_on(jacobian):
    expected = 3.0 * PARTS[0]
    np.testing.assert_allclose(jacobian(product)(*ARGS, c=3.0), expected)
    np.testing.assert_allclose(jacobian(product)(ARGS[0], b=ARGS[1], c=3.0), expected)
    np.testing.assert_allclose(ad_core.grad(product)(*ARGS, c=3.0), expected)
    np.testing.assert_allclose(ad_core.hessian(product, 1)(*ARGS, c=2.0), np.diag(4 * ARGS[0]))


def test_the_same_array_twice_is_two_arguments(jacobian):
    J = jacobian(lambda a, b: a * b**2, (0, 1))(x3, x3)
    np.testing.assert_allclose(J[0], np.diag(x3**2))
    np.testing.assert_allclose(J[1], np.diag(2 * x3**2))
    np.testing.assert_allclose(jacobian(lambda a, b: a * b**2)(x3, x3), np.diag(x3**2))


# --------------------------------------------------------------------------------------- shapes

SHAPES = [(), (1,), (3,), (2, 3), (1, 2, 1), (2, 1, 3), (0,), (2, 0)]


@pytest.mark.parametrize("wanted", SHAPES)
@pytest.mark.parametrize("shape", SHAPES)
def test_the_jacobians_shape_is_output_shape_and_input_shape(jacobian, shape, wanted):
    n, m = (int(np.prod(s)) for s in (shape, wanted))
    M = np.random.default_rng(n + 10 * m).standard_normal((m, n))

    def f(x):
        return np.reshape(M @ np.ravel(x), wanted)

    J = jacobian(f)(np.ones(shape))
    assert np.shape(J) == wanted + shape
    np.testing.assert_allclose(J, M.reshape(wanted + shape), rtol=1e-14)


@pytest.mark.parametrize(
    "x", [2.0, np.float64(2.0), np.array(2.0), np.float32(2.0), np.float16(2.0)]
)
def test_scalars(jacobian, x):
    for got in (jacobian(lambda x: x**3)(x), ad_core.grad(lambda x: x**3)(x)):
        assert np.shape(got) == ()
        assert got == 12.0
        assert isinstance(got, (float, np.ndarray))
        assert got.dtype == np.float64
    assert jacobian(lambda x: x * np.ones(2))(x).shape == (2,)
    assert ad_core.hessian(lambda x: x**3)(x) == 12.0


def test_the_function_gets_a_0_d_array_for_a_0_d_array():
    def f(x):
        assert x.shape == ()
        assert x.ndim == 0
        return x[()] * x

    assert ad_core.grad(f)(np.array(3.0)) == 6.0


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_shorter_floats_are_computed_as_float64(jacobian, dtype):
    x = x3.astype(dtype)
    J = jacobian(cubes)(x)
    assert J.dtype == np.float64
    np.testing.assert_allclose(J, cubes_jacobian(x.astype(float)), rtol=1e-15)
    value, gradient = ad_core.value_and_grad(energy)(x)
    assert value == energy(x.astype(float))
    assert gradient.dtype == np.float64
    y, tangent = ad_core.jvp(cubes, (x,), (x,))
    assert y.dtype == tangent.dtype == np.float64


LAYOUTS = {
    "Fortran": np.asfortranarray,
    "strided": lambda x: np.repeat(np.repeat(x, 2, 0), 3, 1)[::2, ::3],
    "reversed": lambda x: x[::-1, ::-1].copy()[::-1, ::-1],
    "transposed": lambda x: x.T.copy().T,
    "byte-swapped": lambda x: x.astype(x.dtype.newbyteorder()),
    "read-only": lambda x: np.broadcast_to(x, x.shape),
    "unaligned": lambda x: (
        np.frombuffer(b"x" + x.tobytes(), dtype=np.uint8)[1:].view(x.dtype).reshape(x.shape)
    ),
    "subclass": lambda x: x.view(type("Sub", (np.ndarray,), {})),
    "nested list": lambda x: np.array(x.tolist()),
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_inputs_of_any_layout(jacobian, name):
    x = np.random.default_rng(1).standard_normal((2, 3))
    given = LAYOUTS[name](x)
    np.testing.assert_array_equal(given, x)
    f = lambda x: np.sin(x) @ A.T * x[0, 1]  # noqa: E731
    np.testing.assert_array_equal(jacobian(f)(given), jacobian(f)(x))
    np.testing.assert_array_equal(ad_core.jvp(f, (x,), (given,))[1], ad_core.jvp(f, (x,), (x,))[1])
    w = LAYOUTS[name](np.ones((2, 2)) * [1.0, 2.0])
    plain = np.ones((2, 2)) * [1.0, 2.0]
    np.testing.assert_array_equal(ad_core.vjp(f, x)[1](w)[0], ad_core.vjp(f, x)[1](plain)[0])


def test_byte_swapped_constants():
    swapped = x3.astype(x3.dtype.newbyteorder())
    uses = [
        lambda x: x * swapped,
        lambda x: x * np.array(swapped),
        lambda x: x * np.copy(swapped),
        lambda x: x * np.asarray(swapped),
        lambda x: x * np.asarray(swapped, dtype=float),
        lambda x: x * np.ascontiguousarray(swapped[::-1])[::-1],
        lambda x: x * (np.zeros_like(swapped) + swapped),
        lambda x: x * (np.full_like(swapped, 2.0) + swapped - 2.0),
        lambda x: x * np.concatenate([x, swapped])[3:],
        lambda x: np.diag(swapped) @ x,
        lambda x: np.where(x > 0, swapped, x) * x,
        lambda x: x * np.stack([swapped, x])[0],
    ]
    for use in uses:
        y, t = ad_core.jvp(use, (np.ones(3),), (np.ones(3),))
        np.testing.assert_array_equal(y, use(np.ones(3)))
        np.testing.assert_array_equal(t, x3)


def test_an_empty_input_in_a_fresh_process():
    code = (
        "import numpy as np, ad_core\n"
        "assert ad_core.jacobian(lambda x: x * 2.0)(np.zeros(0)).shape == (0, 0)\n"
        "assert ad_core.grad(np.sum)(np.zeros((0, 3))).shape == (0, 3)\n"
    )
    where = Path(ad_core.__file__).parents[1]
    subprocess.run([sys.executable, "-P", "-c", code], check=True, cwd=where, timeout=600,
                   env={**os.environ, "PYTHONPATH": str(where)})  # fmt: skip


# --------------------------------------------------------------------------------------- trees


def test_nested_arguments():
    p = {"w": [np.ones((2, 3)), 2.0], "b": (np.array(3.0), Point(np.ones(2), 4.0)), "none": None}

    def f(p):
        w, b = p["w"], p["b"]
        assert p["none"] is None
        return np.sum(w[0] ** 2) * w[1] + b[0] * np.sum(b[1].x) * b[1].y

    g = ad_core.grad(f)(p)
    assert list(g) == list(p)
    assert g["none"] is None
    np.testing.assert_array_equal(g["w"][0], 4 * np.ones((2, 3)))
    assert g["w"][1] == 6.0
    assert type(g["w"]) is list
    assert type(g["b"]) is tuple
    assert type(g["b"][1]) is Point
    assert g["b"][0] == 8.0
    np.testing.assert_array_equal(g["b"][1].x, [12.0, 12.0])
    assert g["b"][1].y == 6.0


def test_nested_arguments_and_results(jacobian):
    def f(p, q):
        return {"sum": p[0] + np.sum(q["x"]), "both": Point(p[1] * q["x"], [p[0] ** 2])}

    p, q = (2.0, 3.0), {"x": np.array([1.0, 2.0])}
    J = jacobian(f, (0, 1))(p, q)
    assert set(J) == {"sum", "both"}
    to_p, to_q = J["sum"]
    assert to_p == (1.0, 0.0)
    np.testing.assert_array_equal(to_q["x"], [1.0, 1.0])
    to_p, to_q = J["both"].x
    np.testing.assert_array_equal(to_p[0], [0.0, 0.0])
    np.testing.assert_array_equal(to_p[1], [1.0, 2.0])
    np.testing.assert_array_equal(to_q["x"], 3 * np.eye(2))
    to_p, to_q = J["both"].y[0]
    assert to_p == (4.0, 0.0)
    np.testing.assert_array_equal(to_q["x"], [0.0, 0.0])


def test_trees_of_tangents_and_cotangents():
    f = lambda p: [p["a"] * p["b"], p["b"]]  # noqa: E731
    p, t = {"a": 2.0, "b": x3}, {"b": np.ones(3), "a": 1.0}
    y, tangent = ad_core.jvp(f, (p,), (t,))
    assert type(y) is type(tangent) is list
    np.testing.assert_array_equal(tangent[0], x3 + 2.0)
    np.testing.assert_array_equal(tangent[1], np.ones(3))
    (pulled,) = ad_core.vjp(f, p)[1]([np.ones(3), x3])
    assert pulled["a"] == np.sum(x3)
    np.testing.assert_array_equal(pulled["b"], 2.0 + x3)
    product = ad_core.hvp(lambda p: np.sum(p["b"] ** 2) * p["a"], (p,), (t,))
    assert product["a"] == 2 * np.sum(x3)
    np.testing.assert_array_equal(product["b"], 2 * x3 + 4.0)


def test_empty_trees(jacobian):
    assert ad_core.grad(lambda p, x: x * 2.0, 0)({}, 1.0) == {}
    assert jacobian(lambda x: ())(1.0) == ()
    assert jacobian(lambda p, x: x)((), 1.0) == ()
    y, pullback = ad_core.vjp(lambda x: {}, x3)
    assert y == {}
    np.testing.assert_array_equal(pullback({})[0], np.zeros(3))
    assert ad_core.jvp(lambda x: [], (1.0,), (1.0,)) == ([], [])


def test_object_arrays_and_lists_of_traced_values_as_results(jacobian):
    expected = np.array([[x3[1], x3[0], 0.0], [0.0, 0.0, 2 * x3[2]]])
    for made in (
        lambda x: np.array([x[0] * x[1], x[2] ** 2]),
        lambda x: np.array([x[0] * x[1], x[2] ** 2], dtype=object),
        lambda x: np.stack([x[0] * x[1], x[2] ** 2]),
    ):
        np.testing.assert_array_equal(jacobian(made)(x3), expected)


# ----------------------------------------------------------------- constants, repeats, identities


def test_an_input_returned_as_is(jacobian):
    np.testing.assert_array_equal(jacobian(lambda x: x)(x3), np.eye(3))
    assert jacobian(lambda x: x)(2.0) == 1.0
    J = jacobian(lambda x: (x, x[1], x[::-1]))(x3)
    np.testing.assert_array_equal(J[0], np.eye(3))
    np.testing.assert_array_equal(J[1], np.eye(3)[1])
    np.testing.assert_array_equal(J[2], np.eye(3)[::-1])
    J = jacobian(lambda a, b: (b, a), (0, 1))(1.0, 2.0)
    assert J == ((0.0, 1.0), (1.0, 0.0))


def test_outputs_repeated(jacobian):
    def f(x):
        y = x * x
        return y, y, y[0], y[[0, 0, 1]], np.concatenate([y, y])

    D = np.diag(2 * x3)
    for got, expected in zip(
        jacobian(f)(x3), (D, D, D[0], D[[0, 0, 1]], np.concatenate([D, D])), strict=True
    ):
        np.testing.assert_array_equal(got, expected)
    w = (np.ones(3), np.ones(3), 1.0, np.ones(3), np.ones(6))
    (pulled,) = ad_core.vjp(f, x3)[1](w)
    np.testing.assert_array_equal(pulled, 2 * x3 * [7.0, 5.0, 4.0])


def test_parts_that_do_not_depend(jacobian):
    J = jacobian(lambda a, b: (a * 2.0, 3.0, np.arange(2)), (0, 1))(x3, 1.0)
    np.testing.assert_array_equal(J[0][1], np.zeros(3))
    np.testing.assert_array_equal(J[1][0], np.zeros(3))
    assert J[1][1] == 0.0
    assert J[2][0].shape == (2, 3)
    assert J[2][1].shape == (2,)


def test_fewer_outputs_than_chunks_and_zero_columns(jacobian):
    J = jacobian(lambda x: x[:2] ** 2)(np.arange(40.0))
    expected = np.zeros((2, 40))
    expected[1, 1] = 2.0
    np.testing.assert_array_equal(J, expected)
