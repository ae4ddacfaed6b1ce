# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""The steps of SciPy's solvers of differential equations, and their adjoints.

SciPy carries out the steps.  Each class here keeps the times, states and orders of its method's
steps, and propagates cotangents of the states back to the first state, with the steps' sizes held
fixed.
"""

import numpy as np

from ad_core.solvers.newton import factors

__all__ = ["KINDS"]

ROOT6 = np.sqrt(6.0)
# Radau IIA of order 5: Hairer and Wanner, Solving Ordinary Differential Equations II, table IV.5.6.
RADAU_C = np.array([(4.0 - ROOT6) / 10.0, (4.0 + ROOT6) / 10.0, 1.0])
RADAU_A = np.array([
    [(88 - 7 * ROOT6) / 360, (296 - 169 * ROOT6) / 1800, (-2 + 3 * ROOT6) / 225],
    [(296 + 169 * ROOT6) / 1800, (88 + 7 * ROOT6) / 360, (-2 - 3 * ROOT6) / 225],
    [(16 - ROOT6) / 36, (16 + ROOT6) / 36, 1 / 9],
])  # fmt: skip
SAME_STEP = 1e-9  # a smaller relative change of a step is rounding in t


class Steps:
    """One solve from one time to another: t (N + 1,) and y (N + 1, n), both empty before it."""

    def __init__(self, solver, rates):
        self.method = solver
        self.rates = rates
        self.t, self.y = np.empty(0), np.empty((0, rates.n))

    def solve(self, t0, y0, t1, options):
        """(SciPy's solver after its last step, its message); the steps are kept."""
        first = options["first_step"]
        if first is not None:
            options["first_step"] = min(first, abs(t1 - t0))
        solver = self.method(self.rates.value, t0, y0, t1, **options)
        times, states, message = [t0], [y0], None
        while solver.status == "running":
            self.before_step(solver)
            message = solver.step()
            if solver.status == "failed":
                return solver, message
            times.append(solver.t)
            states.append(solver.y.copy())
            self.after_step(solver)
        self.t, self.y = np.array(times), np.array(states)
        return solver, message

    def before_step(self, solver):
        """Store what the adjoint needs to know of the solver before a step."""

    def after_step(self, solver):
        """Store what the adjoint needs to know of the solver after a step."""

    def next_step(self, ends):
        """The first step of the next segment: the larger of the last two, as the last was cut."""
        return float(np.max(np.abs(np.diff(self.t[-3:]))))

    def pull(self, w):
        """(dy0, dp) for cotangents (N + 1, n) of the states."""
        dy, stages = w[-1].copy(), []
        for k in range(len(self.t) - 2, -1, -1):
            dy = self.step_back(k, self.t[k + 1] - self.t[k], dy, stages) + w[k]
        t, y, cotangents = (np.array(part) for part in zip(*stages, strict=True))
        return dy, self.rates.pull_many(t, y, cotangents)


class Explicit(Steps):
    """Runge-Kutta steps: y + h sum of b_i k_i, k_i = f(t + c_i h, y + h sum of a_ij k_j)."""

    def tableau(self):
        b = np.asarray(self.method.B)
        a = np.zeros((b.size, b.size))
        given = np.asarray(self.method.A)[: b.size, : b.size]
        a[: given.shape[0], : given.shape[1]] = given
        return a, b, np.asarray(self.method.C)[: b.size]

    def stages(self):
        """States of all stages of all steps, (stages, N, n), and their times."""
        a, b, c = self.tableau()
        h, y = np.diff(self.t)[:, None], self.y[:-1]
        states, slopes, times = [], [], []
        for i in range(b.size):
            states.append(y + h * sum((a[i, j] * slopes[j] for j in range(i)), np.zeros_like(y)))
            times.append(self.t[:-1] + c[i] * h[:, 0])
            slopes.append(self.rates.values(times[i], states[i]))
        return times, states

    def pull(self, w):
        self.at = self.stages()
        return super().pull(w)

    def step_back(self, k, h, w, stages):
        a, b, _ = self.tableau()
        times, states = self.at
        by_stage = np.zeros((b.size, w.size))
        for i in range(b.size - 1, -1, -1):
            slope = h * (b[i] * w + a[i + 1 :, i] @ by_stage[i + 1 :])
            by_stage[i] = self.rates.pull(times[i][k], states[i][k], slope)[0]
            stages.append((times[i][k], states[i][k], slope))
        return w + by_stage.sum(axis=0)


class Radau(Steps):
    """Collocation steps: Y_i = y + h sum of a_ij f(t + c_j h, Y_j); the last Y_i is the result."""

    def __init__(self, solver, rates):
        super().__init__(solver, rates)
        self.inner = []

    def after_step(self, solver):
        # The dense output is the collocation polynomial itself.
        h = solver.t - solver.t_old
        self.inner.append(solver.dense_output()(solver.t_old + RADAU_C[:2] * h).T)

    def step_back(self, k, h, w, stages):
        times = self.t[k] + RADAU_C * h
        states = np.concatenate([self.inner[k], self.y[k + 1][None]])
        jacobians = [self.rates.jacobian(t, y) for t, y in zip(times, states, strict=True)]
        right = np.zeros((3, w.size))
        right[2] = w
        left = [[h * RADAU_A[i, j] * jacobians[j] for j in range(3)] for i in range(3)]
        found = solve_transposed(left, right.ravel(), self.rates.sparse).reshape(3, -1)
        slopes = h * RADAU_A.T @ found
        stages += zip(times, states, slopes, strict=True)
        return found.sum(axis=0)


class Bdf(Steps):
    """Multistep steps of varying order q and size, in backward differences D.

    With D rescaled to the step, y_p = sum of D_0 .. D_q and psi = sum of gamma_i D_i / alpha_q,
    a step solves c f(t, y_p + d) = psi + d, c = h / alpha_q, and has y = y_p + d.  Source: Shampine
    and Reichelt, The MATLAB ODE suite, 1997.
    """

    def __init__(self, solver, rates):
        super().__init__(solver, rates)
        self.orders = []

    def before_step(self, solver):
        self.orders.append(solver.order)
        self.alpha, self.gamma = solver.alpha, solver.gamma

    def pull(self, w):
        self.differences = np.zeros((len(self.gamma) + 2, w.shape[1]))
        self.differences[0] = w[-1]
        stages = []
        for k in range(len(self.t) - 2, -1, -1):
            self.step_back(k, stages)
            self.differences[0] += w[k]
        # The first differences are y0 and h f(t0, y0).
        slope = (self.t[1] - self.t[0]) * self.differences[1]
        stages.append((self.t[0], self.y[0], slope))
        dy = self.differences[0] + self.rates.pull(self.t[0], self.y[0], slope)[0]
        t, y, cotangents = (np.array(part) for part in zip(*stages, strict=True))
        return dy, self.rates.pull_many(t, y, cotangents)

    def step_back(self, k, stages):
        D, q, h = self.differences, self.orders[k], self.t[k + 1] - self.t[k]
        t, y, c = self.t[k + 1], self.y[k + 1], h / self.alpha[q]
        for i in range(q + 1):  # the adjoint of D_i += D_{i+1} from the highest i down
            D[i + 1] += D[i]
        correction = D[q + 1].copy()
        D[q + 1] = 0.0
        left = [[c * self.rates.jacobian(t, y)]]
        found = solve_transposed(left, correction, self.rates.sparse)
        stages.append((t, y, c * found))
        predicted = self.rates.pull(t, y, c * found)[0]
        D[: q + 1] += predicted
        D[1 : q + 1] -= np.outer(self.gamma[1 : q + 1] / self.alpha[q], found)
        if k > 0:
            factor = abs(h / (self.t[k] - self.t[k - 1]))
            if abs(factor - 1.0) > SAME_STEP:
                D[: q + 1] = rescaling(q, factor) @ D[: q + 1]


def rescaling(q, factor):
    """The transpose of the map from differences with step h to those with step factor * h,
    (q + 1, q + 1)."""

    def differences(ratio):
        i, j = np.arange(1, q + 1)[:, None], np.arange(1, q + 1)
        rows = np.ones((q + 1, q + 1))
        rows[1:, 0] = 0.0
        rows[1:, 1:] = np.cumprod((i - 1 - ratio * j) / i, axis=0)
        return rows

    return differences(factor) @ differences(1.0)


def solve_transposed(blocks, right, sparse):
    """The solution x of (1 - B)^T x = right, where B consists of blocks."""
    if not sparse:
        matrix = np.block(blocks)
        return np.linalg.solve(np.eye(right.size) - matrix.T, right)
    from scipy.sparse import block_array, eye_array

    matrix = eye_array(right.size) - block_array(blocks)
    return factors(matrix.tocsc()).solve(right, trans="T")


KINDS = {"RK23": Explicit, "RK45": Explicit, "DOP853": Explicit, "Radau": Radau, "BDF": Bdf}
