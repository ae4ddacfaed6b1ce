"""Derivatives of derivatives: every order and combination of modes, and no confusion."""

import itertools

import numpy as np
import pytest

import ad_core
from ad_core import _core
from ad_core.recording.trees import flatten, map_leaves

x3 = np.array([0.7, 1.3, 2.1])
rng = np.random.default_rng(7)
A = rng.standard_normal((3, 3))


def by_jvp(f):
    return lambda x: ad_core.jvp(f, (x,), (1.0,))[1]


def by_vjp(f):
    return lambda x: ad_core.vjp(f, x)[1](1.0)[0]


def by_linearize(f):
    return lambda x: ad_core.linearize(f, x)[1](1.0)


WAYS = {
    "jvp": by_jvp, "vjp": by_vjp, "linearize": by_linearize, "grad": ad_core.grad,
    "jacfwd": ad_core.jacfwd, "jacrev": ad_core.jacrev,
}  # fmt: skip
# function, and its derivatives of order 0, 1, ... at x
SCALARS = {
    "sin(2x)": (lambda x: np.sin(2 * x), lambda x, n: 2**n * np.sin(2 * x + n * np.pi / 2)),
    "exp(-x)": (lambda x: np.exp(-x), lambda x, n: (-1) ** n * np.exp(-x)),
    "x**5": (lambda x: x**5, lambda x, n: np.prod([5.0 - k for k in range(n)]) * x ** (5 - n)),
    "1/x": (lambda x: 1 / x, lambda x, n: np.prod([-1.0 - k for k in range(n)]) * x ** (-1 - n)),
    "log(x)": (
        np.log,
        lambda x, n: np.log(x) if n == 0 else -np.prod([-1.0 * k for k in range(1, n)]) * -(x**-n),
    ),
    "x exp(x)": (lambda x: x * np.exp(x), lambda x, n: (x + n) * np.exp(x)),
}


@pytest.mark.parametrize("name", SCALARS)
@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_orders_by_every_combination_of_two_modes(name, order):
    f, derivative = SCALARS[name]
    for modes in itertools.product([by_jvp, by_vjp], repeat=order):
        g = f
        for mode in modes:
            g = mode(g)
        np.testing.assert_allclose(g(0.7), derivative(0.7, order), rtol=1e-12)


@pytest.mark.parametrize(("first", "second"), list(itertools.product(WAYS, repeat=2)))
def test_order_two_by_every_pair_of_transforms(first, second):
    for f, derivative in SCALARS.values():
        got = WAYS[second](WAYS[first](f))(1.3)
        np.testing.assert_allclose(got, derivative(1.3, 2), rtol=1e-13)


@pytest.mark.parametrize("modes", list(itertools.product(["fwd", "rev"], repeat=3)))
def test_third_derivative_tensor_in_all_modes(modes):
    """T[i, j, k] of (a x)^3 is 6 a_i a_j a_k, plus a term that mixes elements."""
    a = np.array([0.5, -1.0, 2.0])

    def f(x):
        return np.sum(a * x) ** 3 + x[0] * x[1] * x[2]

    g = f
    for mode in modes:
        g = ad_core.jacobian(g, mode=mode)
    expected = 6 * np.einsum("i,j,k->ijk", a, a, a)
    for i, j, k in itertools.permutations(range(3)):
        expected[i, j, k] += 1.0
    np.testing.assert_allclose(g(x3), expected, rtol=1e-13)


def test_the_fourth_derivative_of_an_array_function():
    g = lambda x: np.sum(np.sin(x)) * 1.0  # noqa: E731
    for mode in ("fwd", "rev", "fwd", "rev"):
        g = ad_core.jacobian(g, mode=mode)
    expected = np.zeros((3,) * 4)
    expected[(np.arange(3),) * 4] = np.sin(x3)
    np.testing.assert_allclose(g(x3), expected, atol=1e-15)


# ------------------------------------------------------------------------ perturbation confusion


