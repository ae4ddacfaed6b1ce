# SPDX-License-Identifier: Apache-2.0
"""Functions of colour-science: colour spaces, appearance, differences, temperature, spectra."""

import colour
import numpy as np

from published import row

XYZ = np.array([0.20654008, 0.12197225, 0.05136952])
SEVERAL = np.array([[0.2065, 0.1220, 0.0514], [0.1422, 0.2300, 0.1050], [0.0782, 0.0621, 0.2804]])
XY = np.array([0.31270, 0.32900])
LAB = np.array([100.0, 21.57210357, 272.22819350])
OTHER = np.array([97.0, 26.4, 250.1])
RGB = np.array([0.45620519, 0.03081071, 0.04091952])
WHITE = np.array([95.05, 100.00, 108.88])


def cam(function):
    """The numbers of an appearance model's specification."""

    def numbers(xyz, la, yb):
        found = function(xyz, WHITE, la, yb)
        return [getattr(found, name) for name in ("J", "C", "h", "s", "Q", "M")]

    numbers.__qualname__ = function.__name__
    return numbers


def spectrum_to_xyz(values):
    shape = colour.SpectralShape(400, 700, 20)
    sd = colour.SpectralDistribution(values, shape.wavelengths)
    cmfs = colour.MSDS_CMFS["CIE 1931 2 Degree Standard Observer"].copy().align(shape)
    return colour.sd_to_XYZ(sd, cmfs, k=1.0, method="Integration")


def interpolated(values):
    sd = colour.SpectralDistribution(values, [500.0, 520.0, 540.0, 560.0, 580.0, 600.0])
    return sd[np.array([505.0, 511.0, 549.0])]


FUNCTIONS = [
    row(colour.XYZ_to_Lab, XYZ),
    row(colour.XYZ_to_Lab, SEVERAL),
    row(colour.Lab_to_XYZ, np.array([41.5, 52.6, 26.9])),
    row(colour.XYZ_to_Luv, XYZ),
    row(colour.XYZ_to_xyY, SEVERAL),
    row(colour.xyY_to_XYZ, np.array([0.54369557, 0.32107944, 0.12197225])),
    row(colour.XYZ_to_sRGB, SEVERAL),
    row(colour.sRGB_to_XYZ, RGB),
    row(colour.XYZ_to_Oklab, XYZ),
    row(colour.XYZ_to_Jzazbz, SEVERAL),
    row(colour.XYZ_to_IPT, XYZ),
    row(colour.XYZ_to_CAM16UCS, XYZ),
    row(colour.RGB_to_HSV, RGB),
    row(colour.HSV_to_RGB, np.array([0.99603944, 0.93246304, 0.45620519])),
    row(colour.RGB_to_HSL, RGB),
    row(colour.RGB_to_RGB, RGB, "sRGB", "ProPhoto RGB"),
    row(colour.models.eotf_sRGB, RGB),
    row(colour.models.oetf_BT709, np.array([0.18, 0.005])),
    row(colour.models.eotf_inverse_ST2084, np.array([100.0, 0.5])),
    row(colour.models.log_encoding_ACEScct, np.array([0.18, 0.9])),
    row(colour.difference.delta_E_CIE1976, LAB, OTHER),
    row(colour.difference.delta_E_CIE1994, LAB, OTHER),
    row(colour.difference.delta_E_CIE2000, np.stack([LAB, OTHER]), np.stack([OTHER + 3.0, LAB])),
    row(colour.difference.delta_E_CMC, LAB, OTHER),
    row(colour.chromatic_adaptation, XYZ, WHITE / 100, np.array([0.96429568, 1.0, 0.8251046])),
    row(cam(colour.XYZ_to_CIECAM02), np.array([57.06, 43.06, 31.96]), 31.83, 20.0),
    row(cam(colour.XYZ_to_CAM16), np.array([57.06, 43.06, 31.96]), 31.83, 20.0),
    row(colour.temperature.xy_to_CCT_McCamy1992, XY),
    row(colour.temperature.xy_to_CCT_Hernandez1999, XY),
    row(colour.temperature.CCT_to_xy_CIE_D, 6504.4),
    row(colour.temperature.CCT_to_uv_Krystek1985, 6504.4),
    row(
        colour.temperature.uv_to_CCT_Robertson1968, np.array([0.193741375998230, 0.315221043940594])
    ),
    row(colour.colorimetry.lightness_CIE1976, np.array([12.19722535, 0.3])),
    row(colour.colorimetry.luminance_Newhall1943, 4.08244375),
    row(colour.colorimetry.whiteness_Ganz1979, XY, 100.0),
    row(colour.colorimetry.planck_law, np.array([5e-7, 6e-7]), 5500.0),
    row(colour.phenomena.scattering_cross_section, np.array([5.55e-5, 6e-5])),
    row(
        spectrum_to_xyz,
        0.1 + 0.02 * np.arange(16.0) ** 1.2,
        refused="a cache has the bytes of the spectrum as its key",
    ),
    row(interpolated, np.array([0.0651, 0.0705, 0.0772, 0.0870, 0.1128, 0.1360])),
    row(colour.biochemistry.reaction_rate_MichaelisMenten_Michaelis1913, 0.5, 2.5, 0.8),
    row(colour.contrast.optical_MTF_Barten1999, np.array([4.0, 8.0]), 0.01),
]
