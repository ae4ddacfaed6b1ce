# SPDX-License-Identifier: Apache-2.0
"""scipy.sparse: products of plain matrices of every format with arrays, and matrices whose elements
are made of the numbers of a point."""

import numpy as np
import scipy.sparse as ss

from scipy_rows import Call

MODULE = ss

_rng = np.random.default_rng(23)
DENSE = np.where(_rng.random((4, 4)) < 0.5, _rng.normal(size=(4, 4)), 0.0) + np.diag(
    [1.0, 2.0, 0.0, 1.0]
)
ROW, COLUMN = np.nonzero(DENSE)
VECTOR, MATRIX = _rng.normal(size=4), _rng.normal(size=(4, 2))
FORMATS = ("bsr", "coo", "csc", "csr", "dia", "dok", "lil")


def near(function, point, **options):
    return Call(function, point, exact=False, **options)


def of_plain(name):
    """Products of a plain matrix."""
    S = getattr(ss, name)(DENSE)
    calls = [
        near(lambda x: S @ x, VECTOR), near(lambda x: x @ S, VECTOR), near(lambda x: S @ x, MATRIX),
        near(lambda x: x.T @ S, MATRIX), near(lambda x: S.dot(x), VECTOR),
        near(lambda x: S.T @ x, VECTOR), near(lambda x: S.multiply(x).toarray(), VECTOR),
    ]  # fmt: skip
    if name.endswith("matrix"):
        calls += [near(lambda x: S * x, VECTOR), near(lambda x: x * S, VECTOR)]
    else:
        calls += [near(lambda x: S + x[:, None] * np.ones((4, 4)), VECTOR)]
    return calls


def of_traced(name):
    """A matrix of traced elements."""
    kind = getattr(ss, name)
    S = kind(DENSE)

    def made(x):
        return kind(ss.coo_array((x[ROW] * DENSE[ROW, COLUMN], (ROW, COLUMN)), shape=(4, 4)))

    calls = [
        near(lambda x: made(x).toarray(), VECTOR), near(lambda x: made(x).T.toarray(), VECTOR),
        near(lambda x: made(x) @ x, VECTOR), near(lambda x: x @ made(x), VECTOR),
        near(lambda x: made(x) @ MATRIX, VECTOR), near(lambda x: made(x).diagonal(), VECTOR),
        near(lambda x: np.ravel(made(x).sum(axis=0)), VECTOR),
        near(lambda x: np.ravel(made(x).sum(axis=1)), VECTOR),
        near(lambda x: made(x).sum(), VECTOR),
        near(lambda x: (made(x) + S).toarray(), VECTOR),
        near(lambda x: (S - made(x)).toarray(), VECTOR),
        near(lambda x: (made(x) @ S).toarray(), VECTOR),
        near(lambda x: (S @ made(x)).toarray(), VECTOR),
        near(lambda x: (made(x) @ made(x)).toarray(), VECTOR),
        near(lambda x: made(x).multiply(S).toarray(), VECTOR),
        near(lambda x: (-made(x) * x[0] / x[1]).toarray(), VECTOR),
        near(lambda x: (S * x[0]).toarray(), VECTOR),
        near(lambda x: made(x).power(2).toarray(), VECTOR),
    ]  # fmt: skip
    for to in FORMATS:
        calls.append(near(lambda x, to=to: made(x).asformat(to).toarray(), VECTOR, second=False))
    if name.startswith(("csr", "csc")):
        calls += [
            near(lambda x: made(x)[1:3].toarray(), VECTOR), near(lambda x: made(x)[0, 0], VECTOR),
            near(lambda x: made(x)[[0, 2]][:, [1, 3]].toarray(), VECTOR),
            near(lambda x: made(x)[::2].toarray(), VECTOR),
        ]  # fmt: skip
    return calls


def assembled(kind):
    """A matrix to which elements are added one by one."""

    def made(x):
        K = kind((4, 4))
        for k in range(3):
            K[k, k] += x[k]
            K[k + 1, k + 1] += x[k] ** 2
            K[k, k + 1] -= x[k + 1]
        K[3, 0] = 2.0
        return K

    return [
        near(lambda x: made(x).tocsr() @ x, VECTOR),
        near(lambda x: made(x).toarray(), VECTOR),
    ]


