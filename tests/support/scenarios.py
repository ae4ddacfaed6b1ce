# SPDX-License-Identifier: Apache-2.0
"""Named functions in plain NumPy, used by the tests and by the benchmarks.

Every function is written once, against the module-level name ``np``, and takes what is
differentiated as its first argument. `with_numpy` runs the same source on another array library,
so no peer gets a text of its own. A `Scenario` adds inputs made from a seed and the sizes ``K``
(outputs) and ``D`` (inputs).

A generator of inputs that has a parameter ``batch`` can give many points, along leading axes.
"""

import math
import types
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial

import numpy as np

from scenarios_objectives import (
    logistic,
    logistic_args,
    rosenbrock,
    rosenbrock_args,
    snake,
    snake_args,
)
from scenarios_sparse import bundle, bundle_args, defects, effort, swing_args


@dataclass(frozen=True)
class Scenario:
    """A function, its inputs, and the derivative that is computed."""

    name: str
    fun: Callable
    args: Callable[[int], tuple]
    """``args(seed)`` gives the function's arguments; the first is the one differentiated."""
    what: str
    """``"jacobian"``: vector in, vector out; ``"value_and_grad"``: nested arrays in, scalar out."""
    K: int
    D: int


def with_numpy(fun, namespace):
    """Return ``fun`` with ``namespace`` as its global name ``np``: the same source."""
    scope = {**fun.__globals__, "np": namespace}
    return types.FunctionType(fun.__code__, scope, fun.__name__, fun.__defaults__, fun.__closure__)


# ---------------------------------------------------------------------------------------------- arm

PANDA = (
    # a (m), d (m), alpha in units of pi / 2: modified (Craig's) Denavit-Hartenberg parameters of
    # the Franka Emika Panda, from "Control parameters" in the Franka Control Interface
    # documentation
    (0.0, 0.333, 0),
    (0.0, 0.0, -1),
    (0.0, 0.316, 1),
    (0.0825, 0.0, 1),
    (-0.0825, 0.384, -1),
    (0.0, 0.0, 1),
    (0.088, 0.0, 1),
)
PANDA_FLANGE = 0.107  # metres along the last joint's axis


def arm(q):
    """Position (3) and rotation matrix (9, by rows) of the Panda's flange at angles ``q`` (7, rad).

    The transform is kept as its columns x, y, z and p. A link twist ``alpha`` is a multiple of a
    quarter turn, so it permutes columns instead of multiplying by sines and cosines of 0 and 1.
    """
    x0, x1, x2 = 1.0, 0.0, 0.0
    y0, y1, y2 = 0.0, 1.0, 0.0
    z0, z1, z2 = 0.0, 0.0, 1.0
    p0, p1, p2 = 0.0, 0.0, 0.0
    for i, (a, d, turn) in enumerate(PANDA):
        if a:
            p0, p1, p2 = p0 + a * x0, p1 + a * x1, p2 + a * x2
        if turn > 0:
            y0, y1, y2, z0, z1, z2 = z0, z1, z2, -y0, -y1, -y2
        elif turn < 0:
            y0, y1, y2, z0, z1, z2 = -z0, -z1, -z2, y0, y1, y2
        c, s = np.cos(q[i]), np.sin(q[i])
        x0, x1, x2, y0, y1, y2 = (
            c * x0 + s * y0, c * x1 + s * y1, c * x2 + s * y2,
            c * y0 - s * x0, c * y1 - s * x1, c * y2 - s * x2,
        )  # fmt: skip
        if d:
            p0, p1, p2 = p0 + d * z0, p1 + d * z1, p2 + d * z2
    out = np.zeros(12)
    out[0] = p0 + PANDA_FLANGE * z0
    out[1] = p1 + PANDA_FLANGE * z1
    out[2] = p2 + PANDA_FLANGE * z2
    out[3], out[4], out[5] = x0, y0, z0
    out[6], out[7], out[8] = x1, y1, z1
    out[9], out[10], out[11] = x2, y2, z2
    return out


def arm_args(seed, batch=()):
    """Joint angles within the Panda's limits."""
    low = np.array([-2.8973, -1.7628, -2.8973, -3.0718, -2.8973, -0.0175, -2.8973])
    high = np.array([2.8973, 1.7628, 2.8973, -0.0698, 2.8973, 3.7525, 2.8973])
    return (np.random.default_rng(seed).uniform(low, high, (*batch, 7)),)


