# SPDX-License-Identifier: Apache-2.0
"""Complex numbers between real inputs and results: values compared with NumPy's, derivatives in
both modes and of second order, recordings at new points, writes and views, and errors."""

import cmath
import copy
import operator
import pickle

import numpy as np
import pytest

import ad_core
from ad_core.overrides.numpy.complex import TracedComplex
from agreement import refused

pytestmark = pytest.mark.usefixtures("nothing_leaks")

X = np.array([0.7, -0.4, 1.3])
M = np.array([[0.3 + 0.2j, -1.0, 0.5j], [0.1, 2.0 - 0.4j, 0.7], [1j, 0.6, -0.8]])
ON = np.array([True, False, True])

# Functions of a complex vector z and of the real vector x that it was made of.
CALLS = {
    "z + w": lambda z, x: z + 2.0 + x - (1.0 - 3j) - z[::-1] * 2,
    "z * w": lambda z, x: z * z[::-1] * 2j * x * (1 + 1j),
    "z / w": lambda z, x: z / z[::-1] + 1j / z + z / x + x / z + z / 2j + z / 3.0,
    "z ** n": lambda z, x: z**2 + z**3 + z**-2 + z**0 + z**1 + z**-1 + z**7,
    "z ** a": lambda z, x: z**0.5 + z**2.5 + z ** (0.3 - 0.2j) + z**x + 2.0**z + z**z,
    "-z": lambda z, x: -z + +z * 3 + abs(z),
    "exp": lambda z, x: np.exp(z) + np.expm1(z) + np.exp2(z),
    "log": lambda z, x: np.log(z) + np.log2(z) + np.log10(z) + np.log1p(z),
    "roots": lambda z, x: np.sqrt(z) + np.sqrt(-z) + np.square(z) + np.reciprocal(z),
    "circular": lambda z, x: np.sin(z) + np.cos(z) + np.tan(z),
    "hyperbolic": lambda z, x: np.sinh(z) + np.cosh(z) + np.tanh(z) + np.tanh(1e3 * z),
    "polar": lambda z, x: np.abs(z) * np.angle(z) + np.angle(z, deg=True),
    "conj": lambda z, x: np.conj(z) * z + z.conjugate() / 2 + np.conjugate(z) * x,
    "parts": lambda z, x: z.real * z.imag + np.real(z) * np.imag(z[::-1]),
    "rint": lambda z, x: np.rint(z) + np.round(z, 2) * 0 + z,
    "reductions": lambda z, x: np.sum(z) + np.mean(z) + np.prod(z) + z.sum(axis=0) + z.prod(),
    "ufunc methods": lambda z, x: np.add.reduce(z) + np.multiply.reduce(z) * np.add.accumulate(z),
    "running": lambda z, x: np.cumsum(z) + np.cumprod(z) + np.append(np.diff(z), 1j),
    "spread": lambda z, x: np.var(z) + np.std(z) + np.average(z, weights=x**2),
    "norms": lambda z, x: np.linalg.norm(z) + np.linalg.norm(z, 1) + np.linalg.norm(z, np.inf),
    "products": lambda z, x: np.dot(z, x) + np.vdot(z, 1j * z) + np.inner(z, z) + z.dot(M @ z),
    "matrices": lambda z, x: (M @ z) @ (np.outer(z, z) @ M) + np.matmul(x, M) + z @ M.T,
    "real matrices": lambda z, x: np.outer(x, x) @ z + np.eye(3) @ z + z @ (x * np.ones((3, 3))),
    "tensors": lambda z, x: np.tensordot(M, np.kron(z, x).reshape(3, 3)) + np.trace(M * z),
    "einsum": lambda z, x: np.einsum("ij,j,i->i", M, z, x) + np.einsum("i,i", z, z),
    "correlations": lambda z, x: np.convolve(z, x) + np.correlate(z, M[0], "full"),
    "lstsq": lambda z, x: np.linalg.lstsq(np.vstack([M, 2j * M + 1]) * z[0], np.tile(z, 2))[0],
    "lstsq of a matrix": lambda z, x: np.linalg.lstsq(M[:, :2], np.outer(z, z + 1) + M)[0][0],
    "residuals of lstsq": lambda z, x: np.linalg.lstsq(M[:, :2], z * x)[1] * z,
    "solve": lambda z, x: np.linalg.solve(M * z, z) + np.linalg.inv(M + np.diag(z)) @ x,
    "where": lambda z, x: np.where(x > 0, z, 1j * z) + np.where(ON, z, 0.0),
    "joined": lambda z, x: np.concatenate([z, x]) * np.hstack([z, [2j, 0.0, 1.0]]),
    "stacked": lambda z, x: np.stack([z, x, M[0]]) * np.vstack([z, z, x]).T,
    "shapes": lambda z, x: np.tile(z, 2).reshape(2, 3).T.ravel() * np.repeat(z, 2),
    "moved": lambda z, x: np.roll(z, 1) * np.flip(z) + z[[2, 0, 1]] + z[None].swapaxes(0, 1).T[0],
    "masked": lambda z, x: z[ON] * np.compress(ON, z) + np.take(z, [0, 1]),
    "diagonals": lambda z, x: np.diag(z) @ M + np.tril(M * z) + np.diagonal(M * z),
    "grown": lambda z, x: np.gradient(z) + np.trapezoid(z, x) + np.nan_to_num(z),
    "differences": lambda z, x: np.diff(z, prepend=1j) * np.ediff1d(z, to_begin=[2j]),
    "covariances": lambda z, x: np.cov(z, x) @ np.corrcoef(M * z)[:2, :2],
    "averages": lambda z, x: np.average(z * M, axis=0, weights=x**2, returned=True)[0],
    "interp": lambda z, x: np.interp(x, [-9.0, 0.1, 9.0], z, left=1j),
    "of sums": lambda z, x: np.sum(x, dtype=complex) * z,
    "polyval": lambda z, x: np.polyval([1.0, 2j, x[0]], z) + np.polyval(M[0], z),
    "scalars": lambda z, x: z[0] * z[1] / (z[2] + 1j) + x[0] * z[1] - complex(2, 1) * z.item(0),
    "loops": lambda z, x: sum(z) + sum(a * b for a, b in zip(z, x, strict=True)),
    "outer": lambda z, x: np.multiply.outer(z, x) + np.subtract.outer(x, z),
    "close": lambda z, x: np.real_if_close(z * 0.0 + x) * z,
    "fresh": lambda z, x: np.zeros_like(z) + np.ones_like(z) * z + np.full_like(z, 2j),
    "equal": lambda z, x: np.where(z == z, z, 0.0) + (z != z[0]) * 1.0,
    "asked": lambda z, x: z * np.isfinite(z) + np.isnan(z) + np.isinf(z),
    "copies": lambda z, x: copy.copy(z) + copy.deepcopy(z) + z.copy() + z.astype(complex),
    "astype": lambda z, x: x.astype(complex) * 1j + z.flatten() + z.reshape(-1),
}  # fmt: skip
MIXTURES = {
    "x * 1j": lambda x: 1j * x + x * 2j - (1 + 1j) * x[0] + x[1] / 1j + (x + 1j) ** 2,
    "plain arrays": lambda x: x * M[0] + M @ x - np.exp(2j * np.pi * x) * M[1],
    "x ** w": lambda x: np.abs(x) ** 1j + (2 + 1j) ** x + x.astype(complex) ** x,
    "scalars": lambda x: (x[0] + 1j * x[1]) * (x[2] - 1j) / (1j + x[0]),
    "a buffer": lambda x: filled(np.zeros(4, complex), x),
    "others": lambda x: filled(np.full(4, 1j), x) + filled(np.ones(4, dtype=complex), x),
    "lists": lambda x: np.array([x[0] * 1j, x[1], 2.0]) * np.asarray([1j, x[0], x[1]]),
    "dtype": lambda x: np.array([x[0], x[1]], dtype=complex) * np.array(x, dtype=complex)[:2],
    "equal": lambda x: np.where(x == 1j, x, x * 1j),
    "out": lambda x: np.multiply(x, 1j, out=np.empty(3, complex)) + x,
}


