# SPDX-License-Identifier: Apache-2.0
"""Factors that are not functions of the matrix at a point: vectors of equal eigenvalues and
singular values, Q of dependent columns, repeated roots. Derivatives that depend on them are NaN in
all ways of computing them, and all other derivatives are right."""

import numpy as np
import pytest

import ad_core

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")

BASIS = np.linalg.qr(np.vander([1.0, 2.0, 4.0]))[0]
WEIGHTS = np.array([[0.2, 1.0, -0.7], [1.0, -0.3, 0.4], [0.5, 0.1, 0.8]])
TWO_EQUAL = (BASIS * [1.0, 1.0, 2.0]) @ BASIS.T
TWO_EQUAL = 0.5 * (TWO_EQUAL + TWO_EQUAL.T)
APART = (BASIS * [1.0, 1.6, 2.5]) @ BASIS.T
EQUAL = {
    "identity": np.eye(3), "diagonal": np.diag([1.0, 1.0, 2.0]), "two": TWO_EQUAL,
    "negative": -np.eye(3), "zeros": np.zeros((3, 3)), "twice": 2.0 * np.eye(3),
}  # fmt: skip
each_matrix = pytest.mark.parametrize("a", EQUAL.values(), ids=EQUAL)


def half(a):
    return 0.5 * (a + a.T)


def by_eigh(f):
    """f of a symmetric matrix, as it is often written."""

    def function(a):
        w, v = np.linalg.eigh(half(a))
        return (v * f(w)) @ v.T

    return function


def by_svd(f):
    def function(a):
        u, s, vt = np.linalg.svd(a)
        return (u * f(s)) @ vt

    return function


def by_hermitian_svd(a):
    u, s, vt = np.linalg.svd(half(a) + 2.0 * np.eye(3), hermitian=True)
    return (u * s) @ vt


def real_eig(a):
    """np.linalg.eig, whose results are complex numbers since NumPy 2.5."""
    w, v = np.linalg.eig(a)
    return np.real(w), np.real(v)


def by_eig(a):
    w, v = real_eig(half(a))
    return (v * np.exp(w)) @ np.linalg.inv(v)