# --------------------------------------------------------------------------------------------- arm6

UR5E = (
    # a (m), d (m), alpha (rad): standard Denavit-Hartenberg parameters of Universal Robots' UR5e,
    # from "DH Parameters for calculations of kinematics and dynamics"
    (0.0, 0.1625, math.pi / 2),
    (-0.425, 0.0, 0.0),
    (-0.3922, 0.0, 0.0),
    (0.0, 0.1333, math.pi / 2),
    (0.0, 0.0997, -math.pi / 2),
    (0.0, 0.0996, 0.0),
)


def arm6(q):
    """Position (3) and rotation matrix (9, by rows) of the UR5e's flange at angles ``q`` (6, rad).

    Written as textbooks do, by products of 4 x 4 matrices: mostly multiplications by 0 and 1, and
    by the cosine of pi / 2, which in floating point is not 0.
    """
    pose = np.eye(4)
    for i, (a, d, alpha) in enumerate(UR5E):
        c, s = np.cos(q[i]), np.sin(q[i])
        ca, sa = math.cos(alpha), math.sin(alpha)
        link = np.array([
            [c, -s * ca, s * sa, a * c],
            [s, c * ca, -c * sa, a * s],
            [0.0, sa, ca, d],
            [0.0, 0.0, 0.0, 1.0],
        ])  # fmt: skip
        pose = pose @ link
    return np.concatenate((pose[:3, 3], pose[:3, :3].reshape(9)))


def arm6_args(seed, batch=()):
    """Joint angles between -pi and pi."""
    return (np.random.default_rng(seed).uniform(-math.pi, math.pi, (*batch, 6)),)


# ---------------------------------------------------------------------------------------- pollution


def pollution(y):
    """Right-hand side of Verwer's Pollution problem: 20 species, 25 reactions; ppm and minutes.

    Reactions and rate constants from J. G. Verwer, "Gauss-Seidel iteration for stiff ODEs from
    chemical kinetics", SIAM J. Sci. Comput. 15 (1994), as in the Test Set for Initial Value
    Problem Solvers.
    """
    r1 = 0.35 * y[0]
    r2 = 26.6 * y[1] * y[3]
    r3 = 1.23e4 * y[4] * y[1]
    r4 = 8.6e-4 * y[6]
    r5 = 8.2e-4 * y[6]
    r6 = 1.5e4 * y[6] * y[5]
    r7 = 1.3e-4 * y[8]
    r8 = 2.4e4 * y[8] * y[5]
    r9 = 1.65e4 * y[10] * y[1]
    r10 = 9.0e3 * y[10] * y[0]
    r11 = 0.022 * y[12]
    r12 = 1.2e4 * y[9] * y[1]
    r13 = 1.88 * y[13]
    r14 = 1.63e4 * y[0] * y[5]
    r15 = 4.8e6 * y[2]
    r16 = 3.5e-4 * y[3]
    r17 = 0.0175 * y[3]
    r18 = 1.0e8 * y[15]
    r19 = 4.44e11 * y[15]
    r20 = 1.24e3 * y[16] * y[5]
    r21 = 2.1 * y[18]
    r22 = 5.78 * y[18]
    r23 = 0.0474 * y[0] * y[3]
    r24 = 1.78e3 * y[18] * y[0]
    r25 = 3.12 * y[19]
    dy = np.zeros(20)
    dy[0] = -r1 - r10 - r14 - r23 - r24 + r2 + r3 + r9 + r11 + r12 + r22 + r25
    dy[1] = -r2 - r3 - r9 - r12 + r1 + r21
    dy[2] = -r15 + r1 + r17 + r19 + r22
    dy[3] = -r2 - r16 - r17 - r23 + r15
    dy[4] = -r3 + 2.0 * r4 + r6 + r7 + r13 + r20
    dy[5] = -r6 - r8 - r14 - r20 + r3 + 2.0 * r18
    dy[6] = -r4 - r5 - r6 + r13
    dy[7] = r4 + r5 + r6 + r7
    dy[8] = -r7 - r8
    dy[9] = -r12 + r7 + r9
    dy[10] = -r9 - r10 + r8 + r11
    dy[11] = r9
    dy[12] = -r11 + r10
    dy[13] = -r13 + r12
    dy[14] = r14
    dy[15] = -r18 - r19 + r16
    dy[16] = -r20
    dy[17] = r20
    dy[18] = -r21 - r22 - r24 + r23 + r25
    dy[19] = -r25 + r24
    return dy


