# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""scipy.linalg: eigenvalues and singular values, and spaces that they span."""

import numpy as np
import scipy.linalg as sl

from ad_core.overrides.numpy.complex.array import TracedComplex, pair
from ad_core.overrides.numpy.guards import decided
from ad_core.overrides.numpy.linalg import symmetric
from ad_core.overrides.scipy.decisions import decision
from ad_core.overrides.scipy.linalg.banded import symmetric_from_bands
from ad_core.overrides.scipy.linalg.entering import (
    linalg,
    matrix,
    over_stacks,
    plain_options,
    refuse,
    square,
)
from ad_core.recording.arrays import as_array
from ad_core.rules import complex_eigenvectors, factorizations
from ad_core.rules.generalized_eigenvalues import generalized_eigh
from ad_core.rules.linalg import transposed
from ad_core.rules.null_spaces import null_vector

__all__ = [
    "eig", "eig_banded", "eigh", "eigh_tridiagonal", "eigvals", "eigvals_banded", "eigvalsh",
    "eigvalsh_tridiagonal", "null_space", "orth", "subspace_angles", "svd", "svdvals",
]  # fmt: skip


def _refuse_complex(name, *arrays):
    if any(type(x) is TracedComplex or np.iscomplexobj(x) for x in arrays if x is not None):
        refuse(f"{name} of complex matrices", "write it with real and imaginary parts")


@linalg
@over_stacks(2, 2)
def eigh(a, b=None, *, lower=True, eigvals_only=False, overwrite_a=False, overwrite_b=False,
         type=1, check_finite=True, subset_by_index=None, subset_by_value=None,
         driver=None):  # fmt: skip
    """The eigenvalues and eigenvectors of a symmetric matrix, of which one triangle is read; with b
    those of a v = w b v.

    >>> import numpy as np, ad_core
    >>> ad_core.jacobian(lambda a: eigh(a, eigvals_only=True))(np.diag([1.0, 3.0]))[0]
    array([[1., 0.],
           [0., 0.]])
    """
    _refuse_complex("scipy.linalg.eigh", a, b)
    a = square(a)
    if subset_by_index is not None and subset_by_value is not None:
        raise ValueError("Either index or value subset can be requested.")
    options = {"lower": lower, "driver": driver, "check_finite": False}
    subset = {"subset_by_index": subset_by_index, "subset_by_value": subset_by_value}
    subset = {name: x for name, x in subset.items() if x is not None}
    if b is not None:
        b = square(b)
        if b.shape != a.shape:
            raise ValueError(f"wrong b dimensions {b.shape}, should be {a.shape}")
        if type != 1:
            refuse(f"scipy.linalg.eigh with type={type}", "multiply by the inverse of b")
        a, b = (symmetric(x, upper=not lower) for x in (a, b))
        solved = _with_subset(lambda *x, **more: sl.eigh(*x, **options, **more), subset)
        w, v = generalized_eigh(solved, a, b)
    else:
        solved = _with_subset(lambda *x, **more: sl.eigh(*x, **options, **more), subset)
        w, v = factorizations.eigh(a, "L" if lower else "U", solved)
    if subset:
        chosen = _chosen(w, **subset)
        w, v = w[chosen], v[:, chosen]
    return w if eigvals_only else (w, v)


def _with_subset(solve, subset):
    """A function that returns all eigenvalues, those of a subset as SciPy returns these."""

    def solved(*matrices):
        if not subset:
            return solve(*matrices)
        w, v = sl.eigh(*matrices)
        some, vectors = solve(*matrices, **subset)
        chosen = _chosen(w, **subset)
        if len(some) == np.count_nonzero(chosen):
            w[chosen], v[:, chosen] = some, vectors
        return w, v

    return solved


def _chosen(w, subset_by_index=None, subset_by_value=None):
    if subset_by_index is not None:
        first, last = (int(x) for x in subset_by_index)
        if not 0 <= first <= last < w.shape[0]:
            raise ValueError("Requested eigenvalue indices are not valid.")
        return (np.arange(w.shape[0]) >= first) & (np.arange(w.shape[0]) <= last)
    low, high = plain_options("scipy.linalg.eigh", *subset_by_value)
    return np.asarray(decided(w > low)) & np.asarray(decided(w <= high))