@pytest.mark.parametrize("inner", [*WAYS, "jacobian"])
@pytest.mark.parametrize("outer", [*WAYS, "jacobian"])
def test_perturbation_confusion(inner, outer):
    ways = {**WAYS, "jacobian": ad_core.jacobian}
    D, E = ways[outer], ways[inner]
    assert D(lambda x: x * E(lambda y: x + y)(1.0))(3.0) == 1.0
    assert D(lambda x: x * E(lambda y: x * y)(1.0))(3.0) == 6.0
    assert D(lambda x: x * E(lambda y: x + y)(x))(3.0) == 1.0
    assert D(lambda x: x * E(lambda y: x * y * y)(x))(2.0) == 24.0
    assert D(lambda x: E(lambda y: x)(x))(2.0) == 0.0
    assert D(lambda x: x * E(lambda y: 5.0)(x))(2.0) == 0.0
    assert D(lambda x: E(lambda y: y)(x) * x)(2.0) == 1.0
    # the same value as the point and in the closure, three deep
    got = D(lambda x: E(lambda y: D(lambda z: x * y * y * z * z * z)(x))(x))(1.5)
    np.testing.assert_allclose(got, 6 * 4 * 1.5**3, rtol=1e-15)


def test_confusion_by_a_function_that_returns_a_function():
    """The example of Siskind and Pearlmutter: d/dx of (y -> f(x + y)) of an inner derivative."""

    def shifted(x):
        return lambda f: lambda y: f(x + y)

    def at_zero(op):
        return ad_core.jacfwd(lambda x: op(x)(lambda z: ad_core.jacfwd(np.exp)(z))(1.0))(0.0)

    np.testing.assert_allclose(at_zero(shifted), np.exp(1.0), rtol=1e-15)


def test_an_inner_argument_that_is_the_outer_array():
    def f(x):
        return np.sum(ad_core.grad(lambda y: np.sum(y * y * x))(x))

    np.testing.assert_allclose(ad_core.grad(f)(x3), 4 * x3, rtol=1e-15)


def test_an_inner_argument_that_is_a_view_of_the_outer_array():
    def f(x):
        return np.sum(ad_core.grad(lambda y: np.sum(y**3 * x[1:]))(x[:2]) * x[0])

    x, y, z = x3
    expected = [
        2 * 3 * x * y * x + 3 * x**2 * y - 3 * x**2 * y + 3 * x * x * y + 3 * y * y * z,
        3 * x**2 * x + 6 * y * z * x,
        3 * y**2 * x,
    ]
    np.testing.assert_allclose(ad_core.grad(f)(x3), expected, rtol=1e-14)


# --------------------------------------------------------------------- what the outer tape holds


def nodes_recorded_by(work, x=2.0):
    """Nodes that work(x) adds to the trace that records it."""

    def f(x):
        work(x)
        return x

    return ad_core.trace(f, x).size["nodes"] - ad_core.trace(lambda x: x, x).size["nodes"]


def failing():
    with pytest.raises(TypeError):
        ad_core.grad(lambda y: y)(x3)


PLAIN = {
    "grad": lambda: ad_core.grad(lambda y: np.sin(y) * y)(2.0),
    "jacobian": lambda: ad_core.jacobian(lambda y: np.sin(y) * y[0])(x3),
    "jvp": lambda: ad_core.jvp(np.sin, (x3,), (x3,)),
    "vjp": lambda: ad_core.vjp(np.sin, x3)[1](x3),
    "linearize": lambda: ad_core.linearize(np.sin, x3)[1](x3),
    "hessian": lambda: ad_core.hessian(lambda y: np.sum(y**3))(x3),
    "hvp": lambda: ad_core.hvp(lambda y: np.sum(y**3), (x3,), (x3,)),
    "value_and_grad": lambda: ad_core.value_and_grad(lambda y: np.sum(y**3))(x3),
    "failed": failing,
}


@pytest.mark.parametrize("name", PLAIN)
def test_a_derivative_at_plain_values_leaves_the_outer_tape_alone(name):
    outside = PLAIN[name]()
    inside = []
    assert nodes_recorded_by(lambda x: inside.append(PLAIN[name]())) == 0
    numbers = [
        [leaf for leaf in flatten(tree)[0] if isinstance(leaf, (float, np.ndarray))]
        for tree in (outside, inside[0])
    ]
    for a, b in zip(*numbers, strict=True):
        np.testing.assert_array_equal(a, b)
        assert not _core.traced(b)


