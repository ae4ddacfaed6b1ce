# SPDX-License-Identifier: Apache-2.0
"""Functions with large sparse derivatives: bundle adjustment, and a pendulum on a cart.

They are used by the tests, at small sizes, and by the benchmarks.
"""

import numpy as np

# ------------------------------------------------------------------------------- bundle adjustment

CAMERA, POINT = 11, 3
"""Numbers of a camera (rotation, centre, focal length, principal point, two distortions) and of
a point in space. An observation adds its weight: 15 unknowns in all, for 2 residuals."""


def reprojection(x, seen):
    """The distance of a camera's image of a point from the observed image, times a weight.

    ``x`` is a camera, a point and a weight, 15 numbers along the first axis; ``seen`` and the
    result have 2. Rotation by Rodrigues' formula, radial distortion of second and fourth order:
    the camera of ADBench (Srajer, Kukelova and Fitzgibbon, 2018).
    """
    w0, w1, w2 = x[0], x[1], x[2]
    p0, p1, p2 = x[11] - x[3], x[12] - x[4], x[13] - x[5]
    square = w0 * w0 + w1 * w1 + w2 * w2
    angle = np.sqrt(square)
    cosine, sine = np.cos(angle), np.sin(angle) / angle
    along = (1.0 - cosine) / square * (w0 * p0 + w1 * p1 + w2 * p2)
    q0 = cosine * p0 + sine * (w1 * p2 - w2 * p1) + along * w0
    q1 = cosine * p1 + sine * (w2 * p0 - w0 * p2) + along * w1
    q2 = cosine * p2 + sine * (w0 * p1 - w1 * p0) + along * w2
    u, v = q0 / q2, q1 / q2
    r = u * u + v * v
    focal = x[6] * (1.0 + x[9] * r + x[10] * r * r)
    return np.stack((x[14] * (focal * u + x[7] - seen[0]), x[14] * (focal * v + x[8] - seen[1])))


def bundle(unknowns, columns, seen):
    """All residuals: two for each of p observations, then one for each weight w, 1 - w^2.

    ``unknowns`` are all cameras, all points and all weights; ``columns`` (p, 15) says which of
    them an observation is of; ``seen`` is (p, 2). Shape (3 p,).
    """
    x = unknowns[columns.T]
    errors = reprojection(x, seen.T)
    return np.concatenate((errors.T.reshape(-1), 1.0 - x[14] * x[14]))


def bundle_args(seed, cameras=49, points=7776, observations=31843):
    """A made-up scene in the shape of ADBench's first: cameras around, all before the points."""
    rng = np.random.default_rng(seed)
    camera = np.concatenate(
        (
            rng.normal(scale=0.2, size=(cameras, 6)),
            rng.uniform(400.0, 600.0, (cameras, 1)),
            rng.normal(scale=5.0, size=(cameras, 2)),
            rng.normal(scale=0.02, size=(cameras, 2)),
        ),
        axis=1,
    )
    point = rng.normal(size=(points, POINT)) + np.array([0.0, 0.0, 8.0])
    weight = rng.uniform(0.5, 1.5, observations)
    places = np.random.default_rng(0)  # the observations are the same for all seeds
    i = places.integers(cameras, size=observations)
    j = places.integers(points, size=observations)
    first = CAMERA * cameras
    columns = np.concatenate(
        (
            CAMERA * i[:, None] + np.arange(CAMERA),
            first + POINT * j[:, None] + np.arange(POINT),
            first + POINT * points + np.arange(observations)[:, None],
        ),
        axis=1,
    ).astype(np.int32)  # in the order of a CSR matrix
    unknowns = np.concatenate((camera.reshape(-1), point.reshape(-1), weight))
    seen = np.random.default_rng(1).normal(scale=100.0, size=(observations, 2))
    return unknowns, columns, seen


# --------------------------------------------------------------------------------- optimal control

DURATION, CART, BOB, LENGTH, GRAVITY = 2.0, 1.0, 0.3, 0.5, 9.81


def motion(z):
    """Rates of a cart's position, its pendulum's angle (0: hanging) and both speeds, under a force.

    ``z`` has the 4 states and the force along its first axis. From Lagrange's equations of a bob
    on a massless rod, as in Kelly, An introduction to trajectory optimization (2017), section 6.
    """
    sine, cosine, spin, force = np.sin(z[1]), np.cos(z[1]), z[3], z[4]
    mass = CART + BOB * sine * sine
    push = force + BOB * LENGTH * sine * spin * spin
    cart = (push + BOB * GRAVITY * cosine * sine) / mass
    bob = -(push * cosine + (CART + BOB) * GRAVITY * sine) / (LENGTH * mass)
    return np.stack((z[2], z[3], cart, bob))


def effort(x):
    """The integral of the squared force over the swing-up, by the trapezoidal rule."""
    force = x.reshape(5, x.shape[0] // 5)[4]
    step = DURATION / (force.shape[0] - 1)
    return 0.5 * step * np.sum(force[1:] * force[1:] + force[:-1] * force[:-1])


def defects(x):
    """The defects of the trapezoidal rule between n points in time: shape (4 (n - 1),)."""
    z = x.reshape(5, x.shape[0] // 5)
    n = z.shape[1]
    rate = motion(z)
    step = DURATION / (n - 1)
    gap = z[:4, 1:] - z[:4, :-1] - 0.5 * step * (rate[:, 1:] + rate[:, :-1])
    return gap.reshape(4 * (n - 1))


def swing_start(n=2000):
    """The straight line from hanging at rest to standing a metre further: shape (5 n,)."""
    t = np.linspace(0.0, 1.0, n)
    return np.concatenate((t, np.pi * t, np.zeros(3 * n)))


def swing_bounds(n=2000):
    """Lower and upper bounds of the variables, both ends fixed: two arrays (5 n,)."""
    low, high = np.full((5, n), -np.inf), np.full((5, n), np.inf)
    low[0], high[0] = -2.0, 2.0
    low[4], high[4] = -20.0, 20.0
    low[:4, 0] = high[:4, 0] = 0.0
    low[:4, -1] = high[:4, -1] = [1.0, np.pi, 0.0, 0.0]
    return low.reshape(-1), high.reshape(-1)


def swing_args(seed, n=2000):
    """Variables near the start, multipliers of the defects, and the objective's factor."""
    rng = np.random.default_rng(seed)
    x = swing_start(n) + rng.normal(scale=0.1, size=5 * n)
    return x, rng.normal(size=4 * (n - 1)), np.array(0.5 + seed)