@linalg
def eigvalsh(a, b=None, *, lower=True, overwrite_a=False, overwrite_b=False, type=1,
             check_finite=True, subset_by_index=None, subset_by_value=None,
             driver=None):  # fmt: skip
    """The eigenvalues of a symmetric matrix: those of :func:`eigh`.

    >>> import numpy as np, ad_core
    >>> ad_core.jacobian(eigvalsh)(np.diag([1.0, 3.0]))[0]
    array([[1., 0.],
           [0., 0.]])
    """
    return eigh(a, b, lower=lower, eigvals_only=True, type=type, subset_by_index=subset_by_index,
                subset_by_value=subset_by_value, driver=driver, check_finite=False)  # fmt: skip


def _bands(a, lower, name, select, select_range, eigvals_only, solve):
    """Eigenvalues of a symmetric matrix `a`, of which SciPy reads the bands; solve: SciPy's
    function of plain matrices and of options."""
    wanted = {"a": "a", "all": "a", 0: "a", "i": "i", "index": "i", 2: "i", "v": "v", "value": "v",
              1: "v"}.get(select.lower() if isinstance(select, str) else select)  # fmt: skip
    if wanted is None:
        raise ValueError("invalid argument for select")
    w, v = factorizations.eigh(a, "L", solve)
    if wanted == "i":
        chosen = _chosen(w, subset_by_index=select_range)
    elif wanted == "v":
        chosen = _chosen(w, subset_by_value=select_range)
    else:
        return w if eigvals_only else (w, v)
    return w[chosen] if eigvals_only else (w[chosen], v[:, chosen])


@linalg
@over_stacks(2)
def eig_banded(a_band, lower=False, eigvals_only=False, overwrite_a_band=False, select="a",
               select_range=None, max_ev=0, check_finite=True):  # fmt: skip
    """The eigenvalues and eigenvectors of a symmetric matrix with few diagonals.

    >>> import numpy as np, ad_core
    >>> ad_core.jacobian(lambda a: eig_banded(a, eigvals_only=True))(np.array([[1.0, 3.0]]))[0]
    array([[1., 0.]])
    """
    rows = matrix(a_band)

    def solve(a):
        count = len(rows)
        bands = np.zeros((count, len(a)))
        for k in range(count):
            bands[k, : len(a) - k] = np.diagonal(a, -k)
        return sl.eig_banded(bands, lower=True)

    full = symmetric_from_bands(rows, lower)
    return _bands(full, lower, "eig_banded", select, select_range, eigvals_only, solve)


@linalg
def eigvals_banded(a_band, lower=False, overwrite_a_band=False, select="a", select_range=None,
                   check_finite=True):  # fmt: skip
    """The eigenvalues of a symmetric matrix with few diagonals.

    >>> import numpy as np, ad_core
    >>> ad_core.jacobian(eigvals_banded)(np.array([[1.0, 3.0]]))[0]
    array([[1., 0.]])
    """
    return eig_banded(a_band, lower, True, select=select, select_range=select_range,
                      check_finite=False)  # fmt: skip


@linalg
@over_stacks(1, 1)
def eigh_tridiagonal(d, e, eigvals_only=False, select="a", select_range=None, check_finite=True,
                     tol=0.0, lapack_driver="auto"):  # fmt: skip
    """The eigenvalues and eigenvectors of the symmetric matrix with diagonal d and e beside it.

    >>> import numpy as np, ad_core
    >>> ad_core.jacobian(lambda d: eigh_tridiagonal(d, np.zeros(1))[0])(np.array([1.0, 3.0]))
    array([[1., 0.],
           [0., 1.]])
    """
    d, e = as_array(d), as_array(e)
    if d.ndim != 1 or e.ndim != 1 or d.size != e.size + 1:
        raise ValueError("the lengths of d and e do not match")
    n = d.size
    places = np.arange(n - 1)
    full = np.zeros((n, n))
    full[np.arange(n), np.arange(n)] = d
    full[places + 1, places] = e
    full[places, places + 1] = e

    def solve(a):
        return sl.eigh_tridiagonal(np.diagonal(a).copy(), np.diagonal(a, -1).copy())

    return _bands(full, True, "eigh_tridiagonal", select, select_range, eigvals_only, solve)