def test_a_derivative_at_traced_values_is_recorded():
    assert nodes_recorded_by(lambda x: ad_core.grad(np.sin)(x)) > 1
    assert nodes_recorded_by(lambda x: ad_core.grad(lambda y: y * x)(1.0)) > 1
    assert nodes_recorded_by(lambda x: x + 1.0) == 2


def test_an_inner_sweep_does_not_walk_the_outer_tape():
    """The inner derivative's cost does not depend on what the outer trace recorded before."""

    def work(before):
        def f(x):
            y = x
            for _ in range(before):
                y = np.sin(y)
            return y * ad_core.grad(lambda z: z * z * x)(x)

        return ad_core.trace(f, 0.5).size["nodes"]

    assert work(1000) - work(0) == 1000


# --------------------------------------------------------------------------- pullbacks and maps


def test_an_inner_pullback_with_a_traced_cotangent():
    _, outside = ad_core.vjp(lambda x: A @ x**2, x3)

    def f(w):
        _, inside = ad_core.vjp(lambda x: A @ x**2, x3)
        return outside(w)[0] * w[0] + inside(w * w)[0]

    def expected(w):
        return 2 * x3 * (A.T @ w) * w[0] + 2 * x3 * (A.T @ (w * w))

    w = np.array([0.3, -0.2, 0.5])
    np.testing.assert_allclose(f(w), expected(w), rtol=1e-14)
    np.testing.assert_allclose(ad_core.jacobian(f)(w), ad_core.jacobian(expected)(w), rtol=1e-13)


def test_a_pullback_of_a_traced_point_pulled_often():
    def f(x):
        _, pullback = ad_core.vjp(lambda y: np.sin(y) * x, x)
        return pullback(np.ones(3))[0] + pullback(x)[0] * 2.0 + pullback(pullback(x)[0])[0]

    def expected(x):
        c = np.cos(x) * x
        return c + 2.0 * c * x + c * c * x

    np.testing.assert_allclose(
        ad_core.jacobian(f)(x3), ad_core.jacobian(expected)(x3), rtol=1e-14, atol=1e-15
    )


def test_a_linear_map_inside_a_gradient():
    def f(x):
        y, push = ad_core.linearize(lambda z: np.sin(z) * x[0], x)
        return np.sum(push(x) * push(np.ones(3))) + np.sum(y)

    def expected(x):
        return np.sum(np.cos(x) ** 2 * x[0] ** 2 * x) + np.sum(np.sin(x) * x[0])

    np.testing.assert_allclose(ad_core.grad(f)(x3), ad_core.grad(expected)(x3), rtol=1e-14)


def test_a_traced_tangent_at_a_plain_point():
    got = ad_core.jacobian(lambda t: ad_core.jvp(lambda x: A @ x**2, (x3,), (t,))[1])(x3)
    np.testing.assert_allclose(got, 2 * A * x3, rtol=1e-14)


def test_a_pullback_used_after_the_trace_that_its_values_are_of():
    kept = []

    def f(x):
        y, pullback = ad_core.vjp(lambda y: np.sin(y) * x, x)
        kept.append(pullback)
        return np.sum(y)

    ad_core.grad(f)(x3)
    with pytest.raises(ad_core.EscapedTraceError):
        kept[0](np.ones(3))


def test_a_pullback_of_one_function_pulled_at_three_depths():
    _, pull = ad_core.vjp(lambda x: x**3, 2.0)
    assert pull(1.0)[0] == 12.0
    assert ad_core.grad(lambda w: pull(w * w)[0])(3.0) == 72.0
    third = ad_core.grad(lambda v: ad_core.grad(lambda w: pull(w * w * v)[0])(3.0) * v)(2.0)
    assert third == 12.0 * 2 * 3 * 2 * 2
    assert pull(1.0)[0] == 12.0


# --------------------------------------------------------------------- buffers across the traces


