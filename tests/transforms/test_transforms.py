"""Every transform: names, order of results, choice of mode, and the derived functions."""

import inspect
import itertools
from functools import partial

import numpy as np
import pytest

import ad_core
from ad_core.recording.trees import flatten
from jacobians import JACOBIANS

x3 = np.array([0.5, 1.5, 2.5])
A = np.arange(6.0).reshape(2, 3) / 3.0 - 0.4


def cubes(x):
    return A @ x**3


def cubes_jacobian(x):
    return A * 3 * x**2


def energy(x, k=2.0):
    return k * np.sum(x**3)


# ------------------------------------------------------------------------- names and signatures


def test_signatures_are_jaxs():
    """Names, order and defaults of arguments that JAX has too."""
    last = "holomorphic=False)"
    ours, mine = f"mode=None, chunk_size=None, sparse=False, {last}", "argnums=None"
    expected = {
        "jvp": f"(fun, primals, tangents, *, {mine}, has_aux=False)",
        "vjp": f"(fun, *primals, {mine}, has_aux=False)",
        "linearize": "(fun, *primals)",
        "grad": f"(fun, argnums=0, *, has_aux=False, {last}",
        "value_and_grad": f"(fun, argnums=0, *, has_aux=False, {last}",
        "jacobian": f"(fun, argnums=0, *, has_aux=False, {ours}",
        "value_and_jacobian": f"(fun, argnums=0, *, has_aux=False, {ours}",
        "jacfwd": f"(fun, argnums=0, *, has_aux=False, chunk_size=None, {last}",
        "jacrev": f"(fun, argnums=0, *, has_aux=False, chunk_size=None, {last}",
        "hessian": f"(fun, argnums=0, *, has_aux=False, sparse=False, {last}",
        "hvp": f"(fun, primals, tangents, *, {mine})",
    }
    for name, signature in expected.items():
        assert str(inspect.signature(getattr(ad_core, name))) == signature


# ------------------------------------------------------------------------------ order of results


def test_jvp():
    t = np.array([1.0, -2.0, 0.5])
    y, tangent = ad_core.jvp(cubes, (x3,), (t,))
    np.testing.assert_array_equal(y, cubes(x3))
    np.testing.assert_allclose(tangent, cubes_jacobian(x3) @ t, rtol=1e-14)
    y, tangent, aux = ad_core.jvp(lambda x: (cubes(x), "more"), [x3], [t], has_aux=True)
    np.testing.assert_allclose(tangent, cubes_jacobian(x3) @ t, rtol=1e-14)
    assert aux == "more"


def test_vjp():
    w = np.array([1.0, -2.0])
    y, pullback = ad_core.vjp(cubes, x3)
    np.testing.assert_array_equal(y, cubes(x3))
    for scale in (1.0, 3.0):
        (pulled,) = pullback(scale * w)
        np.testing.assert_allclose(pulled, scale * w @ cubes_jacobian(x3), rtol=1e-14)
    y, pullback, aux = ad_core.vjp(lambda x: (cubes(x), {"more": x}), x3, has_aux=True)
    np.testing.assert_array_equal(aux["more"], x3)
    assert type(aux["more"]) is np.ndarray
    assert type(pullback(w)) is tuple


def test_linearize():
    y, push = ad_core.linearize(lambda x, a: a * cubes(x), x3, 2.0)
    np.testing.assert_array_equal(y, 2 * cubes(x3))
    for t, s in ((x3, 0.0), (np.zeros(3), 1.0), (x3, 2.0)):
        expected = 2 * cubes_jacobian(x3) @ t + s * cubes(x3)
        np.testing.assert_allclose(push(t, s), expected, rtol=1e-14)


def test_grad_and_value_and_grad():
    np.testing.assert_allclose(ad_core.grad(energy)(x3), 6 * x3**2, rtol=1e-15)
    value, gradient = ad_core.value_and_grad(energy)(x3)
    assert value == energy(x3)
    np.testing.assert_allclose(gradient, 6 * x3**2, rtol=1e-15)
    f = lambda x: (energy(x), x * 2.0)  # noqa: E731
    gradient, aux = ad_core.grad(f, has_aux=True)(x3)
    np.testing.assert_allclose(gradient, 6 * x3**2, rtol=1e-15)
    np.testing.assert_array_equal(aux, 2 * x3)
    (value, aux), gradient = ad_core.value_and_grad(f, has_aux=True)(x3)
    assert value == energy(x3)
    np.testing.assert_array_equal(aux, 2 * x3)
    np.testing.assert_allclose(gradient, 6 * x3**2, rtol=1e-15)