POLLUTION_START = {1: 0.2, 3: 0.04, 6: 0.1, 7: 0.3, 8: 0.01, 16: 0.007}
"""Initial concentrations (index: ppm); the other species start at zero."""

POLLUTION_AT_60 = (
    # the solution of the Test Set after 60 minutes, rounded: all species, over 17 decades
    5.646e-2, 1.342e-1, 4.140e-9, 5.523e-3, 2.019e-7, 1.465e-7, 7.784e-2, 3.245e-1, 7.494e-3,
    1.622e-8, 1.136e-8, 2.231e-3, 2.087e-4, 1.397e-5, 8.965e-3, 4.353e-18, 6.899e-3, 1.008e-4,
    1.772e-6, 5.683e-5,
)  # fmt: skip


def pollution_args(seed, batch=()):
    """Concentrations within a factor of two of those after an hour."""
    factor = 2.0 ** np.random.default_rng(seed).uniform(-1.0, 1.0, (*batch, 20))
    return (np.array(POLLUTION_AT_60) * factor,)


# -------------------------------------------------------------------------------------------- hires


def hires(y):
    """Right-hand side of HIRES, the "high irradiance response" of plants' growth to light.

    Eight reactants, as in E. Schaefer, "A new approach to explain the high irradiance responses of
    photomorphogenesis on the basis of phytochrome", J. Math. Biology 2 (1975), and in the Test
    Set for Initial Value Problem Solvers.
    """
    y1, y2, y3, y4, y5, y6, y7, y8 = y
    binding = 280.0 * y6 * y8 - 1.81 * y7
    return np.array([
        -1.71 * y1 + 0.43 * y2 + 8.32 * y3 + 0.0007,
        1.71 * y1 - 8.75 * y2,
        -10.03 * y3 + 0.43 * y4 + 0.035 * y5,
        8.32 * y2 + 1.71 * y3 - 1.12 * y4,
        -1.745 * y5 + 0.43 * y6 + 0.43 * y7,
        -280.0 * y6 * y8 + 0.69 * y4 + 1.71 * y5 - 0.43 * y6 + 0.69 * y7,
        binding,
        -binding,
    ])  # fmt: skip


HIRES_START = (1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0057)
HIRES_END = 321.8122  # the time at which the Test Set ends

HIRES_STATES = (
    # the solution at t = 1, 5 and 50, rounded, and the Test Set's at its end
    (2.555e-1, 5.691e-2, 1.946e-2, 4.585e-1, 2.015e-2, 1.823e-1, 5.499e-3, 2.009e-4),
    (3.165e-2, 6.482e-3, 4.584e-3, 8.974e-2, 1.625e-1, 6.850e-1, 5.647e-3, 5.330e-5),
    (5.419e-3, 1.059e-3, 9.727e-4, 9.383e-3, 1.634e-1, 6.559e-1, 5.644e-3, 5.563e-5),
    (
        7.371312573325668e-4, 1.442485726316185e-4, 5.888729740967575e-5, 1.175651343283149e-3,
        2.386356198831331e-3, 6.238968252742796e-3, 2.849998395185769e-3, 2.850001604814231e-3,
    ),
)  # fmt: skip


def hires_args(seed, batch=()):
    """Concentrations within a factor of 1.5 of some state of the solution."""
    rng = np.random.default_rng(seed)
    states = np.array(HIRES_STATES)[rng.integers(len(HIRES_STATES), size=batch)]
    return (states * 1.5 ** rng.uniform(-1.0, 1.0, states.shape),)


# -------------------------------------------------------------------------------------- brusselator