def filled(z, x):
    z[0] = x[0] * 1j
    z[1:3] = x[1:]
    z[3] = 2.0 - 1j
    part = z[1:]
    part[0] *= x[2]
    z += x[1]
    z.real[1] = x[0] ** 2
    z.imag = z.imag * x[0]
    return z


def start(x):
    return x.astype(complex) * (0.8 + 0.6j) + 0.7j * x[::-1].astype(complex) ** 2


def real_vector(call):
    def f(x):
        y = call(x)
        return np.concatenate([np.ravel(np.real(y)) * 1.0, np.ravel(np.imag(y)) * 1.0])

    return f


def slope(f, x, t):
    """d f(x + h t) / dh by central differences, extrapolated."""
    h = 1e-3
    d = [(f(x + s * h * t) - f(x - s * h * t)) / (2 * s * h) for s in (1.0, 0.5, 0.25)]
    d = [(4 * d[1] - d[0]) / 3, (4 * d[2] - d[1]) / 3]
    return (16 * d[1] - d[0]) / 15


def close(found, expected, tolerance):
    scale = 1.0 + np.max(np.abs(expected), initial=0.0)
    np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance * scale)


CASES = [pytest.param(lambda x, call=c: call(start(x), x), id=name) for name, c in CALLS.items()]
CASES += [pytest.param(c, id=name) for name, c in MIXTURES.items()]


