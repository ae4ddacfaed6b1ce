# SPDX-License-Identifier: Apache-2.0
"""The Brusselator with diffusion in two dimensions: two chemicals on a periodic grid.

Source: E. Hairer and G. Wanner, Solving Ordinary Differential Equations II, section IV.10,
problem BRUSS-2D.
"""

import numpy as np

__all__ = ["DIFFUSION", "END", "SWITCH", "fields", "rate", "start"]

DIFFUSION = 0.1
SWITCH = 1.1  # from this time on, more of the first chemical flows into a disc
END = 11.5


def fields(y):
    """The two concentrations u and v of a state (2 n n,), as an array (2, n, n)."""
    n = int(np.sqrt(y.size / 2.0) + 0.5)
    return y.reshape(2, n, n)


def start(n):
    """The state at t = 0 on a grid of n x n points: shape (2 n n,).

    >>> from ad_core.examples.brusselator import start
    >>> start(4).shape
    (32,)
    """
    x, y = np.meshgrid(np.arange(n) / n, np.arange(n) / n, indexing="ij")
    u, v = 22.0 * (y * (1.0 - y)) ** 1.5, 27.0 * (x * (1.0 - x)) ** 1.5
    return np.stack([u, v]).ravel()


def rate(t, y):
    """The derivative dy/dt at time t of a state y (2 n n,); it has the same shape.

    >>> import numpy as np
    >>> from ad_core.examples.brusselator import rate
    >>> rate(0.0, np.ones(8)).round(2).tolist()  # evenly spread: nothing diffuses
    [-2.4, -2.4, -2.4, -2.4, 2.4, 2.4, 2.4, 2.4]
    """
    u, v = fields(y)
    n = len(u)
    near = [sum(np.roll(w, by, axis) for by in (1, -1) for axis in (0, 1)) for w in (u, v)]
    reaction = u * u * v
    du = 1.0 + reaction - 4.4 * u + DIFFUSION * n * n * (near[0] - 4.0 * u)
    dv = 3.4 * u - reaction + DIFFUSION * n * n * (near[1] - 4.0 * v)
    if t >= SWITCH:
        at = np.arange(n) / n
        du = du + 5.0 * ((at[:, None] - 0.3) ** 2 + (at - 0.6) ** 2 <= 0.1**2)
    return np.stack([du, dv]).ravel()
