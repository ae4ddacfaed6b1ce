# SPDX-License-Identifier: Apache-2.0
"""scipy.linalg: a matrix is made of the numbers of a point, so that it has the structure that a
function needs."""

import warnings

import numpy as np
import scipy.linalg as sl

from scipy_rows import Call

MODULE = sl

_rng = np.random.default_rng(17)
A3, A4 = _rng.normal(size=(3, 3)) + 3.0 * np.eye(3), _rng.normal(size=(4, 4)) + 4.0 * np.eye(4)
WIDE, TALL = _rng.normal(size=(2, 3)), _rng.normal(size=(4, 2))
STACK = _rng.normal(size=(2, 3, 3)) + 3.0 * np.eye(3)
VECTOR, RIGHT = np.array([0.4, -1.2, 0.7]), _rng.normal(size=(3, 2))
BANDS = np.array([[0.0, 0.3, -0.4, 0.5], [4.0, 5.0, 3.0, 4.5], [0.2, -0.6, 0.3, 0.0]])
HALF = np.array([[0.0, 0.3, -0.4, 0.5], [4.0, 5.0, 3.0, 4.5]])
ONES = np.ones(4)
COLUMN = np.array([3.0, 0.4, -0.3])
with warnings.catch_warnings():  # stacks of vectors are taken from SciPy 1.17 on
    warnings.simplefilter("ignore")
    STACKS = sl.toeplitz(RIGHT).ndim == 3
SPIRAL = np.array([[1.0, -2.0, 0.3], [1.5, 0.5, 0.2], [0.1, -0.4, 2.0]])  # two complex eigenvalues
STABLE = np.array([[-1.0, 0.5], [0.2, -2.0]])


def near(function, point, **options):
    """A call whose values are computed by other code than SciPy's."""
    return Call(function, point, exact=False, **options)


def positive(x):
    """A positive definite matrix, and stacks of them."""
    return x @ np.swapaxes(x, -1, -2) + np.eye(x.shape[-1])


def both(x):
    return x + np.swapaxes(x, -1, -2)


def parts(z):
    """Real and imaginary part, for functions with complex results."""
    return np.stack([z.real, z.imag])


def joined(*arrays):
    return np.concatenate([np.ravel(x) for x in arrays])


def spectrum(w, v):
    """Eigenvalues, and eigenvectors regardless of their signs."""
    return joined(w, v * v, v[:1] * v)


def _solve(**options):
    return [
        near(lambda a: sl.solve(a, VECTOR, **options), A3),
        near(lambda a: sl.solve(a, RIGHT, **options), A3),
        near(lambda b: sl.solve(A3, b, **options), VECTOR),
    ]


