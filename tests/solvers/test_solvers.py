# SPDX-License-Identifier: Apache-2.0
"""ad_core.solvers: shared evaluations, scipy.optimize on known problems, bad input."""

import re
import subprocess
import sys

import numpy as np
import pytest

import ad_core
from ad_core import solvers
from ad_core.solvers.evaluation import Shared
from agreement import refused
from checkout import ROOT
from solver_problems import (
    HS71,
    HS71_START,
    Counting,
    broyden,
    hs71,
    hs71_constraints,
    rosenbrock,
)
from threads import everywhere

optimize = pytest.importorskip("scipy.optimize")
sparse = pytest.importorskip("scipy.sparse")

PAGE = ROOT / "docs" / "solvers.md"


class TestShared:
    def test_value_and_derivative_take_one_evaluation(self):
        fun = Counting(lambda x: x**2)
        shared, x = Shared(fun), np.array([1.0, 2.0])
        np.testing.assert_array_equal(shared.value(x), [1.0, 4.0])
        np.testing.assert_array_equal(shared.derivative(x), [[2.0, 0.0], [0.0, 4.0]])
        np.testing.assert_array_equal(shared.value(x.copy()), [1.0, 4.0])
        assert fun.counts == {"value_and_jacobian": 1}
        x[0] = 3.0  # where it lies: the bytes are the key, not the array
        np.testing.assert_array_equal(shared.value(x), [9.0, 4.0])
        assert fun.counts == {"value_and_jacobian": 2}

    def test_results_may_be_written_to(self):
        shared, x = Shared(lambda x: x**2), np.array([1.0, 2.0])
        shared.value(x)[:] = np.nan
        shared.derivative(x)[:] = np.nan
        assert np.isfinite(shared.value(x)).all()
        assert np.isfinite(shared.derivative(x)).all()

    def test_separate_evaluations_if_derivatives_are_rare(self):
        fun = Counting(lambda x: x**2)
        shared = Shared(fun, together=False)
        for k in range(5):
            shared.value(np.array([1.0, k]))
        shared.derivative(np.array([1.0, 4.0]))
        shared.derivative(np.array([1.0, 4.0]))
        assert fun.counts == {"jacobian": 1}

    def test_branches(self):
        shared = Shared(lambda x: x @ x if x[0] > 0 else np.sum(x), scalar=True)
        np.testing.assert_array_equal(shared.derivative(np.array([1.0, 2.0])), [2.0, 4.0])
        np.testing.assert_array_equal(shared.derivative(np.array([-1.0, 2.0])), [1.0, 1.0])

    def test_threads_get_their_own_points(self):
        shared, wrong = Shared(lambda x: x**2 + 1.0), []

        def work(k):
            x = np.array([float(k), 1.0])
            for _ in range(300):
                good = shared.value(x)[0] == k * k + 1.0 and shared.derivative(x)[0, 0] == 2.0 * k
                wrong.extend([] if good else [k])

        everywhere(work)
        assert not wrong

    @pytest.mark.parametrize("method", ["trf", "dogbox", "lm"])
    def test_in_a_solve(self, method):
        fun = Counting(lambda x: np.array([10.0 * (x[1] - x[0] ** 2), 1.0 - x[0]]))
        found = solvers.least_squares(fun, [-1.2, 1.0], method=method)
        np.testing.assert_allclose(found.x, [1.0, 1.0])
        assert fun.counts.keys() == {"value_and_jacobian"}
        # lm counts no evaluations of its own making, and asks again for the last.
        assert fun.counts["value_and_jacobian"] <= found.nfev + 1

    def test_a_function_keeps_its_recordings(self):
        calls = []
        fun = ad_core.compile(lambda x, a: (calls.append(1), np.array([x[0] - a, x[1] * a]))[1])
        for a in (1.0, 2.0, 3.0):
            np.testing.assert_allclose(solvers.root(fun, [0, 1], args=(a,)).x, [a, 0], atol=1e-9)
        assert len(calls) == 1


