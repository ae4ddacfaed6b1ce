# SPDX-License-Identifier: Apache-2.0
"""scipy.sparse in traced functions: sparse derivatives, classes of results, errors, factors that
were made before the trace, iterative solvers."""

import numpy as np
import pytest
import scipy.sparse as ss
import scipy.sparse.linalg as ssl
from scipy.sparse import csr_array, diags_array
from scipy.sparse.linalg import spsolve

import ad_core
from agreement import refused

N = 30
LAPLACE = diags_array(
    [np.ones(N - 1), -2.0 * np.ones(N), np.ones(N - 1)], offsets=[-1, 0, 1]
).tocsr()
FACTORS = ssl.splu(LAPLACE.tocsc())
X = np.linspace(0.5, 1.5, N)


def close(actual, expected, tolerance=1e-11):
    np.testing.assert_allclose(actual, expected, rtol=tolerance, atol=tolerance)


def test_sparse_derivatives_have_the_structure_of_the_product():
    J = ad_core.jacobian(lambda x: LAPLACE @ x**2, sparse=True)(X)
    assert ss.issparse(J)
    assert J.nnz == LAPLACE.nnz
    close(J.toarray(), LAPLACE.toarray() * 2.0 * X)

    def assembled(x):
        return diags_array([x[1:], -2.0 * x, x[:-1]], offsets=[-1, 0, 1]).tocsr() @ x

    J = ad_core.jacobian(assembled, sparse=True)(X)
    assert J.nnz == LAPLACE.nnz
    close(J.toarray(), ad_core.jacobian(assembled)(X))


def test_results_are_of_scipys_classes():
    kinds = []

    def f(x):
        S = csr_array((x, ([0, 1, 2], [2, 0, 1])), shape=(3, 3))
        kinds.extend([type(S), type(S.T), type(S + S), type(S.tocoo()), type(ss.csr_matrix(S))])
        assert isinstance(S, ss.sparray)
        assert ss.issparse(S)
        assert (S.nnz, S.shape) == (3, (3, 3))
        return (S @ S.T).toarray()

    ad_core.jacobian(f)(np.ones(3))
    assert kinds[-5:] == [csr_array, ss.csc_array, csr_array, ss.coo_array, ss.csr_matrix]


def test_elements_that_cancel_keep_their_derivative():
    """SciPy drops zeros of a sum; their derivatives are not zero."""

    def f(x):
        S, T = diags_array(x), diags_array(x**2)
        return (S.tocsr() - T.tocsr()).toarray() @ np.ones(2)

    close(ad_core.jacobian(f)(np.array([1.0, 2.0])), np.diag([-1.0, -3.0]))
    close(
        ad_core.jacobian(lambda x: csr_array(diags_array(x)) @ np.ones(2))(np.zeros(2)), np.eye(2)
    )
    close(ad_core.jacobian(lambda x: (LAPLACE[:2, :2] * x[0]).toarray())(np.zeros(1))[0, 0], [-2.0])


def test_exponentials_of_zero_vectors_and_matrices():
    A = LAPLACE[:3, :3]
    close(
        ad_core.jacobian(lambda x: ssl.expm_multiply(A, x))(np.zeros(3)),
        ssl.expm(A.tocsc()).toarray(),
    )
    hessian = ad_core.hessian(lambda t: np.sum(ssl.expm_multiply(A * t, np.ones(3))))(0.0)
    close(hessian, np.sum(A @ (A @ np.ones(3))))


def test_factors_made_before_the_trace():
    inverse = np.linalg.inv(LAPLACE.toarray())
    close(ad_core.jacobian(lambda x: FACTORS.solve(x))(X), inverse)
    close(ad_core.jacobian(lambda x: FACTORS.solve(x, "T"))(X), inverse.T)
    solver = ssl.factorized(LAPLACE.tocsc())
    compiled = ad_core.compile(lambda x: FACTORS.solve(x**2))
    close(compiled.jacobian(2.0 * X), inverse * 4.0 * X)
    assert FACTORS.shape == (N, N)
    del solver


