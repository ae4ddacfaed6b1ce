# SPDX-License-Identifier: Apache-2.0
"""Stiff differential equations by SciPy, and by SUNDIALS where scikit-sundae is installed."""

import gc
import threading
import time

import numpy as np
import pytest

import ad_core
from ad_core import solvers

integrate = pytest.importorskip("scipy.integrate")
matrices = pytest.importorskip("scipy.sparse")


def rober(t, y):
    a, b, c = 0.04 * y[0], 1e4 * y[1] * y[2], 3e7 * y[1] ** 2
    return [b - a, a - b - c, c]


def hires(t, y):
    p = 280.0 * y[5] * y[7]
    return [
        -1.71 * y[0] + 0.43 * y[1] + 8.32 * y[2] + 0.0007, 1.71 * y[0] - 8.75 * y[1],
        -10.03 * y[2] + 0.43 * y[3] + 0.035 * y[4], 8.32 * y[1] + 1.71 * y[2] - 1.12 * y[3],
        -1.745 * y[4] + 0.43 * y[5] + 0.43 * y[6],
        -p + 0.69 * y[3] + 1.71 * y[4] - 0.43 * y[5] + 0.69 * y[6], p - 1.81 * y[6],
        -p + 1.81 * y[6],
    ]  # fmt: skip


def heat(t, u, k=1.0):
    """A reaction on a line, with a source that moves."""
    n = u.size
    flux = k * n * n * np.diff(u, 2, prepend=0.0, append=0.0)
    return flux + u * (1.0 - u) + np.sin(t)


# Reference solutions of Hairer and Wanner's test set, Solving Ordinary Differential Equations II.
ROBER = [0.2083340149701255e-07, 0.8333360770334713e-13, 0.9999999791665050]
HIRES = [
    0.7371312573325668e-3, 0.1442485726316185e-3, 0.5888729740967575e-4, 0.1175651343283149e-2,
    0.2386356198831331e-2, 0.6238968252742796e-2, 0.2849998395185769e-2, 0.2850001604814231e-2,
]  # fmt: skip


