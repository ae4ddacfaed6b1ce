# SPDX-License-Identifier: Apache-2.0
"""Complex arguments and results of all transforms, against the derivatives by the real and the
imaginary part, and what is refused."""

import pickle

import numpy as np
import pytest

import ad_core
from ad_core.errors import DtypeError, NoDerivativeError
from agreement import refused
from complex_calls import HOLOMORPHIC, OTHERS, POINTS, REAL, REAL_ARRAYS, M, V, W, blocks, like

pytestmark = pytest.mark.usefixtures("nothing_leaks")

EVERY = HOLOMORPHIC | OTHERS
each = pytest.mark.parametrize
each_point = each("point", POINTS)


def close(found, expected):
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-13)
    assert np.shape(found) == np.shape(expected)


def contracted(block, t):
    """A Jacobian block times a tangent."""
    return np.tensordot(block, t, np.ndim(t))


def pulled(w, block):
    return np.tensordot(w, block, np.ndim(w))


@each_point
@each("name", [*EVERY, *REAL, *REAL_ARRAYS])
def test_products_are_those_of_the_parts(name, point):
    """Tangents are dx + i dy; a cotangent c + i d weighs u by c and v by -d, and what is pulled
    back is the derivative by x minus i times that by y."""
    f, z = (EVERY | REAL | REAL_ARRAYS)[name], POINTS[point]
    rng = np.random.default_rng(3)
    ux, uy, vx, vy = blocks(f, z)
    t = like(rng, z)
    value, tangent = ad_core.jvp(f, (z,), (t,))
    close(value, f(np.asarray(z, complex)[()]))
    dx, dy = np.real(t), np.imag(t)
    du = contracted(ux, dx) + contracted(uy, dy)
    dv = contracted(vx, dx) + contracted(vy, dy)
    close(tangent, du + 1j * dv)
    assert np.iscomplexobj(tangent) == np.iscomplexobj(value) == (name in EVERY)
    _y, push = ad_core.linearize(f, z)
    close(push(t), du + 1j * dv)
    w = like(rng, value) if name in EVERY else np.real(like(rng, value))
    value, pull = ad_core.vjp(f, z)
    c, d = np.real(w), np.imag(w)
    expected = pulled(c, ux) - pulled(d, vx) - 1j * (pulled(c, uy) - pulled(d, vy))
    (found,) = pull(w)
    close(found, expected)
    assert type(found) is (np.ndarray if np.ndim(z) else np.complex128)
    close(np.sum(w * tangent).real, np.sum(found * t).real)


@each_point
@each("name", REAL)
def test_the_gradient_of_a_real_function(name, point):
    f, z = REAL[name], POINTS[point]
    ux, uy, *_ = blocks(f, z)
    close(ad_core.grad(f)(z), ux - 1j * uy)
    value, found = ad_core.value_and_grad(f)(z)
    close(found, ux - 1j * uy)
    assert type(value) is np.float64
    for mode in ("fwd", "rev", None):
        close(ad_core.jacobian(f, mode=mode)(z), ux - 1j * uy)
    with_aux = lambda z: (f(z), {"z": z, "twice": 2 * z})  # noqa: E731
    found, aux = ad_core.grad(with_aux, has_aux=True)(z)
    close(found, ux - 1j * uy)
    close(aux["twice"], 2 * np.asarray(z, complex)[()])


def test_steepest_descent_is_along_the_conjugate():
    f = lambda z: np.sum(np.abs(z - (1.0 + 2.0j)) ** 2)  # noqa: E731
    z = V.copy()
    for _ in range(200):
        z = z - 0.1 * np.conj(ad_core.grad(f)(z))
    close(z, np.full(3, 1.0 + 2.0j))


@each_point
@each("name", HOLOMORPHIC)
def test_the_jacobian_of_a_holomorphic_function(name, point):
    f, z = HOLOMORPHIC[name], POINTS[point]
    ux, _, vx, _ = blocks(f, z)
    for transform in (ad_core.jacobian, ad_core.jacfwd, ad_core.jacrev):
        close(transform(f, holomorphic=True)(z), ux + 1j * vx)
    value, found = ad_core.value_and_jacobian(f, holomorphic=True)(z)
    close(value, f(np.asarray(z, complex)[()]))
    close(found, ux + 1j * vx)
    if np.ndim(found) == 0 and np.ndim(value) == 0 and not isinstance(value, np.ndarray):
        close(ad_core.grad(f, holomorphic=True)(z), ux + 1j * vx)
        close(ad_core.value_and_grad(f, holomorphic=True)(z)[1], ux + 1j * vx)


