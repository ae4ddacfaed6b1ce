# SPDX-License-Identifier: Apache-2.0
"""Rules of users with complex arguments and results: the derivatives are those of the function
without the rule, in every order, one-shot and compiled."""

import numpy as np
import pytest

import ad_core
from ad_core.errors import DtypeError

Z = np.array([1.0 + 2.0j, 0.5 - 1.0j])
X = np.array([0.7, 1.3])
WEIGHTS = np.array([1.0, 2.0])


def of_both(z, x):
    """A complex result by both arguments, not holomorphic, and a real one."""
    return np.conj(z) * z * x + np.exp(z) * x[::-1], z.real * x


def of_complex(z, x):
    return {"y": z * z + x, "scale": np.abs(z)}


def of_numbers(z, x):
    return z[0] * np.exp(1j * x[1])


def to_complex(z, x):
    return [np.exp(1j * x) * (2.0 - 1.0j), x]


FUNCTIONS = [of_both, of_complex, of_numbers, to_complex]


def by_checkpoint(fun):
    return ad_core.checkpoint(fun)


def by_custom_jvp(fun):
    custom = ad_core.custom_jvp(lambda *args: fun(*args))
    custom.defjvp(lambda primals, tangents: ad_core.jvp(fun, primals, tangents))
    return custom


def by_custom_vjp(fun):
    custom = ad_core.custom_vjp(lambda *args: fun(*args))
    custom.defvjp(lambda *args: (fun(*args), args), lambda args, w: ad_core.vjp(fun, *args)[1](w))
    return custom


def by_external_jvp(fun):
    return ad_core.external(
        lambda *args: fun(*args), jvp=lambda primals, t: ad_core.jvp(fun, primals, t)[1]
    )


def by_external_vjp(fun):
    return ad_core.external(
        lambda *args: fun(*args), vjp=lambda primals, w: ad_core.vjp(fun, *primals)[1](w)
    )


RULES = [by_checkpoint, by_custom_jvp, by_custom_vjp, by_external_jvp, by_external_vjp]


def loss(fun):
    """A real number of all that fun returns."""

    def total(z, x):
        found = fun(z, x)
        parts = found.values() if isinstance(found, dict) else found
        parts = parts if isinstance(found, (dict, list, tuple)) else [found]
        return sum(np.sum(np.abs(y * (1.0 + x[0])) ** 2 * WEIGHTS) for y in parts)

    return total


def close(actual, expected):
    for a, b in zip(actual, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("fun", FUNCTIONS)
@pytest.mark.parametrize("rule", RULES)
def test_rules_have_the_derivatives_of_the_function(rule, fun):
    plain, ruled = loss(fun), loss(rule(fun))
    assert ruled(Z, X) == plain(Z, X)
    expected = ad_core.grad(plain, (0, 1))(Z, X)
    close(ad_core.grad(ruled, (0, 1))(Z, X), expected)
    tangents = (1j * Z, X)
    close(ad_core.jvp(ruled, (Z, X), tangents), ad_core.jvp(plain, (Z, X), tangents))
    close(ad_core.hvp(ruled, (Z, X), tangents), ad_core.hvp(plain, (Z, X), tangents))
    tape = ad_core.trace(ruled, Z, X)
    close(tape.grad(Z, X, argnums=(0, 1)), expected)
    batch = tape.grad(np.stack([Z, 2.0 * Z]), np.stack([X, X]), argnums=(0, 1))
    close((part[0] for part in batch), expected)
    close((part[1] for part in batch), ad_core.grad(plain, (0, 1))(2.0 * Z, X))


@pytest.mark.parametrize(
    ("fun", "jacobian", "point"),
    [
        (lambda z: z * z + np.exp(z), lambda z: np.diag(2.0 * z + np.exp(z)), Z),
        (lambda z: np.abs(z) ** 2, lambda z: np.diag(2.0 * np.conj(z)), Z),
        (lambda x: x * x * (2.0 - 1.0j), lambda x: np.diag(2.0 * x * (2.0 - 1.0j)), X),
    ],
    ids=["holomorphic", "to-real", "of-real"],
)
def test_jacobians_of_external_functions(fun, jacobian, point):
    outer = ad_core.external(lambda z: fun(z), jacobian=jacobian)
    of = lambda f: lambda z: np.sum(np.abs(f(z)) ** 2 * WEIGHTS)  # noqa: E731
    close([ad_core.grad(of(outer))(point)], [ad_core.grad(of(fun))(point)])
    close(
        ad_core.jvp(of(outer), (point,), (point[::-1],)),
        ad_core.jvp(of(fun), (point,), (point[::-1],)),
    )
    close([ad_core.hvp(of(outer), (point,), (point,))], [ad_core.hvp(of(fun), (point,), (point,))])


def test_jacobians_with_several_complex_arguments_and_results():
    outer = ad_core.external(
        lambda z, x: (z * x, z + x),
        jacobian=lambda z, x: (
            (np.diag(x), np.diag(z)),
            (np.eye(2), np.eye(2)),
        ),
    )
    plain, ruled = loss(lambda z, x: (z * x, z + x)), loss(outer)
    close(ad_core.grad(ruled, (0, 1))(Z, X), ad_core.grad(plain, (0, 1))(Z, X))


def test_plain_complex_numbers_are_constants():
    product = ad_core.custom_jvp(lambda z, c: z * c)
    product.defjvp(lambda p, t: (p[0] * p[1], t[0] * p[1] + t[1] * p[0]))
    found = ad_core.grad(lambda x: np.sum(np.abs(product(x, 3.0 + 4.0j))))(X)
    close([found], [5.0 * np.ones(2)])


def test_traced_complex_values_that_a_checkpoint_closes_over():
    def f(z):
        w = z * z
        inner = ad_core.checkpoint(lambda x: np.exp(w) * x)
        return np.sum(np.abs(inner(X)) ** 2)

    expected = ad_core.grad(lambda z: np.sum(np.abs(np.exp(z * z) * X) ** 2))(Z)
    close([ad_core.grad(f)(Z)], [expected])


def test_a_complex_tangent_of_a_real_result_is_refused():
    wrong = ad_core.custom_jvp(lambda x: x * x)
    wrong.defjvp(lambda p, t: (p[0] ** 2, 2j * p[0] * t[0]))
    with pytest.raises(DtypeError, match="complex"):
        ad_core.jvp(wrong, (X,), (X,))


def test_a_tangent_of_another_structure_is_refused():
    wrong = ad_core.custom_jvp(lambda z: z * z)
    wrong.defjvp(lambda p, t: (p[0] ** 2, (t[0].real, t[0].imag)))
    with pytest.raises(ValueError, match="must have the structure complex"):
        ad_core.jvp(wrong, (Z,), (Z,))


def test_a_real_tangent_of_a_complex_result_is_taken():
    real = ad_core.custom_jvp(lambda z: z * z)
    real.defjvp(lambda p, t: (p[0] ** 2, np.ones(2)))
    close([ad_core.jvp(real, (Z,), (Z,))[1]], [np.ones(2, complex)])