class TestLeastSquares:
    def test_broyden_is_sparse_by_itself(self):
        fun = Counting(broyden)
        found = solvers.least_squares(fun, -np.ones(500))
        assert sparse.issparse(found.jac)
        assert found.jac.nnz == 3 * 500 - 2
        assert found.cost < 1e-15
        np.testing.assert_allclose(broyden(found.x), 0.0, atol=1e-7)

    def test_dense_if_most_entries_are_not_zero(self):
        found = solvers.least_squares(lambda x: x * np.sum(x) - 1.0, np.ones(100))
        assert isinstance(found.jac, np.ndarray)

    @pytest.mark.parametrize(
        "options", [{"method": "lm"}, {"tr_solver": "exact"}, {"sparse": False}], ids=str
    )
    def test_dense_if_the_method_is_dense(self, options):
        found = solvers.least_squares(broyden, -np.ones(120), **options)
        assert isinstance(found.jac, np.ndarray)
        assert found.cost < 1e-15

    def test_robust_losses_scale_in_place(self):
        t = np.linspace(0.0, 3.0, 20)
        y = 2.0 * np.exp(-t)
        y[3] += 5.0

        def residual(b, t, y):
            return b[0] * np.exp(-b[1] * t) - y

        def jac(b, t, y):
            e = np.exp(-b[1] * t)
            return np.stack([e, -b[0] * t * e], axis=1)

        options = {"loss": "soft_l1", "f_scale": 0.1, "args": (t, y)}
        found = solvers.least_squares(residual, [1, 1], **options)
        own = optimize.least_squares(residual, [1.0, 1.0], jac=jac, **options)
        np.testing.assert_allclose(found.x, own.x, rtol=1e-9)
        np.testing.assert_allclose(found.x, [2.0, 1.0], atol=0.05)

    def test_sparse_with_calls_of_rules(self):
        def residual(x):
            return np.append(np.linalg.solve(np.eye(2) * x[0], x[1:3]), x[2:]) - 1.0

        x = np.full(120, 1.2)
        sparse = ad_core.compile(residual).jacobian(x, sparse=True)
        assert sparse.nnz == 2 * 3 + 118
        np.testing.assert_allclose(sparse.toarray(), ad_core.jacobian(residual)(x), rtol=1e-14)
        found = solvers.least_squares(residual, x)
        assert not isinstance(found.jac, np.ndarray)
        np.testing.assert_allclose(found.x, 1.0, rtol=1e-7)

    def test_arguments_and_single_residuals(self):
        found = solvers.least_squares(lambda x, a, b: a * x[0] - b, 5, args=(2,), kwargs={"b": 3.0})
        np.testing.assert_allclose(found.x, [1.5])


@pytest.mark.skipif(not (ROOT / "benchmarks").is_dir(), reason="no benchmarks beside the tests")
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_published_least_squares():
    from benchmarks.sets import residuals, scalable

    layer = residuals.LeastSquares("layer", scalable.layer(60, 20), (0.0,) * 20)
    for problem in (*residuals.PROBLEMS, layer):

        def fun(x, problem=problem):
            return np.asarray(problem.fun(x))

        x = np.array(problem.x0) + 0.01
        h = np.diag(1e-6 * np.maximum(1.0, np.abs(x)))
        slopes = [(fun(x + e) - fun(x - e)) / (2.0 * e.max()) for e in h]
        J = ad_core.jacobian(lambda x, problem=problem: np.array(problem.fun(x)))(x)
        scale = np.abs(J).max()
        np.testing.assert_allclose(J, np.transpose(slopes), rtol=1e-4, atol=1e-4 * scale)
        found = solvers.least_squares(fun, problem.x0, max_nfev=2000)
        near = [abs(2.0 * found.cost - f) <= 1e-4 * f + 1e-8 for f in problem.minima]
        assert any(near), problem.name


