# SPDX-License-Identifier: Apache-2.0
"""numpy.fft on traced arrays: values, tangents and cotangents, for real and complex inputs and all
lengths, axes and norms."""

import numpy as np
import pytest

import ad_core
from agreement import refused

_rng = np.random.default_rng(12)
VECTOR, MATRIX, CUBE = _rng.normal(size=7), _rng.normal(size=(4, 5)), _rng.normal(size=(2, 3, 4))
ONE = ["fft", "ifft", "rfft", "irfft", "hfft", "ihfft"]
SEVERAL = ["fft2", "ifft2", "fftn", "ifftn", "rfft2", "irfft2", "rfftn", "irfftn"]
REAL_ONLY = {"rfft", "ihfft", "rfft2", "rfftn"}


def cases():
    for name in ONE:
        for n in (None, 1, 2, 5, 6, 9):
            for norm in (None, "ortho", "forward", "backward"):
                yield name, VECTOR, {"n": n, "norm": norm}
        yield name, MATRIX, {"axis": 0}
        yield name, CUBE, {"axis": 1, "n": 4}
    for name in SEVERAL:
        yield name, MATRIX, {}
        yield name, CUBE, {"norm": "ortho"}
        yield name, CUBE, {"axes": (0, 1)}
        yield name, CUBE, {"s": (3, 6), "axes": (2, 0)}
        yield name, MATRIX, {"s": (-1, 3), "axes": (0, 1)}
    yield "fftshift", VECTOR, {}
    yield "ifftshift", MATRIX, {"axes": 1}
    yield "fftshift", MATRIX, {"axes": (0,)}
    yield "ifftshift", CUBE, {}


CASES = [
    pytest.param(name, x, given, kind, id=f"{k}-{name}-{kind}")
    for k, (name, x, given) in enumerate(cases())
    for kind in (["real"] if name in REAL_ONLY else ["real", "complex"])
]


def parts(y):
    return np.concatenate([np.ravel(np.real(y)), np.ravel(np.imag(y))])


def transform(name, given, shape, kind):
    """The transform as a function from real vectors to real vectors."""

    def f(x):
        if kind == "complex":
            half = x.size // 2
            x = x[:half].astype(complex) + x[half:].astype(complex) * 1j
        return parts(getattr(np.fft, name)(x.reshape(shape), **given))

    return f


@pytest.mark.parametrize(("name", "x", "given", "kind"), CASES)
def test_both_modes(name, x, given, kind):
    shape, rng = x.shape, np.random.default_rng(3)
    x = rng.normal(size=x.size * (2 if kind == "complex" else 1))
    f = transform(name, given, shape, kind)
    t = rng.normal(size=x.size)
    value, tangent = ad_core.jvp(f, (x,), (t,))
    np.testing.assert_allclose(value, f(x), rtol=1e-14, atol=1e-14)
    np.testing.assert_allclose(tangent, f(t), rtol=1e-13, atol=1e-13)
    w = rng.normal(size=value.size)
    (gradient,) = ad_core.vjp(f, x)[1](w)
    np.testing.assert_allclose(gradient @ t, tangent @ w, rtol=1e-12)
    product = ad_core.hvp(lambda x: 0.5 * np.sum(w * f(x) ** 2), (x,), (t,))
    (expected,) = ad_core.vjp(f, x)[1](w * f(t))
    np.testing.assert_allclose(product, expected, rtol=1e-11, atol=1e-12)


def filtered(x):
    """A real signal through its spectrum and back."""
    spectrum = np.fft.rfft(x)
    return np.fft.irfft(spectrum * np.exp(-np.arange(5) * 0.1) / (1.0 + np.abs(spectrum)), 8)


def test_recordings_at_new_points():
    x = np.random.default_rng(5).normal(size=8)
    ad_core.check_grads(filtered, (x,))
    tape, compiled = ad_core.trace(filtered, x), ad_core.compile(filtered)
    batch = x + np.random.default_rng(6).normal(size=(3, 8))
    value, J = tape.value_and_jacobian(batch)
    np.testing.assert_allclose(compiled.jacobian(batch, batch_dims=1), J, rtol=1e-12, atol=1e-13)
    for k, at in enumerate(batch):
        np.testing.assert_allclose(value[k], filtered(at), rtol=1e-13, atol=1e-14)
        np.testing.assert_allclose(J[k], ad_core.jacobian(filtered)(at), rtol=1e-12, atol=1e-13)