@pytest.fixture(params=JACOBIANS)
def jacobian(request):
    return JACOBIANS[request.param]


def test_jacobian(jacobian):
    np.testing.assert_allclose(jacobian(cubes)(x3), cubes_jacobian(x3), rtol=1e-15)


def test_jacobian_with_aux():
    f = lambda x: (cubes(x), [x, "text"])  # noqa: E731
    for transform in (ad_core.jacobian, ad_core.jacfwd, ad_core.jacrev):
        J, aux = transform(f, has_aux=True)(x3)
        np.testing.assert_allclose(J, cubes_jacobian(x3), rtol=1e-15)
        np.testing.assert_array_equal(aux[0], x3)
        assert aux[1] == "text"
    (y, aux), J = ad_core.value_and_jacobian(f, has_aux=True)(x3)
    np.testing.assert_array_equal(y, cubes(x3))
    assert aux[1] == "text"
    np.testing.assert_allclose(J, cubes_jacobian(x3), rtol=1e-15)


def test_value_and_jacobian():
    y, J = ad_core.value_and_jacobian(cubes)(x3)
    np.testing.assert_array_equal(y, cubes(x3))
    np.testing.assert_allclose(J, cubes_jacobian(x3), rtol=1e-15)


def test_hessian_and_hvp():
    np.testing.assert_allclose(ad_core.hessian(energy)(x3), np.diag(12 * x3), rtol=1e-15)
    np.testing.assert_allclose(ad_core.hvp(energy, (x3,), (A[0],)), 12 * x3 * A[0], rtol=1e-15)
    H, aux = ad_core.hessian(lambda x: (energy(x), x[0]), has_aux=True)(x3)
    np.testing.assert_allclose(H, np.diag(12 * x3), rtol=1e-15)
    assert aux == 0.5


def test_the_hessian_of_a_vector_has_three_indices():
    H = ad_core.hessian(cubes)(x3)
    assert H.shape == (2, 3, 3)
    np.testing.assert_allclose(H, A[:, :, None] * 6 * np.diag(x3), rtol=1e-15)


# -------------------------------------------------------------------------------- modes and chunks


def network(x):
    h = np.tanh(np.outer(x, np.linspace(-1, 1, 7)))
    return np.concatenate([(h @ h.T).ravel(), np.cumsum(x), [np.max(x), x[0] * x[-1]]])


@pytest.mark.parametrize("D", [1, 2, 9, 37])
def test_modes_and_chunks_agree(D):
    x = np.random.default_rng(D).standard_normal(D)
    reference = ad_core.jacfwd(network)(x)
    size = np.max(np.abs(reference))
    for mode, chunk in itertools.product(["fwd", "rev"], [None, 1, 2, 3, 8, 31, 32, 33, 10_000]):
        J = ad_core.jacobian(network, mode=mode, chunk_size=chunk)(x)
        np.testing.assert_allclose(J, reference, atol=1e-14 * size)
    np.testing.assert_allclose(ad_core.jacobian(network)(x), reference, atol=1e-14 * size)
    y, pullback = ad_core.vjp(network, x)
    w, t = (np.random.default_rng(k).standard_normal(n) for k, n in ((0, y.size), (1, D)))
    np.testing.assert_allclose(pullback(w)[0], w @ reference, atol=1e-12 * size)
    np.testing.assert_allclose(
        ad_core.jvp(network, (x,), (t,))[1], reference @ t, atol=1e-12 * size
    )


def test_few_inputs_and_many_outputs_go_forward():
    f = lambda x: np.outer(np.linspace(0, 1, 10_000), x) @ np.ones(3) * x[0]  # noqa: E731
    e = ad_core.explain(f, x3)
    assert (e.mode, e.passes, e.inputs, e.outputs) == ("fwd", 3, 3, 10_000)
    np.testing.assert_allclose(
        ad_core.jacobian(f)(x3), ad_core.jacobian(f, mode="fwd")(x3), rtol=0.0
    )


def test_many_inputs_and_one_output_go_in_reverse():
    x = np.linspace(0, 1, 10_000)
    e = ad_core.explain(lambda x: np.sum(x**2), x)
    assert (e.mode, e.passes, e.inputs, e.outputs) == ("rev", 1, 10_000, 1)
    np.testing.assert_allclose(ad_core.jacobian(lambda x: np.sum(x**2))(x), 2 * x)