def test_an_outer_buffer_written_in_the_inner_trace():
    def f(x):
        out = np.zeros(3)

        def inner(y):
            out[0] = x * x  # an outer value
            out[1:] += x
            return y * y * x

        g = ad_core.grad(inner)(x)
        return out[0] + out[1] * out[2] + g

    assert ad_core.grad(f)(2.0) == 4.0 + 4.0 + 8.0


def test_an_inner_buffer_of_outer_and_inner_values():
    def f(x):
        def inner(y):
            out = np.zeros(3)
            out[0] = y * y
            out[1] = x
            out[2] = x * y
            return np.sum(out**2)

        return ad_core.grad(inner)(x)  # 4 y^3 + 2 x^2 y at y = x: 6 x^3

    assert ad_core.grad(f)(2.0) == 72.0
    assert ad_core.jacfwd(f)(2.0) == 72.0


def test_an_inner_buffer_used_in_the_outer_trace():
    def f(x):
        def inner(y):
            out = np.zeros(2)
            out[0] = y * x
            out[1] = y**2
            return out

        y, pullback = ad_core.vjp(inner, x)
        y[0] = y[0] * x
        return np.sum(y) + np.sum(pullback(y)[0])

    def expected(x):
        y = np.array([x**3, x**2])
        return np.sum(y) + y[0] * x + y[1] * 2 * x

    np.testing.assert_allclose(ad_core.grad(f)(1.5), ad_core.grad(expected)(1.5), rtol=1e-14)


def test_an_outer_view_written_through_in_the_inner_trace():
    def f(x):
        out = np.zeros((2, 2))
        row = out[0]

        def inner(y):
            row[1] = x[1] * x[0]
            return np.sum(y * x)

        g = ad_core.grad(inner)(x * 2.0)
        return out[0, 1] + np.sum(g * x)

    np.testing.assert_allclose(ad_core.grad(f)(x3), 2 * x3 + [x3[1], x3[0], 0.0], rtol=1e-15)


def test_views_made_before_the_traces_met():
    """An inner array, its views and a buffer move to the outer tape when the traces meet."""

    def f(x):
        def inner(y):
            a = y * 2.0
            view = a[::-1][1:]
            whole = np.zeros(3)
            part = whole[1:]
            part[0] = y[0] * 3.0
            met = a * x  # from here on one tape
            part[1] = x[0] * y[1]
            view[0] = x[2]
            a[0] = y[0] ** 2
            return np.sum(met) + np.sum(whole) + np.sum(view**2) + np.sum(a)

        return np.sum(ad_core.grad(inner)(np.ones(3)))

    def inner_gradient(x):
        # a = [y0^2, x2, 2 y2], view = [x2, a0 = y0^2]; whole = [0, 3 y0, x0 y1]
        y = np.ones(3)
        g = 2.0 * x + 0.0
        g[0] += 3.0 + 4 * y[0] ** 3 + 2 * y[0]
        g[1] += x[0]
        g[2] += 2.0
        return np.sum(g)

    assert f(x3) == pytest.approx(inner_gradient(x3), rel=1e-15)
    np.testing.assert_allclose(ad_core.grad(f)(x3), ad_core.grad(inner_gradient)(x3), rtol=1e-15)


# -------------------------------------------------------------------------------------------- aux


def test_aux_through_nested_traces():
    def f(x):
        def inner(y):
            aux = {"product": x * y, "square": y * y, "plain": 7.0, "name": "kept", "none": None}
            return y**3 * x, aux

        g, aux = ad_core.grad(inner, has_aux=True)(x)
        assert aux["plain"] == 7.0
        assert aux["name"] == "kept"
        assert aux["none"] is None
        return g + aux["product"] + aux["square"]  # 3 x^3 + 2 x^2

    assert ad_core.grad(f)(2.0) == 9 * 4.0 + 4 * 2.0


def test_aux_of_an_inner_trace_at_plain_values():
    def f(x):
        def inner(y):
            return np.sum(y * y), {"y": y * 5.0, "total": np.sum(y), "zero-d": np.array(y[0])}

        g, aux = ad_core.grad(inner, has_aux=True)(x3)
        kinds = map_leaves(lambda leaf: not _core.traced(leaf), aux)
        assert kinds == {"y": True, "total": True, "zero-d": True}
        assert np.shape(aux["total"]) == np.shape(aux["zero-d"]) == ()
        return x * np.sum(g) + aux["total"] * x + aux["y"][0] * x

    expected = 3 * np.sum(x3) + 5 * x3[0]
    np.testing.assert_allclose(ad_core.grad(f)(2.0), expected, rtol=1e-15)


