# SPDX-License-Identifier: Apache-2.0
"""A solar-electric spacecraft steered to a point near the Moon: single shooting by Newton.

Size: 6 states, 3 unknowns (the initial velocity), some 60 steps of RK4, whose number depends on
the trajectory. Lengths in Earth radii, GM of the Earth is 1.

Source: H. Curtis, Orbital Mechanics for Engineering Students, 3rd ed. (2014), section 5.3 (two
points and a time); O. Montenbruck and E. Gill, Satellite Orbits (2000), sections 3.4.2 (the
shadow's cones) and 4.1 (Runge-Kutta with a controlled step).
"""

from dataclasses import dataclass, field
from functools import partial

import numpy as np

import ad_core


@dataclass(frozen=True)
class World:
    sun: np.ndarray = field(default_factory=lambda: np.array([-0.6, -0.8, 0.0]))  # unit vector
    thrust: float = 0.002  # acceleration along the velocity, in full light
    penumbra: float = 0.3  # width of the half-shadow; the Earth's own is narrower
    moon: np.ndarray = field(default_factory=lambda: np.array([-3.0, 4.2, 0.3]))
    moon_gm: float = 0.0123
    sphere_of_influence: float = 1.5


WORLD = World()
START = np.array([2.0, 0.0, 0.1])
TARGET = np.array([-3.2, 3.4, 0.5])
FLIGHT = 18.0


def light(r, world=WORLD):
    """The visible part of the sun: 0 in the umbra, 1 outside the penumbra."""
    along = r @ world.sun
    if along >= 0.0:
        return 1.0
    off_axis = np.linalg.norm(r - along * world.sun)
    if off_axis <= 1.0:
        return 0.0
    if off_axis < 1.0 + world.penumbra:
        s = (off_axis - 1.0) / world.penumbra
        return s**3 * (10.0 - 15.0 * s + 6.0 * s**2)
    return 1.0


def moon_pull(r, world=WORLD):
    """The Moon's gravity within its sphere of influence, which fades out towards its edge."""
    d = world.moon - r
    distance = np.sqrt(np.sum(d**2))
    if distance > world.sphere_of_influence:
        return np.zeros(3)
    fade = (1.0 - (distance / world.sphere_of_influence) ** 2) ** 3
    return fade * world.moon_gm * d / distance**3


def derivative(state, world):
    r, v = state[:3], state[3:]
    out = np.empty(6)
    out[:3] = v
    out[3:] = -r / np.linalg.norm(r) ** 3
    out[3:] += world.thrust * light(r, world) * v / np.linalg.norm(v)
    out[3:] += moon_pull(r, world)
    return out


def rk4(state, h, world):
    k1 = derivative(state, world)
    k2 = derivative(state + h / 2 * k1, world)
    k3 = derivative(state + h / 2 * k2, world)
    k4 = derivative(state + h * k3, world)
    return state + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)


def fly(state, flight, world=WORLD, tolerance=1e-6):
    """The state after the flight, by step doubling: each step is compared with two half steps, and
    accepted or repeated."""
    t, h = 0.0, 0.2
    while t < flight:
        h = min(h, flight - t)
        whole = rk4(state, h, world)
        halves = rk4(rk4(state, h / 2, world), h / 2, world)
        error = np.sqrt(np.mean((halves - whole) ** 2)) / 15.0
        if error <= tolerance:
            t, state = t + h, halves + (halves - whole) / 15.0
        h *= min(3.0, max(0.2, 0.9 * (tolerance / max(error, 1e-14)) ** 0.2))
    return state


def miss(velocity, flight=FLIGHT, world=WORLD, tolerance=1e-6):
    """The difference of the spacecraft's position from the target."""
    return fly(np.concatenate([START, velocity]), flight, world, tolerance)[:3] - TARGET


def energy_gain(velocity, flight):
    """The energy that the thrust has added to the orbit."""

    def energy(state):
        r, v = np.split(state, 2)
        return 0.5 * v @ v - 1.0 / np.linalg.norm(r)

    start = np.r_[START, velocity]
    return energy(fly(start, flight)) - energy(start)


def main():
    velocity = np.array([0.1, 0.9, 0.05])
    for _ in range(12):
        value, jacobian = ad_core.value_and_jacobian(partial(miss, tolerance=1e-9))(velocity)
        size = np.linalg.norm(value)
        print(f"velocity {velocity.round(6)}, miss {size:.1e} Earth radii")
        if size < 1e-7:
            break
        step = -np.linalg.solve(jacobian, value)
        velocity = velocity + step * min(1.0, 0.1 / np.linalg.norm(step))


# Around these points the same steps are accepted; if they differ, the function jumps.
CASES = [
    ("miss", partial(miss, flight=6.0), (np.array([0.1, 0.8, 0.05]),)),
    ("flight time too", miss, (np.array([0.06, 0.83, 0.05]), 9.0)),
    ("energy", energy_gain, (np.array([0.1, 0.8, 0.05]), 5.0)),
    ("sunlight", light, (np.array([2.0, -0.4, 0.5]),)),
    ("half-shadow", light, (np.array([0.28, 2.29, 0.1]),)),
    ("umbra", light, (np.array([1.2, 1.6, 0.1]),)),
    ("lunar", moon_pull, (np.array([-2.5, 4.8, 0.5]),)),
    ("far from the moon", moon_pull, (np.array([2.5, 4.8, 0.5]),)),
]

if __name__ == "__main__":
    main()
