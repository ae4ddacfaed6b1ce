# SPDX-License-Identifier: Apache-2.0
"""scipy.linalg in traced functions: names bound early, errors, matrices of size 0 and 1, NaN,
decisions from values, derivatives at equal eigenvalues."""

import numpy as np
import pytest
import scipy.linalg as sl
from scipy.linalg import cho_factor, cho_solve, eigh, solve

import ad_core
from agreement import refused

A = np.array([[3.0, 0.4, -0.2], [0.1, 2.0, 0.5], [-0.3, 0.2, 4.0]])
B = np.array([1.0, -2.0, 0.5])


def close(actual, expected, tolerance=1e-12):
    np.testing.assert_allclose(actual, expected, rtol=tolerance, atol=tolerance)


def test_names_that_were_bound_early():
    def f(x):
        return solve(A * x[0], x) @ cho_solve(cho_factor(A @ A.T * x[1]), B)

    x = np.array([1.5, 2.0, 0.5])
    inverse, other = np.linalg.inv(A), np.linalg.solve(A @ A.T, B)
    expected = (inverse.T @ other) / (x[0] * x[1])
    expected -= np.array([1.0 / x[0], 1.0 / x[1], 0.0]) * (x @ expected)
    close(ad_core.grad(f)(x), expected)


def test_a_function_of_scipy_is_differentiated_itself():
    close(ad_core.grad(sl.det)(A), np.linalg.det(A) * np.linalg.inv(A).T)
    close(ad_core.jacobian(eigh)(np.diag([1.0, 2.0]))[0][0], [[1.0, 0.0], [0.0, 0.0]])


def test_plain_calls_in_a_trace_are_those_of_scipy():
    seen = []

    def f(x):
        seen.append(sl.lu(A)[2])
        y = sl.solve(np.eye(3), np.zeros(3) + B)
        y[0] = x[0]  # a result of arrays that the trace has made can hold traced values
        return y @ sl.solve(A, B) + sl.det(x * np.eye(3))

    x = np.array([0.3, 0.4, 0.5])
    gradient = ad_core.grad(f)(x)
    np.testing.assert_array_equal(np.asarray(seen[-1]), sl.lu(A)[2])
    assert gradient.shape == (3,)


@pytest.mark.parametrize(
    ("call", "x"),
    [
        (lambda x: sl.solve(x, B), np.ones((3, 2))),
        (lambda x: sl.solve(x, B[:2]), A),
        (lambda x: sl.solve(x, B, assume_a="square"), A),
        (sl.inv, np.ones((2, 3))),
        (sl.inv, np.zeros((2, 2))),
        (lambda x: sl.solve(x, np.ones(2)), np.ones((2, 2))),
        (sl.cholesky, -np.eye(2)),
        (sl.cho_factor, np.ones((2, 3))),
        (lambda x: sl.solve_triangular(x, np.ones(2)), np.zeros((2, 2))),
        (lambda x: sl.lu_factor(x)[0], np.full((2, 2), np.nan)),
        (lambda x: sl.solve_banded((1, 1), x, B), np.ones((2, 3))),
        (lambda x: sl.solveh_banded(x, B), -np.ones((2, 3))),
        (lambda x: sl.solve_sylvester(x, x, np.ones((2, 2))), A),
        (lambda x: sl.expm(x), np.ones((2, 3))),
        (lambda x: sl.eigh(x, subset_by_index=[0, 7]), A),
        (lambda x: sl.svd(x), np.full((2, 2), np.inf)),
        (lambda x: sl.solve_toeplitz(x, np.ones(2)), np.ones(3)),
        (lambda x: sl.solve_circulant(x, np.ones(2)), np.ones(2)),
    ],
)
def test_errors_are_those_of_scipy(call, x):
    with pytest.raises((ValueError, sl.LinAlgError)) as expected:
        call(x)
    with pytest.raises(type(expected.value)) as found:
        ad_core.jacobian(call)(x)
    assert str(found.value) == str(expected.value)


def test_a_caught_error_is_a_branch():
    def f(x):
        try:
            return sl.cholesky(np.diag(x))[1, 1]
        except sl.LinAlgError:
            return x[0] * 3.0

    compiled = ad_core.compile(f)
    close(compiled.grad(np.array([1.0, 4.0])), [0.0, 0.25])
    close(compiled.grad(np.array([1.0, -4.0])), [3.0, 0.0])
    close(compiled.grad(np.array([1.0, 9.0])), [0.0, 1.0 / 6.0])