def test_aux_of_a_hessian():
    def f(x):
        return np.sum(x**3), {"x": x, "double": 2.0 * x[0]}

    H, aux = ad_core.hessian(f, has_aux=True)(x3)
    np.testing.assert_allclose(H, np.diag(6 * x3), rtol=1e-15)
    np.testing.assert_array_equal(aux["x"], x3)
    assert aux["double"] == 2.0 * x3[0]
    assert np.shape(aux["double"]) == ()


def test_the_inner_value_is_differentiable_too():
    def f(x):
        value, g = ad_core.value_and_grad(lambda y: np.sum(y**3))(x)
        y, J = ad_core.value_and_jacobian(lambda y: y**2)(x)
        return value * np.sum(g) + np.sum(J @ y)

    def expected(x):
        return np.sum(x**3) * np.sum(3 * x**2) + np.sum(2 * x**3)

    np.testing.assert_allclose(ad_core.grad(f)(x3), ad_core.grad(expected)(x3), rtol=1e-14)


def test_trees_through_nested_traces():
    def f(p):
        g = ad_core.grad(lambda q: np.sum(q["a"] ** 2) * q["b"][0] * p["b"][1])(p)
        return np.sum(g["a"]) + g["b"][0] + g["b"][1]

    p = {"a": x3, "b": (2.0, 3.0)}
    got = ad_core.grad(f)(p)
    np.testing.assert_allclose(got["a"], 2 * 2 * 3 + 2 * x3 * 3, rtol=1e-15)
    np.testing.assert_allclose(got["b"][0], 2 * np.sum(x3) * 3, rtol=1e-15)
    np.testing.assert_allclose(got["b"][1], 2 * np.sum(x3) * 2 + np.sum(x3**2), rtol=1e-15)


def test_stop_gradient_stops_every_order():
    def f(x):
        return x**2 * ad_core.stop_gradient(x**3)

    assert ad_core.grad(f)(2.0) == 2 * 2.0 * 8.0
    assert ad_core.grad(ad_core.grad(f))(2.0) == 2 * 8.0
    assert ad_core.jacfwd(ad_core.jacrev(f))(2.0) == 2 * 8.0
    assert ad_core.grad(lambda x: ad_core.grad(f)(ad_core.stop_gradient(x)))(2.0) == 0.0
    assert ad_core.grad(lambda x: ad_core.stop_gradient(ad_core.grad(f)(x)))(2.0) == 0.0


INNER_AT_NUMBERS = {
    "jvp": lambda x: ad_core.jvp(lambda a, b: a * b**2, (x, 2.0), (1.0, 0.5))[1],
    "vjp": lambda x: (
        ad_core.vjp(lambda b: x * b**2, np.array([1.0, 3.0]))[1](np.ones(2))[0] @ [1, 1]
    ),
    "jacobian": lambda x: np.sum(ad_core.jacobian(lambda b: b**2 * x)(np.array([1.0, 3.0]))),
    "hessian": lambda x: np.sum(ad_core.hessian(lambda b: x * np.sum(b**3))(np.ones(2))),
    "three": lambda x: ad_core.grad(lambda a: ad_core.grad(lambda b: x * a * b**2)(3.0) * a)(2.0),
    "jet": lambda x: ad_core.jet(np.sin, (x,), (np.ones(1),), order=3)[1][2],
}


@pytest.mark.parametrize("name", INNER_AT_NUMBERS)
def test_inner_functions_at_plain_numbers_have_programs(name):
    f = INNER_AT_NUMBERS[name]
    for made in (ad_core.compile(f), ad_core.trace(f, 1.2)):
        for x in (1.2, 0.7):
            np.testing.assert_allclose(made(x), f(x), rtol=1e-13)
            np.testing.assert_allclose(made.grad(x), ad_core.grad(f)(x), rtol=1e-12, atol=1e-14)
