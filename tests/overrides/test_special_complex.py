# SPDX-License-Identifier: Apache-2.0
"""Functions of scipy.special of complex traced values, and those with complex results."""

import mpmath
import numpy as np
import pytest

import ad_core

special = pytest.importorskip("scipy.special")

FUNCTIONS = {
    "wofz": special.wofz,
    "erfcx": special.erfcx,
    "dawsn": special.dawsn,
    "erf": special.erf,
    "erfc": special.erfc,
    "erfi": special.erfi,
    "ndtr": special.ndtr,
    "exp1": special.exp1,
    "expi": special.expi,
    "expm1": special.expm1,
    "log1p": special.log1p,
    "wrightomega": special.wrightomega,
    "lambertw": special.lambertw,
    "branch of lambertw": lambda z: special.lambertw(z, -1),
    "jv": lambda z: special.jv(1.5, z),
    "yv": lambda z: special.yv(0.5, z),
    "iv": lambda z: special.iv(2, z),
    "kv": lambda z: special.kv(1.5, z),
    "hankel1": lambda z: special.hankel1(0, z),
    "hankel2": lambda z: special.hankel2(1.5, z),
    "hyp0f1": lambda z: special.hyp0f1(1.5, z),
    "hyp1f1": lambda z: special.hyp1f1(0.5, 1.5, z),
    "hyp2f1": lambda z: special.hyp2f1(0.5, 1.5, 2.5, z),
}
X = np.array([0.3, 0.9, 1.2])


def place(x):
    return x * (0.5 + 0.3j) + 0.1j


@pytest.mark.parametrize("name", FUNCTIONS)
def test_all_ways_agree(name):
    g = FUNCTIONS[name]

    def f(x):
        w = g(place(x))
        return w.real + 2.0 * w.imag

    J = ad_core.jacobian(f, mode="fwd")(X)
    np.testing.assert_allclose(ad_core.jacobian(f, mode="rev")(X), J, rtol=1e-13, atol=1e-15)
    np.testing.assert_array_equal(ad_core.vjp(f, X)[0], f(X))
    ad_core.check_grads(lambda x: np.sum(f(x)), (X,))
    total = lambda x: np.sum(f(x))  # noqa: E731
    tape = ad_core.trace(total, X)
    H = ad_core.hessian(total)(X)
    np.testing.assert_allclose(tape.hessian(X), H, rtol=1e-10, atol=1e-12)
    batch = np.stack([X, X * 1.1] * 8)
    np.testing.assert_allclose(tape.jacobian(batch)[2], ad_core.grad(total)(X), rtol=1e-11)
    number = ad_core.grad(lambda x: f(x))(X[0])
    assert number == pytest.approx(J[0, 0], rel=1e-12)


@pytest.mark.parametrize("name", ["wofz", "erfcx", "dawsn"])
@pytest.mark.parametrize("z", [3.0 + 4.0j, 200.0 + 0.1j, 1e6 + 1e5j, 20.0 - 0.5j, -0.5 - 0.5j])
def test_derivatives_do_not_cancel_far_out(name, z):
    def exact(z):
        if name == "dawsn":
            return mpmath.sqrt(mpmath.pi) / 2 * mpmath.exp(-z * z) * mpmath.erfi(z)
        z = 1j * z if name == "erfcx" else z
        return mpmath.exp(-z * z) * mpmath.erfc(-1j * z)

    z = -1j * z if name == "erfcx" else z
    with mpmath.workdps(60):
        expected = complex(mpmath.diff(exact, mpmath.mpc(z), h=mpmath.mpf(10) ** -20))
    f = FUNCTIONS[name]
    found = [
        ad_core.grad(lambda x, part=part: getattr(f(x + 1j * z.imag), part))(z.real)
        for part in ("real", "imag")
    ]
    assert abs(complex(*found) - expected) <= 1e-11 * abs(expected)


def test_real_operands_with_complex_results():
    assert ad_core.grad(lambda x: special.lambertw(x).real)(0.0) == 1.0
    value = special.lambertw(-0.2, -1).real
    slope = ad_core.grad(lambda x: special.lambertw(x, -1).real)(-0.2)
    assert slope == pytest.approx(np.exp(-value) / (1.0 + value), rel=1e-12)
    # the imaginary part of w is a multiple of Dawson's integral
    slope = ad_core.grad(lambda x: special.wofz(x).imag)(0.5)
    expected = 2.0 / np.sqrt(np.pi) * ad_core.grad(special.dawsn)(0.5)
    assert slope == pytest.approx(expected, rel=1e-13)
    assert ad_core.grad(lambda x: special.hankel1(1, x).imag)(1.5) == pytest.approx(
        special.yvp(1, 1.5), rel=1e-12
    )


def test_complex_functions_without_a_derivative_raise():
    with pytest.raises(ad_core.NoDerivativeError, match="rgamma of complex values"):
        ad_core.grad(lambda x: special.rgamma(x + 1j).real)(0.5)
    with pytest.raises(ad_core.NoDerivativeError, match="argument 0"):
        ad_core.grad(lambda x: special.jv(x, 1.0 + 1j).real)(0.5)