def brusselator(y):
    """Right-hand side of the 2-D Brusselator on a periodic n x n grid; ``y`` is (2 n n,).

    u' = 1 + u^2 v - 4.4 u + alpha lap(u) and v' = 3.4 u - u^2 v + alpha lap(v) on the unit square,
    as in Hairer and Wanner's BRUS-2D and SciML's benchmark of it, with alpha = 10.
    """
    n = math.isqrt(y.shape[0] // 2)
    fields = y.reshape(2, n, n)
    u, v = fields[0], fields[1]
    diffusion = 10.0 * n * n
    near_u = np.roll(u, 1, 0) + np.roll(u, -1, 0) + np.roll(u, 1, 1) + np.roll(u, -1, 1)
    near_v = np.roll(v, 1, 0) + np.roll(v, -1, 0) + np.roll(v, 1, 1) + np.roll(v, -1, 1)
    uuv = u * u * v
    du = 1.0 + uuv - 4.4 * u + diffusion * (near_u - 4.0 * u)
    dv = 3.4 * u - uuv + diffusion * (near_v - 4.0 * v)
    return np.concatenate((du.reshape(n * n), dv.reshape(n * n)))


def brusselator_args(seed, n=32):
    """SciML's smooth initial fields on an n x n grid, with noise: no two entries are equal."""
    x, y = np.meshgrid(np.arange(n) / n, np.arange(n) / n, indexing="ij")
    fields = np.stack((22.0 * (y * (1.0 - y)) ** 1.5, 27.0 * (x * (1.0 - x)) ** 1.5))
    noise = np.random.default_rng(seed).uniform(0.99, 1.01, fields.shape)
    return ((fields * noise).reshape(-1),)


# ---------------------------------------------------------------------------------------------- gmm


@lru_cache
def factor_index(d):
    """The position of each entry of a d x d factor in ADBench's row of d(d+1)/2 numbers.

    A row holds the diagonal's logarithms and then the strictly lower triangle, column by column;
    entries above the diagonal point one past its end.
    """
    size = d * (d + 1) // 2
    index = np.full((d, d), size)
    index[np.diag_indices(d)] = np.arange(d)
    columns, rows = np.triu_indices(d, 1)
    index[rows, columns] = np.arange(d, size)
    return index


@lru_cache
def wishart_constant(d, k, gamma, m):
    """The part of the Wishart prior that does not depend on parameters."""
    n = d + m + 1
    log_gamma = d * (d - 1) / 4.0 * math.log(math.pi)
    log_gamma += sum(math.lgamma(0.5 * (n - j)) for j in range(d))
    return k * (n * d * math.log(gamma / math.sqrt(2.0)) - log_gamma)


def gmm(params, x):
    """Log-likelihood of points ``x`` (n, d) under a Gaussian mixture, with ADBench's Wishart prior.

    ``params`` are (alphas (K,), means (K, d), icf (K, d(d+1)/2)): the weights' logarithms, the
    centres and the inverse covariance factors; the prior has gamma = 1 and m = 0.
    """
    alphas, means, icf = params
    n, d = x.shape
    k = alphas.shape[0]
    log_diagonal = icf[:, :d]
    diagonal = np.exp(log_diagonal)
    lower = icf[:, d:]
    entries = np.concatenate((diagonal, lower, np.zeros((k, 1))), axis=1)
    factors = entries[:, factor_index(d)]
    centred = x - means.reshape(k, 1, d)
    scaled = np.matmul(centred, np.swapaxes(factors, 1, 2))
    weights = (alphas + np.sum(log_diagonal, axis=1)).reshape(k, 1)
    terms = weights - 0.5 * np.sum(scaled * scaled, axis=2)
    top = np.max(terms, axis=0)
    likelihood = np.sum(top + np.log(np.sum(np.exp(terms - top), axis=0)))
    top_alpha = np.max(alphas)
    normaliser = top_alpha + np.log(np.sum(np.exp(alphas - top_alpha)))
    prior = 0.5 * (np.sum(diagonal * diagonal) + np.sum(lower * lower))
    constant = -0.5 * n * d * math.log(2.0 * math.pi) - wishart_constant(d, k, 1.0, 0)
    return constant + likelihood - n * normaliser + prior


def gmm_args(seed, d=2, k=5, n=1000):
    """Generated data of ADBench's shapes: normal points and factors, uniform means."""
    rng = np.random.default_rng(seed)
    alphas, means = rng.normal(size=k), rng.uniform(size=(k, d))
    icf = rng.normal(size=(k, d * (d + 1) // 2))
    return (alphas, means, icf), rng.normal(size=(n, d))


# ------------------------------------------------------------------------------------------ network


def network(params, x, labels):
    """Mean cross-entropy of a fully connected tanh network; ``params`` is a list of (W, b)."""
    h = x
    for i in range(len(params) - 1):
        W, b = params[i]
        h = np.tanh(np.matmul(h, W) + b)
    W, b = params[len(params) - 1]
    logits = np.matmul(h, W) + b
    shifted = logits - np.max(logits, axis=1, keepdims=True)
    log_probability = shifted - np.log(np.sum(np.exp(shifted), axis=1, keepdims=True))
    return -np.mean(log_probability[np.arange(labels.shape[0]), labels])


def network_args(seed, sizes=(784, 512, 512, 10), batch=256):
    """Weights of Glorot's variance, small biases, inputs in [0, 1) like pixels, random labels."""
    rng = np.random.default_rng(seed)
    params = []
    for i in range(len(sizes) - 1):
        rows, columns = sizes[i], sizes[i + 1]
        weight = rng.normal(scale=math.sqrt(2.0 / (rows + columns)), size=(rows, columns))
        params.append((weight, rng.normal(scale=0.01, size=columns)))
    return params, rng.random((batch, sizes[0])), rng.integers(sizes[-1], size=batch)


# -------------------------------------------------------------------------------------------- lists


def weights_of(*sizes):
    """The number of weights and biases of a network with these layer sizes."""
    return sum(sizes[i] * sizes[i + 1] + sizes[i + 1] for i in range(len(sizes) - 1))


ARM = Scenario("arm", arm, arm_args, "jacobian", K=12, D=7)
ARM6 = Scenario("arm6", arm6, arm6_args, "jacobian", K=12, D=6)
POLLUTION = Scenario("pollution", pollution, pollution_args, "jacobian", K=20, D=20)
HIRES = Scenario("hires", hires, hires_args, "jacobian", K=8, D=8)
BRUSSELATOR = Scenario("brusselator", brusselator, brusselator_args, "jacobian", K=2048, D=2048)
GMM = Scenario("gmm", gmm, gmm_args, "value_and_grad", K=1, D=30)
GMM_WIDE = Scenario("gmm-wide", gmm, partial(gmm_args, d=10), "value_and_grad", K=1, D=330)
NETWORK = Scenario(
    "network", network, network_args, "value_and_grad", K=1, D=weights_of(784, 512, 512, 10)
)


def network_scenario(name, sizes, batch):
    args = partial(network_args, sizes=sizes, batch=batch)
    return Scenario(name, network, args, "value_and_grad", K=1, D=weights_of(*sizes))


NETWORK_NARROW = network_scenario("network-narrow", (16, 32, 32, 4), 32)
ROSENBROCK = Scenario("rosenbrock", rosenbrock, rosenbrock_args, "value_and_grad", K=1, D=1000)
LOGISTIC = Scenario("logistic", logistic, logistic_args, "value_and_grad", K=1, D=20)
SNAKE = Scenario("snake", snake, snake_args, "value_and_grad", K=1, D=300)

FULL = (
    *(ARM, ARM6, POLLUTION, HIRES, BRUSSELATOR),
    *(GMM, GMM_WIDE, NETWORK, NETWORK_NARROW, ROSENBROCK, LOGISTIC, SNAKE),
)
"""Every function at the size that is timed."""

SCENE = {"cameras": 2, "points": 3, "observations": 6}


def swing_states(seed, n):
    """The variables of a swing-up."""
    return swing_args(seed, n)[:1]


SMALL = (
    ARM,
    ARM6,
    POLLUTION,
    HIRES,
    Scenario(
        "small-brusselator", brusselator, partial(brusselator_args, n=6), "jacobian", K=72, D=72
    ),
    Scenario("small-gmm", gmm, partial(gmm_args, d=3, k=4, n=15), "value_and_grad", K=1, D=40),
    network_scenario("small-network", (7, 6, 5, 4), 9),
    Scenario(
        "small-rosenbrock", rosenbrock, partial(rosenbrock_args, n=9), "value_and_grad", K=1, D=9
    ),
    Scenario(
        "small-logistic", logistic, partial(logistic_args, n=12, d=4), "value_and_grad", K=1, D=4
    ),
    Scenario("small-snake", snake, partial(snake_args, n=7), "value_and_grad", K=1, D=7),
    Scenario("small-bundle", bundle, partial(bundle_args, **SCENE), "jacobian", K=18, D=37),
    Scenario("small-defects", defects, partial(swing_states, n=5), "jacobian", K=16, D=25),
    Scenario("small-effort", effort, partial(swing_states, n=5), "value_and_grad", K=1, D=25),
)
"""Every function at a size whose derivative a test can afford to check entry by entry."""
