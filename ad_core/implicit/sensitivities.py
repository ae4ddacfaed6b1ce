# SPDX-License-Identifier: Apache-2.0
"""Tangents and adjoints of the solution of an ordinary differential equation.

Both are solutions of further differential equations.
"""

import numpy as np

from ad_core import _core
from ad_core.implicit.tangents import sizes_of
from ad_core.implicit.unknown import plain
from ad_core.rules.rule import rows_of
from ad_core.transforms import first_order

__all__ = ["Sensitivities"]

GROWTH = 5.0  # a solution that decays by a factor of about e^5 can still be followed backwards
MOST = 1_000_000  # parts of the interval between two times
SAMPLES = 9  # times at which the rate of decay is estimated
DENSE = 64  # the largest y for which it is estimated from eigenvalues
TOGETHER = 30_000  # the most numbers in tangents that are always computed as one system
PRODUCTS = 20  # products with the Jacobian from which it is estimated for larger y


class Sensitivities:
    """Derivatives of the solution ys (T, n) of dy/dt = rate(y, t, *p) from y0 at the times t.

    solve is odeint, so that the solutions of these equations can be differentiated too.
    """

    def __init__(self, solve, rate, y0, t, ys, p):
        self.solve = solve
        self.rate = rate
        self.y0 = y0
        self.t = t
        self.ys = ys
        self.p = list(p)
        self._parts = None

    def push(self, dy0, dt, dp):
        """The tangent (T, n) of ys for tangents of y0, t (None: fixed) and p."""
        dp = list(dp)
        if dt is not None:
            dy0 = dy0 - self.rate(self.y0, self.t[0], *self.p) * dt[0]
        # the tolerances are for tangents of the size of the solution
        size = _size([dy0, *[x / scale for x, scale in zip(dp, self.scales, strict=True)]])
        rate = self.rate  # the functions of odeint must not refer to the values of self

        def both(state, t, p, dp):
            y, s = state
            fixed = lambda y, *p: rate(y, t, *p)  # noqa: E731
            return first_order.jvp(fixed, (y, *p), (s, *dp))

        scaled = [x / size for x in dp]
        ds = self.solve(both, (self.y0, dy0 / size), self.t, self.p, scaled)[1] * size
        if dt is None:
            return ds
        return ds + np.stack([self.rate_at(i) * dt[i] for i in range(len(self.t))])

    def pull(self, w, times):
        """Cotangents of y0, t (None unless `times`) and p for a cotangent (T, n) of ys."""
        size = _size([w])
        w = w / size
        nodes, ys = self._refined()
        rate = self.rate  # as in push

        def backwards(state, t, p):
            y, a, _ = state
            fixed = lambda y, *p: rate(y, t, *p)  # noqa: E731
            dy, pull = first_order.vjp(fixed, y, *p)
            da, *dp = pull(a)
            return dy, -da, [-x * scale for x, scale in zip(dp, scales, strict=True)]

        scales = self.scales
        a, dp = w[-1], [np.zeros(np.shape(x)) for x in self.p]
        for k in range(len(nodes) - 1, 0, -1):
            there, j = nodes[k - 1]
            way = np.stack([nodes[k][0], there])
            if plain(way[0]) != plain(way[1]):
                _, a, dp = self.solve(backwards, (ys[k], a, dp), way, self.p)
                a, dp = a[-1], [x[-1] for x in dp]
            if j is not None:
                a = a + w[j]
        dt = None
        if times:
            dt = [np.sum(w[i] * self.rate_at(i)) for i in range(len(self.t))]
            dt[0] = dt[0] - np.sum(a * self.rate_at(0))
            dt = np.stack(dt) * size
        return a * size, dt, [x * size / scale for x, scale in zip(dp, scales, strict=True)]

    def better_forward(self, count, together=False):
        """Whether `count` tangents are not more expensive than the adjoint equation. together: they
        are computed as one system."""
        if together and count * np.size(self.y0) <= TOGETHER:
            return True
        return count <= sum(self._count_parts())

    def fastest(self):
        """The largest rate of decay at some times."""
        return _core.untraced(
            self._fastest_of, plain(self.ys), plain(self.t), [plain(x) for x in self.p]
        )

    @property
    def scales(self):
        """The sizes of the numbers in p, and 1 for those that are 0."""
        return [sizes_of([plain(x)]).reshape(np.shape(x)) for x in self.p]

    def rate_at(self, i):
        return self.rate(self.ys[i], self.t[i], *self.p)

    def _count_parts(self):
        """The number of parts of each interval between two times, such that none is unstable
        backwards."""
        if self._parts is None:
            self._parts = _core.untraced(
                self._parts_of, plain(self.ys), plain(self.t), [plain(x) for x in self.p]
            )
        return self._parts

    def _fastest_of(self, ys, t, p):
        some = np.unique(np.linspace(0, len(t) - 1, SAMPLES).astype(int))
        return max(self._decay(ys[i], t[i], p) for i in some)

    def _parts_of(self, ys, t, p):
        fastest = self._fastest_of(ys, t, p)
        return [int(min(max(1.0, np.ceil(x)), MOST)) for x in fastest / GROWTH * abs(np.diff(t))]

    def _decay(self, y, t, p):
        """The rate at which neighbouring solutions approach one another, and so diverge backwards.

        It is estimated from the eigenvalues of the Jacobian, or from repeated products if y is
        large.
        """
        # p is traced too, since the rate may write to its arrays
        of_all = first_order.linearize(lambda y, *p: self.rate(y, t, *p), y, *p)[1]
        fixed = [np.zeros(np.shape(x)) for x in p]
        push = lambda s: of_all(s, *fixed)  # noqa: E731
        if y.size > DENSE:
            s = np.random.default_rng(0).standard_normal(y.size)
            sizes = [np.linalg.norm(s)]
            for _ in range(PRODUCTS):
                s = push(s / sizes[-1])
                sizes.append(float(np.linalg.norm(s)) or 1.0)
            return float(np.exp(np.mean(np.log(sizes[PRODUCTS // 2 :]))))
        matrix = np.transpose(rows_of(lambda s: [push(*s)], [y]))
        if not np.all(np.isfinite(matrix)):
            return np.inf
        return max(0.0, -float(np.min(np.linalg.eigvals(matrix).real)))

    def _refined(self):
        """(t, number of t or None) for the given times and those between, and the solution
        there."""
        nodes = [(self.t[0], 0)]
        for i, parts in enumerate(self._count_parts()):
            way = self.t[i + 1] - self.t[i]
            nodes += [(self.t[i] + way * (k / parts), None) for k in range(1, parts)]
            nodes.append((self.t[i + 1], i + 1))
        if len(nodes) == len(self.t):
            return nodes, self.ys
        times = np.stack([t for t, _ in nodes])
        return nodes, self.solve(lambda y, t, p: self.rate(y, t, *p), self.y0, times, self.p)


def _size(arrays):
    """The largest absolute value in arrays; 1 if that is 0."""
    largest = max((np.max(np.abs(plain(x)), initial=0.0) for x in arrays), default=0.0)
    return float(largest) or 1.0
