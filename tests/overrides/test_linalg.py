# SPDX-License-Identifier: Apache-2.0
"""numpy.linalg, from the table in linalg_rows.py: values compared with NumPy's, derivatives in both
modes and of second order, recordings at new points; singular, equal and empty cases; errors."""

import itertools
import warnings
import zlib

import numpy as np
import pytest

import ad_core
from ad_core import _core
from ad_core.overrides.numpy.complex import TracedComplex
from agreement import refused
from linalg_rows import ROWS, drawn
from numpy_calls import Flat, by_complex_step, close, leaves, slope

pytestmark = pytest.mark.filterwarnings("ignore")


def name_of(row):
    return f"{ROWS.index(row)}-{row.name}".replace(" ", "")


each_row = pytest.mark.parametrize("row", ROWS, ids=name_of)


def flat_of(row):
    return Flat(row, drawn(row, np.random.default_rng(zlib.crc32(row.name.encode()))))


@each_row
def test_values_and_derivatives(row):
    flat, rng = flat_of(row), np.random.default_rng(5)
    x = flat.point
    t = rng.normal(size=x.size)
    value, tangent = ad_core.jvp(flat, (x,), (t,))
    np.testing.assert_allclose(value, flat(x), rtol=1e-11, atol=1e-12)
    t *= 0.05 / np.max(np.abs(t))
    tangent = ad_core.jvp(flat, (x,), (t,))[1]
    expected = slope(flat, x, t)
    close(tangent, expected, 1e-8)
    exact = by_complex_step(flat, x, t)
    if exact is not None and np.allclose(exact, expected, rtol=1e-5, atol=1e-5):
        close(tangent, exact, 1e-10)
    w = rng.normal(size=value.size)
    (gradient,) = ad_core.vjp(flat, x)[1](w)
    np.testing.assert_allclose(gradient @ t, tangent @ w, rtol=1e-10, atol=1e-12)

    def loss(x):
        return np.sum(w * flat(x) ** 2)

    second = ad_core.hvp(loss, (x,), (t,))
    close(second, slope(ad_core.grad(loss), x, t), 1e-7)
    other = ad_core.jvp(lambda x: ad_core.jvp(loss, (x,), (w_of(x),))[1], (x,), (t,))[1]
    np.testing.assert_allclose(other, second @ w_of(x), rtol=1e-9, atol=1e-11)


def w_of(x):
    return np.cos(np.arange(x.size))


@each_row
def test_recordings_at_new_points(row):
    flat, rng = flat_of(row), np.random.default_rng(6)
    x = flat.point
    tape, compiled = ad_core.trace(flat, x), ad_core.compile(flat)
    compiled(x)
    batch = x + 1e-3 * rng.normal(size=(3, x.size))
    value, J = tape.value_and_jacobian(batch)
    for k, at in enumerate(batch):
        np.testing.assert_allclose(value[k], flat(at), rtol=1e-11, atol=1e-12)
        expected = ad_core.jacobian(flat)(at)
        close(J[k], expected, 1e-11)
        close(compiled.jacobian(at), expected, 1e-11)
    close(compiled(batch[1]), value[1], 1e-11)


@pytest.mark.parametrize("row", [row for row in ROWS if len(row.arguments) == 2], ids=name_of)
def test_only_one_argument_traced(row):
    args = drawn(row, np.random.default_rng(7))

    def f(*args):
        return np.concatenate([np.ravel(leaf) * 1.0 for leaf in leaves(row.call(*args))])

    both = ad_core.jacobian(f, argnums=(0, 1))(*args)
    for k in (0, 1):
        for mode in ("fwd", "rev"):
            close(ad_core.jacobian(f, argnums=k, mode=mode)(*args), both[k], 1e-12)


# ------------------------------------------------------------------ singular, equal, empty


def leibniz(a):
    """The determinant as a polynomial of its elements."""
    total = 0.0
    for order in itertools.permutations(range(len(a))):
        sign = np.linalg.det(np.eye(len(a))[list(order)])
        total = total + sign * np.prod(a[range(len(a)), order])
    return total


SINGULAR = {
    "integers": np.arange(1.0, 10.0).reshape(3, 3),
    "one zero row": np.array([[1.0, 2.0, 0.5], [0.0, 0.0, 0.0], [0.3, -1.0, 4.0]]),
    "rank 1": np.outer([1.0, 2.0, 4.0], [2.0, 0.5, 1.0]),
    "zeros": np.zeros((3, 3)),
    "rank 2 of 4": np.diag([1.0, 2.0, 0.0, 0.0]),
    "regular": np.array([[1.0, 2.0], [3.0, 5.0]]),
    "nearly": np.diag([1.0, 1.0, 1e-13]) + np.triu(np.ones((3, 3)), 1),
    "rounded": np.outer([0.1, 0.7, 0.3], [0.3, 0.9, 0.7]),
}