@each("name", OTHERS)
@each("z", [0.7 - 0.2j, V, W], ids=["number", "vector", "matrix"])
def test_a_function_that_is_not_holomorphic_is_refused(name, z):
    f = OTHERS[name]
    for transform in (ad_core.jacobian, ad_core.jacfwd, ad_core.jacrev):
        with refused(NoDerivativeError, "<lambda>", "not holomorphic", "jvp or vjp"):
            transform(f, holomorphic=True)(z)


def test_one_entry_that_is_not_holomorphic_is_enough():
    def f(z):
        return np.concatenate([1e6 * z[:2] ** 2, np.conj(z[2:])])

    with refused(NoDerivativeError, "du/dx = 1 and dv/dy = -1"):
        ad_core.jacobian(f, holomorphic=True)(V)


def test_rounding_is_not_taken_for_a_dependence_on_the_conjugate():
    f = lambda z: (z + 1e6) ** 3 - z**3 - 3e6 * z * z  # noqa: E731
    found = ad_core.jacobian(f, holomorphic=True)(V)
    np.testing.assert_allclose(np.diag(found), 3e12, rtol=1e-9)


@each("name", EVERY)
@each("shape", [(), (3,), (2, 3), (0,)])
def test_complex_results_of_real_arguments(name, shape):
    """The Jacobian is du/dx + i dv/dx, the pullback is real."""
    x = np.random.default_rng(1).standard_normal(shape) + 0.2
    f = lambda x: EVERY[name](x * (0.8 + 0.3j))  # noqa: E731
    u, v = ad_core.jacobian(lambda x: (f(x).real * 1.0, f(x).imag * 1.0))(x)
    for mode in ("fwd", "rev"):
        close(ad_core.jacobian(f, mode=mode)(x), u + 1j * v)
    value, tangent = ad_core.jvp(f, (x,), (np.ones(shape),))
    close(tangent, contracted(u + 1j * v, np.ones(shape)))
    w = like(np.random.default_rng(2), value)
    (found,) = ad_core.vjp(f, x)[1](w)
    close(found, pulled(w.real, u) - pulled(w.imag, v))
    assert not np.iscomplexobj(found)
    tape, compiled = ad_core.trace(f, x), ad_core.compile(f)
    for evaluator in (tape, compiled):
        close(evaluator(x), value)
        close(evaluator.jacobian(x), u + 1j * v)
        close(evaluator.vjp(x, w), found)


def test_trees_of_complex_and_real_leaves():
    p = {"z": V, "a": 1.5, "pair": (2.0 + 1.0j, np.ones(2)), "n": 3, "label": "left"}

    def f(p, x):
        z = p["z"] ** p["n"] * p["a"] + p["pair"][0] * np.sum(p["pair"][1]) * x
        return {"z": z, "real": np.abs(z), "x": x}

    def loss(p, x):
        return np.sum(f(p, x)["real"])

    x = 0.7
    g, gx = ad_core.grad(loss, (0, 1))(p, x)
    assert g["n"] is None
    assert g["label"] is None
    h = 1e-6

    def moved(**change):
        return loss(p | change, x)

    for k in range(3):
        for step, factor in ((1.0, 1.0), (1j, -1j)):
            t = np.zeros(3, complex)
            t[k] = h * step
            slope = (moved(z=V + t) - moved(z=V - t)) / (2 * h)
            part = g["z"][k].real if factor == 1.0 else 1j * g["z"][k].imag
            np.testing.assert_allclose(part, factor * slope, rtol=1e-7)
    slope = (moved(a=1.5 + h) - moved(a=1.5 - h)) / (2 * h)
    np.testing.assert_allclose(g["a"], slope, rtol=1e-7)
    assert type(g["a"]) is np.float64
    assert type(g["pair"][0]) is np.complex128
    assert type(gx) is np.float64
    ad_core.check_grads(f, (p, x))
    ad_core.check_grads(loss, (p, x))
    tangent = {"z": 1j * V, "a": 0.5, "pair": (1j, np.zeros(2)), "n": None, "label": None}
    _y, t = ad_core.jvp(f, (p, x), (tangent, 0.0))
    assert np.iscomplexobj(t["z"])
    assert not np.iscomplexobj(t["real"])
    expected = np.sum(g["z"] * tangent["z"]).real + 0.5 * g["a"] + (g["pair"][0] * 1j).real
    close(np.sum(t["real"]), expected)


