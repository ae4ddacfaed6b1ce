# SPDX-License-Identifier: Apache-2.0
"""Functions of ASE: energies and forces of atoms, equations of state, thermochemistry."""

import ase
import numpy as np
from ase import eos, thermochemistry, units
from ase.build import molecule
from ase.calculators.emt import EMT
from ase.calculators.harmonic import HarmonicCalculator, HarmonicForceField
from ase.calculators.lj import LennardJones

from published import row

ARGON = np.array([[0.0, 0.0, 0.0], [1.2, 0.1, 0.0], [0.1, 1.1, 0.3], [0.9, 0.8, 1.2]])
VOLUMES = np.array([36.0, 38.0, 40.0, 42.0])
FITTED = np.linspace(34.0, 45.0, 6)
NEIGHBOURS = "neighbours are found by a compiled tree"


def energy(calculator, symbols):
    def function(positions):
        atoms = ase.Atoms(symbols, positions=positions, calculator=calculator())
        return atoms.get_potential_energy()

    return function


def geometry(positions):
    atoms = ase.Atoms("H2O2", positions=positions)
    return atoms.get_distance(0, 1), atoms.get_angle(0, 1, 2), atoms.get_dihedral(0, 1, 2, 3)


def moments(positions):
    atoms = ase.Atoms("H2O2", positions=positions)
    return atoms.get_center_of_mass(), atoms.get_moments_of_inertia()


def spring(positions):
    reference = molecule("H2O")
    field = HarmonicForceField(reference, np.eye(9) * 3.0)
    atoms = ase.Atoms("OHH", positions=positions, calculator=HarmonicCalculator(field))
    return atoms.get_potential_energy()


def helmholtz(vibrations, temperature):
    found = thermochemistry.HarmonicThermo(vibrations)
    return found.get_helmholtz_energy(temperature, verbose=False)


def gibbs(vibrations, temperature, pressure):
    found = thermochemistry.IdealGasThermo(
        vibrations, geometry="nonlinear", atoms=molecule("H2O"), symmetrynumber=2, spin=0
    )
    return found.get_gibbs_energy(temperature, pressure, verbose=False)


def bulk_modulus(energies):
    v0, e0, B = eos.EquationOfState(FITTED, energies, "birchmurnaghan").fit(warn=False)
    return v0, e0, B / units.kJ * 1e24


FUNCTIONS = [
    row(eos.murnaghan, VOLUMES, -10.0, 0.5, 4.0, 39.0),
    row(eos.birchmurnaghan, VOLUMES, -10.0, 0.5, 4.0, 39.0),
    row(eos.vinet, VOLUMES, -10.0, 0.5, 4.0, 39.0),
    row(energy(LennardJones, "Ar4"), ARGON, name="lennard_jones", refused=NEIGHBOURS),
    row(energy(EMT, "Cu4"), ARGON * 2.2, name="emt", refused=NEIGHBOURS),
    row(geometry, ARGON),
    row(moments, ARGON),
    row(spring, molecule("H2O").positions + 0.1),
    row(helmholtz, np.array([0.02, 0.1, 0.3]), 500.0),
    row(gibbs, np.array([0.2, 0.45, 0.47]), 400.0, 1e5),
    row(bulk_modulus, eos.birchmurnaghan(FITTED, -10.0, 0.5, 4.0, 39.5), tolerance=1e-5),
]
