# SPDX-License-Identifier: Apache-2.0
"""A typed program that uses every public function of ad_core.

Type checkers compare the types with those that they infer (.ci/types), and test_types.py compares
them with the values. An `X | Any` is an X for arrays and numbers, and nested for nested arguments.
"""

import io
from typing import TYPE_CHECKING, Any, Literal, assert_type

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import NonlinearConstraint, OptimizeResult
from scipy.sparse import csr_array

import ad_core
from ad_core import implicit, solvers
from ad_core.scipy import linalg, special

Array = NDArray[np.float64]
x: Array = np.array([1.0, 2.0])
batch: Array = np.array([[1.0, 2.0], [3.0, 4.0]])
params = {"scale": x, "shift": x}


def loss(x: Array, factor: float = 1.0) -> float:
    return np.sum(x**2) * factor


def loss_of_dict(p: dict[str, Array], offset: float = 0.0) -> float:
    return np.sum(p["scale"] * 2.0 + p["shift"] ** 2) + offset


def loss_and_text(x: Array) -> tuple[float, str]:
    return np.sum(x**2), "text"


def square(x: Array) -> Array:
    return x**2


def square_and_text(x: Array) -> tuple[Array, str]:
    return x**2, "text"


# Gradients have the type of the argument.
assert_type(ad_core.grad(loss)(x), Array)
assert_type(ad_core.grad(loss)(x, 2.0), Array)
assert_type(ad_core.grad(loss)(x, factor=2.0), Array)
assert_type(ad_core.grad(loss_of_dict)(params), dict[str, Array])
assert_type(ad_core.grad(loss_and_text, has_aux=True)(x), tuple[Array, str])
assert_type(ad_core.grad(loss, 1)(x, 2.0), Array | Any)
assert_type(ad_core.grad(loss, (0, 1))(x, 2.0), Array | Any)
assert_type(ad_core.grad(np.square, holomorphic=True)(1.0 + 2.0j), Array | Any)
assert_type(ad_core.value_and_grad(loss)(x), tuple[float, Array])
assert_type(ad_core.value_and_grad(loss_of_dict)(params, 1.0), tuple[float, dict[str, Array]])
assert_type(ad_core.value_and_grad(loss_and_text, has_aux=True)(x), tuple[tuple[float, str], Array])
assert_type(ad_core.value_and_grad(loss, 1)(x, 2.0), tuple[float, Array | Any])

# Jacobians and Hessians.
assert_type(ad_core.jacobian(square)(x), Array | Any)
assert_type(ad_core.jacobian(np.sin)(x), Array | Any)
assert_type(ad_core.jacobian(square_and_text, has_aux=True)(x), tuple[Array | Any, str])
assert_type(ad_core.jacobian(square, sparse=True)(x), csr_array)
assert_type(ad_core.jacobian(square_and_text, has_aux=True, sparse=True)(x), tuple[csr_array, str])
assert_type(ad_core.value_and_jacobian(square)(x), tuple[Array, Array | Any])
assert_type(ad_core.value_and_jacobian(square, sparse=True)(x), tuple[Array, csr_array])
assert_type(ad_core.jacfwd(square)(x), Array | Any)
assert_type(ad_core.jacfwd(square_and_text, has_aux=True)(x), tuple[Array | Any, str])
assert_type(ad_core.jacrev(square)(x), Array | Any)
assert_type(ad_core.jacrev(square_and_text, has_aux=True)(x), tuple[Array | Any, str])
assert_type(ad_core.hessian(loss)(x), Array | Any)
assert_type(ad_core.hessian(loss, sparse=True)(x), csr_array)
assert_type(ad_core.hessian(loss_and_text, has_aux=True)(x), tuple[Array | Any, str])

# Products, Taylor coefficients, checks.
assert_type(ad_core.jvp(square, (x,), (x,)), tuple[Array, Array])
assert_type(ad_core.jvp(square_and_text, (x,), (x,), has_aux=True), tuple[Array, Array, str])
value, pullback = ad_core.vjp(loss, x, 2.0)
assert_type(value, float)
assert_type(pullback(1.0), tuple[Array, float])
one, pull_one = ad_core.vjp(loss, x, 2.0, argnums=0)
assert_type(pull_one(1.0), Array | Any)
text, pull_text, aux = ad_core.vjp(square_and_text, x, has_aux=True)
assert_type(pull_text(x), tuple[Array])
assert_type(aux, str)
linear, push = ad_core.linearize(square, x)
assert_type(linear, Array)
assert_type(push(x), Array)
assert_type(ad_core.hvp(loss, (x,), (x,)), Array | Any)
assert_type(ad_core.ggnvp(square, (x,), (x,)), Array | Any)
assert_type(ad_core.lagrangian_hessian(square, (x,), x), Array | Any)
assert_type(ad_core.jet(square, (x,), (x[None],), order=2), tuple[Array, Array | Any])
ad_core.check_grads(square, (x,), modes="fwd")
assert_type(ad_core.explain(square, x), ad_core.Explanation)
assert_type(ad_core.explain(square, x).passes, int)