def test_a_convolution_by_the_theorem():
    x, kernel = np.random.default_rng(7).normal(size=(2, 6))

    def circular(x):
        return np.fft.ifft(np.fft.fft(x) * np.fft.fft(kernel)).real

    expected = [[kernel[(j - k) % 6] for k in range(6)] for j in range(6)]
    np.testing.assert_allclose(ad_core.jacobian(circular)(x), expected, rtol=1e-12, atol=1e-14)


def test_power_spectrum_of_third_order():
    x = np.random.default_rng(8).normal(size=5)

    def power(x):
        return np.sum(np.abs(np.fft.fft(x)) ** 2)  # 5 |x|^2, by Parseval

    np.testing.assert_allclose(ad_core.grad(power)(x), 10.0 * x, rtol=1e-12)
    np.testing.assert_allclose(ad_core.hessian(power)(x), 10.0 * np.eye(5), atol=1e-12)
    third = ad_core.jacobian(ad_core.hessian(power))(x)
    np.testing.assert_allclose(third, np.zeros((5, 5, 5)), atol=1e-12)


def test_traced_values_can_be_written_to_transforms_of_constants():
    def f(x):
        spectrum = np.fft.fft(np.array([1.0, 2.0, 3.0]))
        buffer = np.fft.rfft(np.ones(4)).real
        return x * spectrum.real + buffer[:1]

    np.testing.assert_allclose(ad_core.jacobian(f)(np.ones(3)), np.diag([6.0, -1.5, -1.5]))
    np.testing.assert_array_equal(
        ad_core.jacobian(lambda x: x * np.fft.fftfreq(3))(np.ones(3)), np.diag(np.fft.fftfreq(3))
    )


def test_calls_that_raise():
    x, plain = np.ones(4), np.empty(4, dtype=complex)
    with refused(TypeError, "rfft", "real"):
        ad_core.jacobian(lambda x: np.fft.rfft(np.fft.fft(x)).real)(x)
    with refused(ValueError, "number of FFT data points (0)"):
        ad_core.jacobian(lambda x: np.fft.fft(x, 0).real)(x)
    with refused(ValueError, "Invalid norm value sideways"):
        ad_core.jacobian(lambda x: np.fft.fft(x, norm="sideways").real)(x)
    with refused(ValueError, "different lengths"):
        ad_core.jacobian(lambda x: np.fft.fftn(x, s=(4,), axes=(0, 0)).real)(x)
    with pytest.raises(IndexError):
        ad_core.jacobian(lambda x: np.fft.fft(x, axis=1).real)(x)
    with refused(TypeError, "plain array", "traced"):
        ad_core.jacobian(lambda x: np.fft.fft(x, out=plain).real)(x)


def one(shape):
    """An array of constants, made while a function is traced."""
    return np.zeros(shape) + 2.0


@pytest.mark.parametrize(
    "transform",
    [
        lambda: np.fft.irfft(one(3)), lambda: np.fft.hfft(one(3)),
        lambda: np.fft.irfft2(one((2, 3))),
        lambda: np.fft.irfftn(one((2, 3)), axes=(0, 1)), lambda: np.fft.rfft(one(3)),
        lambda: np.fft.fft(one(3)), lambda: np.fft.ifft(one(3) + 1j), lambda: np.fft.ihfft(one(4)),
        lambda: np.fft.irfft(one(3) + 1j), lambda: np.fft.rfftn(one((2, 3))),
        lambda: np.fft.irfft(np.zeros(3, complex)), lambda: np.fft.hfft(np.ones(3, complex), 5),
    ],
)  # fmt: skip
def test_a_transform_of_constants_is_of_the_type_that_numpy_gives(transform):
    """Traced values can be written to it, as to other arrays of the trace."""
    plain, kinds = transform(), []

    def f(x):
        y = transform()
        kinds.append(y.dtype)
        y[..., 0] = x[0]
        return np.real(y) * x[1]

    J = ad_core.jacobian(f)(np.array([3.0, 1.0]))
    assert kinds == [plain.dtype]
    expected = np.real(plain)
    expected[..., 0] = 3.0
    np.testing.assert_allclose(J[..., 1], expected, atol=1e-15)
    np.testing.assert_array_equal(J[..., 0, 0], 1.0)
