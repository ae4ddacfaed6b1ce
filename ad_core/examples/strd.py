# SPDX-License-Identifier: Apache-2.0
"""NIST's nonlinear regression problems, with their certified answers.

The Statistical Reference Datasets (StRD) of NIST/ITL are 27 least-squares
problems whose parameters are certified to 11 digits, each with two starting
points. The data are in the public domain; they are in ``strd.json`` beside
this file. The models below are ordinary NumPy functions without any code for
derivatives.

Source: NIST/ITL, Statistical Reference Datasets, Nonlinear Regression,
https://www.itl.nist.gov/div898/strd/nls/nls_main.shtml
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from importlib import resources

import numpy as np

__all__ = ["MODELS", "Problem", "problems"]


@dataclass(frozen=True, eq=False)
class Problem:
    """One regression problem: a model, its data and its certified answer.

    Attributes
    ----------
    name : str
        NIST's name of the data set.
    difficulty : str
        NIST's grade: ``"lower"``, ``"average"`` or ``"higher"``.
    family : str
        NIST's class of the model: ``"exponential"``, ``"rational"`` or
        ``"miscellaneous"``.
    model : callable
        ``model(b, x)`` predicts ``y``; ``b`` has shape ``(D,)``.
    x : ndarray, shape (n,), or (2, n) for Nelson's two predictors
    y : ndarray, shape (n,)
        The observed response (its logarithm for Nelson, as certified).
    starts : tuple of two ndarrays, shape (D,)
        NIST's far and near starting point.
    certified, std : ndarray, shape (D,)
        Certified parameters and their standard deviations.
    rss : float
        Certified residual sum of squares.

    Examples
    --------
    >>> from ad_core.examples.strd import problems
    >>> misra = problems()[0]
    >>> misra.name, misra.certified.size, misra.y.size
    ('Misra1a', 2, 14)
    >>> float((misra.residual(misra.certified) ** 2).sum().round(9))
    0.124551389
    """

    name: str
    difficulty: str
    family: str
    model: Callable
    x: np.ndarray
    y: np.ndarray
    starts: tuple[np.ndarray, np.ndarray]
    certified: np.ndarray
    std: np.ndarray
    rss: float

    def residual(self, b):
        """Return prediction minus observation, shape ``(n,)``, at ``b``."""
        return self.model(b, self.x) - self.y


def problems():
    """Return all 27 problems, in NIST's order of difficulty.

    Returns
    -------
    tuple of Problem

    Examples
    --------
    >>> from ad_core.examples.strd import problems
    >>> len(problems())
    27
    """
    text = resources.files(__package__).joinpath("strd.json").read_text("utf-8")
    return tuple(_problem(row) for row in json.loads(text)["problems"])


def _problem(row):
    """Build one Problem from its row of the data file."""
    name, y = row["name"], _fixed(row["y"])
    if name == "Nelson":  # certified as a regression of log(y)
        y = _fixed(np.log(y))
    return Problem(
        name=name,
        difficulty=row["difficulty"],
        family=row["family"],
        model=MODELS[name],
        x=_fixed(row["x"]),
        y=y,
        starts=tuple(_fixed(start) for start in row["starts"]),
        certified=_fixed(row["certified"]),
        std=_fixed(row["std"]),
        rss=row["rss"],
    )


def _fixed(numbers):
    """Return a read-only float64 array."""
    array = np.array(numbers, dtype=np.float64)
    array.flags.writeable = False
    return array


def misra1a(b, x):
    """Monomolecular adsorption; BoxBOD's oxygen demand has the same form."""
    return b[0] * (1 - np.exp(-b[1] * x))


def misra1b(b, x):
    """Monomolecular adsorption, inverse square."""
    return b[0] * (1 - (1 + b[1] * x / 2) ** -2)


def misra1c(b, x):
    """Monomolecular adsorption, inverse square root."""
    return b[0] * (1 - (1 + 2 * b[1] * x) ** -0.5)


def misra1d(b, x):
    """Monomolecular adsorption, hyperbola."""
    return b[0] * b[1] * x * (1 + b[1] * x) ** -1


def chwirut(b, x):
    """Ultrasonic reference block."""
    return np.exp(-b[0] * x) / (b[1] + b[2] * x)


