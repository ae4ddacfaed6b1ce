# SPDX-License-Identifier: Apache-2.0
"""Functions of scipy.sparse.linalg on traced values: solutions of sparse systems, with the
factors kept for the derivatives, and products with exponentials of matrices."""

from functools import wraps

import numpy as np
import scipy.sparse as ss
import scipy.sparse.linalg as ssl

from ad_core import _core
from ad_core.overrides.numpy.dispatch import only_constants
from ad_core.overrides.scipy.decisions import decision
from ad_core.overrides.scipy.dispatch import (
    implements,
    implements_kind,
    made,
    plain_arguments,
    refuses_all,
)
from ad_core.overrides.scipy.linalg.entering import plain_options, refuse
from ad_core.overrides.scipy.sparse import (
    exponentials,  # noqa: F401 (enters functions)
    operators,
)
from ad_core.overrides.scipy.sparse.systems import Factors, Matrix, solution
from ad_core.recording.arrays import as_array
from ad_core.rules import structured
from ad_core.rules.closures import depend, hoisted

__all__ = []


@implements(ssl.spsolve)
def spsolve(A, b, permc_spec=None, use_umfpack=True):
    """The solution of A x = b. The value is that of SuperLU."""
    matrix = Matrix("scipy.sparse.linalg.spsolve", A)
    sparse = ss.issparse(b)
    b = b.toarray() if sparse else as_array(b)
    one = b.ndim == 1 or b.shape[1] == 1

    def solved(plain, b):
        x = ssl.spsolve(plain, b, permc_spec=permc_spec, use_umfpack=False)
        return np.reshape(x, b.shape)

    factors = Factors(matrix, permc_spec=permc_spec)
    x = solution("scipy.sparse.linalg.spsolve", matrix, b, factors, solved)
    if sparse and not one:
        return (A if ss.issparse(A) else ss.csc_array).__class__(x)
    return x.reshape(-1) if one else x


@implements(ssl.spsolve_triangular)
def spsolve_triangular(A, b, lower=True, overwrite_A=False, overwrite_b=False,
                       unit_diagonal=False):  # fmt: skip
    """The solution of A x = b for a triangular matrix."""
    name = "scipy.sparse.linalg.spsolve_triangular"
    A = A.tocsc() if ss.issparse(A) else ss.csc_array(A)
    if unit_diagonal:
        A = A - ss.diags_array(A.diagonal()) + ss.eye_array(A.shape[0])
    matrix = Matrix(name, A)
    ahead = matrix.rows < matrix.columns if lower else matrix.rows > matrix.columns
    if np.any(ahead):
        raise np.linalg.LinAlgError(
            "A is not triangular: elements on the other side of the diagonal are stored"
        )

    def solved(plain, b):
        return ssl.spsolve_triangular(plain.tocsr(), b, lower)

    return solution(name, matrix, b, Factors(matrix), solved)


class TracedLU:
    """What scipy.sparse.linalg.splu returns for a matrix that depends on an input."""

    def __init__(self, A, options):
        self._name = "scipy.sparse.linalg.splu"
        self._matrix = Matrix(self._name, A)
        self._factors = Factors(self._matrix, **options)
        data = self._matrix.data
        if _core.untraced(self._factors.at, _core.current_values(data)) is None:
            raise RuntimeError("Factor is exactly singular")
        self.shape = self._matrix.shape

    def solve(self, rhs, trans="N"):
        """The solution of A x = rhs, or of A^T x = rhs with trans="T" or "H"."""
        return solution(self._name, self._matrix, rhs, self._factors, back=trans != "N")

    def __getattr__(self, name):
        if name in ("L", "U", "nnz", "perm_c", "perm_r"):
            refuse(f"{name} of scipy.sparse.linalg.splu", "use its solve()")
        raise AttributeError(name)


SPLU, SPILU = ssl.splu, ssl.spilu


@implements_kind(ssl.SuperLU)
class KnownLU:
    """What takes the place of factors that were made before the trace: their solve() takes traced
    vectors."""

    def __init__(self, factors):
        self.__wrapped__ = factors

    __class__ = property(lambda self: ssl.SuperLU)

    def __getattr__(self, name):
        return getattr(self.__wrapped__, name)

    def solve(self, rhs, trans="N"):
        """The solution of A x = rhs, or of A^T x = rhs with trans="T" or "H"."""
        if not _core.is_tracing():
            return self.__wrapped__.solve(rhs, trans)
        plain = only_constants(((rhs,), {}))
        if plain is not None:
            return self.__wrapped__.solve(plain[0][0], trans)
        b = as_array(rhs)
        if b.ndim not in (1, 2) or b.shape[0] != self.shape[0]:
            raise ValueError("b is of incompatible size")
        sides = b[:, None] if b.ndim == 1 else b
        x = structured.solve(_of_factors(self.__wrapped__, trans != "N"), (), sides)
        return x[:, 0] if b.ndim == 1 else x


