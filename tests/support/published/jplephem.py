# SPDX-License-Identifier: Apache-2.0
"""Functions of jplephem: positions from Chebyshev coefficients of ephemeris files."""

import numpy as np
from jplephem.pck import Segment as Orientation
from jplephem.spk import S_PER_DAY, T0, Type9Segment, build_segment

from published import row

DAYS, TERMS, SETS = 32.0, 6, 4


class Kernel:
    """The numbers of an ephemeris file, which jplephem reads by their indices."""

    def __init__(self, numbers):
        self.numbers = numbers

    def read_array(self, start, end):
        return self.numbers[start - 1 : end]

    map_array = read_array


def record_of(components):
    """Intervals of DAYS days from J2000 on, with coefficients that decrease."""
    rng = np.random.default_rng(1)
    size = 2 + components * TERMS
    records = rng.normal(size=(SETS, size))
    records[:, 2:] *= 1e6 * np.tile(0.3 ** np.arange(TERMS), components)
    return np.concatenate([records.ravel(), [0.0, DAYS * S_PER_DAY, size, SETS]])


def segment_of(kind, components):
    numbers = record_of(components)
    return build_segment(
        Kernel(numbers), b"DE", (0.0, SETS * DAYS * S_PER_DAY, 3, 0, 1, kind, 1, numbers.size)
    )


POSITIONS, STATES = segment_of(2, 3), segment_of(3, 6)
ANGLES = Orientation(
    Kernel(record_of(3)),
    b"PA",
    (0.0, SETS * DAYS * S_PER_DAY, 301, 1, 2, 1, SETS * (2 + 3 * TERMS) + 4),
)
EPOCHS = np.array([0.0, 6.0, 15.0, 40.0]) * S_PER_DAY
TABLE = np.concatenate([np.sin(np.arange(24.0)) * 1e6, EPOCHS, [1.0, 4.0]])
TABULATED = Type9Segment(Kernel(TABLE), b"T9", (0.0, EPOCHS[-1], 3, 0, 1, 9, 1, TABLE.size))


def since_j2000(days):
    return POSITIONS.compute(T0, days)


def with_rates(days):
    return POSITIONS.compute_and_differentiate(T0, days)


def at_julian_dates(days):
    return POSITIONS.compute_and_differentiate(T0 + days)


def states(days):
    return STATES.compute(T0, days)


def rates_only(days):
    return STATES.compute_and_differentiate(T0, days)[1]


def angles(days):
    return ANGLES.compute(T0, days, derivative=False)


def angles_and_rates(days):
    return ANGLES.compute(T0, days)


def tabulated(days):
    return TABULATED.compute(T0 + days)


def tabulated_states(days):
    return TABULATED.compute_and_differentiate(T0 + days)


MANY = np.array([0.7, 20.3, 77.0, 120.0])
FUNCTIONS = [
    row(since_j2000, 20.3),
    row(since_j2000, MANY),
    row(with_rates, 20.3),
    row(with_rates, MANY),
    row(at_julian_dates, 20.3),
    row(at_julian_dates, MANY),
    row(states, MANY),
    row(rates_only, 20.3),
    row(angles, MANY),
    row(angles_and_rates, 20.3),
    row(tabulated, 20.3),
    row(tabulated_states, MANY[:2]),
]