class TestStiff:
    def test_hires(self):
        y0 = [1, 0, 0, 0, 0, 0, 0, 0.0057]
        found = solvers.solve_ivp(hires, (0, 321.8122), y0, rtol=1e-10, atol=1e-14)
        np.testing.assert_allclose(found.y[:, -1], HIRES, rtol=1e-7)

    @pytest.mark.parametrize("method", ["Radau", "BDF", "LSODA"])
    def test_rober(self, method):
        end = 1e11 if method == "Radau" else 40.0
        atol = [1e-14, 1e-20, 1e-14]
        options = {"rtol": 1e-8, "atol": atol}
        found = solvers.solve_ivp(rober, (0, end), [1, 0, 0], method, **options)
        # At t = 40 CVODE's manual has it to these digits.
        expected = ROBER if end > 40.0 else [7.158271e-01, 9.185535e-06, 2.841637e-01]
        np.testing.assert_allclose(found.y[:, -1], expected, rtol=2e-6)

    def test_van_der_pol_with_events_and_arguments(self):
        def fun(t, y, mu):
            return np.array([y[1], mu * (1.0 - y[0] ** 2) * y[1] - y[0]])

        def crossing(t, y, mu):
            return y[0]

        options = {"args": (1000.0,), "rtol": 1e-9, "atol": 1e-9, "events": crossing}
        found = solvers.solve_ivp(fun, (0, 2000), [2, 0], **options)
        assert abs(found.y[0, -1] - 1.706167732170469) < 1e-6
        assert len(found.t_events[0]) == 2

    @pytest.mark.parametrize("method", ["Radau", "BDF"])
    def test_sparse(self, method):
        u0 = np.sin(np.linspace(0.0, np.pi, 150))
        seen = []

        class Watched(getattr(integrate, method)):
            def __init__(self, *args, **options):
                seen.append(options["jac"](0.0, u0))
                super().__init__(*args, **options)

        options = {"args": (1.0,), "rtol": 1e-6}
        found = solvers.solve_ivp(heat, (0, 0.1), u0, Watched, **options)
        assert seen[0].nnz == 3 * 150 - 2
        dense = solvers.solve_ivp(heat, (0, 0.1), u0, method, sparse=False, **options)
        np.testing.assert_allclose(found.y, dense.y, atol=1e-10)

    @pytest.mark.parametrize("method", ["Radau", "BDF"])
    @pytest.mark.parametrize("upwind", [False, True])
    def test_sparse_matrices_are_ordered_by_their_structure(self, monkeypatch, method, upwind):
        def rate(t, u):
            field = u.reshape(11, 11)
            if upwind:  # no entry off the diagonal has a mirror image
                return (np.roll(field, 1, 0) - field).ravel()
            across = np.diff(field, 2, axis=0, prepend=0.0, append=0.0)
            return 100.0 * (across + field * (1.0 - field)).ravel()

        orders, splu = [], matrices.linalg.splu

        def watched(A, **options):
            orders.append(options["permc_spec"])
            return splu(A, **options)

        monkeypatch.setattr("scipy.sparse.linalg.splu", watched)
        u0 = np.linspace(0.1, 1.0, 121)
        found = solvers.solve_ivp(rate, (0, 0.1), u0, method, rtol=1e-6)
        assert set(orders) == (set() if upwind else {"MMD_AT_PLUS_A"})
        assert len(orders) == (0 if upwind else found.nlu)
        dense = solvers.solve_ivp(rate, (0, 0.1), u0, method, sparse=False, rtol=1e-6)
        np.testing.assert_allclose(found.y, dense.y, atol=1e-9)

    def test_radau_factorises_large_matrices_in_two_threads(self, monkeypatch):
        splu, seen = matrices.linalg.splu, []

        def watched(A, **options):
            seen.append((A.dtype.kind, threading.get_ident() == threading.main_thread().ident))
            return splu(A, **options)

        monkeypatch.setattr("scipy.sparse.linalg.splu", watched)
        u0 = np.sin(np.linspace(0.0, np.pi, 1200))
        options = {"args": (1.0,), "rtol": 1e-5}
        found = solvers.solve_ivp(heat, (0, 0.01), u0, **options)
        assert set(seen) == {("f", False), ("c", True)}
        assert len(seen) == found.nlu
        jac = ad_core.compile(lambda u: heat(0.0, u))
        plain = integrate.solve_ivp(
            lambda t, u: heat(t, u), (0, 0.01), u0, "Radau", rtol=1e-5,
            jac=lambda t, u: jac.jacobian(u, sparse=True),
        )  # fmt: skip
        np.testing.assert_allclose(found.y, plain.y, rtol=1e-9, atol=1e-12)

    def test_factors_are_dropped_by_the_thread_that_made_them(self, monkeypatch):
        """In another thread SciPy would not free their memory."""
        splu, made, dropped = matrices.linalg.splu, [], []

        class Factors:
            def __init__(self, A, **options):
                self.factors = splu(A, **options)
                self.thread = threading.get_ident()
                made.append(self.thread)

            def solve(self, b):
                return self.factors.solve(b)

            def __del__(self):
                dropped.append((self.thread, threading.get_ident()))

        monkeypatch.setattr("scipy.sparse.linalg.splu", Factors)
        u0 = np.sin(np.linspace(0.0, np.pi, 1100))
        solvers.solve_ivp(heat, (0, 0.01), u0)
        for _ in range(1000):
            gc.collect()
            if len(dropped) == len(made):
                break
            time.sleep(0.01)
        assert len(set(made)) == 2
        assert sorted(dropped) == sorted((thread, thread) for thread in made)

    def test_a_singular_matrix_in_the_other_thread_is_an_error_here(self, monkeypatch):
        splu = matrices.linalg.splu

        def singular(A, **options):
            if A.dtype.kind == "f":
                raise RuntimeError("Factor is exactly singular")
            return splu(A, **options)

        monkeypatch.setattr("scipy.sparse.linalg.splu", singular)
        u0 = np.sin(np.linspace(0.0, np.pi, 1200))
        with pytest.raises(RuntimeError, match="singular"):
            solvers.solve_ivp(heat, (0, 0.01), u0)

    def test_lsoda_is_dense(self):
        u0 = np.sin(np.linspace(0.0, np.pi, 120))
        found = solvers.solve_ivp(heat, (0, 0.01), u0, "LSODA", rtol=1e-8, atol=1e-10)
        radau = solvers.solve_ivp(heat, (0, 0.01), u0, rtol=1e-8, atol=1e-10)
        np.testing.assert_allclose(found.y[:, -1], radau.y[:, -1], atol=1e-7)

    def test_other_methods_get_values(self):
        found = solvers.solve_ivp(lambda t, y: -y, (0, 1), [1], "DOP853", atol=1e-12)
        np.testing.assert_allclose(found.y[0, -1], np.exp(-1.0), rtol=1e-3)

    def test_a_compiled_function_of_t_and_y(self):
        fun = ad_core.compile(lambda t, y, a: np.cos(t) * y * a)
        for a in (1.0, 2.0):
            found = solvers.solve_ivp(fun, (0, 1), [1], args=(a,), rtol=1e-9)
            np.testing.assert_allclose(found.y[0, -1], np.exp(a * np.sin(1.0)), rtol=1e-7)
        assert fun.paths == 1