@linalg
def eigvalsh_tridiagonal(d, e, select="a", select_range=None, check_finite=True, tol=0.0,
                         lapack_driver="auto"):  # fmt: skip
    """The eigenvalues of the symmetric matrix with diagonal d and e beside it.

    >>> import numpy as np, ad_core
    >>> ad_core.jacobian(lambda d: eigvalsh_tridiagonal(d, np.zeros(1)))(np.array([1.0, 3.0]))
    array([[1., 0.],
           [0., 1.]])
    """
    return eigh_tridiagonal(d, e, True, select, select_range, check_finite=False)


@linalg
@over_stacks(2, 2)
def eig(a, b=None, left=False, right=True, overwrite_a=False, overwrite_b=False, check_finite=True,
        homogeneous_eigvals=False):  # fmt: skip
    """The eigenvalues, which are complex numbers, and the right eigenvectors of a real matrix.

    The vectors have length 1, and where they are complex, their largest element is real.

    >>> import numpy as np, ad_core
    >>> turn = lambda t: eig(np.array([[1.0, -1.0], [1.0, 1.0]]) * t)[0].imag
    >>> ad_core.jacobian(turn)(2.0)
    array([ 1., -1.])
    """
    name = "scipy.linalg.eig"
    _refuse_complex(name, a, b)
    if b is not None:
        refuse(f"{name} with b", "use scipy.linalg.eig(scipy.linalg.solve(b, a))")
    if left or homogeneous_eigvals:
        what = "left=True" if left else "homogeneous_eigvals=True"
        refuse(f"{name} with {what}", "use the right eigenvectors of a.T and the eigenvalues")
    a = square(a)
    if a.shape[-1] == 0:
        return sl.eig(np.zeros(a.shape), right=right)
    solved = lambda a: sl.eig(a, check_finite=False)  # noqa: E731
    wr, wi, vr, vi = complex_eigenvectors.eig(name, solved, a)
    w = pair(wr, wi)
    if not right:
        return w
    real = decision(f"whether {name} has real vectors", lambda a: np.isrealobj(sl.eig(a)[1]), a)
    return w, vr if real else pair(vr, vi)


@linalg
def eigvals(a, b=None, overwrite_a=False, check_finite=True, homogeneous_eigvals=False):
    """The eigenvalues of a real matrix, which are complex numbers.

    >>> import numpy as np, ad_core
    >>> ad_core.jacobian(lambda t: eigvals(np.array([[1.0, -1.0], [1.0, 1.0]]) * t).imag)(2.0)
    array([ 1., -1.])
    """
    return eig(a, b, right=False, check_finite=False, homogeneous_eigvals=homogeneous_eigvals)


@linalg
@over_stacks(2)
def svd(a, full_matrices=True, compute_uv=True, overwrite_a=False, check_finite=True,
        lapack_driver="gesdd"):  # fmt: skip
    """The singular values and vectors. All vectors are determined by a if a is square or with
    full_matrices=False.

    >>> import numpy as np, ad_core
    >>> ad_core.jacobian(lambda a: svd(a)[1])(np.diag([3.0, 1.0]))[0]
    array([[1., 0.],
           [0., 0.]])
    """
    name = "scipy.linalg.svd"
    _refuse_complex(name, a)
    if lapack_driver not in ("gesdd", "gesvd"):
        raise ValueError(f"lapack_driver must be gesdd or gesvd, not {lapack_driver}")
    a = matrix(a)
    if compute_uv and full_matrices and a.shape[0] != a.shape[1]:
        refuse(
            f"{name} with full_matrices=True and a matrix that is not square",
            "some of the singular vectors are not determined; pass full_matrices=False",
        )
    u, s, vt = _svd(a, lapack_driver)
    return (u, s, vt) if compute_uv else s