def _factors(original, args, options):
    """The factors of a plain matrix that a function of SciPy returns, or None for a traced one."""
    plain = plain_arguments((args, options))
    return (
        None if plain is None else KnownLU(_core.untraced(lambda: original(*plain[0], **plain[1])))
    )


@implements(ssl.splu, calls_back=True)
def splu(A, permc_spec=None, diag_pivot_thresh=None, relax=None, panel_size=None, options=None):
    """The factors of a sparse matrix: an object with solve()."""
    given = {"permc_spec": permc_spec, "diag_pivot_thresh": diag_pivot_thresh, "relax": relax,
             "panel_size": panel_size, "options": {} if options is None else options}  # fmt: skip
    return _factors(SPLU, (A,), given) or TracedLU(A, given)


@implements(ssl.spilu, calls_back=True)
def spilu(A, **options):
    """The incomplete factors of a plain sparse matrix: an object with solve()."""
    return _factors(SPILU, (A,), options) or refuse("scipy.sparse.linalg.spilu", "use splu")


@implements(ssl.factorized, calls_back=True)
def factorized(A):
    """A function that solves with the factors of a sparse matrix."""
    return splu(A).solve


def _of_factors(factors, back):
    def solved(parameters, b):
        return factors.solve(np.ascontiguousarray(b), "T" if back else "N")

    return structured.LinearSystem(
        "scipy.sparse.linalg.SuperLU.solve", solved, None, None,
        lambda parameters: (_of_factors(factors, not back), parameters),
    )  # fmt: skip


def _iterative(name):
    original = getattr(ssl, name)
    full = f"scipy.sparse.linalg.{name}"

    @implements(original, calls_back=True)
    @wraps(original)
    def solver(A, b, x0=None, **options):
        """The solution that the iteration finds; its derivative is that of the exact one, from the
        transposed system."""
        if not (isinstance(A, ssl.LinearOperator) and depend(hoisted(A)[0])):
            plain = plain_arguments(((A, b, x0), options))
            if plain is not None:
                return made(_core.untraced(lambda: original(*plain[0], **plain[1])))
        if "shift" in options and plain_options(full, options["shift"]):
            refuse(f"{full} with shift", "subtract it from A")
        b = as_array(b)
        column = b.ndim == 2 and b.shape[1] == 1
        b = b.reshape(-1) if column else b
        x0 = _core.current_values(x0) if _core.traced(x0) else x0
        if isinstance(A, ssl.LinearOperator):
            x, info = operators.solution(full, original, A, b, x0, options)
        else:
            x, info = _with_matrix(full, original, A, b, x0, options)
        return (x[:, None] if column else x), info

    return solver


def _with_matrix(name, original, A, b, x0, options):
    matrix = Matrix(name, A)

    def run(plain, b):
        return original(plain, b, x0, **options)

    def solved(plain, sides):
        return np.stack([run(plain, b)[0] for b in sides.T], axis=-1)

    def info(data, b):
        return int(run(matrix.plain(data), b)[1])

    x = solution(name, matrix, b, Factors(matrix), solved)
    return x, decision(f"info of {name}", info, matrix.data, b)


for _name in (
    "bicg",
    "bicgstab",
    "cg",
    "cgs",
    "gcrotmk",
    "gmres",
    "lgmres",
    "minres",
    "qmr",
    "tfqmr",
):
    _iterative(_name)

REMEDIES = {
    "eigs": "use np.linalg.eig of S.toarray()",
    "eigsh": "use np.linalg.eigh of S.toarray()",
    "expm": "use scipy.linalg.expm of S.toarray(), or expm_multiply",
    "funm_multiply_krylov": "use expm_multiply",
    "lobpcg": "use np.linalg.eigh of S.toarray()",
    "lsmr": "use np.linalg.lstsq, or spsolve of the normal equations",
    "lsqr": "use np.linalg.lstsq, or spsolve of the normal equations",
    "onenormest": "use scipy.sparse.linalg.norm(S, 1)",
    "svds": "use np.linalg.svd of S.toarray()",
}
refuses_all(ssl, REMEDIES)