@pytest.mark.parametrize(("shape", "pushed", "pulled"), [((30, 1), 0, 1), ((3, 40), 3, 0)])
def test_the_mode_taken_is_the_cheaper_one(shape, pushed, pulled):
    """Counted by a rule, which is called once for each seed of a sweep."""
    D, K = shape
    W = np.random.default_rng(0).standard_normal((K, D))
    pushes, pulls = [], []
    square = ad_core.external(
        lambda x: x * x,
        jvp=lambda primals, tangents: pushes.append(1) or 2.0 * primals[0] * tangents[0],
        vjp=lambda primals, cotangent: pulls.append(1) or 2.0 * primals[0] * cotangent,
    )
    x = np.linspace(0.5, 1.0, D)
    found = ad_core.jacobian(lambda x: W @ square(x))(x)
    assert (len(pushes), len(pulls)) == (pushed, pulled)
    np.testing.assert_allclose(found, W * 2.0 * x, rtol=1e-14)


def test_explain():
    def residual(x, scale=1.0):
        return np.outer(x, np.ones(2)) * scale

    e = ad_core.explain(residual, x3, scale=2.0)
    assert e.function == "residual"
    assert (e.mode, e.passes, e.inputs, e.outputs) == ("fwd", 3, 3, 6)
    assert "D = 3" in e.reason
    assert e.size["nodes"] > 6
    text = str(e)
    for word in ("residual", "fwd", "inputs D", "outputs K", "passes", "nodes", "bytes", e.reason):
        assert str(word) in text
    forced = ad_core.explain(residual, x3, mode="rev")
    assert (forced.mode, forced.passes, forced.reason) == ("rev", 6, "requested")
    other = ad_core.explain(lambda a, b: b * a[0], x3, np.ones(50), argnums=1)
    assert (other.inputs, other.outputs) == (50, 50)
    both = ad_core.explain(lambda a, b: b * a[0], x3, np.ones(50), argnums=(0, 1))
    assert both.inputs == 53
    with pytest.raises(AttributeError):
        e.mode = "rev"


# ------------------------------------------------------------------------------------ the functions


def product(a, b, c=1.0):
    return np.sum(a * b**2) * c


def test_derived_functions_can_be_inspected():
    for transform in (ad_core.grad, ad_core.jacobian, ad_core.hessian, ad_core.value_and_grad):
        derived = transform(product)
        assert list(inspect.signature(derived).parameters) == ["a", "b", "c"]
        assert inspect.unwrap(derived) is product


def test_callables_of_every_kind(jacobian):
    class Model:
        def __init__(self, k):
            self.k = k

        def __call__(self, x):
            return self.k * x**2

        def method(self, x):
            return self(x)

    model = Model(3.0)
    for fun in (model, model.method, partial(lambda k, x: k * x**2, 3.0), partial(model)):
        assert jacobian(fun)(2.0) == 12.0
    assert jacobian(np.sin)(0.0) == 1.0
    assert ad_core.grad(np.hypot, (0, 1))(3.0, 4.0) == (0.6, 0.8)


def test_a_transform_may_be_called_at_many_points():
    J = ad_core.jacobian(lambda x: x**2 if x > 1.0 else -x)
    assert [J(x) for x in (0.5, 2.0, 0.1, 3.0)] == [-1.0, 4.0, -1.0, 6.0]


def test_a_function_that_closes_over_what_changes():
    scale = [1.0]
    J = ad_core.jacobian(lambda x: scale[0] * x)
    assert J(1.0) == 1.0
    scale[0] = 5.0
    assert J(1.0) == 5.0


@pytest.mark.parametrize("name", ["grad", "jacobian", "jvp", "vjp", "hessian", "linearize"])
def test_values_are_numpys_own(name):
    """What the function sees equals what it would see untraced, bit for bit."""
    x = np.random.default_rng(5).standard_normal(50)
    f = lambda x: np.sum(np.sin(x) * np.exp(-x * x) + np.abs(x) ** 1.5)  # noqa: E731
    seen = []

    def spied(x):
        y = f(x)
        seen.append(y)
        return y

    calls = {
        "grad": lambda: ad_core.value_and_grad(f)(x)[0],
        "jacobian": lambda: ad_core.value_and_jacobian(f)(x)[0],
        "jvp": lambda: ad_core.jvp(f, (x,), (x,))[0],
        "vjp": lambda: ad_core.vjp(f, x)[0],
        "hessian": lambda: ad_core.trace(f, x).value,
        "linearize": lambda: ad_core.linearize(f, x)[0],
    }
    np.testing.assert_allclose(calls[name](), f(x), rtol=4e-16)
    assert len(flatten(calls[name]())[0]) == 1