@pytest.mark.parametrize("name", SINGULAR)
def test_det_of_singular_matrices(name):
    a = SINGULAR[name]
    close(ad_core.grad(np.linalg.det)(a), ad_core.grad(leibniz)(a), 1e-12)
    close(ad_core.hessian(np.linalg.det)(a), ad_core.hessian(leibniz)(a), 1e-11)
    stack = np.stack([a, a + np.eye(len(a))])
    each = ad_core.grad(lambda x: np.sum(np.linalg.det(x)))(stack)
    close(each[0], ad_core.grad(leibniz)(a), 1e-12)
    close(each[1], ad_core.grad(leibniz)(stack[1]), 1e-12)


def test_the_third_derivative_of_det():
    a = np.array([[1.0, 2.0, 0.5], [0.4, -1.0, 0.3], [0.3, -1.0, 4.0]])
    t = np.cos(np.arange(9.0)).reshape(3, 3)

    def third(f):
        return ad_core.grad(lambda a: np.sum(ad_core.hvp(f, (a,), (t,)) * t))(a)

    close(third(np.linalg.det), third(leibniz), 1e-12)


def test_slogdet_of_a_singular_member_of_a_stack():
    stack = np.stack([np.ones((2, 2)), np.array([[2.0, 1.0], [0.5, 3.0]])])

    def loss(x):
        sign, log = np.linalg.slogdet(x)
        return np.sum(np.where(sign == 0.0, 0.0, log))

    np.testing.assert_allclose(
        ad_core.grad(loss)(stack), [np.zeros((2, 2)), np.linalg.inv(stack[1]).T]
    )


def test_one_triangle_is_read():
    a = np.array([[2.0, 9.0], [0.5, 1.0]])
    for f in (np.linalg.cholesky, np.linalg.eigvalsh, lambda a: np.linalg.eigh(a)[1]):
        J = ad_core.jacobian(f)(a)
        assert not J[..., 0, 1].any()
        assert J[..., 1, 0].any()
    for f in (lambda a: np.linalg.cholesky(a, upper=True), lambda a: np.linalg.eigvalsh(a, "u")):
        assert not ad_core.jacobian(f)(a.T)[..., 1, 0].any()


EQUAL = (np.linalg.qr(np.vander([1.0, 2.0, 4.0]))[0] * [1.0, 1.0, 2.0]) @ (
    np.linalg.qr(np.vander([1.0, 2.0, 4.0]))[0].T
)


@pytest.mark.parametrize("a", [np.eye(3), EQUAL, np.zeros((3, 3))], ids=["eye", "two", "zeros"])
def test_equal_eigenvalues(a):
    """Sums over all equal values have derivatives; the others are in
    tests/rules/test_equal_eigenvalues.py."""
    slope = ad_core.grad(lambda a: np.sum(np.exp(np.linalg.eigvalsh(a + a.T))))(a)
    w, v = np.linalg.eigh(2.0 * a)
    close(slope, 2.0 * (v * np.exp(w)) @ v.T, 1e-12)
    both = ad_core.jacobian(lambda a: np.sum(np.linalg.svdvals(a + np.eye(3))))(a)
    close(both, np.eye(3), 1e-12)


@pytest.mark.parametrize("a", [np.zeros((2, 3)), np.outer([1.0, 2.0], [2.0, 0.5, 1.0])])
def test_norms_at_zero_singular_values(a):
    """As `abs` at 0: a zero singular value does not contribute to the derivative."""
    nonzero = np.linalg.norm(a)
    expected = a / nonzero if nonzero else a
    close(ad_core.grad(lambda a: np.linalg.norm(a, "nuc"))(a), expected, 1e-12)
    close(ad_core.grad(lambda a: np.linalg.norm(a, 2))(a), expected, 1e-12)
    close(ad_core.grad(lambda a: np.linalg.norm(a, -2))(a), np.zeros((2, 3)), 1e-12)


def test_the_largest_singular_value_is_shared():
    close(ad_core.grad(lambda a: np.linalg.norm(a, 2))(np.eye(4)), np.eye(4) / 4, 1e-12)


