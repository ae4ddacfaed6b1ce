"""Second and third derivatives of the elements of NumPy code, and of whole applications."""

import itertools

import numpy as np
import pytest

import ad_core
from ad_core.recording.trees import map_leaves

x3 = np.array([0.7, 1.3, 2.1])
A = np.random.default_rng(7).standard_normal((3, 3))

# ----------------------------------------------------------------------------- Hessians of features


def buffer(x):
    out = np.zeros(4)
    out[0] = x[0] * x[1]
    out[1:] = x**2
    out[1:] += out[:-1]
    out *= x[2]
    return np.sum(out**2)


def accumulated(x):
    total = np.zeros((2, 3))
    for k in range(3):
        total[k % 2] += x * x[k]
        total[:, k] *= x[0]
    return np.sum(total**2)


FEATURES = {
    "matmul": lambda x: x @ A @ np.sin(x),
    "matrix products": lambda x: np.sum((np.outer(x, x) @ A @ np.outer(x, x)) ** 2),
    "batched": lambda x: np.sum(np.matmul(np.stack([np.outer(x, x)] * 2), A) ** 2),
    "sum over an axis": lambda x: np.sum(np.sum(np.outer(x, x**2), axis=0) ** 2),
    "mean and var": lambda x: np.mean(x**3) * np.var(x),
    "max": lambda x: np.max(x**3) * np.min(x * x),
    "cumsum": lambda x: np.sum(np.cumsum(x**2) ** 2),
    "prod": lambda x: np.prod(x) ** 2 + np.cumprod(x)[1] ** 2,
    "fancy": lambda x: np.sum(x[[0, 0, 2, 1]] ** 3 * x[np.array([1, 2, 2, 0])]),
    "mask": lambda x: np.sum(x[x > 1.0] ** 3) * x[0],
    "where": lambda x: np.sum(np.where(x > 1.0, np.log(x), x**3) ** 2),
    "broadcast": lambda x: np.sum((x[:, None] * np.sin(x)) ** 2 / x[None, :]),
    "buffer": buffer,
    "accumulated": accumulated,
    "norm": lambda x: np.linalg.norm(x) * np.sqrt(np.sum(x**4)),
    "softmax": lambda x: (lambda e: np.sum(e / np.sum(e) * x))(np.exp(x - np.max(x))),
    "branch": lambda x: x[0] ** 3 if x[1] > 1.0 else x[2],
    "loop": lambda x: sum(x[i] ** i * x[-i] for i in range(3)),
    "scalar": lambda x: x[0] / x[1] ** x[2],
    "reversed": lambda x: np.sum(x[::-1] ** 2 * x),
    "repeated": lambda x: np.sum(np.tile(x, 2).reshape(2, 3).T @ np.ones(2) ** 2) ** 2,
}


def differences(f, x, h=1e-5):
    """Columns of a Jacobian by central differences."""
    return np.stack([(f(x + h * e) - f(x - h * e)) / (2 * h) for e in np.eye(x.size)], axis=-1)


@pytest.mark.parametrize("name", FEATURES)
def test_hessians_of_all_features_in_all_modes(name):
    f = FEATURES[name]
    expected = differences(ad_core.grad(f), x3)
    size = np.max(np.abs(expected))
    found = [
        outer(inner(f))(x3)
        for outer, inner in itertools.product([ad_core.jacfwd, ad_core.jacrev], repeat=2)
    ]
    np.testing.assert_allclose(found[0], expected, atol=1e-8 * size)
    np.testing.assert_allclose(ad_core.hessian(f)(x3), expected, atol=1e-8 * size)
    for H in found:
        np.testing.assert_allclose(H, found[0], atol=1e-12 * size)
        np.testing.assert_allclose(H, H.T, atol=1e-12 * size)
    for t in np.eye(3):
        got = ad_core.hvp(f, (x3,), (t,))
        np.testing.assert_allclose(got, found[0] @ t, atol=1e-12 * size)


@pytest.mark.parametrize("name", FEATURES)
def test_third_derivatives_of_all_features(name):
    hessian = ad_core.hessian(FEATURES[name])
    expected = differences(hessian, x3)
    size = max(np.max(np.abs(expected)), 1.0)
    np.testing.assert_allclose(ad_core.jacfwd(hessian)(x3), expected, atol=2e-7 * size)
    np.testing.assert_allclose(ad_core.jacrev(hessian)(x3), expected, atol=2e-7 * size)


# ----------------------------------------------------------------------------------- applications


def loss(p, X, Y):
    """A network's cross-entropy."""
    hidden = np.tanh(X @ p["W1"] + p["b1"])
    scores = hidden @ p["W2"] + p["b2"]
    scores = scores - np.max(scores, axis=1, keepdims=True)
    return np.mean(np.log(np.sum(np.exp(scores), axis=1)) - np.sum(scores * Y, axis=1))