def test_factors_of_a_traced_matrix():
    def f(x):
        factors = ssl.splu((LAPLACE * x[0]).tocsc())
        return factors.solve(x) + factors.solve(x**2)

    inverse = np.linalg.inv(LAPLACE.toarray()) / X[0]
    expected = inverse * (1.0 + 2.0 * X)
    expected[:, 0] -= inverse @ (X + X**2) / X[0]
    close(ad_core.jacobian(f)(X), expected)
    with refused(NotImplementedError, "splu", "solve"):
        ad_core.jacobian(lambda x: ssl.splu((LAPLACE * x[0]).tocsc()).L @ x)(X)


def test_errors_are_those_of_scipy():
    with pytest.raises(RuntimeError, match="singular"):
        ad_core.jacobian(lambda x: ssl.splu(diags_array(x).tocsc()).solve(x))(np.zeros(3))
    with pytest.raises(ValueError, match="square"):
        ad_core.jacobian(lambda x: spsolve(csr_array(np.outer(x, x))[:1], x[:1]))(np.ones(2))
    with pytest.raises(ValueError, match="mismatch"):
        ad_core.jacobian(lambda x: LAPLACE @ x)(np.ones(3))


@pytest.mark.filterwarnings("ignore")
def test_a_singular_system_is_nan_as_in_scipy():
    singular = ss.csc_array(np.array([[1.0, 2.0], [2.0, 4.0]]))
    value, slopes = ad_core.value_and_jacobian(lambda x: spsolve(singular * x[0], x))(np.ones(2))
    assert np.isnan(value).all()
    assert np.isnan(slopes).all()


def test_iterative_solvers_return_their_info():
    def f(x):
        found, info = ssl.cg(-LAPLACE, x, rtol=1e-12)
        return found if info == 0 else x

    close(ad_core.jacobian(f)(X), np.linalg.inv(-LAPLACE.toarray()), 1e-9)

    def stopped(x):
        found, info = ssl.cg(-LAPLACE, x, maxiter=1)
        return found if info == 0 else x

    close(ad_core.jacobian(stopped)(X), np.eye(N))


def test_the_derivative_of_a_loose_solution_is_exact():
    loose = ad_core.jacobian(lambda x: ssl.gmres(LAPLACE * x[0], x, rtol=1e-3, maxiter=500)[0])
    inverse = np.linalg.inv(LAPLACE.toarray())
    close(loose(X)[:, 1:], inverse[:, 1:] / X[0])


def test_plain_matrices_stay_plain():
    def f(x):
        plain = LAPLACE @ np.ones(N)
        return plain @ x

    close(ad_core.grad(f)(X), LAPLACE @ np.ones(N))
    np.testing.assert_array_equal(LAPLACE.diagonal(), np.full(N, -2.0))


def test_compiled_code_stores_constants_in_arrays_of_complex_numbers():
    """A matrix of complex constants that is made during the trace keeps its elements."""

    def f(x):
        S = csr_array(np.array([[1.0, 2.0], [0.0, 1.0]]) * (1.0 + 2.0j))
        return S.dot(x).imag

    close(ad_core.jacobian(f)(np.ones(2)), [[2.0, 4.0], [0.0, 2.0]])


def test_elements_are_added_one_by_one():
    def f(k):
        K = ss.lil_matrix((4, 4))
        for e in range(3):
            K[e, e] += k[e]
            K[e + 1, e + 1] += k[e]
            K[e, e + 1] -= k[e]
            K[e + 1, e] -= k[e]
        K[0, 0] += 1.0
        return spsolve(K.tocsc(), np.ones(4))

    x = np.array([1.0, 2.0, 3.0])
    h = 1e-6 * np.eye(3)
    expected = np.stack([(f(x + e) - f(x - e)) / 2e-6 for e in h], axis=-1)
    close(ad_core.jacobian(f)(x), expected, 1e-7)