# Compiled functions keep the signature.
compiled = ad_core.compile(loss)
assert_type(compiled(x), float)
assert_type(compiled(x, factor=2.0), float)
assert_type(compiled(batch, batch_dims=1), Array | Any)
assert_type(compiled.grad(x), Array | Any)
assert_type(compiled.value_and_grad(x), tuple[Array | Any, Array | Any])
assert_type(compiled.hessian(x, sparse=True), csr_array | Any)
assert_type(compiled.paths, int)
assert_type(compiled.hessian_sparsity(x), csr_array)
assert_type(compiled.explain(x, sparse=False), str)


@ad_core.compile
def decorated(p: dict[str, Array]) -> dict[str, Array]:
    return {name: part * 2.0 for name, part in p.items()}


assert_type(decorated(params), dict[str, Array])


class Spring:
    def __init__(self, stiffness: float) -> None:
        self.stiffness = stiffness

    @ad_core.compile
    def energy(self, length: float) -> float:
        return 0.5 * self.stiffness * length**2


assert_type(Spring(2.0).energy(3.0), float)

# Tapes.
tape = ad_core.trace(square, x)
assert_type(tape, ad_core.Tape)
assert_type(tape(batch, workers=1), Array | Any)
assert_type(tape.jacobian(x), Array | Any)
assert_type(tape.jacobian(x, sparse=True), csr_array | Any)
assert_type(tape.jacobian(x, sparse=True).nnz, int | Any)
assert_type(tape.value_and_jacobian(x), tuple[Array | Any, Array | Any])
assert_type(tape.value_and_jacobian(x, sparse=True), tuple[Array | Any, csr_array | Any])
assert_type(tape.jvp(x, x), Array | Any)
assert_type(tape.vjp(x, x), Array | Any)
assert_type(tape.ggnvp(x, x), Array | Any)
assert_type(tape.lagrangian_hessian(x, x), Array | Any)
assert_type(tape.lagrangian_hessian(x, x, sparse=True), csr_array | Any)
assert_type(ad_core.trace(loss, x, 1.0).hvp((x, 1.0), (x, 1.0)), Array | Any)
assert_type(tape.jacobian_sparsity(), csr_array)
assert_type(tape.inputs, tuple[int, ...])
assert_type(tape.size, dict[str, int])
assert_type(tape.nodes, tuple[ad_core.Node, ...])
assert_type(tape.nodes[0].partials, tuple[float, ...])
assert_type(tape.tangents(x), Array)
assert_type(tape.isa, Literal["base", "avx2", "avx512"])
assert_type(tape.table(limit=3), str)
assert_type(tape.spy(io.BytesIO()), int)
assert_type(tape.to_c("square", "value", "jacobian"), str)
assert_type(ad_core.Tape.from_bytes(tape.to_bytes()), ad_core.Tape)
function = tape.cfunction("jacobian")
assert_type(function, ad_core.CFunction)
assert_type(function.n_in, int)
assert_type(function.work(), Array)
gathered = ad_core.gather(np.arange(6.0), [[0, 5], [1, 1]])
assert_type(gathered, ad_core.Gathered)
assert_type(gathered.shape, tuple[int, ...])


# Derivatives of your own.
@ad_core.custom_jvp
def doubled(x: Array) -> Array:
    return 2.0 * x


@doubled.defjvp
def doubled_jvp(primals: tuple[Array], tangents: tuple[Array]) -> tuple[Array, Array]:
    return doubled(*primals), 2.0 * tangents[0]


@ad_core.custom_vjp
def tripled(x: Array) -> Array:
    return 3.0 * x


def tripled_fwd(x: Array) -> tuple[Array, None]:
    return 3.0 * x, None


def tripled_bwd(residuals: None, w: Array) -> tuple[Array]:
    return (3.0 * w,)