EMPTY = {
    "L.inv(A)": (0, 0), "L.det(A)": (0, 0), "L.slogdet(A)": (0, 0), "L.cholesky(A)": (2, 0, 0),
    "L.eigh(A)": (0, 0), "L.eigvalsh(A)": (0, 3, 3), "L.svd(A, False)": (0, 3), "L.qr(A)": (3, 0),
    "L.qr(A, 'r')": (0, 2), "L.pinv(A)": (0, 3), "L.norm(A, 2)": (0, 3), "L.svdvals(A)": (0, 2, 2),
    "L.norm(A, 'nuc')": (3, 0), "L.solve(A, A)": (0, 0), "L.solve(A, A[..., 0])": (0, 2, 2),
    "L.matrix_power(A, -1)": (0, 0), "L.lstsq(A, np.ones(3))": (3, 0), "L.det(A) * 1": (0, 2, 2),
    "L.lstsq(A, np.ones(0))": (0, 2), "L.lstsq(np.eye(3), A)": (3, 0), "L.matrix_rank(A)": (0, 2),
    "L.eig(A)": (0, 0), "L.eigvals(A)": (0, 2, 2), "L.multi_dot([A, A.T, A])": (0, 2),
    "np.roots(A)": (0,), "np.poly(A)": (0,), "L.cond(A)": (0, 2, 2), "L.norm(A, -2)": (0, 2),
}  # fmt: skip


@pytest.mark.parametrize("code", EMPTY)
def test_empty(code):
    """The value, the types of results and the type of error agree with NumPy's."""
    A = np.ones(EMPTY[code])
    call = eval(f"lambda A: {code}", {"L": np.linalg, "np": np})
    found = []

    def f(A):
        result = call(A)
        found[:] = [type(result).__name__, *map(value_of, leaves(result))]
        return 0.0

    try:
        expected = call(A)
    except Exception as error:
        kind = type(error)
    else:
        kind = None
    if kind is not None:
        with pytest.raises(kind):
            ad_core.grad(f)(A)
        return
    ad_core.grad(f)(A)
    name, *found = found
    assert name == type(expected).__name__ or not isinstance(expected, tuple)
    for ours, theirs in zip(found, leaves(expected), strict=True):
        assert np.shape(ours) == np.shape(theirs)
        np.testing.assert_allclose(ours, theirs, rtol=1e-12)


def value_of(x):
    if type(x) is TracedComplex:
        return _core.current_values(x.real) + 1j * _core.current_values(x.imag)
    return np.copy(_core.current_values(x)) if _core.traced(x) else x


WRONG = {
    (2, 3): "L.inv(A) L.det(A) L.slogdet(A) L.cholesky(A) L.eigh(A) L.eigvalsh(A) L.eig(A) "
    "L.eigvals(A) L.solve(A,A) L.matrix_power(A,-1) L.cond(A,1) L.solve(A,A[0]) L.tensorinv(A) "
    "L.lstsq(A,A.T) L.norm(A,5) L.norm(A,'x') np.poly(A) L.qr(A,'other') L.matrix_power(A,2)",
    (3,): "L.inv(A) L.det(A) L.svd(A) L.qr(A) L.eigh(A) L.pinv(A) L.lstsq(A,A) L.norm(A,'nuc') "
    "L.solve(A,A) L.multi_dot([A]) L.tensorinv(A,0)",
    (3, 3): "L.solve(A,A[:2]) L.solve(A,A[0,0]) L.eigh(A,'X') L.pinv(A,1e-9,rtol=1e-9) "
    "L.matrix_power(A,0.5) L.matrix_rank(A,1e-9,rtol=1e-9) L.multi_dot([A,A[None],A]) "
    "np.polyfit(A,A,1) np.polyfit(A[0],A[0],-1) np.roots(A) L.lstsq(A,A[None]) "
    "L.tensorsolve(A,A)",
}  # fmt: skip


@pytest.mark.parametrize(
    ("code", "shape"), [(code, shape) for shape, codes in WRONG.items() for code in codes.split()]
)
def test_errors_agree_with_numpy(code, shape):
    A = np.arange(float(np.prod(shape))).reshape(shape) ** 2 + np.ones(shape)
    with pytest.raises(Exception) as theirs:
        eval(code, {"L": np.linalg, "np": np, "A": A})
    with pytest.raises(theirs.type):
        ad_core.grad(lambda A: eval(code, {"L": np.linalg, "np": np, "A": A}))(A)


@pytest.mark.parametrize(
    "code", ["inv(A)", "solve(A, A)", "cholesky(A - 5.0)", "matrix_power(A, -2)"]
)
def test_a_singular_matrix_is_an_error(code):
    """Also in a recording, at a new point and in a compiled function."""
    call = eval(f"lambda A: L.{code}", {"L": np.linalg})
    with pytest.raises(np.linalg.LinAlgError):
        ad_core.jacobian(call)(np.ones((2, 2)))
    fine = np.array([[9.0, 5.0], [5.0, 12.0]])
    for f in (ad_core.trace(call, fine), ad_core.compile(call)):
        f(fine)
        with pytest.raises(np.linalg.LinAlgError):
            f(np.ones((2, 2)))
        close(f(fine), call(fine), 1e-13)


# -------------------------------------------------------------------------------- errors, guards

