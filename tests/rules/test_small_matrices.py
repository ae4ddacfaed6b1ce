# SPDX-License-Identifier: Apache-2.0
"""Matrix functions in batches of programs: small matrices by the core's own functions, others by
rules that take a block of points, against NumPy and against single points."""

import numpy as np
import pytest

import ad_core

EPS = np.finfo(float).eps
POINTS = 77  # blocks of points, and a part of one


def generator():
    return np.random.default_rng(3)


def general(shape, n):
    return generator().normal(size=(*shape, n, n))


def definite(shape, n):
    a = general(shape, n)
    return a @ np.swapaxes(a, -1, -2) + 0.1 * np.eye(n)


SQUARE = {
    "solve": (lambda a: np.linalg.solve(a, a[..., ::-1, :1] + 1.0), general),
    "inv": (np.linalg.inv, general),
    "det": (np.linalg.det, general),
    "slogdet": (lambda a: np.linalg.slogdet(a)[1], general),
    "sign": (lambda a: np.linalg.slogdet(a)[0], general),
    "cholesky": (np.linalg.cholesky, definite),
    "upper": (lambda a: np.linalg.cholesky(a, upper=True), definite),
    "svd": (np.linalg.svdvals, general),
    "vectors": (lambda a: np.linalg.svd(a)[0] @ np.linalg.svd(a)[2], general),
    "eigvalsh": (lambda a: np.linalg.eigvalsh(a + np.swapaxes(a, -1, -2)), general),
    "eigh": (lambda a: np.linalg.eigh(a + np.swapaxes(a, -1, -2))[1], general),
    "eigh of a triangle": (lambda a: np.linalg.eigh(a, "U")[1] ** 2, general),
    "qr": (lambda a: np.linalg.qr(a)[1], general),
    "pinv": (np.linalg.pinv, general),
    "nuclear": (lambda a: np.linalg.norm(a, "nuc", axis=(-2, -1)), general),
}


def close(found, expected, condition):
    """Whether results agree to some units in the last place, times the condition of each point."""
    size = np.abs(expected).reshape(len(expected), -1).max(axis=1)
    error = np.abs(found - expected).reshape(len(expected), -1).max(axis=1)
    return np.all(error <= 200.0 * EPS * condition * size)


@pytest.mark.parametrize("n", [1, 2, 3, 5, 8, 9])
@pytest.mark.parametrize("name", SQUARE)
def test_batches_agree_with_numpy_and_with_points(name, n):
    function, made = SQUARE[name]
    x = made((POINTS,), n)
    tape = ad_core.trace(function, x[0])
    condition = np.linalg.cond(x)
    assert close(tape(x, batch_dims=1), function(x), condition)
    found = tape.jacobian(x, batch_dims=1)
    expected = np.stack([ad_core.jacobian(function)(a) for a in x])
    assert close(found, expected, 10.0 * condition**2 + 1e3)


@pytest.mark.parametrize("name", ["solve", "inv", "det", "cholesky", "svd", "pinv"])
def test_stacks_in_batches(name):
    function, made = SQUARE[name]
    x = made((POINTS, 2, 3), 3)
    tape = ad_core.trace(function, x[0])
    condition = np.linalg.cond(x).max(axis=(1, 2))
    assert close(tape(x, batch_dims=1), function(x), condition)
    found = tape.jacobian(x[:5], batch_dims=1)
    for a, J in zip(x, found, strict=False):
        np.testing.assert_allclose(J, ad_core.jacobian(function)(a), rtol=1e-7, atol=1e-7)


def test_conditions():
    """The error grows with the condition as that of LAPACK does."""
    rng = generator()
    for n in range(2, 9):
        for digits in range(0, 13, 2):
            u = np.linalg.qr(rng.normal(size=(POINTS, n, n)))[0]
            x = (u * np.logspace(0.0, -digits, n)) @ np.linalg.qr(rng.normal(size=(n, n)))[0]
            tape = ad_core.trace(np.linalg.inv, np.eye(n))
            assert close(tape(x, batch_dims=1), np.linalg.inv(x), 10.0**digits)


def least_squares(x):
    return np.linalg.lstsq(x[:, :2], x[:, 2])[0]


def test_blocks_of_least_squares():
    x = generator().normal(size=(POINTS, 4, 3))
    tape = ad_core.trace(least_squares, x[0])
    found, slopes = tape(x, batch_dims=1), tape.jacobian(x, batch_dims=1)
    for k in range(POINTS):
        np.testing.assert_allclose(found[k], least_squares(x[k]), rtol=1e-10)
        np.testing.assert_allclose(slopes[k], ad_core.jacobian(least_squares)(x[k]), rtol=1e-8)


@pytest.mark.parametrize("name", ["fft", "ifft", "rfft", "ihfft"])
def test_blocks_of_transforms(name):
    transform = getattr(np.fft, name)

    def function(x):
        y = transform(x * x, axis=0)
        return y.real * 2.0 + y.imag

    x = generator().normal(size=(POINTS, 6, 2))
    tape = ad_core.trace(function, x[0])
    found, slopes = tape(x, batch_dims=1), tape.jacobian(x, batch_dims=1)
    for k in range(0, POINTS, 7):
        np.testing.assert_allclose(found[k], function(x[k]), atol=1e-13)
        np.testing.assert_allclose(slopes[k], ad_core.jacobian(function)(x[k]), atol=1e-12)