def network():
    random = np.random.default_rng(3)
    p = {
        "W1": random.standard_normal((4, 5)), "b1": random.standard_normal(5),
        "W2": random.standard_normal((5, 3)), "b2": random.standard_normal(3),
    }  # fmt: skip
    return p, random.standard_normal((6, 4)), np.eye(3)[random.integers(3, size=6)]


def test_the_jacobian_of_a_network_gradient_against_hvp():
    p, X, Y = network()
    t = map_leaves(lambda leaf: np.random.default_rng(leaf.size).standard_normal(leaf.shape), p)
    product = ad_core.hvp(lambda p: loss(p, X, Y), (p,), (t,))
    for mode in ("fwd", "rev"):
        H = ad_core.jacobian(ad_core.grad(loss), mode=mode)(p, X, Y)
        for row, wanted in product.items():
            got = sum(np.tensordot(H[row][k], t[k], t[k].ndim) for k in t)
            np.testing.assert_allclose(got, wanted, rtol=1e-11, atol=1e-13)
    reverse = ad_core.grad(
        lambda p: sum(np.sum(g * t[k]) for k, g in ad_core.grad(loss)(p, X, Y).items())
    )(p)
    for k in p:
        np.testing.assert_allclose(reverse[k], product[k], rtol=1e-11, atol=1e-13)


def test_a_network_gradient_inside_another_stays_blocks():
    p, X, Y = network()

    def inner(p):
        return sum(np.sum(g**2) for g in ad_core.grad(loss)(p, X, Y).values())

    wide = {**p, "W1": np.ones((4, 50)), "b1": np.ones(50), "W2": np.ones((50, 3))}
    small, large = (ad_core.trace(inner, q).size["runs"] for q in (p, wide))
    assert large < 1.5 * small


def test_equations_of_motion_from_a_lagrangian():
    """A double pendulum: accelerations of L by nested derivatives, against the closed form."""
    m1, m2, l1, l2, g = 1.3, 0.7, 0.9, 1.1, 9.81

    def lagrangian(q, v):
        a, b = q[0], q[1]
        kinetic = 0.5 * (m1 + m2) * (l1 * v[0]) ** 2 + 0.5 * m2 * (l2 * v[1]) ** 2
        kinetic = kinetic + m2 * l1 * l2 * v[0] * v[1] * np.cos(a - b)
        return kinetic + (m1 + m2) * g * l1 * np.cos(a) + m2 * g * l2 * np.cos(b)

    def acceleration(q, v):
        mass = ad_core.hessian(lagrangian, 1)(q, v)
        coriolis = ad_core.jacobian(ad_core.grad(lagrangian, 1), 0)(q, v)
        force = ad_core.grad(lagrangian, 0)(q, v) - coriolis @ v
        det = mass[0, 0] * mass[1, 1] - mass[0, 1] * mass[1, 0]
        adjugate = np.array([[mass[1, 1], -mass[0, 1]], [-mass[1, 0], mass[0, 0]]])
        return adjugate @ force / det

    def closed(q, v):
        a, b = q[0], q[1]
        c, s = np.cos(a - b), np.sin(a - b)
        mass = np.array([[(m1 + m2) * l1**2, m2 * l1 * l2 * c], [m2 * l1 * l2 * c, m2 * l2**2]])
        force = np.array([
            -m2 * l1 * l2 * v[1] ** 2 * s - (m1 + m2) * g * l1 * np.sin(a),
            m2 * l1 * l2 * v[0] ** 2 * s - m2 * g * l2 * np.sin(b),
        ])  # fmt: skip
        return np.linalg.solve(mass, force)

    q, v = np.array([0.4, -0.9]), np.array([1.1, 0.6])
    np.testing.assert_allclose(acceleration(q, v), closed(q, v), rtol=1e-13)
    # and that thrice-nested expression is itself differentiable
    J = ad_core.jacobian(acceleration, (0, 1))(q, v)
    np.testing.assert_allclose(J[0], differences(lambda q: closed(q, v), q), rtol=1e-7)
    np.testing.assert_allclose(J[1], differences(lambda v: closed(q, v), v), rtol=1e-7)


def test_newton_steps_inside_a_derivative():
    """d/da of the root of x^3 + a x - 1 by differentiating the iteration."""

    def root(a):
        x = 1.0
        for _ in range(8):
            f = lambda x: x**3 + a * x - 1.0  # noqa: E731
            x = x - f(x) / ad_core.grad(f)(x)
        return x

    a = 0.8
    x = root(a)
    np.testing.assert_allclose(ad_core.grad(root)(a), -x / (3 * x**2 + a), rtol=1e-13)