@pytest.mark.parametrize("name", ["inv", "det", "expm", "sqrtm", "eigvalsh", "svdvals", "cholesky"])
def test_matrices_of_size_one_and_zero(name):
    f = getattr(sl, name)
    one = ad_core.jacobian(f)(np.array([[4.0]]))
    slopes = {"inv": -0.0625, "det": 1.0, "expm": np.exp(4.0), "sqrtm": 0.25, "eigvalsh": 1.0,
              "svdvals": 1.0, "cholesky": 0.25}  # fmt: skip
    close(np.ravel(one), slopes[name])
    empty = ad_core.jacobian(f)(np.zeros((0, 0)))
    assert empty.shape == (*np.shape(f(np.zeros((0, 0)))), 0, 0)


def test_nan_is_refused_as_in_scipy_or_passed_on():
    x = np.array([[np.nan, 0.0], [0.0, 1.0]])
    with refused(ValueError, "infs or NaNs"):
        ad_core.jacobian(sl.inv)(x)
    assert np.isnan(ad_core.jacobian(lambda a: sl.det(a, check_finite=False))(x)).any()


def test_pivots_and_ranks_are_guards():
    def f(a):
        _, r, order = sl.qr(a, mode="economic", pivoting=True)
        return np.abs(r[0, 0]) * (1 + order[0])

    compiled = ad_core.compile(f)
    for point in (np.diag([3.0, 1.0]), np.diag([1.0, 3.0])):
        close(compiled.grad(point), ad_core.grad(f)(point))
        close(compiled(point), f(point))
    tape = ad_core.trace(f, np.diag([3.0, 1.0]))
    with refused(ad_core.errors.BranchChanged, "pivots", "compile"):
        tape(np.diag([1.0, 3.0]))


def test_complex_eigenvalues_become_real():
    f = ad_core.compile(lambda t: sl.eigvals(np.array([[0.0, 1.0], [1.0, 0.0]]) * t).real)
    close(f.jacobian(2.0), [1.0, -1.0])
    turned = ad_core.compile(lambda t: sl.eigvals(np.array([[1.0, t], [-1.0, 1.0]])).imag)
    close(turned.jacobian(4.0), [0.25, -0.25])


def test_vectors_of_equal_eigenvalues_have_no_derivative():
    slopes = ad_core.jacobian(lambda a: sl.eigh(a)[1])(np.eye(2))
    assert np.isnan(slopes).any()
    slopes = ad_core.jacobian(lambda a: np.abs(sl.eig(a)[1]))(np.eye(2))
    assert np.isnan(slopes).any()
    with refused(NotImplementedError, "null_space", "not determined"):
        ad_core.jacobian(sl.null_space)(np.zeros((1, 3)))


def test_roots_and_logarithms_of_general_matrices():
    a = np.array([[4.0, 1.0], [0.5, 3.0]])
    e = np.array([[0.1, 0.7], [-0.3, 0.2]])
    root = sl.sqrtm(a)
    slope = ad_core.jvp(lambda a: sl.sqrtm(a), (a,), (e,))[1]
    close(root @ slope + slope @ root, e)
    slope = ad_core.jvp(lambda a: sl.expm(sl.logm(a)), (a,), (e,))[1]
    close(slope, e)
    third = ad_core.jacobian(ad_core.jacobian(ad_core.jacobian(lambda a: sl.logm(a)[0, 0])))(a)
    again = ad_core.jacobian(ad_core.jacobian(ad_core.jacobian(lambda a: sl.logm(a.T)[0, 0])))(a.T)
    close(third, np.transpose(again, (1, 0, 3, 2, 5, 4)), 1e-9)


def test_riccati_solutions_satisfy_the_differentiated_equation():
    a, b = np.array([[0.2, 1.0], [0.0, -0.4]]), np.array([[0.0], [1.0]])
    one = np.eye(1)

    def left(a):
        x = sl.solve_continuous_are(a, b, np.eye(2), one)
        return a.T @ x + x @ a - x @ b @ b.T @ x

    close(ad_core.jacobian(left)(a), np.zeros((2, 2, 2, 2)), 1e-10)


def test_attributes_of_exchanged_functions_can_be_set():
    """SciPy sets some of the LAPACK functions that it looks up."""
    from scipy.linalg.lapack import get_lapack_funcs

    ad_core.adapt("scipy.linalg")
    function = get_lapack_funcs("potrf", (A,))
    factor, info = function(A @ A.T)
    assert info == 0
    close(factor, sl.cholesky(A @ A.T))


def test_functions_with_lapack_names_are_refused():
    from scipy.linalg.blas import dgemm

    with refused(NotImplementedError, "dgemm", "compiled"):
        ad_core.jacobian(lambda x: dgemm(1.0, x, A))(A)