def chain(x):
    """A matrix with traced diagonals."""
    return ss.diags_array([x, x[1:] ** 2], offsets=[0, 1])


S = ss.csr_array(DENSE)

ROWS = {
    f"{form}_{kind}": of_plain(f"{form}_{kind}") + of_traced(f"{form}_{kind}")
    for form in FORMATS
    for kind in ("array", "matrix")
}
ROWS["csr_array"] += [
    near(lambda x: ss.csr_array((x, [0, 2, 1, 0], [0, 1, 3, 4]), shape=(3, 3)).toarray(), VECTOR),
    near(lambda x: ss.csr_array((x, ([0, 0, 1, 2], [1, 1, 0, 2])), shape=(3, 3)).toarray(), VECTOR),
    near(lambda x: ss.csr_array(np.outer(x, x)) @ x, VECTOR),
    near(lambda x: ss.csr_array(DENSE * (1 + 2j)).dot(x).imag, VECTOR),
]
for _name in ("dok_array", "dok_matrix", "lil_array", "lil_matrix"):
    ROWS[_name] += assembled(getattr(ss, _name))
ROWS |= {
    "block_array": [near(lambda x: ss.block_array([[chain(x), S], [S, None]]).toarray(), VECTOR)],
    "block_diag": [near(lambda x: ss.block_diag([chain(x), S]) @ np.arange(8.0), VECTOR)],
    "bmat": [near(lambda x: ss.bmat([[chain(x), None], [S, S]]).toarray(), VECTOR)],
    "diags": [near(lambda x: ss.diags([x, x[1:]], [0, -1]).toarray(), VECTOR)],
    "diags_array": [
        near(lambda x: chain(x).toarray(), VECTOR), near(lambda x: chain(x) @ x, VECTOR),
        near(lambda x: (chain(x).tocsr() @ S).toarray(), VECTOR),
    ],
    "eye": [near(lambda x: (ss.eye(4) * x[0] + S).toarray(), VECTOR)],
    "matrix_transpose": [near(lambda x: (ss.matrix_transpose(S) @ x), VECTOR)],
    "eye_array": [near(lambda x: (x[0] * ss.eye_array(4) + S).toarray(), VECTOR)],
    "hstack": [near(lambda x: ss.hstack([chain(x), S]).toarray(), VECTOR)],
    "identity": [near(lambda x: (ss.identity(4) * x[0]).toarray(), VECTOR)],
    "kron": [
        near(lambda x: ss.kron(S, chain(x)).toarray(), VECTOR),
        near(lambda x: ss.kron(chain(x), DENSE).toarray(), VECTOR),
    ],
    "kronsum": [near(lambda x: ss.kronsum(chain(x), S).toarray(), VECTOR)],
    "spdiags": [near(lambda x: ss.spdiags([x, x], [0, 1], 4, 4).toarray(), VECTOR)],
    "swapaxes": [near(lambda x: ss.swapaxes(chain(x).tocoo(), 0, 1).toarray(), VECTOR)],
    "permute_dims": [near(lambda x: ss.permute_dims(chain(x).tocoo(), (1, 0)).toarray(), VECTOR)],
    "tril": [near(lambda x: ss.tril(chain(x) + S).toarray(), VECTOR)],
    "triu": [near(lambda x: ss.triu(chain(x) + S).toarray(), VECTOR)],
    "vstack": [near(lambda x: ss.vstack([chain(x).tocsr(), S]).toarray(), VECTOR)],
    "find": [near(lambda x: ss.find(chain(x))[2], VECTOR)],
    "expand_dims": [near(lambda x: ss.expand_dims(chain(x).tocoo(), axis=0).toarray(), VECTOR)],
}  # fmt: skip

PLAIN = [
    "SparseEfficiencyWarning", "SparseWarning", "get_index_dtype", "issparse", "isspmatrix",
    "isspmatrix_bsr", "isspmatrix_coo", "isspmatrix_csc", "isspmatrix_csr", "isspmatrix_dia",
    "isspmatrix_dok", "isspmatrix_lil", "load_npz", "rand", "random", "random_array",
    "safely_cast_index_arrays", "save_npz", "sparray", "spmatrix",
]  # fmt: skip

REFUSED = {}