class TestMinimize:
    def test_sparse_hessians_of_calls_of_rules(self):
        def objective(x):
            return np.sum(np.linalg.solve(np.eye(2) * x[0], x[1:3]) ** 2) + np.sum((x - 1.0) ** 2)

        x = np.full(120, 1.2)
        hessian = ad_core.compile(objective).hessian(x, sparse=True)
        assert hessian.nnz == 3 * 3 + 117
        found = solvers.minimize(objective, x, method="trust-constr", tol=1e-9)
        np.testing.assert_allclose(ad_core.grad(objective)(found.x), 0.0, atol=1e-6)

    @pytest.mark.parametrize(
        "method",
        [None, "CG", "BFGS", "Newton-CG", "L-BFGS-B", "TNC", "SLSQP", "trust-constr", "dogleg",
         "trust-ncg", "trust-exact", "trust-krylov"],
    )  # fmt: skip
    def test_methods_with_derivatives(self, method):
        # dogleg wants a positive definite Hessian on its way.
        x0 = [1.1, 1.2] if method == "dogleg" else [-1.2, 1.0]
        options = {"maxfun": 1000} if method == "TNC" else {}
        found = solvers.minimize(rosenbrock, x0, method=method, tol=1e-7, options=options)
        np.testing.assert_allclose(found.x, [1.0, 1.0], atol=1e-2 if method == "TNC" else 5e-4)

    @pytest.mark.parametrize("method", ["Nelder-Mead", "Powell", "COBYLA", "COBYQA"])
    def test_methods_without(self, method):
        fun = Counting(lambda x: (x[0] - 1.0) ** 2 + (x[1] - x[0]) ** 2)
        found = solvers.minimize(fun, [0, 0], method=method)
        np.testing.assert_allclose(found.x, [1.0, 1.0], atol=1e-3)
        assert not fun.counts

    def test_a_callable_method(self):
        def newton(fun, x0, args=(), jac=None, hess=None, **_):
            x = x0
            for _ in range(30):
                x = x - np.linalg.solve(hess(x), jac(x))
            return optimize.OptimizeResult(x=x, fun=fun(x))

        np.testing.assert_allclose(solvers.minimize(rosenbrock, np.zeros(3), method=newton).x, 1.0)

    @pytest.mark.parametrize("method", ["Newton-CG", "trust-ncg", "trust-krylov", "trust-constr"])
    def test_many_variables(self, method):
        """Products with the Hessian, or a sparse one."""

        def fun(x, a):
            return np.sum(a * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)

        fun, args = (ad_core.compile(fun) if method == "trust-ncg" else fun), (100.0,)
        x0 = np.full(120, 1.05)
        found = solvers.minimize(fun, x0, method=method, args=args, tol=1e-8)
        np.testing.assert_allclose(found.x, 1.0, atol=1e-5)

    @pytest.mark.parametrize("method", [None, "SLSQP", "trust-constr"])
    @pytest.mark.parametrize("kind", ["dicts", "ours", "scipys"])
    def test_hs71(self, method, kind):
        if kind == "dicts":
            constraints = [
                {"type": "ineq", "fun": lambda x, a: np.prod(x) - a, "args": (25.0,)},
                {"type": "eq", "fun": lambda x: x @ x - 40.0},
            ]
        else:
            cls = solvers if kind == "ours" else optimize
            constraints = [
                cls.NonlinearConstraint(lambda x: np.prod(x), 25.0, np.inf),
                cls.NonlinearConstraint(lambda x: x @ x, 40.0, 40.0),
            ]
        bounds = [(1.0, 5.0)] * 4
        options = {"bounds": bounds, "constraints": constraints, "method": method, "tol": 1e-10}
        found = solvers.minimize(hs71, HS71_START, **options)
        np.testing.assert_allclose(found.x, HS71, atol=1e-6)
        assert abs(found.fun - 17.0140173) < 1e-6

    @pytest.mark.filterwarnings("ignore:delta_grad == 0.0")
    def test_derivatives_of_the_users_are_used(self):
        strategy = optimize.SR1()
        own = optimize.NonlinearConstraint(
            lambda x: float(x[0]) ** 2, 0.0, 0.25, jac=lambda x: [[2.0 * x[0], 0.0]], hess=strategy
        )
        options = {"method": "trust-constr", "hess": optimize.BFGS(), "constraints": own}
        found = solvers.minimize(lambda x: np.sum((x - 1.0) ** 2), [0, 0], tol=1e-10, **options)
        np.testing.assert_allclose(found.x, [0.5, 1.0], atol=1e-4)

    def test_constraints_that_are_left_alone(self):
        line = optimize.LinearConstraint([[1.0, 1.0]], -np.inf, 1.0)
        own = {"type": "ineq", "fun": lambda x: 0.25 - float(x[0]), "jac": lambda x: [-1.0, 0.0]}
        options = {"method": "SLSQP", "constraints": (line, own)}
        found = solvers.minimize(lambda x: np.sum((x - 1.0) ** 2), [0, 0], **options)
        np.testing.assert_allclose(found.x, [0.25, 0.75], atol=1e-6)

    def test_sparse_constraints_of_a_dense_method(self):
        box = solvers.NonlinearConstraint(lambda x: x**2, -np.inf, 0.25)
        found = solvers.minimize(
            lambda x: np.sum((x - 1.0) ** 2), np.full(100, 0.4), method="SLSQP", constraints=box
        )
        np.testing.assert_allclose(found.x, 0.5, atol=1e-6)
        assert sparse.issparse(box.jac(np.ones(100)))

    def test_sparse_constraints(self):
        n = 150
        chain = solvers.NonlinearConstraint(lambda x: x[1:] * x[:-1], 1.0, 1.0)
        x = np.linspace(0.5, 1.5, n)
        assert chain.jac(x).nnz == 2 * (n - 1)
        v = np.linspace(-1.0, 2.0, n - 1)
        H = chain.hess(x, v)
        assert H.nnz == 2 * (n - 1)
        np.testing.assert_allclose(H.diagonal(1), v)
        found = solvers.minimize(
            lambda x: np.sum((x - 1.0) ** 2), x, method="trust-constr", constraints=chain
        )
        np.testing.assert_allclose(found.x, 1.0, atol=1e-6)

    def test_multipliers_of_a_wrong_shape(self):
        constraint = solvers.NonlinearConstraint(hs71_constraints, 0.0, 1.0)
        for v in (np.ones(3), np.ones((2, 1)), 1.0):
            with refused(ValueError, "multipliers", "(2,)"):
                constraint.hess(np.ones(4), v)