def ways(f, x, elsewhere):
    """The gradient of a scalar function in all ways; elsewhere is another point to record at."""
    tape, compiled = ad_core.trace(f, elsewhere), ad_core.compile(f)
    at_x, here = ad_core.trace(f, x), ad_core.compile(f)
    compiled(elsewhere)
    batch = np.stack([elsewhere, x, elsewhere])
    units = np.eye(x.size).reshape(-1, *x.shape)
    found = {
        "grad": ad_core.grad(f)(x),
        "jacfwd": ad_core.jacfwd(f)(x),
        "jacrev": ad_core.jacrev(f)(x),
        "vjp": ad_core.vjp(f, x)[1](1.0)[0],
        "jvp": np.reshape([ad_core.jvp(f, (x,), (e,))[1] for e in units], x.shape),
        "tape": tape.grad(x),
        "tape in a batch": tape.grad(batch)[1],
        "tape, jacobian": tape.jacobian(x),
        "tape, value too": tape.value_and_grad(x)[1],
        "tape, tangents": np.reshape([tape.jvp(x, e) for e in units], x.shape),
        "tape recorded here": at_x.grad(x),
        "compiled": compiled.grad(x),
        "compiled in a batch": compiled.grad(batch, batch_dims=1)[1],
        "compiled here": here.grad(x),
        "compiled gradient": ad_core.compile(ad_core.grad(f))(x),
        "gradient recorded elsewhere": ad_core.trace(ad_core.grad(f), elsewhere)(x),
    }
    right = ad_core.grad(f)(elsewhere)
    for other in (at_x.grad(elsewhere), here.grad(elsewhere), tape.grad(batch)[0]):
        np.testing.assert_allclose(other, right, rtol=1e-9, atol=1e-12)
    again = ad_core.trace(ad_core.grad(f), x)(elsewhere)
    np.testing.assert_allclose(again, right, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(tape(x), f(x), rtol=1e-12, atol=1e-14)
    return found


def second_ways(f, x, elsewhere):
    tape, fwd, rev = ad_core.trace(f, elsewhere), ad_core.jacfwd, ad_core.jacrev
    e = np.cos(np.arange(x.size)).reshape(x.shape)
    return {
        "hessian": ad_core.hessian(f)(x), "fwd fwd": fwd(fwd(f))(x), "fwd rev": fwd(rev(f))(x),
        "rev fwd": rev(fwd(f))(x), "rev rev": rev(rev(f))(x), "tape": tape.hessian(x),
        "compiled": ad_core.compile(f).hessian(x), "hvp": ad_core.hvp(f, (x,), (e,)),
        "tape, hvp": tape.hvp(x, e), "recorded here": ad_core.trace(f, x).hessian(x),
    }  # fmt: skip


NEEDS = {
    "log": by_eigh(lambda w: np.log(np.abs(w) + 0.0)), "square": by_eigh(np.square),
    "exp": by_eigh(np.exp), "zero here": by_eigh(lambda w: w - 1.0), "itself": by_eigh(lambda w: w),
    "constant": by_eigh(np.ones_like), "svd": by_svd(lambda s: s), "svd, log": by_svd(np.log1p),
    "polar": by_svd(np.ones_like), "hermitian svd": by_hermitian_svd, "eig": by_eig,
    "vector": lambda a: np.linalg.eigh(half(a))[1],
    "upper": lambda a: np.linalg.eigh(half(a), "U").eigenvectors ** 2,
}  # fmt: skip


@pytest.mark.parametrize("kind", NEEDS)
@each_matrix
def test_derivatives_that_depend_on_vectors_of_equal_values_are_nan(kind, a):
    def total(a):
        return np.sum(WEIGHTS * NEEDS[kind](a))

    for way, gradient in ways(total, a, APART).items():
        assert np.isnan(gradient).all(), way


@pytest.mark.parametrize("kind", ["log", "exp", "svd"])
@pytest.mark.parametrize("weights", [WEIGHTS, np.eye(3)[[1, 0, 2]], np.eye(3)], ids=str)
def test_exact_zeros_do_not_hide_them(kind, weights):
    """At the identity log is 0 and the vectors are unit vectors, so all factors are zeros."""

    def total(a):
        return np.sum(weights * NEEDS[kind](a))

    for way, gradient in ways(total, np.eye(3), APART).items():
        assert np.isnan(gradient).all(), way
    for way, second in second_ways(total, np.eye(3), APART).items():
        assert np.isnan(second).all(), way


def distinct_vector(a):
    return np.linalg.eigh(a)[1][:, 2]


def values(f):
    return lambda a: np.sum(f(np.linalg.eigvalsh(half(a))))


def slope(f, a, e, h=1e-3):
    """By central differences of the sixth order."""
    weights = ((1, 3 / 4), (2, -3 / 20), (3, 1 / 60))
    return sum(c * (f(a + k * h * e) - f(a - k * h * e)) for k, c in weights) / h


RIGHT = {
    "sum": values(lambda w: w), "sum of squares": values(np.square), "trace of exp": values(np.exp),
    "log of the determinant": lambda a: np.sum(np.log(np.linalg.eigh(half(a) + np.eye(3))[0])),
    "distinct value": lambda a: np.linalg.eigh(half(a))[0][2] ** 2,
    "distinct vector": lambda a: np.sum(distinct_vector(half(a)) ** 2 * [1.0, 2.0, 4.0]),
    "its projector": lambda a: np.sum(np.outer(distinct_vector(a), distinct_vector(a)) * WEIGHTS),
    "singular vector": lambda a: np.sum(np.linalg.svd(a)[0][:, 0] ** 2 * [1.0, 2.0, 4.0]),
    "vector by eig": lambda a: np.sum(real_eig(a)[1][:, np.argmax(real_eig(a)[0])] ** 2),
    "vectors in no use": lambda a: np.sum(np.where(a > 90.0, np.linalg.eigh(a)[1], a**2)),
}  # fmt: skip


@pytest.mark.parametrize("kind", RIGHT)
def test_other_derivatives_are_right(kind):
    f = RIGHT[kind]
    directions = [np.cos(np.arange(9.0) + k).reshape(3, 3) for k in range(3)]
    for way, gradient in ways(f, TWO_EQUAL, APART).items():
        for e in map(half, directions):
            if kind in ("its projector", "vectors in no use"):  # one triangle is read
                e = np.tril(e) if kind == "its projector" else e
            np.testing.assert_allclose(
                np.sum(gradient * e), slope(f, TWO_EQUAL, e), rtol=1e-7, atol=1e-9, err_msg=way
            )


def test_a_hessian_of_equal_eigenvalues_is_nan_and_of_others_right():
    """Half of ||A - I||^2 has the Hessian 1, which 0/0 hides; it must not be 0."""
    for f in (lambda w: 0.5 * (w - 1.0) ** 2, np.exp, lambda w: np.log(w) ** 2):
        f = values(f)
        for way, second in second_ways(f, np.eye(3), APART).items():
            assert np.isnan(second).all(), way

    def top(a):
        return np.linalg.eigvalsh(half(a))[2]

    e = half(np.cos(np.arange(9.0)).reshape(3, 3))
    expected = slope(lambda a: np.sum(ad_core.grad(top)(a) * e), TWO_EQUAL, e)
    for way, second in second_ways(top, TWO_EQUAL, APART).items():
        if second.ndim == 4:
            second = np.einsum("ijkl,ij,kl", second, e, e)
            np.testing.assert_allclose(second, expected, rtol=1e-7, err_msg=way)


def test_a_branch_not_taken_does_not_contribute():
    def f(a):
        return np.where(np.trace(a) > 90.0, np.sum(WEIGHTS * NEEDS["log"](a)), np.sum(a**2))

    for way, gradient in ways(f, np.eye(3), APART).items():
        np.testing.assert_array_equal(gradient, 2.0 * np.eye(3), err_msg=way)
    expected = 2.0 * np.einsum("ik,jl->ijkl", np.eye(3), np.eye(3))
    np.testing.assert_array_equal(ad_core.hessian(f)(np.eye(3)), expected)


def test_only_what_depends_on_them_is_nan():
    """The same with several results, arguments and matrices of a stack."""

    def f(a, b):
        return np.concatenate([np.ravel(NEEDS["log"](a)), np.linalg.eigvalsh(a), b**2, a[0, 0] * b])

    b = np.array([2.0, 3.0])
    for mode in ("fwd", "rev"):
        by_a, by_b = ad_core.jacobian(f, argnums=(0, 1), mode=mode)(np.eye(3), b)
        assert np.isnan(by_a[:9]).all()
        assert np.isfinite(by_a[9:]).all()
        assert np.isfinite(by_b).all()
        np.testing.assert_array_equal(by_b[12:14], np.diag(2.0 * b))

    def total(stack):
        w, v = np.linalg.eigh(stack)
        return np.sum((v * np.log(w)[:, None, :]) @ np.swapaxes(v, -1, -2), axis=(1, 2))

    stack = np.stack([np.eye(3), APART])
    for mode in ("fwd", "rev"):
        J = ad_core.jacobian(total, mode=mode)(stack)
        assert np.isnan(np.tril(J[0, 0])[np.tril_indices(3)]).all()
        alone = ad_core.grad(lambda a: total(a[None])[0])(APART)
        np.testing.assert_allclose(J[1, 1], alone, rtol=1e-12)
        assert not J[1, 0].any()


def test_sparse_derivatives_agree():
    def f(x):
        a = np.array([[x[0], x[1]], [x[1], x[2]]])
        w, v = np.linalg.eigh(a)
        return np.concatenate([np.ravel((v * np.log(w)) @ v.T), x[3:] ** 2])

    equal, apart = np.array([1.0, 0.0, 1.0, 4.0, 5.0]), np.array([2.0, 0.3, 1.0, 4.0, 5.0])
    expected = ad_core.jacobian(f)(equal)
    assert np.isnan(expected[:4, :3]).all()
    tape = ad_core.trace(f, apart)
    for found in (ad_core.jacobian(f, sparse=True)(equal), tape.jacobian(equal, sparse=True)):
        np.testing.assert_array_equal(found.toarray(), expected)
    batch = tape.jacobian(np.stack([apart, equal]), sparse=True)
    np.testing.assert_array_equal(batch[1], tape.jacobian(equal, sparse=True).data)
    np.testing.assert_allclose(batch[0], tape.jacobian(apart, sparse=True).data, rtol=1e-12)


def test_equal_singular_values_share_the_derivative_of_cond():
    """At its minimum, which is a kink, all are equal and the derivative is 0."""
    for mode in ("fwd", "rev"):
        J = ad_core.jacobian(np.linalg.cond, mode=mode)(np.eye(3))
        np.testing.assert_allclose(J, np.zeros((3, 3)), atol=1e-15)


# ------------------------------------------------- zero singular values, defects, ranks, roots


@pytest.mark.parametrize("shape", [(4, 2), (2, 4)])
def test_vectors_of_a_zero_singular_value_beside_a_complement(shape):
    """With more rows than columns the left vectors are not determined, but the right ones are."""
    a = np.outer([1.0, 2.0, -1.0, 0.5][: shape[0]], [1.0, 3.0, 2.0, 0.3][: shape[1]])
    apart = a + 0.3 * np.cos(np.arange(8.0)).reshape(shape)

    def part(k, j):
        def f(a):
            found = np.linalg.svd(a, full_matrices=False)[k]
            vectors = found if k == 0 else np.swapaxes(found, -1, -2)
            return np.sum(vectors[:, j] ** 3)

        return f

    lost = 0 if shape[0] > shape[1] else 2
    for way, gradient in ways(part(lost, 1), a, apart).items():
        assert np.isnan(gradient).all(), way
    for k, j in ((0, 0), (2, 0), (2 - lost, 1)):
        for way, gradient in ways(part(k, j), a, apart).items():
            assert np.isfinite(gradient).all(), way


DEFECTIVE = {
    "a Jordan block": np.array([[1.0, 1.0], [0.0, 1.0]]),
    "scaled": np.array([[3e5, 0.0], [2.0, 3e5]]),
    "zero": np.array([[0.0, 1.0], [0.0, 0.0]]),
}


@pytest.mark.parametrize("name", DEFECTIVE)
def test_eigenvalues_that_lack_vectors_have_no_derivative(name):
    a = DEFECTIVE[name]
    apart = np.array([[1.0, 2.0], [0.5, 3.0]])
    for way, gradient in ways(lambda a: real_eig(a)[0][0], a, apart).items():
        assert np.isnan(gradient).all(), way


def test_other_eigenvalues_of_a_defective_matrix_are_right():
    a = np.array([[1.0, 1.0, 0.3], [0.0, 1.0, 0.2], [0.0, 0.0, 5.0]])
    J = ad_core.jacobian(lambda a: real_eig(a)[0])(a)
    left = np.linalg.solve((a - 5.0 * np.eye(3))[:2, :2].T, np.zeros(2))
    left = np.append(left, 1.0)
    right = np.append(np.linalg.solve((a - 5.0 * np.eye(3))[:2, :2], -a[:2, 2]), 1.0)
    assert np.isnan(J[:2]).all()
    np.testing.assert_allclose(J[2], np.outer(left, right), rtol=1e-12, atol=1e-14)


DEPENDENT = {
    "square": np.array([[1.0, 2.0], [2.0, 4.0]]), "zero": np.zeros((3, 2)),
    "tall": np.outer([1.0, 2.0, 3.0], [1.0, 2.0]),
    "rounded": np.outer([0.1, 0.7, 0.3], [0.3, 0.9]),
}  # fmt: skip


@pytest.mark.parametrize("name", DEPENDENT)
@pytest.mark.parametrize("part", [0, 1])
def test_qr_of_dependent_columns(name, part):
    a = DEPENDENT[name]
    apart = a + np.cos(np.arange(a.size)).reshape(a.shape)

    def f(a):
        return np.sum(np.linalg.qr(a)[part] ** 3)

    for way, gradient in ways(f, a, apart).items():
        assert np.isnan(gradient).all(), way


def test_repeated_roots():
    for p in ([1.0, -2.0, 1.0], [2.0, -4.0, 2.0], [1.0, 0.0, 0.0]):
        J = ad_core.jacobian(np.roots)(np.array(p))
        assert np.isnan(J).all()
    found = ad_core.jacobian(np.roots)(np.array([1.0, -3.0, 2.0]))  # 2 and 1
    np.testing.assert_allclose(found, [[-4.0, -2.0, -1.0], [1.0, 1.0, 1.0]], rtol=1e-12)
    with_simple = ad_core.jacobian(np.roots)(np.array([1.0, -3.0, 0.0, 0.0]))  # 3, 0, 0
    np.testing.assert_allclose(with_simple[0], [-3.0, -1.0, -1 / 3, -1 / 9], rtol=1e-12)
    assert np.isnan(with_simple[1:]).all()


INCIDENCE = np.array([[1.0, -1.0, 0.0], [0.0, 1.0, -1.0]])
INVERSES = {
    "pinv": lambda a: WEIGHTS @ np.linalg.pinv(a),
    "hermitian pinv": lambda a: WEIGHTS @ np.linalg.pinv(half(a), hermitian=True),
    "lstsq": lambda a: np.linalg.lstsq(a, np.array([1.0, 3.0, -2.0]), 1e-10)[0],
}
each_inverse = pytest.mark.parametrize("name", INVERSES)


@each_inverse
def test_a_pseudo_inverse_has_no_derivative_if_the_rank_may_change(name):
    def total(a):
        return np.sum(INVERSES[name](a) ** 2)

    a = INCIDENCE.T @ INCIDENCE
    found = [ad_core.jacfwd(total)(a), ad_core.grad(total)(a), ad_core.compile(total).grad(a)]
    found += [ad_core.trace(total, a).grad(a), ad_core.hessian(total)(a)]
    for derivative in found:
        assert np.isnan(derivative).all()
    if name != "lstsq":  # the rank of lstsq is a guard
        assert np.isnan(ad_core.trace(total, APART).grad(np.stack([APART, a]))[1]).all()


@each_inverse
def test_a_pseudo_inverse_has_a_derivative_if_the_rank_is_kept(name):
    """The Laplacian of a graph as a function of its weights, unless a weight is zero."""

    def total(x):
        return np.sum(INVERSES[name](INCIDENCE.T @ np.diag(x) @ INCIDENCE) ** 2)

    x, other = np.array([1.0, 2.0]), np.array([0.7, 3.0])
    expected = [slope(total, x, e) for e in np.eye(2)]
    tape, compiled = ad_core.trace(total, other), ad_core.compile(total)
    found = [ad_core.jacfwd(total)(x), ad_core.grad(total)(x), compiled.grad(x), tape.grad(x)]
    for gradient in [*found, tape.grad(np.stack([other, x]))[1]]:
        np.testing.assert_allclose(gradient, expected, rtol=1e-8)
    second = [slope(ad_core.grad(total), x, e) for e in np.eye(2)]
    np.testing.assert_allclose(ad_core.hessian(total)(x), second, rtol=1e-7)
    gone = np.array([0.0, 2.0])
    assert np.isnan(ad_core.grad(total)(gone)).all()
    assert np.isnan(ad_core.compile(total).grad(gone)).all()


# ------------------------------------------------------------------------------- near equality


@pytest.mark.parametrize("gap", [1e-12, 1e-10, 1e-8, 1e-5, 1e-2])
def test_the_error_near_equal_values_is_that_of_the_page(gap):
    """docs/conventions.md: some units of rounding divided by the relative gap. Matrix functions
    have no larger error there."""
    from ad_core.scipy.linalg import logm

    a = (BASIS * [1.0, 1.0 + gap, 2.0]) @ BASIS.T
    right = ad_core.grad(lambda a: np.sum(WEIGHTS * logm(a)))(half(a))
    found = ad_core.grad(lambda a: np.sum(WEIGHTS * NEEDS["log"](a)))(half(a))
    assert np.max(np.abs(found - half(right))) <= 20.0 * np.finfo(float).eps / gap + 1e-14