@pytest.mark.parametrize("call", CASES)
def test_values_and_derivatives(call):
    f, rng = real_vector(call), np.random.default_rng(5)
    t = rng.normal(size=3)
    value, tangent = ad_core.jvp(f, (X,), (t,))
    close(value, f(X.copy()), 1e-13)
    close(tangent, slope(f, X, t), 1e-7)
    w = rng.normal(size=value.size)
    (gradient,) = ad_core.vjp(f, X)[1](w)
    close(gradient @ t, tangent @ w, 1e-12)

    def loss(x):
        return np.sum(w * np.tanh(f(x)))

    close(ad_core.hvp(loss, (X,), (t,)), slope(ad_core.grad(loss), X, t), 1e-5)


@pytest.mark.parametrize("call", CASES)
def test_recordings_at_new_points(call):
    f = real_vector(call)
    batch = X + 1e-2 * np.random.default_rng(6).normal(size=(3, 3))
    value, J = ad_core.compile(f).value_and_jacobian(batch, batch_dims=1)
    for k, x in enumerate(batch):
        close(value[k], f(x), 1e-13)
        close(J[k], ad_core.jacobian(f)(x), 1e-12)


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_shapes_and_types_agree_with_numpy(call):
    seen = []

    def f(x):
        y = call(start(x), x)
        seen.append((np.shape(y), y.dtype))
        return x[0]

    ad_core.grad(f)(X)
    expected = np.asarray(call(start(X), X))
    assert seen[0] == (expected.shape, expected.dtype)


def test_writes_through_views():
    def f(x):
        z = start(x)
        rows = np.stack([z, z])
        view = rows.T[1:]
        view[0] = 1j * z[:2]
        rows.real[1, 2] = 7.0
        rows[:, 0] *= 2.0
        other = rows.copy()
        other[...] = 0.0
        assert z.conj() is not z
        return rows

    for part in (np.real, np.imag):
        value, tangent = ad_core.jvp(lambda x, p=part: p(f(x)), (X,), (np.ones(3),))
        np.testing.assert_allclose(value, part(f(X)), rtol=1e-14)
        np.testing.assert_allclose(tangent, slope(lambda x, p=part: p(f(x)), X, 1.0), atol=1e-9)


def test_in_place_operators_on_a_number_make_a_new_one():
    def f(x):
        z = start(x)
        first = z[0]
        first += 1j
        return np.abs(z[0]) + np.abs(first)

    assert ad_core.jvp(f, (X,), (X,))[0] == pytest.approx(f(X))


@pytest.mark.parametrize(
    "z",
    [-2 + 0j, complex(-2, -0.0), 2j, -2j, 0.3 - 4j, 300 + 1j, -4 - 1e-9j, 1e200 + 1e200j, 1e-200j],
)
def test_values_on_and_near_branch_cuts(z):
    plain = np.array([z])

    def f(x, part, g):
        w = x.astype(complex)
        w.real, w.imag = x * z.real, x * z.imag
        return part(g(w))

    for g in (np.sqrt, np.log, np.tanh, lambda z: 1 / z, lambda z: (1 + 2j) / z, np.abs, np.angle):
        with np.errstate(all="ignore"):
            expected = g(plain)
        for part in (np.real, np.imag):
            found = ad_core.vjp(lambda x, p=part, g=g: f(x, p, g), np.ones(1))[0]
            np.testing.assert_allclose(found, part(expected), rtol=1e-12, atol=1e-15)


def test_at_zero():
    """The derivative of abs is the middle of the subgradients; powers need no logarithms."""

    def f(x, g):
        z = x[:1].astype(complex) + 1j * x[1:].astype(complex)
        return g(z)[0]

    zero = np.zeros(2)
    np.testing.assert_array_equal(ad_core.grad(f)(zero, np.abs), zero)
    np.testing.assert_array_equal(ad_core.grad(f)(zero, lambda z: (z**2).real), zero)
    np.testing.assert_array_equal(ad_core.grad(f)(zero, lambda z: (z**1).imag), [0.0, 1.0])
    np.testing.assert_array_equal(ad_core.grad(f)(zero, lambda z: (z**2.5).real), zero)


def test_stop_gradient():
    def f(x):
        z = start(x)
        return np.sum((z * ad_core.stop_gradient(np.conj(z))).real)

    def half(x):
        return 0.5 * np.sum(np.abs(start(x)) ** 2)

    np.testing.assert_allclose(ad_core.grad(f)(X), ad_core.grad(half)(X), rtol=1e-13)


