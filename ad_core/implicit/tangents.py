# SPDX-License-Identifier: Apache-2.0
"""All tangents of the solution of an ordinary differential equation as one system."""

import numpy as np

from ad_core.errors import NotDifferentiable
from ad_core.implicit.unknown import scipy_module
from ad_core.programs.function import compile
from ad_core.transforms import first_order

__all__ = ["sizes_of", "tangents"]

DENSE = 200  # the most equations for which LSODA factorises a dense Jacobian
FAST = 1000.0  # decay over the interval from which on explicit methods need too many steps


def sizes_of(arrays):
    """The absolute values of all numbers in arrays, 1 for those that are 0: the derivative by a
    number is of the solution's size if it is multiplied by this."""
    parts = [np.abs(np.ravel(x)) for x in arrays]
    sizes = np.concatenate(parts) if parts else np.zeros(0)
    return np.where((sizes > 0.0) & np.isfinite(sizes), sizes, 1.0)


def tangents(rate, y0, t, p, by_y0, by_p, options, decay):
    """The derivatives (T, n, q) of the solution at the times t of dy/dt = rate(y, t, *p) from y0,
    by y0 if by_y0, and by the arrays p of which by_p is true, q numbers in all.

    The equations of all of them are solved with the equation itself. The Jacobian of rate comes
    from one program. options: method, rtol and atol; the tolerances hold for derivatives that are
    multiplied by the numbers by which they are. decay() is the largest rate of decay.
    """
    slopes = _Slopes(rate, p, [k for k, wanted in enumerate(by_p) if wanted])
    n = y0.size
    sizes = np.concatenate([
        sizes_of([y0]) if by_y0 else np.zeros(0),
        sizes_of([x for x, wanted in zip(p, by_p, strict=True) if wanted]),
    ])  # fmt: skip
    first = n if by_y0 else 0
    start = np.zeros((n, sizes.size))
    start[:, :first] = np.eye(n)[:, :first]
    start *= sizes

    def system(t, z):
        y, S = z[:n], z[n:].reshape(n, -1)
        f, by_y, by_arrays = slopes(y, t)
        dS = by_y @ S
        dS[:, first:] += by_arrays * sizes[first:]
        return np.concatenate([f, dS.ravel()])

    if np.all(t == t[0]):
        return np.broadcast_to(start / sizes, (len(t), *start.shape))
    integrate = scipy_module("integrate", "implicit.odeint")
    method, rtol, atol = options
    size = n * (1 + sizes.size)
    if method == "LSODA" and size > DENSE:
        method = "DOP853" if decay() * abs(t[-1] - t[0]) < FAST else "Radau"
    more = {}
    if method in ("Radau", "BDF"):
        order = _by_state(n, sizes.size)
        more["jac"] = lambda t, z: _block_jacobian(slopes(z[:n], t)[1], order)
    elif method == "LSODA":
        order = _by_state(n, sizes.size)
        more["jac"] = lambda t, z: _block_jacobian(slopes(z[:n], t)[1], order).toarray()
    atol = np.broadcast_to(np.asarray(atol, dtype=np.float64), (n,))
    times, places = np.unique(t, return_inverse=True)
    if t[-1] < t[0]:
        times, places = times[::-1], times.size - 1 - places
    found = integrate.solve_ivp(
        system, (t[0], t[-1]), np.concatenate([y0, start.ravel()]), method, times, rtol=rtol,
        atol=np.concatenate([atol, np.repeat(atol, sizes.size)]), **more,
    )  # fmt: skip
    if not found.success:
        raise RuntimeError(
            f"implicit.odeint did not solve the equation's tangents from t={t[0]:g} to "
            f"{t[-1]:g}: {found.message}; pass another method or tolerance"
        )
    S = found.y.T[places, n:].reshape(len(t), n, -1)
    return S / sizes


def _by_state(n, q):
    """The numbers of the unknowns in the order y, S[:, 0], S[:, 1], ..."""
    return np.concatenate([np.arange(n), n + np.arange(n * q).reshape(n, q).T.ravel()])


def _block_jacobian(by_y, order):
    """The Jacobian of the system without the derivative of dS/dt by y: an implicit method takes one
    more of Newton's steps without it, since S does not act on y."""
    sparse = scipy_module("sparse", "implicit.odeint")
    n = len(by_y)
    blocks = sparse.coo_array(sparse.kron(sparse.eye(len(order) // n), by_y))
    entries = blocks.data, (order[blocks.row], order[blocks.col])
    return sparse.csc_array(entries, shape=blocks.shape)


class _Slopes:
    """The rate, its Jacobian (n, n) by y, and that by some of the arrays p, side by side."""

    def __init__(self, rate, p, numbers):
        self.rate = rate
        self.p = p
        self.numbers = numbers
        self.program = compile(lambda y, t, *p: rate(y, t, *p))
        self.last = None

    def __call__(self, y, t):
        key = t, y.tobytes()
        last = self.last  # another thread may replace it
        if last is None or last[0] != key:
            f, (by_y, *by_p) = self._found(y, float(t))
            n = y.size
            by_p = [np.reshape(x, (n, -1)) for x in by_p]
            last = self.last = key, (f, by_y, np.concatenate([np.zeros((n, 0)), *by_p], axis=1))
        return last[1]

    def _found(self, y, t):
        program = self.program
        if program is not None:
            try:
                argnums = (0, *[2 + k for k in self.numbers])
                return program.value_and_jacobian(y, t, *self.p, argnums=argnums)
            except NotDifferentiable:  # of t, by which no derivative is needed
                self.program = None
        argnums = tuple(range(1 + len(self.p)))  # of all, since the rate may write to its arrays
        of_y = lambda y, *p: self.rate(y, t, *p)  # noqa: E731
        f, found = first_order.value_and_jacobian(of_y, argnums)(y, *self.p)
        return f, (found[0], *[found[1 + k] for k in self.numbers])
