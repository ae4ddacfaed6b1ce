# SPDX-License-Identifier: Apache-2.0
"""Affine registration of two images by Gauss-Newton on bilinear interpolation.

Size: images of 40 x 48 pixels, 6 parameters, 30 x 38 residuals (the margin is left out).

Source: B. Lucas and T. Kanade, An iterative image registration technique with an application to
stereo vision, IJCAI 1981; S. Baker and I. Matthews, Lucas-Kanade 20 years on, IJCV 56 (2004).
"""

import math
from functools import partial

import numpy as np

import ad_core

MOTION = np.array([1.3, -0.8, 0.03, -0.05, 0.04, -0.02])  # two pixels, four numbers without unit


def picture(rows, columns, warp=None):
    """Some blobs on a slope, sampled at the pixels or at warped coordinates."""
    y, x = np.mgrid[:rows, :columns].astype(float)
    if warp is not None:
        y, x = affine(warp, y, x, (rows - 1) / 2, (columns - 1) / 2)
    out = 0.02 * x + 0.01 * y
    for row, column, size, height in [(14, 13, 6, 1.0), (25, 33, 8, -0.8), (20, 24, 5, 0.7)]:
        out += height * np.exp(-((y - row) ** 2 + (x - column) ** 2) / (2.0 * size**2))
    return out


def affine(p, y, x, row, column):
    """Coordinates moved by p[:2] and deformed about the centre by the matrix I + p[2:]."""
    dy, dx = y - row, x - column
    return y + p[0] + p[2] * dy + p[3] * dx, x + p[1] + p[4] * dy + p[5] * dx


def bilinear(image, y, x):
    """Values between the pixels of an image; coordinates outside take the values of the edge."""
    y = np.clip(y, 0.0, image.shape[0] - 1.001)
    x = np.clip(x, 0.0, image.shape[1] - 1.001)
    i, j = np.floor(y).astype(int), np.floor(x).astype(int)
    v, u = y - i, x - j
    return (
        image[i, j] * (1 - v) * (1 - u)
        + image[i, j + 1] * (1 - v) * u
        + image[i + 1, j] * v * (1 - u)
        + image[i + 1, j + 1] * v * u
    )


def bilinear_at(image, y, x):
    """The value at one point, in plain Python with indices by math.floor()."""
    i, j = math.floor(y), math.floor(x)
    v, u = y - i, x - j
    top = (1 - u) * image[i, j] + u * image[i, j + 1]
    bottom = (1 - u) * image[i + 1, j] + u * image[i + 1, j + 1]
    return (1 - v) * top + v * bottom


def residuals(p, fixed, moving, margin=5):
    """The warped moving image minus the fixed image, within the margin, as a vector."""
    rows, columns = fixed.shape
    y, x = np.meshgrid(
        np.arange(margin, rows - margin), np.arange(margin, columns - margin), indexing="ij"
    )
    y, x = affine(p, y, x, (rows - 1) / 2, (columns - 1) / 2)
    return (bilinear(moving, y, x) - fixed[margin:-margin, margin:-margin]).ravel()


def normalised_correlation(p, fixed, moving):
    """A score of the whole image that does not depend on brightness and contrast."""
    y, x = np.indices(fixed.shape)
    rows, columns = fixed.shape
    warped = bilinear(moving, *affine(p, y, x, (rows - 1) / 2, (columns - 1) / 2))
    a, b = warped - warped.mean(), fixed - fixed.mean()
    return np.sum(a * b) / np.sqrt(np.sum(a**2) * np.sum(b**2))


def main():
    moving, fixed = picture(40, 48), picture(40, 48, MOTION)
    p = np.zeros(6)
    f = partial(residuals, fixed=fixed, moving=moving)
    for iteration in range(8):
        r, J = ad_core.value_and_jacobian(f)(p)
        print(f"iteration {iteration}: rms difference {np.sqrt(np.mean(r**2)):.5f}")
        p = p - np.linalg.lstsq(J, r)[0]
    print("found", p.round(3))
    print("true ", MOTION)


_moving, _fixed = picture(9, 10), picture(9, 10, 0.5 * MOTION)
# Within the step of a difference, no sampling point may cross the edge of a pixel.
_at = np.array([0.4137, -0.3211, 0.0213, -0.0171, 0.0113, 0.0297])

CASES = [
    ("residuals", partial(residuals, fixed=_fixed, moving=_moving, margin=2), (_at,)),
    ("correlation", partial(normalised_correlation, fixed=_fixed, moving=_moving), (_at,)),
    ("image too", lambda p, moving: residuals(p, _fixed, moving, 2), (_at, _moving)),
    ("one point", partial(bilinear_at, _moving), (3.3, 4.6)),
]

if __name__ == "__main__":
    main()