NUMPYS_ARE_REAL = not np.iscomplexobj(np.linalg.eigvals(np.eye(2)))
TURN = np.array([[0.0, -1.0], [1.0, 0.0]])


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda a: np.linalg.svd(a[:1]), ("np.linalg.svd", "full_matrices=False")),
        (lambda a: np.linalg.qr(a[:, :1], "complete"), ("np.linalg.qr", "mode='reduced'")),
        (lambda a: np.linalg.qr(a, "raw"), ("np.linalg.qr", "'raw'", "'reduced'")),
        (lambda a: np.linalg.pinv(a + np.eye(2)[0], 0.9), ("np.linalg.pinv", "constant rank")),
        (lambda a: np.linalg.lstsq(a + np.eye(2)[0], a, 0.9), ("np.linalg.lstsq", "constant rank")),
    ],
)
def test_error_messages_say_what_to_do(call, words):
    with refused(NotImplementedError, *words, "test_linalg.py"):
        ad_core.jacobian(lambda a: call(a))(TURN)


def test_eigenvalues_that_become_complex():
    compiled = ad_core.compile(lambda a: np.real(np.linalg.eigvals(a)))
    real = np.array([[1.0, 2.0], [0.5, 3.0]])
    close(compiled(real), np.real(np.linalg.eigvals(real)), 1e-13)
    close(compiled(TURN), np.real(np.linalg.eigvals(TURN)), 1e-13)
    tape = ad_core.trace(np.linalg.eigvals, real) if NUMPYS_ARE_REAL else None
    if tape is not None:
        with pytest.raises(NotImplementedError, match="complex"):
            tape(TURN)


@pytest.mark.parametrize("a", [[[1.0, 2.0], [0.5, 3.0]], np.zeros((2, 0, 0)), np.ones((3, 1, 1))])
def test_real_eigenvalues_and_vectors_have_the_type_of_numpy(a):
    """Floats, or, since NumPy 2.5, complex numbers whose imaginary parts are zero."""
    a, found = np.array(a), []

    def f(a):
        results = [*np.linalg.eig(a), np.linalg.eigvals(a)]
        found[:] = [x.dtype for x in results]
        return np.concatenate([np.ravel(np.imag(x)) for x in results])

    J = ad_core.jacobian(f)(a)
    assert found == [x.dtype for x in (*np.linalg.eig(a), np.linalg.eigvals(a))]
    assert not J.any()


def test_ranks_are_guards():
    def scaled(a):
        return a * np.linalg.matrix_rank(a)

    def solved(a):
        x, residuals, rank, _ = np.linalg.lstsq(a, np.arange(3.0), rcond=1e-10)
        return np.sum(x) * rank + np.sum(residuals)

    full = np.array([[1.0, 2.0], [0.5, 3.0], [0.1, 0.7]])
    for f in (scaled, solved):
        compiled, tape = ad_core.compile(f), ad_core.trace(f, full)
        for a in (full, np.outer([1.0, 2.0, 0.5], [1.0, 3.0]), 2.0 * full):
            close(compiled(a), f(a), 1e-12)
        with pytest.raises(ad_core.BranchChanged):
            tape(np.ones((3, 2)))


def test_constants_have_plain_results():
    def f(x):
        a = np.eye(2) * 2.0
        inverse = np.linalg.inv(a)
        inverse[0, 1] = x[0]
        assert np.linalg.matrix_rank(a) == 2
        assert isinstance(np.linalg.eigh(a), tuple)
        return inverse @ x * np.linalg.det(a) * [1.0, 2.0][np.linalg.matrix_rank(a) - 1]

    x = np.array([0.3, 0.8])
    close(ad_core.jacobian(f)(x), 8.0 * np.array([[0.5 + 0.8, 0.3], [0.0, 0.5]]), 1e-13)


def test_named_results():
    def f(a):
        q, r = np.linalg.qr(a)
        assert np.linalg.qr(a)._fields == ("Q", "R")
        w, v = np.linalg.eigh(a)
        return (
            np.linalg.svd(a).S + np.linalg.eigh(a).eigenvalues + np.linalg.slogdet(a).sign
            + np.real(np.linalg.eig(a).eigenvectors[0]) + np.sum(r) + np.sum(q) + v[0] + w
        )  # fmt: skip

    assert ad_core.jacobian(f)(np.array([[2.0, 0.3], [0.3, 1.0]])).shape == (2, 2, 2)


def test_polyfit_warns_of_a_poor_condition():
    x = np.array([1.0, 1.0, 1.0])
    with pytest.warns(np.exceptions.RankWarning):
        np.polyfit(x, x, 2)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        ad_core.jacobian(lambda y: np.polyfit(x, y, 2))(x)
    assert [w.category for w in caught] == [np.exceptions.RankWarning]
