# SPDX-License-Identifier: Apache-2.0
"""scipy.sparse.linalg: systems with traced elements in their matrix or their right-hand side."""

import numpy as np
import scipy.sparse as ss
import scipy.sparse.linalg as ssl

from scipy_rows import Call

MODULE = ssl

_rng = np.random.default_rng(29)
DENSE = np.where(_rng.random((4, 4)) < 0.5, _rng.normal(size=(4, 4)), 0.0) + 4.0 * np.eye(4)
PLAIN_ONE = ss.csc_array(DENSE)
SYMMETRIC = ss.csc_array(DENSE + DENSE.T)
LOWER = ss.csr_array(np.tril(DENSE))
FACTORS = ssl.splu(PLAIN_ONE)
VECTOR, MATRIX = _rng.normal(size=4), _rng.normal(size=(4, 2))
ROW, COLUMN = np.nonzero(DENSE)
OPERATOR = ssl.aslinearoperator(SYMMETRIC)


def near(function, point, **options):
    return Call(function, point, exact=False, **options)


def made(x):
    """A matrix that depends on a vector."""
    data = (1.0 + 0.1 * x[ROW] * x[COLUMN]) * DENSE[ROW, COLUMN]
    return ss.csc_array((data, (ROW, COLUMN)), shape=(4, 4))


def symmetric(x):
    return SYMMETRIC + 0.1 * ss.diags_array(x * x)


def iterations(name, matrix=made, plain=PLAIN_ONE, **options):
    solver = getattr(ssl, name)
    options = {"rtol": 1e-14} | options
    return [
        near(lambda x: solver(matrix(x), VECTOR, **options)[0], VECTOR),
        near(lambda x: solver(plain, x, **options)[0], VECTOR),
        near(lambda x: solver(matrix(x).toarray(), x, **options)[0], VECTOR),
    ]


ROWS = {
    "spsolve": [
        near(lambda x: ssl.spsolve(made(x), VECTOR), VECTOR),
        near(lambda x: ssl.spsolve(made(x), x), VECTOR),
        near(lambda x: ssl.spsolve(made(x).tocsr(), MATRIX), VECTOR),
        Call(lambda x: ssl.spsolve(PLAIN_ONE, x), VECTOR),
        Call(lambda x: ssl.spsolve(PLAIN_ONE, x), MATRIX),
        near(lambda x: ssl.spsolve(made(x), ss.csc_array(MATRIX)).toarray(), VECTOR),
    ],
    "spsolve_triangular": [
        near(lambda x: ssl.spsolve_triangular(LOWER * x[0], x), VECTOR),
        near(lambda x: ssl.spsolve_triangular(LOWER, x), MATRIX),
        near(lambda x: ssl.spsolve_triangular((LOWER * x[0]).T.tocsr(), x, lower=False), VECTOR),
    ],
    "splu": [
        Call(lambda x: ssl.splu(made(x)).solve(VECTOR), VECTOR),
        Call(lambda x: ssl.splu(made(x)).solve(MATRIX, "T"), VECTOR),
        Call(lambda x: ssl.splu(PLAIN_ONE).solve(x), VECTOR),
    ],
    "SuperLU": [
        Call(lambda x: FACTORS.solve(x), VECTOR), Call(lambda x: FACTORS.solve(x, "T"), VECTOR),
        Call(lambda x: FACTORS.solve(x), MATRIX),
    ],
    "factorized": [
        Call(lambda x: ssl.factorized(made(x))(x), VECTOR),
        Call(lambda x: ssl.factorized(PLAIN_ONE)(x), VECTOR),
    ],
    "inv": [near(lambda x: ssl.inv(made(x)).toarray(), VECTOR)],
    "cg": [
        *iterations("cg", symmetric, SYMMETRIC),
        near(lambda b: ssl.cg(OPERATOR, b, rtol=1e-14)[0], VECTOR),
    ],
    "minres": iterations("minres", symmetric, SYMMETRIC),
    "bicg": iterations("bicg"),
    "bicgstab": [
        *iterations("bicgstab"),
        near(lambda b: ssl.bicgstab(ssl.aslinearoperator(PLAIN_ONE), b, rtol=1e-14)[0], VECTOR),
    ],
    "cgs": iterations("cgs"),
    "gcrotmk": iterations("gcrotmk"),
    "gmres": iterations("gmres"),
    "lgmres": iterations("lgmres"),
    "qmr": iterations("qmr"),
    "tfqmr": iterations("tfqmr"),
    "expm_multiply": [
        near(lambda x: ssl.expm_multiply(made(x), VECTOR), VECTOR),
        near(lambda x: ssl.expm_multiply(PLAIN_ONE, x), MATRIX),
        near(lambda x: ssl.expm_multiply(PLAIN_ONE, x), np.zeros(4)),
        near(lambda x: ssl.expm_multiply(-PLAIN_ONE * x[0], x, 0.0, 1.0, 3), VECTOR),
    ],
    "norm": [
        near(lambda x: ssl.norm(made(x)), VECTOR), near(lambda x: ssl.norm(made(x), 1), VECTOR),
        near(lambda x: ssl.norm(made(x), np.inf), VECTOR),
    ],
    "matrix_power": [near(lambda x: ssl.matrix_power(made(x), 3).toarray(), VECTOR)],
    "LinearOperator": [near(lambda x: OPERATOR.matvec(x), VECTOR)],
    "aslinearoperator": [near(lambda x: ssl.aslinearoperator(made(x)) @ x, VECTOR)],
    "LaplacianNd": [near(lambda x: ssl.LaplacianNd((4,)).tosparse() @ x, VECTOR)],
}  # fmt: skip

PLAIN = [
    "ArpackError", "ArpackNoConvergence", "MatrixRankWarning", "is_sptriangular", "spbandwidth",
    "use_solver",
]  # fmt: skip


def two(x):
    return ss.csc_array((np.concatenate([x, x + 2.0]), ([0, 0, 1, 1], [0, 1, 0, 1])))


REFUSED = {
    "eigs": lambda x: ssl.eigs(two(x), 1)[0],
    "eigsh": lambda x: ssl.eigsh(two(x), 1)[0],
    "expm": lambda x: ssl.expm(two(x)).toarray(),
    "funm_multiply_krylov": lambda x: ssl.funm_multiply_krylov(np.exp, two(x), x),
    "lobpcg": lambda x: ssl.lobpcg(two(x), np.ones((2, 1)))[0],
    "lsmr": lambda x: ssl.lsmr(two(x), x)[0],
    "lsqr": lambda x: ssl.lsqr(two(x), x)[0],
    "onenormest": lambda x: ssl.onenormest(two(x)),
    "spilu": lambda x: ssl.spilu(two(x)).solve(x),
    "svds": lambda x: ssl.svds(two(x), 1)[1],
}