def test_aux_output():
    """has_aux returns plain complex numbers, or those of the outer trace."""

    def f(x):
        return np.sum(x**2), (start(x), start(x)[0])

    _, (values, number) = ad_core.grad(f, has_aux=True)(X)
    np.testing.assert_allclose(values, start(X), rtol=1e-15)
    assert (type(values), number) == (np.ndarray, values[0])

    def around(x):
        slope, (z, _) = ad_core.grad(lambda y: f(x * y), has_aux=True)(x)
        return np.sum(slope * np.abs(z))

    def same(x):
        return np.sum(2.0 * x**3 * np.abs(start(x * x)))

    np.testing.assert_allclose(ad_core.grad(around)(X), ad_core.grad(same)(X), rtol=1e-12)


def test_nested_traces():
    def f(x):
        z = start(x)
        inner = ad_core.grad(lambda y: np.sum(np.abs(z * y.astype(complex)) ** 2))(x**2)
        return np.sum(inner)

    def same(x):
        return np.sum(2.0 * np.abs(start(x)) ** 2 * x**2)

    np.testing.assert_allclose(f(X), same(X), rtol=1e-13)
    np.testing.assert_allclose(ad_core.grad(f)(X), ad_core.grad(same)(X), rtol=1e-12)


PLAIN, REALS = np.zeros(3, dtype=complex), np.zeros(3)
LOST = {
    "complex": (lambda z: complex(z[0]), TypeError, ("complex()", "derivative", "np.stack")),
    "cmath": (lambda z: cmath.exp(z[0]), TypeError, ("complex()", "cmath")),
    "float": (lambda z: float(z[0]), TypeError, ("float()", ".real")),
    "assignment": (lambda z: operator.setitem(PLAIN, 0, z[0]), TypeError, ("derivative",)),
    "slice": (lambda z: operator.setitem(PLAIN, slice(None), z), TypeError, ("np.zeros",)),
    "a real array": (lambda z: operator.setitem(REALS, 0, z[0]), ValueError, ()),
    "a real part": (lambda z: operator.setitem(z.real * 1, slice(3), z), TypeError, ()),
    "out": (lambda z: np.add(z, 1.0, out=PLAIN), TypeError, ("out=", "add", "plain array")),
    "out real": (lambda z: np.add(z, 1, out=z.real), TypeError, ("out=", "real array")),
    "copyto": (lambda z: np.copyto(PLAIN, z), TypeError, ("copyto", "plain array")),
    "astype": (lambda z: z.astype(float), TypeError, ("imaginary", ".real")),
    "maximum": (lambda z: np.maximum(z, 0.0), NotImplementedError, ("maximum", "np.abs")),
    "sort": (lambda z: np.sort(z), NotImplementedError, ("numpy.sort", "np.abs")),
    "eig": (lambda z: np.linalg.eig(np.outer(z, z)), NotImplementedError, ("linalg.eig", ".real")),
    "initial": (lambda z: np.sum(z, initial=1.0), NotImplementedError, ("numpy.sum", "initial")),
    "hash": (lambda z: {z: 1}, TypeError, ("unhashable",)),
    "pickle": (lambda z: pickle.dumps(z), TypeError, ("pickled",)),
    "attribute": (lambda z: z.tobytes(), AttributeError, ("tobytes", ".real")),
    "truth": (lambda z: bool(z), ValueError, ("ambiguous",)),
    "shapes": (lambda z: z + z[:2], ValueError, ("broadcast",)),
    "text": (lambda z: z * "a", TypeError, ()),
    "dtype": (lambda z: np.sum(z, dtype=float), TypeError, ("float",)),
}  # fmt: skip


@pytest.mark.usefixtures("names_stay")
@pytest.mark.parametrize("name", LOST)
def test_calls_that_would_lose_a_derivative_raise(name):
    use, kind, words = LOST[name]

    def f(x):
        use(start(x))
        return x

    with refused(kind, *words):
        ad_core.jacobian(f)(X)
    assert not PLAIN.any()
    assert not REALS.any()


def test_attributes_and_methods_of_a_complex_array():
    def f(x):
        z = start(x)
        assert type(z) is TracedComplex
        assert (z.shape, z.ndim, z.size, z.dtype, z.nbytes) == ((3,), 1, 3, complex, 48)
        assert np.iscomplexobj(z)
        assert not np.isrealobj(z)
        assert (np.shape(z), np.ndim(z), np.size(z), len(z)) == ((3,), 1, 3, 3)
        assert "TracedComplex" in repr(z)
        assert np.any(z)
        assert np.count_nonzero(z) == 3
        assert z[0] == z[0]
        assert z[0] != z[1]
        return x

    ad_core.jacobian(f)(X)
