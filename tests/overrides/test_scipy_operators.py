# SPDX-License-Identifier: Apache-2.0
"""Iterative solutions with a LinearOperator whose function, or whose attributes, hold traced
values; operators without a transpose."""

import numpy as np
import pytest

import ad_core

ssl = pytest.importorskip("scipy.sparse.linalg")

M = np.array([[4.0, 1.0, 0.3], [1.0, 3.0, 0.2], [0.3, 0.2, 2.0]])
P = np.array([1.1, 0.7, 1.3])
METHODS = ("cg", "gmres", "bicgstab", "minres", "lgmres")


class Scaled(ssl.LinearOperator):
    def __init__(self, scale):
        self.scale = scale
        super().__init__(dtype=np.dtype(float), shape=(3, 3))

    def _matvec(self, v):
        return self.scale * (M @ np.ravel(v))


def times(v):
    return M @ v


def in_a_closure(solver, p):
    operator = ssl.LinearOperator((3, 3), matvec=lambda v: (M * p[0]) @ v + p * v, dtype=float)
    return solver(operator, np.array([1.0, 2.0, p[1]]), rtol=1e-13)[0]


def in_an_attribute(solver, p):
    return solver(Scaled(p[0] * p[1]), np.array([1.0, p[2], 0.5]), rtol=1e-13)[0]


def plain(solver, p):
    return solver(ssl.LinearOperator((3, 3), matvec=times), p, rtol=1e-13)[0]


EXPECTED = {
    in_a_closure: lambda p: np.linalg.solve(M * p[0] + np.diag(p), np.array([1.0, 2.0, p[1]])),
    in_an_attribute: lambda p: np.linalg.solve(M, np.array([1.0, p[2], 0.5])) / (p[0] * p[1]),
    plain: lambda p: np.linalg.solve(M, p),
}


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("function", EXPECTED, ids=lambda f: f.__name__)
def test_derivatives(function, method):
    solver, expected = getattr(ssl, method), EXPECTED[function]
    f = lambda p: function(getattr(ssl, method), p)  # noqa: E731
    J = ad_core.jacobian(expected)(P)
    for jacobian in (ad_core.jacfwd(f), ad_core.jacrev(f), ad_core.compile(f).jacobian):
        np.testing.assert_allclose(jacobian(P), J, rtol=1e-9, atol=1e-11)
    w = np.array([1.0, -2.0, 0.5])
    H = ad_core.hessian(lambda p: w @ f(p))(P)
    np.testing.assert_allclose(
        H, ad_core.hessian(lambda p: w @ expected(p))(P), rtol=1e-8, atol=1e-9
    )
    np.testing.assert_allclose(function(solver, P), expected(P), rtol=1e-10)


def test_constants_of_a_trace_in_a_function_that_gets_plain_numbers():
    """The tables of a histogram that is made in the trace, whatever was traced before."""
    stats = pytest.importorskip("scipy.stats")
    f = lambda x: stats.rv_histogram(([1, 2, 1], [0, 1, 2, 3.0])).cdf(x)  # noqa: E731
    ad_core.jacobian(stats.skew)(np.array([0.5, 0.7]))
    np.testing.assert_allclose(ad_core.jacobian(f)(np.array([0.5, 1.2])), np.diag([0.25, 0.5]))
