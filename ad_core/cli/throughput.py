# SPDX-License-Identifier: Apache-2.0
"""Jacobians of the demo's arm at many points: a program of ad_core, and differences in NumPy."""

from concurrent.futures import ThreadPoolExecutor
from statistics import median
from time import perf_counter
from typing import NamedTuple

import numpy as np

import ad_core
from ad_core.examples import arm
from ad_core.programs import workers

__all__ = ["NOTES", "Measured", "complex_steps", "differences", "measure", "poses", "rows"]

BLOCK = 1024  # points that NumPy processes together, so that its arrays stay in the caches
ROUNDS = 5
CHECKED = 1000  # points at which the results are compared
STEP = np.sqrt(np.finfo(float).eps)
NOTES = (
    "",
    f"Median of {ROUNDS} calls after a first call, into an array in memory. ad_core: the",
    "function as it is written for one point, recorded once. NumPy: the function",
    f"rewritten by hand for arrays of points, {BLOCK:,} at a time. digits: the worst",
    f"entry's agreement with complex steps, at the first {CHECKED:,} points.",
)


class Measured(NamedTuple):
    """One method: its name, threads, seconds for all points, and digits of the worst entry."""

    name: str
    threads: int
    seconds: float
    digits: float


def poses(q):
    """The arm's pose at many points, written for whole arrays: angles (7, N), result (12, N).

    The points lie along the last axis, so that every operation runs over consecutive numbers.

    >>> import numpy as np
    >>> from ad_core.cli.throughput import poses
    >>> poses(np.zeros((7, 2)))[[0, 2]].round(3).tolist()
    [[0.088, 0.088], [0.926, 0.926]]
    """
    x, y, z = np.eye(3)[..., None]
    position = np.zeros((3, 1))
    cosines, sines = np.cos(q), np.sin(q)
    for i, (a, alpha, d) in enumerate(arm.LINKS):
        y, z = np.cos(alpha) * y + np.sin(alpha) * z, np.cos(alpha) * z - np.sin(alpha) * y
        position = position + a * x + d * z
        x, y = cosines[i] * x + sines[i] * y, cosines[i] * y - sines[i] * x
    position = position + arm.FLANGE * z
    return np.concatenate([position, np.stack([x, y, z], axis=1).reshape(9, -1)])


def differences(q, out):
    """Write 2-point differences at points (N, 7) to out (N, 12, 7).

    The point and its seven neighbours go through the function as one array, which is faster than
    eight calls.
    """
    joints, points = np.arange(7), len(q)
    angles = np.repeat(q.T[:, None, :], 8, axis=1)  # joint, 7 neighbours and the point, points
    angles[joints, joints] += STEP * np.maximum(1.0, np.abs(q.T))
    step = angles[joints, joints] - q.T  # the steps after rounding
    found = poses(angles.reshape(7, -1)).reshape(12, 8, points)
    out[...] = ((found[:, :7] - found[:, 7:]) / step).transpose(2, 0, 1)


def complex_steps(q, step=1e-200):
    """The Jacobians (N, 12, 7) at points (N, 7), exact to rounding, by seven evaluations."""
    angles = q.T.astype(complex)
    columns = []
    for i in range(angles.shape[0]):
        angles[i] += 1j * step
        columns.append(poses(angles).imag.T / step)
        angles[i] -= 1j * step
    return np.stack(columns, axis=2)


def measure(points, bar):
    """Evaluate the Jacobian at random points by each method, and return a list of
    :class:`Measured`.

    bar.start(name, total) starts a progress bar, bar.update(n) advances it by n points.
    """
    q = np.random.default_rng(0).uniform(-2.5, 2.5, (points, 7))
    out = np.empty((points, 12, 7))
    exact = complex_steps(q[:CHECKED])
    tape = ad_core.trace(arm.pose, q[0])
    cores = workers._cores()
    counts = [1] if cores == 1 else [cores, 1]
    done = []

    def compiled(threads):
        tape.jacobian(q, out=out, workers=threads, progress=bar)

    def plain(threads):
        def block(first):
            part = slice(first, first + BLOCK)
            differences(q[part], out[part])

        firsts = range(0, points, BLOCK)
        with ThreadPoolExecutor(threads) as pool:
            for first, _ in zip(firsts, pool.map(block, firsts), strict=True):
                bar.update(min(BLOCK, points - first))

    for name, run in (("ad_core", compiled), ("NumPy, 2-point", plain)):
        for threads in counts:
            out.fill(np.nan)
            bar.start(f"{name}, {_threads(threads)}", (ROUNDS + 1) * points)
            run(threads)  # compiles the program, and maps the memory
            samples = []
            for _ in range(ROUNDS):
                began = perf_counter()
                run(threads)
                samples.append(perf_counter() - began)
            digits = _digits(out[:CHECKED], exact)
            done.append(Measured(name, threads, median(samples), digits))
    return done


def _threads(count):
    return f"{count} thread{'s' if count > 1 else ''}"


def _digits(found, exact):
    """The correct digits of the worst entry, relative to the largest entry; at most 16."""
    error = np.abs(found - exact).max() / np.abs(exact).max()
    return float(min(16.0, -np.log10(max(error, 1e-16)))) if error < 1 else 0.0


def rows(points, measured):
    """The table as lines of text, with a summary."""
    lines = [f"{'':16s}{'threads':>8s}{'Jacobians/s':>14s}{'ms for all':>12s}{'digits':>8s}"]
    for one in measured:
        lines.append(
            f"{one.name:16s}{one.threads:8d}{points / one.seconds:14,.0f}"
            f"{1e3 * one.seconds:12.1f}{one.digits:8.1f}"
        )
    own, other = (
        min((one for one in measured if one.name == name), key=lambda one: one.seconds)
        for name in dict.fromkeys(one.name for one in measured)
    )
    lines += [
        "",
        f"ad_core {other.seconds / own.seconds:.0f} times as fast, each at its best, with "
        f"{own.digits - other.digits:.1f} digits more.",
    ]
    return lines
