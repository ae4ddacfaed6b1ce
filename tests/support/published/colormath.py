# SPDX-License-Identifier: Apache-2.0
"""Functions of colormath: colour spaces, differences, adaptation, appearance models."""

import numpy as np
from colormath import color_appearance_models, color_diff_matrix
from colormath.chromatic_adaptation import apply_chromatic_adaptation
from colormath.color_conversions import convert_color
from colormath.color_objects import (
    AdobeRGBColor,
    CMYColor,
    CMYKColor,
    HSLColor,
    HSVColor,
    IPTColor,
    LabColor,
    LCHabColor,
    LCHuvColor,
    LuvColor,
    SpectralColor,
    XYZColor,
    sRGBColor,
    xyYColor,
)

from published import row


def convert(values, start, target, **keywords):
    return convert_color(start(*values), target, **keywords).get_value_tuple()


def upscaled(values):
    return sRGBColor(*values, is_upscaled=True).get_value_tuple()


def density(spectrum):
    return SpectralColor(*spectrum).calc_density()


def adapted(values, illuminant):
    color = XYZColor(*values, illuminant="d50")
    color.apply_adaptation(illuminant)
    return color.get_value_tuple()


def spectrum_to(spectrum, target):
    return convert_color(SpectralColor(*spectrum, illuminant="d65"), target).get_value_tuple()


def ciecam02(xyz):
    white = 95.05, 100.0, 108.88
    model = color_appearance_models.CIECAM02(*xyz, *white, 20.0, 318.31, 0.69, 1.0, 1.0)
    return model.hue_angle, model.lightness, model.chroma, model.saturation


def nayatani95(xyz):
    model = color_appearance_models.Nayatani95(*xyz, 95.05, 100.0, 108.88, 20.0, 5000.0, 1000.0)
    return model.hue_angle, model.chroma, model.brightness


def rlab(xyz):
    model = color_appearance_models.RLAB(*xyz, 95.05, 100.0, 108.88, 318.31, 1.0 / 2.3, d=1.0)
    return model.hue_angle, model.lightness, model.chroma


LAB = np.array([62.4, 31.2, -18.9])
OTHERS = np.array([[50.1, 22.0, -30.5], [70.2, 28.4, 10.0], [64.0, 30.0, -17.0]])
RGB = np.array([0.53, 0.21, 0.37])
XYZ = np.array([0.31, 0.26, 0.18])
SPECTRUM = 0.05 + 0.3 * np.linspace(0.2, 1.0, 50) ** 2

FUNCTIONS = [
    row(convert, LAB, LabColor, XYZColor),
    row(convert, RGB, sRGBColor, XYZColor, target_illuminant="d50"),
    row(convert, XYZ, XYZColor, sRGBColor),
    row(convert, XYZ, XYZColor, AdobeRGBColor),
    row(convert, RGB, sRGBColor, LabColor),
    row(convert, RGB, sRGBColor, HSVColor),
    row(convert, RGB, sRGBColor, HSLColor),
    row(convert, RGB, sRGBColor, CMYKColor),
    row(convert, np.array([210.0, 0.4, 0.6]), HSVColor, sRGBColor),
    row(convert, np.array([210.0, 0.4, 0.6]), HSLColor, CMYColor),
    row(convert, LAB, LabColor, LCHabColor),
    row(convert, XYZ, XYZColor, LuvColor),
    row(convert, np.array([55.0, 40.0, 25.0]), LuvColor, LCHuvColor),
    row(convert, np.array([0.31, 0.33, 0.6]), xyYColor, LabColor),
    row(convert, np.array([0.5, 0.2, 0.1]), IPTColor, XYZColor),
    row(spectrum_to, SPECTRUM, LabColor),
    row(upscaled, np.array([120.0, 40.0, 200.0])),
    row(density, SPECTRUM),
    row(adapted, XYZ, "d65"),
    row(apply_chromatic_adaptation, 0.31, 0.26, 0.18, "d50", "a", adaptation="von_kries"),
    row(color_diff_matrix.delta_e_cie1976, LAB, OTHERS),
    row(color_diff_matrix.delta_e_cie1994, LAB, OTHERS),
    row(color_diff_matrix.delta_e_cie2000, LAB, OTHERS),
    row(color_diff_matrix.delta_e_cmc, LAB, OTHERS),
    row(ciecam02, np.array([57.06, 43.06, 31.96])),
    row(nayatani95, np.array([57.06, 43.06, 31.96])),
    row(rlab, np.array([57.06, 43.06, 31.96])),
]