def lanczos(b, x):
    """Sum of three exponentials."""
    return b[0] * np.exp(-b[1] * x) + b[2] * np.exp(-b[3] * x) + b[4] * np.exp(-b[5] * x)


def gauss(b, x):
    """Two Gaussians on a decaying baseline."""
    baseline = b[0] * np.exp(-b[1] * x)
    first = b[2] * np.exp(-((x - b[3]) ** 2) / b[4] ** 2)
    second = b[5] * np.exp(-((x - b[6]) ** 2) / b[7] ** 2)
    return baseline + first + second


def danwood(b, x):
    """Radiated energy of a carbon filament."""
    return b[0] * x ** b[1]


def kirby2(b, x):
    """Scanning electron microscope line width, quadratic over quadratic."""
    return (b[0] + b[1] * x + b[2] * x**2) / (1 + b[3] * x + b[4] * x**2)


def hahn1(b, x):
    """Thermal expansion of copper, cubic over cubic; Thurber has the same form."""
    above = b[0] + b[1] * x + b[2] * x**2 + b[3] * x**3
    below = 1 + b[4] * x + b[5] * x**2 + b[6] * x**3
    return above / below


def nelson(b, x):
    """Logarithm of dielectric breakdown strength over time and temperature."""
    weeks, celsius = x
    return b[0] - b[1] * weeks * np.exp(-b[2] * celsius)


def mgh09(b, x):
    """Enzyme reaction (More, Garbow and Hillstrom, problem 9)."""
    return b[0] * (x**2 + x * b[1]) / (x**2 + x * b[2] + b[3])


def mgh10(b, x):
    """Thermistor resistance (More, Garbow and Hillstrom, problem 10)."""
    return b[0] * np.exp(b[1] / (x + b[2]))


def mgh17(b, x):
    """Two exponentials and a constant (More, Garbow and Hillstrom, problem 17)."""
    return b[0] + b[1] * np.exp(-x * b[3]) + b[2] * np.exp(-x * b[4])


def roszman1(b, x):
    """Quantum defects in iodine atoms."""
    return b[0] - b[1] * x - np.arctan(b[2] / (x - b[3])) / np.pi


def enso(b, x):
    """Air pressure over the southern Pacific: a yearly and two free cycles."""
    year, first, second = 2 * np.pi * x / 12, 2 * np.pi * x / b[3], 2 * np.pi * x / b[6]
    return (
        b[0]
        + b[1] * np.cos(year)
        + b[2] * np.sin(year)
        + b[4] * np.cos(first)
        + b[5] * np.sin(first)
        + b[7] * np.cos(second)
        + b[8] * np.sin(second)
    )


def rat42(b, x):
    """Pasture yield over growing time, logistic curve."""
    return b[0] / (1 + np.exp(b[1] - b[2] * x))


def rat43(b, x):
    """Dry weight of onions over growing time, Richards curve."""
    return b[0] / (1 + np.exp(b[1] - b[2] * x)) ** (1 / b[3])


def eckerle4(b, x):
    """Circular interference transmittance, one Gaussian."""
    return b[0] / b[1] * np.exp(-0.5 * ((x - b[2]) / b[1]) ** 2)


def bennett5(b, x):
    """Magnetisation of a superconductor over the logarithm of time."""
    return b[0] * (b[1] + x) ** (-1 / b[2])


MODELS = {
    "Misra1a": misra1a,
    "Chwirut2": chwirut,
    "Chwirut1": chwirut,
    "Lanczos3": lanczos,
    "Gauss1": gauss,
    "Gauss2": gauss,
    "DanWood": danwood,
    "Misra1b": misra1b,
    "Kirby2": kirby2,
    "Hahn1": hahn1,
    "Nelson": nelson,
    "MGH17": mgh17,
    "Lanczos1": lanczos,
    "Lanczos2": lanczos,
    "Gauss3": gauss,
    "Misra1c": misra1c,
    "Misra1d": misra1d,
    "Roszman1": roszman1,
    "ENSO": enso,
    "MGH09": mgh09,
    "Thurber": hahn1,
    "BoxBOD": misra1a,
    "Rat42": rat42,
    "MGH10": mgh10,
    "Eckerle4": eckerle4,
    "Rat43": rat43,
    "Bennett5": bennett5,
}
