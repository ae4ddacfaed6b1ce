# SPDX-License-Identifier: Apache-2.0
"""Magnetic fields of magpylib: magnets, currents, moments."""

import magpylib
import numpy as np

from published import row

HERE = np.array([0.02, 0.015, 0.03])
SEVERAL = np.array([[0.02, 0.015, 0.03], [-0.012, 0.03, 0.02]])
POLARIZATION = np.array([0.1, -0.2, 1.0])


def cuboid(polarization, dimension, observers):
    magnet = magpylib.magnet.Cuboid(polarization=polarization, dimension=dimension)
    return magnet.getB(observers)


def cylinder(polarization, dimension, observers):
    magnet = magpylib.magnet.Cylinder(polarization=polarization, dimension=dimension)
    return magnet.getB(observers)


def sphere(polarization, diameter, observers):
    return magpylib.magnet.Sphere(polarization=polarization, diameter=diameter).getH(observers)


def circle(current, diameter, observers):
    return magpylib.current.Circle(current=current, diameter=diameter).getB(observers)


def polyline(current, observers):
    vertices = [(-0.01, 0.0, 0.0), (0.01, 0.0, 0.0), (0.01, 0.01, 0.0)]
    return magpylib.current.Polyline(current=current, vertices=vertices).getB(observers)


def dipole(moment, observers):
    return magpylib.misc.Dipole(moment=moment).getH(observers)


def moved(position, observers):
    magnet = magpylib.magnet.Cuboid(polarization=(0.0, 0.0, 1.0), dimension=(0.01, 0.01, 0.01))
    magnet.move(position)
    return magnet.getB(observers)


def rotated(angle, observers):
    magnet = magpylib.magnet.Cuboid(polarization=(0.0, 0.0, 1.0), dimension=(0.01, 0.01, 0.01))
    magnet.rotate_from_angax(angle, "x")
    return magnet.getB(observers)


FUNCTIONS = [
    row(cuboid, POLARIZATION, np.array([0.01, 0.02, 0.015]), HERE),
    row(cuboid, POLARIZATION, np.array([0.01, 0.02, 0.015]), SEVERAL),
    row(cylinder, POLARIZATION, np.array([0.01, 0.02]), HERE),
    row(sphere, POLARIZATION, 0.01, SEVERAL),
    row(circle, 10.0, 0.02, SEVERAL),
    row(polyline, 10.0, SEVERAL),
    row(dipole, POLARIZATION, SEVERAL),
    row(moved, np.array([0.001, 0.002, -0.003]), HERE),
    row(rotated, 30.0, HERE),
]