@each("name", [*EVERY, *REAL, *REAL_ARRAYS])
@each("z", [0.7 - 0.2j, V, W], ids=["number", "vector", "matrix"])
def test_check_grads(name, z):
    ad_core.check_grads((EVERY | REAL | REAL_ARRAYS)[name], (z,))


def test_check_grads_finds_a_wrong_derivative():
    wrong = lambda z: z * ad_core.stop_gradient(z)  # noqa: E731
    with pytest.raises(AssertionError, match="fwd derivative of order 1"):
        ad_core.check_grads(wrong, (V,))


@each("name", REAL)
@each("z", [0.7 - 0.2j, V, W], ids=["number", "vector", "matrix"])
def test_hvp_is_the_directional_derivative_of_the_gradient(name, z):
    f = REAL[name]
    t = like(np.random.default_rng(5), z)
    step = 1e-6
    expected = (ad_core.grad(f)(z + step * t) - ad_core.grad(f)(z - step * t)) / (2 * step)
    found = ad_core.hvp(f, (z,), (t,))
    np.testing.assert_allclose(found, expected, rtol=1e-7, atol=1e-8)
    close(ad_core.jvp(ad_core.grad(f), (z,), (t,))[1], found)


def test_higher_derivatives_of_holomorphic_functions():
    close(ad_core.hessian(np.exp, holomorphic=True)(0.3 + 0.4j), np.exp(0.3 + 0.4j))
    third = ad_core.grad(
        ad_core.grad(ad_core.grad(lambda z: z**5, holomorphic=True), holomorphic=True),
        holomorphic=True,
    )
    close(third(0.3 + 0.4j), 60 * (0.3 + 0.4j) ** 2)
    H = ad_core.hessian(lambda z: np.sum(z**3) + z[0] * z[1], holomorphic=True)(V)
    close(H, np.diag(6 * V) + np.array([[0, 1, 0], [1, 0, 0], [0, 0, 0]]))
    _y, series = ad_core.jet(np.exp, (0.5j,), (np.array([1j]),), order=3)
    close(series, np.exp(0.5j) * np.array([1j, -1 / 2, -1j / 6]))


def test_derivatives_within_derivatives():
    """By real parameters through complex derivatives, and the other way round."""
    outer = lambda a: np.abs(  # noqa: E731
        ad_core.grad(lambda z: z**3 * a, holomorphic=True)(1.0 + a * 1j)
    )
    a, h = 0.6, 1e-6
    expected = (outer(a + h) - outer(a - h)) / (2 * h)
    np.testing.assert_allclose(ad_core.grad(outer)(a), expected, rtol=1e-8)
    inner = lambda z: ad_core.grad(lambda r: np.abs(z * r) ** 2)(2.0)  # noqa: E731
    close(ad_core.grad(inner)(0.3 + 0.4j), 8.0 * (0.3 - 0.4j))
    pulled_back = lambda z: ad_core.vjp(lambda x: z * x**2, 3.0)[1](1j)[0]  # noqa: E731
    close(ad_core.grad(pulled_back)(0.3 + 0.4j), 6j)  # -6 im z
    turned = lambda a: np.abs(ad_core.jacobian(lambda x: np.exp(1j * a * x))(1.0))  # noqa: E731
    close(ad_core.grad(turned)(0.5), 1.0)
    rows = lambda a: np.sum(  # noqa: E731
        np.abs(ad_core.jacobian(lambda p: {"z": p["z"] * a * 1j, "n": 3}, holomorphic=False)(
            {"z": np.ones(2), "n": 2})["z"]["z"])
    )  # fmt: skip
    close(ad_core.grad(rows)(0.5), 2.0)
    direction = lambda t: ad_core.jvp(np.exp, (1j,), (t,))[1]  # noqa: E731
    close(ad_core.jacobian(direction, holomorphic=True)(2.0 + 1j), np.exp(1j))


