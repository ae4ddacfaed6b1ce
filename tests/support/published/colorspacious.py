# SPDX-License-Identifier: Apache-2.0
"""Conversions and differences of colorspacious."""

import colorspacious
import numpy as np

from published import row

RGB = np.array([0.53, 0.21, 0.37])
SEVERAL = np.array([[0.53, 0.21, 0.37], [0.1, 0.6, 0.4]])
SIGHT = {"name": "sRGB1+CVD", "cvd_type": "deuteranomaly", "severity": 50}


def appearance(xyz):
    found = colorspacious.CIECAM02Space.sRGB.XYZ100_to_CIECAM02(xyz)
    return found.J, found.C, found.h, found.Q, found.M, found.s


FUNCTIONS = [
    row(colorspacious.cspace_convert, RGB, "sRGB1", "XYZ100"),
    row(colorspacious.cspace_convert, SEVERAL, "sRGB1", "CIELab"),
    row(colorspacious.cspace_convert, RGB, "sRGB1", "CIELCh"),
    row(colorspacious.cspace_convert, SEVERAL, "sRGB1", "CAM02-UCS"),
    row(colorspacious.cspace_convert, RGB, "sRGB1", "JCh"),
    row(colorspacious.cspace_convert, RGB * 255.0, "sRGB255", "sRGB1-linear"),
    row(colorspacious.cspace_convert, np.array([60.0, 20.0, -15.0]), "CIELab", "sRGB1"),
    row(colorspacious.cspace_convert, np.array([60.0, 20.0, -15.0]), "CAM02-UCS", "XYZ100"),
    row(colorspacious.cspace_convert, np.array([20.0, 22.0, 18.0]), "XYZ100", "xyY1"),
    row(colorspacious.cspace_convert, RGB, SIGHT, "sRGB1"),
    row(colorspacious.deltaE, RGB, np.array([0.4, 0.3, 0.5])),
    row(colorspacious.deltaE, RGB, np.array([0.4, 0.3, 0.5]), uniform_space="CAM02-LCD"),
    row(appearance, np.array([19.3, 20.1, 18.2])),
]