def outcome(function):
    """A result, or the type and text of an exception."""
    try:
        return function()
    except np.linalg.LinAlgError as error:
        return str(error)


SPECIAL = {
    "singular": np.array([[1.0, 2.0, 3.0], [2.0, 4.0, 6.0], [1.0, 0.0, 1.0]]),
    "zero": np.zeros((3, 3)),
    "almost singular": np.diag([1.0, 1e-18, 2.0]),
    "nan": np.array([[1.0, np.nan, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]),
    "infinite": np.diag([np.inf, 1.0, 1.0]),
    "huge": np.diag([1e200, 1e200, 1e-150]),
    "tiny": np.diag([1e-200, 1e-200, 1e200]),
    "indefinite": np.diag([1.0, -1.0, 1.0]),
}


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("name", ["solve", "inv", "det", "slogdet", "cholesky"])
@pytest.mark.parametrize("special", SPECIAL)
def test_special_matrices_behave_as_in_numpy(name, special):
    """Beside ordinary matrices in the same block."""
    function, made = SQUARE[name]
    x = made((POINTS,), 3)
    x[40] = SPECIAL[special]
    tape = ad_core.trace(function, x[0])
    expected = outcome(lambda: function(x[40]))
    found = outcome(lambda: tape(x, batch_dims=1))
    if isinstance(expected, str):
        assert found == expected
        return
    np.testing.assert_allclose(found[40], expected, rtol=1e-12)
    np.testing.assert_allclose(found[41], function(x[41]), rtol=1e-9)
    one = outcome(lambda: tape.jacobian(x[40]))
    np.testing.assert_allclose(tape.jacobian(x, batch_dims=1)[40], one, rtol=1e-12)


def test_caught_exceptions_decide_the_path_of_each_point():
    def function(x):
        try:
            return np.sum(np.linalg.inv(x))
        except np.linalg.LinAlgError:
            return np.sum(x * x)

    x = general((POINTS,), 3)
    x[::5] = np.ones((3, 3)) * np.arange(1.0, 17.0)[:, None, None]
    found = ad_core.compile(function).grad(x, batch_dims=1)
    for k in range(POINTS):
        expected = 2.0 * x[k] if k % 5 == 0 else ad_core.grad(function)(x[k])
        np.testing.assert_allclose(found[k], expected, rtol=1e-7, atol=1e-9)


def two_rows(kind):
    """Pairs of rows of a kind; the signs of their eigenvectors are decided in different ways."""
    rng = generator()
    a = rng.normal(size=(400, 2, 2)) * 10.0 ** rng.integers(-3, 4, size=(400, 2, 2))
    small = 10.0 ** rng.integers(-20, 0, size=400)
    if kind == "integers":
        return rng.integers(-3, 4, size=a.shape).astype(float)
    if kind == "almost diagonal":
        a[:, 1, 0] *= small
    if kind == "almost equal":
        a[:, 1, 1] = a[:, 0, 0] * (1.0 + small)
    if kind == "almost opposite":
        a[:, 1, 1] = -a[:, 0, 0] * (1.0 + small)
    if kind == "huge and tiny":
        a *= 10.0 ** rng.integers(-300, 300, size=(400, 1, 1))
    return a


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("uplo", ["L", "U"])
@pytest.mark.parametrize(
    "kind",
    ["any", "integers", "almost diagonal", "almost equal", "almost opposite", "huge and tiny"],
)
def test_eigenvectors_of_two_rows_have_numpys_signs(kind, uplo):
    x = two_rows(kind)
    tape = ad_core.trace(lambda a: tuple(np.linalg.eigh(a, uplo)), two_rows("any")[0])
    w, v = tape(x, batch_dims=1)
    expected = np.linalg.eigh(x, uplo)
    size = np.max(np.abs(expected[0]), axis=1, keepdims=True)
    assert np.all(np.abs(w - expected[0]) <= 1e-14 * size)
    np.testing.assert_allclose(v, expected[1], rtol=0.0, atol=1e-14)


@pytest.mark.parametrize("n", [2, 3, 8])
def test_equal_eigenvalues_of_some_points(n):
    def vectors(a):
        return np.linalg.eigh(a)[1]

    def values(a):
        return np.linalg.eigvalsh(a)

    x = definite((POINTS,), n)
    x[10] = np.eye(n)
    for function in (vectors, values):
        found = ad_core.trace(function, x[0]).jacobian(x, batch_dims=1)
        for k in (9, 10, 11):
            expected = ad_core.jacobian(function)(x[k])
            np.testing.assert_allclose(found[k], expected, rtol=1e-9, atol=1e-9)


def test_equal_singular_values_of_some_points():
    x = general((POINTS,), 3)
    x[10] = np.eye(3)
    tape = ad_core.trace(lambda a: np.linalg.svd(a)[0], x[0])
    found = tape.jacobian(x, batch_dims=1)
    assert np.isnan(found[10]).any()
    for k in (9, 11):
        np.testing.assert_allclose(found[k], tape.jacobian(x[k]), rtol=1e-9, atol=1e-9)


def test_zero_seeds_give_zero_beside_nonfinite_points():
    x = general((POINTS,), 3)
    x[5] = np.nan
    seeds = np.ones(POINTS)
    seeds[5] = 0.0
    for name in ("det", "slogdet"):
        tape = ad_core.trace(SQUARE[name][0], x[0])
        assert np.all(tape.vjp(x, seeds, batch_dims=1)[5] == 0.0)
