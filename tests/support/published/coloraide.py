# SPDX-License-Identifier: Apache-2.0
"""Colours of coloraide: conversions, differences, mixtures."""

import numpy as np
from coloraide import Color

from published import row

RGB = np.array([0.53, 0.21, 0.37])
OTHER = np.array([0.1, 0.6, 0.4])


def color(values, space="srgb"):
    return Color(space, [*values])


def converted(values, start, target):
    return color(values, start).convert(target)[:-1]


def difference(a, b, method):
    return color(a).delta_e(color(b), method=method)


def mixed(a, b, amount):
    return color(a).mix(color(b), amount, space="oklab")[:-1]


def interpolated(a, b, place):
    return Color.interpolate([color(a), color(b)], space="lab")(place)[:-1]


def luminance(values):
    return color(values).luminance()


def contrast(a, b):
    return color(a).contrast(color(b))


def layered(a, b):
    colors = [Color("srgb", [*a], 0.4), color(b)]
    return Color.layer(colors, blend="multiply", space="srgb")[:-1]


def filtered(values):
    return color(values).filter("sepia", 0.7)[:-1]


FUNCTIONS = [
    row(converted, RGB, "srgb", "xyz-d65"),
    row(converted, RGB, "srgb", "lab"),
    row(converted, RGB, "srgb", "oklch"),
    row(converted, RGB, "srgb", "hsl"),
    row(converted, RGB, "srgb", "display-p3"),
    row(converted, np.array([60.0, 20.0, -15.0]), "lab", "srgb"),
    row(converted, np.array([0.6, 0.1, 250.0]), "oklch", "srgb"),
    row(difference, RGB, OTHER, "76"),
    row(difference, RGB, OTHER, "2000"),
    row(difference, RGB, OTHER, "ok"),
    row(difference, RGB, OTHER, "cmc"),
    row(mixed, RGB, OTHER, 0.3),
    row(interpolated, RGB, OTHER, 0.3),
    row(luminance, RGB),
    row(contrast, RGB, OTHER),
    row(layered, RGB, OTHER),
    row(filtered, RGB),
]