def test_gauss_newton_products():
    """J^T J t of the squares of all parts; with the loss they are those of the Hessian's form."""
    f, t = OTHERS["one part"], like(np.random.default_rng(8), V)
    ux, uy, vx, vy = blocks(f, V)
    du = ux @ t.real + uy @ t.imag
    dv = vx @ t.real + vy @ t.imag
    expected = du @ ux + dv @ vx - 1j * (du @ uy + dv @ vy)
    close(ad_core.ggnvp(f, (V,), (t,)), expected)
    half = lambda y: 0.5 * np.sum(np.abs(y) ** 2)  # noqa: E731
    close(ad_core.ggnvp(f, (V,), (t,), loss=half), expected)
    with refused(DtypeError, "weights", "complex"):
        ad_core.ggnvp(f, (V,), (t,), np.ones(3))


def test_lagrangian_of_complex_results():
    f = lambda x: np.exp(1j * x) * x  # noqa: E731
    x, m = np.array([0.3, 0.8]), np.array([1.0 - 0.5j, 2.0j])
    expected = ad_core.hessian(lambda x: np.sum(m * f(x)).real)(x)
    close(ad_core.lagrangian_hessian(f, (x,), m), expected)
    close(ad_core.trace(f, x).lagrangian_hessian(x, m), expected)


def test_nan_and_infinity():
    z = np.array([complex(np.nan, 1.0), 1.0 + 1.0j, complex(1.0, np.inf)])
    g = ad_core.grad(lambda z: np.sum(np.abs(z) ** 2))(z)
    assert np.isnan(g[0].real)
    assert g[1] == 2.0 - 2.0j
    assert g[2] == complex(2.0, -np.inf)
    J = ad_core.jacobian(lambda z: z * z, holomorphic=True)(z)
    assert np.isnan(J[0, 0].real)
    assert J[1, 1] == 2.0 + 2.0j


def test_a_derivative_of_which_one_half_is_nan():
    def f(z):
        y = np.zeros_like(z)
        y.real, y.imag = 2.0 * z.real, np.array([2.0, np.nan, 2.0]) * z.imag
        return y

    found = np.diag(ad_core.jacobian(f, holomorphic=True)(V))
    np.testing.assert_array_equal(np.isnan(found), [False, True, False])
    close(found[[0, 2]], [2.0 + 0j, 2.0 + 0j])


def test_argnums_and_plain_arguments():
    f = lambda a, z, w: np.sum(np.real(a * z * w))  # noqa: E731
    args = 2.0, V, V[::-1]
    close(ad_core.grad(f, 1)(*args), 2.0 * V[::-1])
    ga, gw = ad_core.grad(f, (0, 2))(*args)
    close(ga, np.sum(V * V[::-1]).real)
    close(gw, 2.0 * V)
    _, t = ad_core.jvp(f, args, 1j * V, argnums=2)
    close(t, np.sum(2.0 * V * 1j * V).real)


@each("transform", [
    lambda f: ad_core.grad(f), lambda f: ad_core.value_and_grad(f),
    lambda f: ad_core.jacobian(f), lambda f: ad_core.jacobian(HOLOMORPHIC["sum"], holomorphic=True),
])  # fmt: skip
def test_pickled_transforms(transform):
    made = transform(total)
    again = pickle.loads(pickle.dumps(transform(total))) if _has_name(made) else made
    np.testing.assert_equal(again(V), made(V))


def _has_name(made):
    return made.__wrapped__ is total


def total(z):
    return np.sum(np.abs(z) ** 2)


def test_pickled_linear_maps():
    pull = ad_core.vjp(lambda z: z * np.conj(z) ** 2, V)[1]
    push = ad_core.linearize(lambda z: z * np.conj(z) ** 2, V)[1]
    again = pickle.loads(pickle.dumps((pull, push)))
    np.testing.assert_array_equal(again[0](V)[0], pull(V)[0])
    np.testing.assert_array_equal(again[1](V), push(V))


def test_real_seeds_of_complex_values():
    """A real tangent or cotangent has the imaginary part zero."""
    f = OTHERS["one part"]
    close(ad_core.jvp(f, (V,), (np.ones(3),))[1], ad_core.jvp(f, (V,), (np.ones(3) + 0j,))[1])
    pull = ad_core.vjp(f, V)[1]
    close(pull(np.ones(3))[0], pull(np.ones(3) + 0j)[0])