def _svd(a, driver="gesdd"):
    own = lambda a: sl.svd(a, full_matrices=False, lapack_driver=driver)  # noqa: E731
    return factorizations.svd(a, own)


@linalg
def svdvals(a, overwrite_a=False, check_finite=True):
    """The singular values of a matrix.

    >>> import numpy as np, ad_core
    >>> ad_core.jacobian(svdvals)(np.diag([3.0, 1.0]))[0]
    array([[1., 0.],
           [0., 0.]])
    """
    return svd(a, compute_uv=False, check_finite=False)


def _rank(name, a, rcond):
    """The number of singular values that count; a guard keeps it."""
    rcond = plain_options(name, rcond)
    rcond = np.finfo(float).eps * max(a.shape) if rcond is None else rcond

    def rank(a):
        s = sl.svdvals(a)
        return int(np.sum(s > np.max(s, initial=0.0) * rcond))

    return decision(f"the rank in {name}", rank, a)


@linalg
@over_stacks(2)
def orth(A, rcond=None):
    """An orthonormal basis of the space of the columns, the left singular vectors.

    >>> import numpy as np, ad_core
    >>> ad_core.jvp(lambda A: orth(A), (np.diag([3.0, 1.0]),), (np.eye(2),))[1]
    array([[0., 0.],
           [0., 0.]])
    """
    A = matrix(A)
    return _svd(A)[0][:, : _rank("scipy.linalg.orth", A, rcond)]


@linalg
@over_stacks(2)
def null_space(A, rcond=None, *, overwrite_a=False, check_finite=True, lapack_driver="gesdd"):
    """The unit vector that A maps to zero, as a matrix with one column. A space of more dimensions
    has many bases, so it is refused.

    >>> import numpy as np, ad_core
    >>> ad_core.jvp(null_space, (np.array([[1.0, 0.0]]),), (np.array([[0.0, 1.0]]),))[1]
    array([[-1.],
           [ 0.]])
    """
    A = matrix(A)
    name = "scipy.linalg.null_space"
    dimension = A.shape[1] - _rank(name, A, rcond)
    if dimension == 0:
        return np.zeros((A.shape[1], 0))
    if dimension > 1:
        refuse(
            f"{name} of a space of {dimension} dimensions",
            "its basis is not determined; use the projector np.eye(n) - np.linalg.pinv(A) @ A",
        )
    return null_vector(lambda A: sl.null_space(A, rcond, lapack_driver=lapack_driver), A)


@linalg
@over_stacks(2, 2)
def subspace_angles(A, B):
    """The angles between the spaces of the columns, the largest first.

    >>> import numpy as np, ad_core
    >>> side = lambda t: np.array([[np.cos(t)], [np.sin(t)]])
    >>> ad_core.jacobian(lambda t: subspace_angles(side(0.0), side(t)))(0.25).round(12)
    array([1.])
    """
    A, B = matrix(A), matrix(B)
    if A.shape[0] != B.shape[0]:
        raise ValueError("A and B must have the same number of rows")
    # the angles do not depend on the basis, and that of the QR factors is a smooth function
    p, q = _basis(A), _basis(B)
    across = transposed(p) @ q
    cosines = _svd(across)[1]
    rest = q - p @ across if p.shape[1] >= q.shape[1] else p - q @ transposed(across)
    small = np.asarray(decided(np.square(cosines) >= 0.5))
    sines = _svd(rest)[1] if small.any() else np.zeros(len(small))
    by_sines = np.arcsin(np.where(small, np.minimum(sines, 1.0), 0.0))
    by_cosines = np.arccos(np.where(small, 0.0, np.minimum(cosines[::-1], 1.0)))
    return np.where(small, by_sines, by_cosines)


def _basis(A):
    name = "scipy.linalg.subspace_angles"
    if _rank(name, A, None) < A.shape[1]:
        refuse(f"{name} of linearly dependent columns", "leave out columns")
    return factorizations.qr(A)[0]
