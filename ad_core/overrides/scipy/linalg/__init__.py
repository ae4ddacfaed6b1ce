# SPDX-License-Identifier: Apache-2.0
"""Functions of scipy.linalg for traced arrays. For plain arrays SciPy's functions are called.

What is not here traces as SciPy wrote it, or is refused where compiled code begins.
"""

from ad_core.overrides.scipy.linalg import refusals  # noqa: F401 (enters refusals)
from ad_core.overrides.scipy.linalg.banded import (
    cho_solve_banded,
    cholesky_banded,
    matmul_toeplitz,
    solve_banded,
    solve_circulant,
    solve_toeplitz,
    solveh_banded,
)
from ad_core.overrides.scipy.linalg.eigenvalues import (
    eig,
    eig_banded,
    eigh,
    eigh_tridiagonal,
    eigvals,
    eigvals_banded,
    eigvalsh,
    eigvalsh_tridiagonal,
    null_space,
    orth,
    subspace_angles,
    svd,
    svdvals,
)
from ad_core.overrides.scipy.linalg.equations import (
    solve_continuous_are,
    solve_continuous_lyapunov,
    solve_discrete_are,
    solve_discrete_lyapunov,
    solve_lyapunov,
    solve_sylvester,
)
from ad_core.overrides.scipy.linalg.factors import (
    cho_factor,
    cho_solve,
    cholesky,
    lu,
    lu_factor,
    lu_solve,
    orthogonal_procrustes,
    polar,
    qr,
    rq,
)
from ad_core.overrides.scipy.linalg.functions import (
    coshm,
    cosm,
    expm,
    expm_frechet,
    fractional_matrix_power,
    funm,
    logm,
    norm,
    sinhm,
    sinm,
    sqrtm,
    tanhm,
    tanm,
)
from ad_core.overrides.scipy.linalg.special_matrices import (
    block_diag,
    circulant,
    convolution_matrix,
    hankel,
    toeplitz,
)
from ad_core.overrides.scipy.linalg.systems import (
    det,
    inv,
    lstsq,
    pinv,
    pinvh,
    solve,
    solve_triangular,
)

__all__ = [
    "block_diag", "cho_factor", "cho_solve", "cho_solve_banded", "cholesky", "cholesky_banded",
    "circulant",
    "convolution_matrix", "coshm", "cosm", "det", "eig", "eig_banded", "eigh", "eigh_tridiagonal",
    "eigvals",
    "eigvals_banded", "eigvalsh", "eigvalsh_tridiagonal", "expm", "expm_frechet",
    "fractional_matrix_power", "funm", "hankel", "inv", "logm", "lstsq", "lu", "lu_factor",
    "lu_solve", "matmul_toeplitz", "norm", "null_space", "orth", "orthogonal_procrustes", "pinv",
    "pinvh", "polar", "qr", "rq", "sinhm", "sinm", "solve", "solve_banded", "solve_circulant",
    "solve_continuous_are", "solve_continuous_lyapunov", "solve_discrete_are",
    "solve_discrete_lyapunov", "solve_lyapunov", "solve_sylvester", "solve_toeplitz",
    "solve_triangular", "solveh_banded", "sqrtm", "subspace_angles", "svd", "svdvals", "tanhm",
    "tanm", "toeplitz",
]  # fmt: skip