class TestRoot:
    @pytest.mark.parametrize("method", ["hybr", "lm"])
    def test_with_a_jacobian(self, method):
        fun = Counting(broyden)
        found = solvers.root(fun, -np.ones(30), method=method)
        assert found.success
        np.testing.assert_allclose(broyden(found.x), 0.0, atol=1e-6)
        assert fun.counts["jacobian"] == found.njev

    def test_without_one(self):
        found = solvers.root(broyden, -np.ones(30), method="krylov")
        np.testing.assert_allclose(broyden(found.x), 0.0, atol=1e-4)

    def test_more_equations_than_unknowns(self):
        found = solvers.root(lambda x: [x[0] - 1.0, 2.0 * x[0] - 2.0], 0, method="lm")
        np.testing.assert_allclose(found.x, [1.0])


def system(x, a=1.0):
    return [x[0] ** 2 - a, x[1] - a]


ADAPTERS = {
    "least_squares": lambda x: solvers.least_squares(system, x),
    "minimize": lambda x: solvers.minimize(rosenbrock, x),
    "root": lambda x: solvers.root(system, x),
    "solve_ivp": lambda x: solvers.solve_ivp(lambda t, y: -y, (0, 1), x),
    "IpoptProblem": lambda x: solvers.IpoptProblem(rosenbrock, x),
    "cvode": lambda x: solvers.cvode(lambda t, y: -y, 0.0, x),
}


@pytest.mark.parametrize("name", ADAPTERS)
def test_starts(name):
    run = ADAPTERS[name]
    run([2, 3])
    run(np.array([2, 3], dtype=np.float32))
    for start in ([1j, 2.0], ["1", "2"], [None, 1.0], [True, False]):
        with refused(TypeError, "real numbers"):
            run(start)
    with refused(ValueError, "(n,)"):
        run([])
    if name != "root":  # where SciPy takes them too
        with refused(ValueError, "(n,)"):
            run(np.ones((2, 2)))
    with refused(TypeError, "traced", "ad_core.implicit"):
        ad_core.grad(lambda x: run(x) and 0.0 * x[0])(np.array([2.0, 3.0]))