ROWS = {
    "solve": [
        *_solve(), *_solve(assume_a="gen"), *_solve(assume_a="diagonal"),
        *_solve(assume_a="tridiagonal"), *_solve(assume_a="banded"),
        *_solve(assume_a="lower triangular"), *_solve(assume_a="upper triangular"),
        *_solve(assume_a="sym"), *_solve(assume_a="her", lower=True), *_solve(transposed=True),
        near(lambda a: sl.solve(positive(a), VECTOR, assume_a="pos"), A3),
        near(lambda a: sl.solve(a, RIGHT), STACK),
        near(lambda b: sl.solve(STACK, b), RIGHT),
        near(lambda a: sl.solve(a, VECTOR), np.array([[2.0]])),
        near(lambda w: parts(sl.solve(A3 + 1j * w * np.eye(3), VECTOR)), 0.7),
        near(lambda x: parts(sl.solve((1 + 1j * x[0]) * both(A3), x, assume_a="sym")), VECTOR),
    ],
    "inv": [
        near(sl.inv, A3), near(sl.inv, STACK), near(lambda a: sl.inv(positive(a)), A3),
        near(lambda w: parts(sl.inv(A3 + 1j * w * np.eye(3))), 0.7),
    ],
    "det": [near(sl.det, A3), near(sl.det, STACK), near(sl.det, np.diag([0.0, 2.0]))],
    "lstsq": [
        near(lambda a: sl.lstsq(a, ONES)[0], TALL),
        near(lambda a: sl.lstsq(a, np.ones((4, 2)))[1], TALL),
        near(lambda a: sl.lstsq(a, ONES)[1], TALL),
        near(lambda a: sl.lstsq(a, ONES)[3], TALL),
        near(lambda a: sl.lstsq(a, np.ones(2))[0], WIDE),
        near(lambda b: sl.lstsq(TALL, b, lapack_driver="gelsy")[0], ONES),
        near(lambda a: sl.lstsq(a, VECTOR)[0], STACK),
    ],
    "pinv": [
        near(sl.pinv, TALL), near(sl.pinv, WIDE), near(sl.pinv, STACK),
        near(lambda a: sl.pinv(a, rtol=1e-10, return_rank=True)[0], A3),
    ],
    "pinvh": [near(sl.pinvh, A3), near(lambda a: sl.pinvh(a, lower=False), A3)],
    "cholesky": [
        near(lambda a: sl.cholesky(positive(a)), A3),
        near(lambda a: sl.cholesky(positive(a), lower=True), STACK),
    ],
    "cho_factor": [
        near(lambda a: sl.cho_factor(positive(a))[0], A3),
        near(lambda a: sl.cho_factor(positive(a), lower=True)[0], A3),
    ],
    "cho_solve": [
        near(lambda a: sl.cho_solve(sl.cho_factor(positive(a)), VECTOR), A3),
        near(lambda a: sl.cho_solve(sl.cho_factor(positive(a), lower=True), RIGHT), STACK),
        near(lambda b: sl.cho_solve(sl.cho_factor(positive(A3)), b), VECTOR),
    ],
    "lu_factor": [
        near(lambda a: sl.lu_factor(a)[0], A3), near(lambda a: sl.lu_factor(a)[0], WIDE),
        near(lambda a: sl.lu_factor(a)[0], TALL), near(lambda a: sl.lu_factor(a)[0], STACK),
    ],
    "lu_solve": [
        near(lambda a: sl.lu_solve(sl.lu_factor(a), VECTOR), A3),
        near(lambda a: sl.lu_solve(sl.lu_factor(a), RIGHT, trans=1), A3[::-1]),
        near(lambda a: sl.lu_solve(sl.lu_factor(a), VECTOR), STACK),
        near(lambda b: sl.lu_solve(sl.lu_factor(A3), b), VECTOR),
    ],
    "lu": [
        near(lambda a: joined(*sl.lu(a)), A3[::-1]), near(lambda a: joined(*sl.lu(a)), WIDE),
        near(lambda a: joined(*sl.lu(a, permute_l=True)), TALL),
        near(lambda a: joined(*sl.lu(a)[1:]), STACK),
        near(lambda a: joined(*sl.lu(a, p_indices=True)[1:]), A3),
    ],
    "qr": [
        Call(lambda a: joined(*sl.qr(a)), A3),
        near(lambda a: joined(*sl.qr(a)), WIDE),
        Call(lambda a: joined(*sl.qr(a, mode="economic")), TALL),
        Call(lambda a: sl.qr(a, mode="r")[0], TALL),
        near(lambda a: joined(*sl.qr(a, mode="economic", pivoting=True)[:2]), TALL),
        Call(lambda a: joined(*sl.qr(a)), STACK),
    ],
    "rq": [
        Call(lambda a: joined(*sl.rq(a)), A3),
        near(lambda a: joined(*sl.rq(a)), TALL),
        Call(lambda a: joined(*sl.rq(a, mode="economic")), WIDE),
        Call(lambda a: sl.rq(a, mode="r"), WIDE),
    ],
    "eigh": [
        Call(lambda a: spectrum(*sl.eigh(both(a))), A3),
        Call(lambda a: spectrum(*sl.eigh(a, lower=False)), A3),
        Call(lambda a: sl.eigh(a, eigvals_only=True), STACK, exact=False),
        Call(lambda a: spectrum(*sl.eigh(both(a), positive(A3))), A3),
        Call(lambda b: spectrum(*sl.eigh(both(A3), positive(b))), A3),
        near(lambda a: spectrum(*sl.eigh(both(a), subset_by_index=[1, 2])), A3),
        near(lambda a: sl.eigh(both(a), subset_by_value=[5.0, 50.0])[0], A3),
        near(lambda a: spectrum(*sl.eigh(both(a), driver="evd")), A3),
    ],
    "eigvalsh": [
        near(lambda a: sl.eigvalsh(both(a)), A3), near(sl.eigvalsh, STACK),
        near(lambda b: sl.eigvalsh(both(A3), positive(b)), A3),
        near(lambda a: sl.eigvalsh(a, subset_by_index=[0, 0]), A3),
    ],
    "eig": [
        Call(lambda a: parts(sl.eig(a)[0]), SPIRAL), Call(lambda a: parts(sl.eig(a)[1]), SPIRAL),
        Call(lambda a: sl.eig(both(a))[1], A3), near(lambda a: parts(sl.eig(a)[0]), STACK),
        near(lambda a: np.abs(sl.eig(a, right=False)), SPIRAL),
    ],
    "eigvals": [
        near(lambda a: parts(sl.eigvals(a)), SPIRAL), near(lambda a: sl.eigvals(a).real, STACK),
        near(lambda a: np.max(np.abs(sl.eigvals(a))), A4),
    ],
    "eig_banded": [
        near(lambda a: spectrum(*sl.eig_banded(a)), HALF),
        near(lambda a: spectrum(*sl.eig_banded(a, lower=True)), HALF[::-1]),
        near(lambda a: sl.eig_banded(a, select="i", select_range=(0, 1))[0], HALF),
    ],
    "eigvals_banded": [near(sl.eigvals_banded, HALF)],
    "eigh_tridiagonal": [
        near(lambda d: spectrum(*sl.eigh_tridiagonal(d, HALF[0, 1:])), HALF[1]),
        near(lambda e: spectrum(*sl.eigh_tridiagonal(HALF[1], e)), HALF[0, 1:]),
    ],
    "eigvalsh_tridiagonal": [
        near(lambda d: sl.eigvalsh_tridiagonal(d, HALF[0, 1:]), HALF[1]),
        near(lambda d: sl.eigvalsh_tridiagonal(d, HALF[0, 1:], "i", (1, 2)), HALF[1]),
    ],
    "svd": [
        Call(lambda a: joined(*sl.svd(a)), A3),
        Call(lambda a: joined(*sl.svd(a, full_matrices=False)), WIDE),
        Call(lambda a: joined(*sl.svd(a, full_matrices=False, lapack_driver="gesvd")), TALL),
        near(lambda a: sl.svd(a, compute_uv=False), STACK),
    ],
    "svdvals": [near(sl.svdvals, TALL), near(sl.svdvals, STACK)],
    "orth": [Call(sl.orth, TALL), Call(sl.orth, STACK)],
    "null_space": [Call(sl.null_space, WIDE)],
    "subspace_angles": [near(lambda a: sl.subspace_angles(a, A4[:, :2]), TALL)],
    "orthogonal_procrustes": [
        near(lambda a: sl.orthogonal_procrustes(a, A3)[0], A3 + 0.1 * STACK[0]),
        near(lambda b: sl.orthogonal_procrustes(A3, b)[1], STACK[0]),
    ],
    "polar": [
        near(lambda a: joined(*sl.polar(a)), A3), near(lambda a: joined(*sl.polar(a)), TALL),
        near(lambda a: joined(*sl.polar(a, "left")), WIDE),
    ],
    "expm": [
        Call(sl.expm, A3), Call(sl.expm, STACK), Call(lambda x: sl.expm(x * SPIRAL), 0.3),
        near(lambda t: parts(sl.expm(1j * t * A3)), 0.3),
    ],
    "expm_frechet": [
        near(lambda a: joined(*sl.expm_frechet(a, SPIRAL)), 0.3 * A3),
        near(lambda e: sl.expm_frechet(0.3 * A3, e, compute_expm=False), SPIRAL),
    ],
    "logm": [
        Call(sl.logm, A3), near(lambda a: sl.logm(positive(a)), A3),
        Call(lambda a: parts(sl.logm(a)), np.array([[-1.0, 0.3], [0.2, 2.0]])),
        Call(sl.logm, STACK),
    ],
    "sqrtm": [
        Call(sl.sqrtm, A3), near(lambda a: sl.sqrtm(positive(a)), A3), Call(sl.sqrtm, STACK),
        Call(lambda a: parts(sl.sqrtm(a)), np.array([[-1.0, 0.3], [0.2, 2.0]])),
    ],
    "fractional_matrix_power": [
        Call(lambda a: sl.fractional_matrix_power(a, 0.3), A3),
        near(lambda a: sl.fractional_matrix_power(a, 3), A3),
        near(lambda a: sl.fractional_matrix_power(a, -1), A3),
    ],
    "cosm": [Call(sl.cosm, A3), Call(sl.cosm, STACK)],
    "sinm": [Call(sl.sinm, A3)],
    "tanm": [near(sl.tanm, 0.3 * A3)],
    "coshm": [near(sl.coshm, 0.5 * A3)],
    "sinhm": [near(sl.sinhm, 0.5 * A3)],
    "tanhm": [near(sl.tanhm, 0.5 * A3)],
    "funm": [near(lambda a: sl.funm(both(a), np.sin), A3)],
    "norm": [
        near(sl.norm, VECTOR), near(sl.norm, A3), near(lambda a: sl.norm(a, 1), A3),
        near(lambda a: sl.norm(a, 2), A3), near(lambda a: sl.norm(a, np.inf, axis=1), A3),
        near(lambda a: sl.norm(a, 3), VECTOR),
    ],
    "solve_triangular": [
        near(lambda a: sl.solve_triangular(a, VECTOR), A3),
        near(lambda a: sl.solve_triangular(a, RIGHT, trans="T", lower=True), A3),
        near(lambda b: sl.solve_triangular(A3, b, unit_diagonal=True), VECTOR),
        near(lambda a: sl.solve_triangular(a, VECTOR), STACK),
    ],
    "solve_banded": [
        Call(lambda ab: sl.solve_banded((1, 1), ab, ONES), BANDS),
        Call(lambda b: sl.solve_banded((1, 1), BANDS, b), ONES),
        near(lambda ab: sl.solve_banded((2, 0), ab, np.ones((4, 2))), BANDS[::-1] + 3.0),
        near(lambda ab: sl.solve_banded((1, 1), ab, ONES), np.stack([BANDS, BANDS + 0.1])),
    ],
    "solveh_banded": [
        Call(lambda ab: sl.solveh_banded(ab, ONES), HALF),
        Call(lambda ab: sl.solveh_banded(ab, ONES, lower=True), np.roll(HALF[::-1], -1, 1) + 0.1),
        Call(lambda b: sl.solveh_banded(HALF, b), ONES),
        near(lambda ab: sl.solveh_banded(ab, np.ones((4, 2))), np.stack([HALF, HALF + 0.1])),
    ],
    "cholesky_banded": [
        near(sl.cholesky_banded, HALF),
        near(lambda ab: sl.cholesky_banded(ab, lower=True), HALF[::-1]),
    ],
    "cho_solve_banded": [
        near(lambda ab: sl.cho_solve_banded((sl.cholesky_banded(ab), False), ONES), HALF),
        near(lambda b: sl.cho_solve_banded((sl.cholesky_banded(HALF), False), b), ONES),
        near(lambda ab: sl.cho_solve_banded((sl.cholesky_banded(ab, lower=True), True), ONES),
             HALF[::-1]),
    ],
    "solve_toeplitz": [
        Call(lambda c: sl.solve_toeplitz(c, VECTOR), COLUMN),
        Call(lambda r: sl.solve_toeplitz((COLUMN, r), RIGHT), 0.3 * VECTOR),
        Call(lambda b: sl.solve_toeplitz((COLUMN, 0.2 * VECTOR), b), VECTOR),
        *([near(lambda c: sl.solve_toeplitz(c, VECTOR), np.stack([COLUMN, 2 * COLUMN]))]
          if STACKS else []),
    ],
    "matmul_toeplitz": [
        near(lambda c: sl.matmul_toeplitz(c, VECTOR), COLUMN),
        near(lambda r: sl.matmul_toeplitz((ONES, r), RIGHT), VECTOR),
        near(lambda x: sl.matmul_toeplitz((ONES, COLUMN), x), VECTOR),
    ],
    "solve_circulant": [
        near(lambda c: sl.solve_circulant(c, VECTOR), COLUMN),
        near(lambda b: sl.solve_circulant(COLUMN, b), RIGHT),
    ],
    "toeplitz": [
        Call(sl.toeplitz, VECTOR), Call(lambda r: sl.toeplitz(ONES, r), VECTOR),
        *([Call(sl.toeplitz, RIGHT)] if STACKS else []),
    ],
    "circulant": [Call(sl.circulant, VECTOR), Call(sl.circulant, RIGHT)],
    "hankel": [Call(sl.hankel, VECTOR), Call(lambda r: sl.hankel(ONES, r), VECTOR)],
    "companion": [Call(sl.companion, VECTOR), Call(sl.companion, A3)],
    "convolution_matrix": [
        Call(lambda a: sl.convolution_matrix(a, 4), VECTOR),
        Call(lambda a: sl.convolution_matrix(a, 4, mode="same"), VECTOR),
        Call(lambda a: sl.convolution_matrix(a, 2, mode="same"), np.ones(5)),
        Call(lambda a: sl.convolution_matrix(a, 4, mode="valid"), VECTOR),
    ],
    "leslie": [Call(lambda f: sl.leslie(f, [0.3, 0.4]), VECTOR)],
    "fiedler": [Call(sl.fiedler, VECTOR, second=False)],
    "fiedler_companion": [Call(sl.fiedler_companion, ONES + np.arange(4.0))],
    "kron": [Call(lambda a: sl.kron(a, A3), RIGHT), Call(lambda b: sl.kron(RIGHT, b), RIGHT)],
    "block_diag": [
        Call(lambda a: sl.block_diag(a, [[1.0, 2.0]], a[0]), A3),
        Call(lambda a: sl.block_diag(a, a), STACK),
    ],
    "diagsvd": [Call(lambda s: sl.diagsvd(s, 3, 4), VECTOR)],
    "khatri_rao": [Call(lambda a: sl.khatri_rao(a, TALL), A3[:, :2])],
    "solve_sylvester": [
        Call(lambda a: sl.solve_sylvester(a, 0.5 * STABLE @ STABLE, RIGHT), A3),
        Call(lambda b: sl.solve_sylvester(A3, b, RIGHT), STABLE @ STABLE),
        Call(lambda q: sl.solve_sylvester(A3, STABLE @ STABLE, q), RIGHT),
    ],
    "solve_continuous_lyapunov": [
        Call(lambda a: sl.solve_continuous_lyapunov(a, both(A3)), A3),
        Call(lambda q: sl.solve_continuous_lyapunov(A3, q), A3),
        Call(lambda a: sl.solve_continuous_lyapunov(a, np.eye(3)), STACK),
    ],
    "solve_lyapunov": [Call(lambda a: sl.solve_lyapunov(a, np.eye(3)), A3)],
    "solve_discrete_lyapunov": [
        Call(lambda a: sl.solve_discrete_lyapunov(a, both(A3)), 0.1 * A3),
        Call(lambda q: sl.solve_discrete_lyapunov(0.1 * A3, q), A3),
        Call(lambda a: sl.solve_discrete_lyapunov(a, A3, method="bilinear"), 0.1 * A3),
    ],
    "solve_continuous_are": [
        Call(lambda a: sl.solve_continuous_are(a, TALL[:2], np.eye(2), np.eye(2)), STABLE),
        Call(lambda b: sl.solve_continuous_are(STABLE, b, np.eye(2), np.eye(1)), RIGHT[:2, :1]),
        Call(lambda q: sl.solve_continuous_are(STABLE, TALL[:2], positive(q), np.eye(2)), STABLE),
        Call(lambda r: sl.solve_continuous_are(STABLE, TALL[:2], np.eye(2), positive(r)), STABLE),
        Call(lambda e: sl.solve_continuous_are(STABLE, TALL[:2], np.eye(2), np.eye(2), e,
                                               0.1 * STABLE), np.eye(2) + 0.1 * STABLE),
        # with e, since SciPy 1.16 does not solve the equation with s alone
        Call(lambda s: sl.solve_continuous_are(STABLE, TALL[:2], np.eye(2), np.eye(2),
                                               e=np.eye(2), s=s), 0.1 * STABLE),
    ],
    "solve_discrete_are": [
        Call(lambda a: sl.solve_discrete_are(a, TALL[:2], np.eye(2), np.eye(2)), STABLE),
        Call(lambda b: sl.solve_discrete_are(0.4 * STABLE, b, np.eye(2), np.eye(1)),
             RIGHT[:2, :1]),
        Call(lambda q: sl.solve_discrete_are(STABLE, TALL[:2], positive(q), np.eye(2)), STABLE),
        Call(lambda r: sl.solve_discrete_are(STABLE, TALL[:2], np.eye(2), positive(r)), STABLE),
        Call(lambda e: sl.solve_discrete_are(STABLE, TALL[:2], np.eye(2), np.eye(2), e,
                                             0.1 * STABLE), np.eye(2) + 0.1 * STABLE),
    ],
    "clarkson_woodruff_transform": [
        Call(lambda a: sl.clarkson_woodruff_transform(a, 3, 5), np.ones((8, 2))),
    ],
}  # fmt: skip