def pendulum(t, y, yp, g):
    x, z, u, w, pull = y
    rates = np.array([u, w, -pull * x, -pull * z - g])
    return np.append(yp[:4] - rates, u**2 + w**2 - pull - g * z)


class TestIda:
    y0, yp0 = np.array([1.0, 0.0, 0.0, 0.0, 0.0]), np.array([0.0, 0.0, 0.0, -9.81, 0.0])

    def test_the_options_without_sundials(self):
        options = solvers.ida(pendulum, 0, self.y0, self.yp0, args=9.81)
        assert options["linsolver"] == "dense"
        y, yp = np.arange(1.0, 6.0), np.linspace(-1.0, 2.0, 5)
        res, J = np.zeros(5), np.zeros((5, 5))
        options["resfn"](0.5, y, yp, res)
        np.testing.assert_allclose(res, pendulum(0.5, y, yp, 9.81))
        for cj in (0.0, 3.5, -20.0):
            options["jacfn"](0.5, y, yp, res, cj, J)
            by_y, by_yp = ad_core.jacobian(pendulum, argnums=(1, 2))(0.5, y, yp, 9.81)
            np.testing.assert_allclose(J, by_y + cj * by_yp, rtol=1e-14)

    def test_sparse_entries_are_those_of_both_parts(self):
        n = 120

        def residual(t, y, yp):
            return yp[::-1] * y + np.sin(y)

        y = np.linspace(0.1, 1.0, n)
        options = solvers.ida(residual, 0.0, y, y)
        pattern, data = options["sparsity"], np.zeros(2 * n)
        options["jacfn"](0.5, y, y, None, 2.0, data)
        J = matrices.csc_matrix((data, pattern.indices, pattern.indptr), shape=(n, n))
        by_y, by_yp = ad_core.jacobian(residual, argnums=(1, 2))(0.5, y, y)
        np.testing.assert_allclose(J.toarray(), by_y + 2.0 * by_yp, rtol=1e-13)

    def test_bad_input(self):
        with pytest.raises(ValueError, match=r"yp0 must have the shape of y0, \(5,\), got \(4,\)"):
            solvers.ida(pendulum, 0.0, self.y0, self.yp0[:4], args=9.81)
        with pytest.raises(
            ValueError, match=r"must return the residuals.*\(5,\), got shape \(2,\)"
        ):
            solvers.ida(lambda t, y, yp: y[:2], 0.0, self.y0, self.yp0)
        with pytest.raises(TypeError, match="yp0 must be real"):
            solvers.ida(pendulum, 0.0, self.y0, self.yp0 + 1j)

    @pytest.mark.filterwarnings("ignore:Custom sparse Jacobian")
    @pytest.mark.parametrize("sparse", [True, False])
    def test_pendulum_by_sundials(self, sparse):
        IDA = pytest.importorskip("sksundae.ida").IDA
        options = solvers.ida(pendulum, 0.0, self.y0, self.yp0, args=9.81, sparse=sparse)
        options |= {"rtol": 1e-10, "atol": 1e-11, "max_num_steps": 10_000}
        found = IDA(**options).solve(np.array([0.0, 1.0]), self.y0, self.yp0)
        x, z, u, w, _ = found.y[-1]
        angle = integrate.solve_ivp(
            lambda t, q: [q[1], -9.81 * np.sin(q[0])],
            (0, 1),
            [np.pi / 2, 0],
            rtol=1e-11,
            atol=1e-12,
        ).y[:, -1]
        np.testing.assert_allclose([x, z], [np.sin(angle[0]), -np.cos(angle[0])], atol=1e-6)
        np.testing.assert_allclose(0.5 * (u**2 + w**2) + 9.81 * z, 0.0, atol=1e-5)