def test_traced_arguments_are_not_lost():
    with refused(TypeError, "args", "ad_core.implicit"):
        ad_core.grad(lambda a: solvers.root(system, [2, 2], args=(a,)).x[0])(3.0)
    with refused(TypeError, "kwargs", "ad_core.implicit"):
        ad_core.grad(lambda a: solvers.least_squares(system, [2, 2], kwargs={"a": a}).x[0])(3.0)


def test_results_of_wrong_shapes():
    with refused(ValueError, "vector", "(2, 2)"):
        solvers.least_squares(lambda x: np.outer(x, x), [1, 2])
    with refused(ValueError, "one number", "(2,)"):
        solvers.minimize(lambda x: x, [1, 2])
    with refused(ValueError, "must return 2 numbers", "got 1"):
        solvers.root(lambda x: x[0], [1, 2])
    for fun in (lambda t, y: y[0], ad_core.compile(lambda t, y: [y[0]])):
        with refused(ValueError, "derivative of y", "(2,)"):
            solvers.solve_ivp(fun, (0, 1), [1, 2])
    with refused(TypeError, "return"):
        solvers.root(lambda x: None, [1, 2])
    with refused(TypeError, "callable"):
        solvers.root(3.0, [1, 2])


def test_options_that_the_adapter_sets_raise():
    with refused(TypeError, "jac"):
        solvers.least_squares(system, [1, 2], jac="2-point")
    for option in ("jac_sparsity", "diff_step"):
        with refused(TypeError, option):
            solvers.least_squares(system, [1, 2], **{option: None})
    with refused(TypeError, "jac"):
        solvers.minimize(rosenbrock, [1, 2], jac=True)
    with refused(TypeError, "eps"):
        solvers.minimize(rosenbrock, [1, 2], options={"eps": 1e-6})
    with refused(TypeError, "vectorized"):
        solvers.solve_ivp(lambda t, y: -y, (0, 1), [1], vectorized=True)
    with refused(ValueError, "LSODA"):
        solvers.solve_ivp(lambda t, y: -y, (0, 1), [1], "LSODA", sparse=True)


def test_a_single_variable():
    assert solvers.root(lambda x: x**3 - 8.0, 3).x == pytest.approx(2.0)
    assert solvers.minimize(lambda x: (x - 2.0) ** 2, 3).x == pytest.approx(2.0)
    assert solvers.minimize(lambda x: (x - 2.0) ** 4, 3, method="trust-constr").x == pytest.approx(
        2.0, abs=1e-2
    )


def test_a_solver_that_is_missing(tmp_path):
    program = (
        "import sys\n"
        "sys.modules.update(dict.fromkeys(['scipy', 'cyipopt', 'sksundae']))\n"
        "import numpy as np\n"
        "from ad_core import solvers\n"
        "problem = solvers.IpoptProblem(lambda x: x @ x, [1, 2], lambda x: x[0] * x[1])\n"
        "assert len(problem.hessianstructure()[0]) == 3\n"
        "for call in (lambda: solvers.root(lambda x: x, [1]),\n"
        "             lambda: solvers.solve_ipopt(lambda x: x @ x, [1])):\n"
        "    try:\n"
        "        call()\n"
        "    except ImportError as error:\n"
        "        print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert "pip install scipy" in done.stdout
    assert "pip install cyipopt" in done.stdout


@pytest.mark.skipif(not PAGE.is_file(), reason="the pages are not beside the tests")
@pytest.mark.filterwarnings("ignore:Custom sparse Jacobian")
@pytest.mark.parametrize("package", ["cyipopt", "sksundae"])
def test_the_pages_examples_of_optional_solvers(package):
    pytest.importorskip(package)
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    found = [block for block in blocks if package in block and ">>>" not in block]
    assert found
    for block in found:
        exec(block, {})