PLAIN = [
    "LinAlgError", "LinAlgWarning", "bandwidth", "dft", "find_best_blas_type", "get_blas_funcs",
    "get_lapack_funcs", "hadamard", "helmert", "hilbert", "invhilbert", "invpascal", "ishermitian",
    "issymmetric", "pascal",
]  # fmt: skip


def square(x):
    """A matrix that depends on both numbers of the point."""
    return np.array([[x[0] + 2.0, x[1]], [0.3, x[1] + 1.0]])


REFUSED = {
    "cdf2rdf": lambda x: sl.cdf2rdf(x, square(x))[0],
    "cossin": lambda x: sl.cossin(sl.block_diag(square(x), square(x)), 2, 2)[0],
    "expm_cond": lambda x: sl.expm_cond(square(x)),
    "hessenberg": lambda x: sl.hessenberg(square(x)),
    "ldl": lambda x: sl.ldl(square(x))[0],
    "matrix_balance": lambda x: sl.matrix_balance(square(x))[0],
    "ordqz": lambda x: sl.ordqz(square(x), np.eye(2))[0],
    "qr_delete": lambda x: sl.qr_delete(square(x), square(x), 0)[0],
    "qr_insert": lambda x: sl.qr_insert(square(x), square(x), x, 0)[0],
    "qr_multiply": lambda x: sl.qr_multiply(square(x), np.ones(2))[0],
    "qr_update": lambda x: sl.qr_update(square(x), square(x), x, x)[0],
    "qz": lambda x: sl.qz(square(x), np.eye(2))[0],
    "rsf2csf": lambda x: sl.rsf2csf(square(x), np.eye(2))[0],
    "schur": lambda x: sl.schur(square(x))[0],
    "signm": lambda x: sl.signm(square(x)),
}