def slope(y: Array, x: Array) -> Array:
    return np.diag(2.0 * x)


tripled.defvjp(tripled_fwd, tripled_bwd)
assert_type(doubled(x), Array)
assert_type(tripled(x), Array)
assert_type(ad_core.external(square, jacobian=slope)(x), Array)
assert_type(ad_core.checkpoint(square)(x), Array)


def relaxed(state: Array, push: Array) -> tuple[Array, None]:
    return 0.9 * state + push, None


assert_type(ad_core.scan(relaxed, x, np.ones((5, 2)), memory="10 MB")[0], Array)
assert_type(ad_core.stop_gradient(params), dict[str, Array])


def parts(spring: Spring) -> tuple[list[float], None]:
    return [spring.stiffness], None


def joined(aux: None, children: list[float]) -> Spring:
    spring = Spring.__new__(Spring)
    (spring.stiffness,) = children
    return spring


assert_type(ad_core.register_tree(Spring, parts, joined), type[Spring])

# Contexts, names, paths.
with ad_core.debug(nans=True) as context:
    assert_type(context, ad_core.debug)
with ad_core.allow_refusals():
    assert_type(ad_core.adapt(), int)
assert_type(ad_core.adapted(), dict[str, list[str]])
ad_core.restore()
assert_type(ad_core.get_include(), str)


# Solutions of equations.
def curve(x: Array, a: float) -> Array:
    return x**2 - a


def halved(x: Array, a: float) -> Array:
    return 0.5 * x + a


def rate(y: Array, t: float) -> Array:
    return -y


def bowl(x: Array, a: float) -> float:
    return np.sum(x**2) * a


assert_type(implicit.root(curve, x, 2.0), Array | Any)
assert_type(implicit.fixed_point(halved, x, 1.0), Array | Any)
assert_type(implicit.minimize(bowl, x, 1.0), Array | Any)
assert_type(implicit.odeint(rate, x, [0.0, 1.0]), Array | Any)


# Solvers return what SciPy's do.
def slow(t: float, y: Array) -> Array:
    return -y


def slow_by(t: float, y: Array, p: Array) -> Array:
    return -y * p


def implicit_slow(t: float, y: Array, yp: Array) -> Array:
    return yp + y


def line(t: Array, a: float, b: float) -> Array:
    return a + b * t


assert_type(solvers.least_squares(curve, [1.0, 1.0], args=(2.0,)), OptimizeResult)
assert_type(solvers.minimize(loss, x, method="BFGS"), OptimizeResult)
assert_type(solvers.root(curve, x, args=(2.0,)), OptimizeResult)
assert_type(solvers.solve_ivp(slow, (0, 1), x), OptimizeResult)
assert_type(solvers.curve_fit(line, np.arange(3.0), np.ones(3)), tuple[Any, ...])
assert_type(solvers.forward_sensitivities(slow_by, (0, 1), x, [1.0]), OptimizeResult)
found, pull_back = solvers.discrete_adjoint(slow_by, (0, 1), x, [1.0], t_eval=[1.0])
assert_type(found, OptimizeResult)
assert_type(pull_back(np.ones((2, 1))), tuple[Array, Array])
assert_type(solvers.NonlinearConstraint(loss, 0.0, 2.0), NonlinearConstraint)
assert_type(solvers.cvode(slow, 0.0, x), dict[str, Any])
assert_type(solvers.ida(implicit_slow, 0.0, x, -x), dict[str, Any])
problem = solvers.IpoptProblem(loss, x, square)
assert_type(problem.objective(x), np.float64)
assert_type(problem.jacobian(x), Array)

# SciPy's functions for traced values.
assert_type(special.logsumexp(x), Any)
assert_type(special.expit(x), Any)
assert_type(linalg.expm(np.eye(2)), Any)

if TYPE_CHECKING:  # what is wrong is an error
    assert_type(solvers.solve_ipopt(loss, x), OptimizeResult)
    compiled("text")  # type: ignore[call-overload]  # pyright: ignore
    doubled("text")  # type: ignore[arg-type]  # pyright: ignore
    ad_core.grad(loss)("text")  # type: ignore[arg-type]  # pyright: ignore
    ad_core.jacobian(square, mode="both")  # type: ignore[call-overload]  # pyright: ignore
    ad_core.check_grads(square, x)  # type: ignore[arg-type]  # pyright: ignore
    tape.cfunktion("jacobian")  # type: ignore[attr-defined]  # pyright: ignore