REFUSED = {
    "grad of a complex result": (
        lambda: ad_core.grad(lambda z: z * z)(1j), TypeError, ("grad", "holomorphic=True", "vjp")),
    "grad of a complex array": (
        lambda: ad_core.grad(lambda z: z * z)(V), TypeError, ("grad", "(3,)", "np.abs")),
    "grad of a complex result of reals": (
        lambda: ad_core.grad(lambda x: x * 1j)(1.0), TypeError, ("real scalar", ".real")),
    "holomorphic grad of a real result": (
        lambda: ad_core.grad(total, holomorphic=True)(V), DtypeError, ("real result",)),
    "holomorphic grad of an array": (
        lambda: ad_core.grad(np.exp, holomorphic=True)(V), TypeError, ("complex number", "(3,)")),
    "holomorphic Jacobian by reals": (
        lambda: ad_core.jacobian(lambda x: x * 1j, holomorphic=True)(1.0), DtypeError,
        ("real argument", "astype(complex)")),
    "Jacobian without holomorphic": (
        lambda: ad_core.jacobian(lambda z: z * z)(V), DtypeError,
        ("<lambda>", "holomorphic=True", "jvp or vjp")),
    "jacfwd without holomorphic": (
        lambda: ad_core.jacfwd(lambda z: z * z)(1j), DtypeError, ("holomorphic=True",)),
    "Hessian": (lambda: ad_core.hessian(total)(V), DtypeError, ("hvp",)),
    "sparse": (
        lambda: ad_core.jacobian(lambda z: np.abs(z), sparse=True)(V), TypeError, ("real arrays",)),
    "sparse results": (
        lambda: ad_core.jacobian(lambda x: x * 1j, sparse=True)(np.ones(2)), TypeError,
        ("real results",)),
    "sparse and holomorphic": (
        lambda: ad_core.jacobian(np.exp, sparse=True, holomorphic=True), TypeError,
        ("leave one of them out",)),
    "long double": (
        lambda: ad_core.grad(total)(V.astype(np.clongdouble)), DtypeError, ("complex256",)),
    "astype(complex64)": (
        lambda: ad_core.grad(lambda z: total(z.astype(np.complex64)))(V), TypeError,
        ("complex64",)),
    "complex tangent of a real argument": (
        lambda: ad_core.jvp(np.sin, (1.0,), (1j,)), DtypeError, ("tangents", "complex128")),
    "complex cotangent of a real result": (
        lambda: ad_core.vjp(np.sin, 1.0)[1](1j), DtypeError, ("cotangent", "complex128")),
    "a tangent of another shape": (
        lambda: ad_core.jvp(np.sin, (V,), (V[:2],)), ValueError, ("shape (3,)", "(2,)")),
    "a list in the place of a tangent": (
        lambda: ad_core.jvp(np.sin, (V,), ([1j, 2j, 3j],)), ValueError,
        ("complex array or number",)),
}  # fmt: skip


@each("name", REFUSED)
def test_refusals(name):
    call, kind, words = REFUSED[name]
    with refused(kind, *words):
        call()


def test_a_holomorphic_matrix_function():
    f = lambda z: np.linalg.solve(M + np.diag(z), z)  # noqa: E731
    J = ad_core.jacobian(f, holomorphic=True)(V)
    h = 1e-6
    for k in range(3):
        step = np.zeros(3, complex)
        step[k] = h * (1.0 + 1.0j)
        slope = (f(V + step) - f(V - step)) / (2 * h * (1.0 + 1.0j))
        np.testing.assert_allclose(J[:, k], slope, rtol=1e-7, atol=1e-8)


@each("make", [np.zeros, np.ones, np.empty, lambda n, dtype: np.full(n, 1.0, dtype),
               lambda n, dtype: np.array([1.0] * n, dtype)])  # fmt: skip
def test_no_complex128_in_the_place_of_other_precisions(make):
    """An array of complex64 is NumPy's own, into which no traced value is stored."""

    def stored(z):
        y = make(3, dtype=np.complex64)
        assert y.dtype == np.complex64
        y[:] = z
        return np.abs(y)

    with pytest.raises(TypeError):
        ad_core.jacobian(stored)(V)
