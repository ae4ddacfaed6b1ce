# SPDX-License-Identifier: Apache-2.0
# Functions with the parameters of SciPy's.
from collections.abc import Callable
from typing import Any

__all__ = [
    "block_diag", "cho_factor", "cho_solve", "cho_solve_banded", "cholesky", "cholesky_banded",
    "circulant", "convolution_matrix", "coshm", "cosm", "det", "eig", "eig_banded", "eigh",
    "eigh_tridiagonal", "eigvals", "eigvals_banded", "eigvalsh", "eigvalsh_tridiagonal", "expm",
    "expm_frechet", "fractional_matrix_power", "funm", "hankel", "inv", "logm", "lstsq", "lu",
    "lu_factor", "lu_solve", "matmul_toeplitz", "norm", "null_space", "orth",
    "orthogonal_procrustes", "pinv", "pinvh", "polar", "qr", "rq", "sinhm", "sinm", "solve",
    "solve_banded", "solve_circulant", "solve_continuous_are", "solve_continuous_lyapunov",
    "solve_discrete_are", "solve_discrete_lyapunov", "solve_lyapunov", "solve_sylvester",
    "solve_toeplitz", "solve_triangular", "solveh_banded", "sqrtm", "subspace_angles", "svd",
    "svdvals", "tanhm", "tanm", "toeplitz",
]  # fmt: skip

block_diag: Callable[..., Any]
cho_factor: Callable[..., Any]
cho_solve: Callable[..., Any]
cho_solve_banded: Callable[..., Any]
cholesky: Callable[..., Any]
cholesky_banded: Callable[..., Any]
circulant: Callable[..., Any]
convolution_matrix: Callable[..., Any]
coshm: Callable[..., Any]
cosm: Callable[..., Any]
det: Callable[..., Any]
eig: Callable[..., Any]
eig_banded: Callable[..., Any]
eigh: Callable[..., Any]
eigh_tridiagonal: Callable[..., Any]
eigvals: Callable[..., Any]
eigvals_banded: Callable[..., Any]
eigvalsh: Callable[..., Any]
eigvalsh_tridiagonal: Callable[..., Any]
expm: Callable[..., Any]
expm_frechet: Callable[..., Any]
fractional_matrix_power: Callable[..., Any]
funm: Callable[..., Any]
hankel: Callable[..., Any]
inv: Callable[..., Any]
logm: Callable[..., Any]
lstsq: Callable[..., Any]
lu: Callable[..., Any]
lu_factor: Callable[..., Any]
lu_solve: Callable[..., Any]
matmul_toeplitz: Callable[..., Any]
norm: Callable[..., Any]
null_space: Callable[..., Any]
orth: Callable[..., Any]
orthogonal_procrustes: Callable[..., Any]
pinv: Callable[..., Any]
pinvh: Callable[..., Any]
polar: Callable[..., Any]
qr: Callable[..., Any]
rq: Callable[..., Any]
sinhm: Callable[..., Any]
sinm: Callable[..., Any]
solve: Callable[..., Any]
solve_banded: Callable[..., Any]
solve_circulant: Callable[..., Any]
solve_continuous_are: Callable[..., Any]
solve_continuous_lyapunov: Callable[..., Any]
solve_discrete_are: Callable[..., Any]
solve_discrete_lyapunov: Callable[..., Any]
solve_lyapunov: Callable[..., Any]
solve_sylvester: Callable[..., Any]
solve_toeplitz: Callable[..., Any]
solve_triangular: Callable[..., Any]
solveh_banded: Callable[..., Any]
sqrtm: Callable[..., Any]
subspace_angles: Callable[..., Any]
svd: Callable[..., Any]
svdvals: Callable[..., Any]
tanhm: Callable[..., Any]
tanm: Callable[..., Any]
toeplitz: Callable[..., Any]