class TestCvode:
    def test_the_options_without_sundials(self):
        options = solvers.cvode(rober, 0, [1, 0, 0])
        assert options["linsolver"] == "dense"
        y, yp, J = np.array([0.9, 1e-5, 0.1]), np.zeros(3), np.zeros((3, 3))
        options["rhsfn"](0.0, y, yp)
        options["jacfn"](0.0, y, yp, J)
        np.testing.assert_allclose(yp, rober(0.0, y))
        np.testing.assert_allclose(J, ad_core.jacobian(lambda y: np.array(rober(0.0, y)))(y))

    def test_sparse_entries_go_by_columns(self):
        def wind(t, u, k):
            rate = -k * u
            rate[2:] += np.sin(u[:-2]) * u[2:]
            return rate

        n, u = 120, np.linspace(0.0, 1.0, 120)
        options = solvers.cvode(wind, 0.0, u, args=(2.0,))
        pattern, data = options["sparsity"], np.zeros(2 * n - 2)
        options["jacfn"](0.5, u, None, data)
        J = matrices.csc_matrix((data, pattern.indices, pattern.indptr), shape=(n, n))
        expected = ad_core.jacobian(lambda u: wind(0.5, u, 2.0))(u)
        np.testing.assert_allclose(J.toarray(), expected, rtol=1e-12)

    def test_rober_by_sundials(self):
        CVODE = pytest.importorskip("sksundae.cvode").CVODE
        options = solvers.cvode(rober, 0.0, [1, 0, 0])
        options |= {"rtol": 1e-10, "atol": 1e-14, "max_num_steps": 5000}
        found = CVODE(**options).solve(np.array([0.0, 40.0]), np.array([1.0, 0.0, 0.0]))
        expected = [7.158271e-01, 9.185535e-06, 2.841637e-01]
        np.testing.assert_allclose(found.y[-1], expected, rtol=1e-6)

    @pytest.mark.filterwarnings("ignore:Custom sparse Jacobian")
    @pytest.mark.parametrize("sparse", [True, False])
    def test_heat_by_sundials(self, sparse):
        CVODE = pytest.importorskip("sksundae.cvode").CVODE
        u0 = np.sin(np.linspace(0.0, np.pi, 100))
        options = solvers.cvode(heat, 0.0, u0, sparse=sparse) | {"rtol": 1e-9, "atol": 1e-11}
        found = CVODE(**options, max_num_steps=5000).solve(np.array([0.0, 0.1]), u0)
        radau = solvers.solve_ivp(heat, (0, 0.1), u0, rtol=1e-9, atol=1e-11)
        np.testing.assert_allclose(found.y[-1], radau.y[:, -1], rtol=1e-6)
        assert found.njev < found.nfev / 5
