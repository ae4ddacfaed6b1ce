# SPDX-License-Identifier: Apache-2.0
"""Functions of pvlib: photovoltaic systems, the sun's position, irradiance."""

import numpy as np
import pandas as pd
import pvlib

from published import row

POA = np.array([200.0, 650.0, 900.0])
ZENITH = np.array([25.0, 48.0, 71.0])
NOON = pd.DatetimeIndex(["2024-06-21 11:30", "2024-06-21 15:00", "2024-06-21 17:30"], tz="UTC")
INVERTER = {
    "Paco": 250.0, "Pdco": 259.6, "Vdco": 40.0, "Pso": 2.09, "C0": -4.1e-5, "C1": -9.1e-5,
    "C2": 4.9e-4, "C3": -1.3e-2, "Pnt": 0.075,
}  # fmt: skip
MODULE = {
    "Isco": 5.09, "Voco": 48.3, "Impo": 4.65, "Vmpo": 40.0, "Aisc": 3.8e-4, "Aimp": 1.6e-4,
    "C0": 1.01, "C1": -0.0118, "Bvoco": -0.152, "Mbvoc": 0.0, "Bvmpo": -0.149, "Mbvmp": 0.0,
    "N": 1.39, "C2": 0.11, "C3": -6.9, "Cells_in_Series": 72, "A0": 0.928, "A1": 0.068,
    "A2": -7.7e-3, "A3": 1.0e-4, "A4": 0.0, "B0": 1.0, "B1": -2.4e-3, "B2": 3.1e-4, "B3": -1.2e-5,
    "B4": 2.1e-7, "B5": -1.4e-9, "FD": 1.0, "IXO": 4.95, "IXXO": 3.28, "C4": 0.97, "C5": 0.03,
    "C6": 1.09, "C7": -0.087,
}  # fmt: skip
DIODE = (7.0, 6e-7, 0.1, 20.0, 0.5)
PLACE = pvlib.location.Location(52.5, 13.4, altitude=34.0)


def sun_at(latitude, longitude, altitude):
    position = pvlib.solarposition.spa_python(NOON, latitude, longitude, altitude)
    return position["apparent_zenith"].to_numpy()


def sandia_power(v_dc, p_dc):
    return pvlib.inverter.sandia(v_dc, p_dc, INVERTER)


def sapm_modules(effective_irradiance, temp_cell):
    return pvlib.pvsystem.sapm(effective_irradiance, temp_cell, MODULE)


def sapm_angles(aoi):
    return pvlib.iam.sapm(aoi, MODULE)


def sapm_airmass(airmass):
    return pvlib.spectrum.spectral_factor_sapm(airmass, MODULE)


FUNCTIONS = [
    row(pvlib.temperature.sapm_cell, POA, 20.0, 5.0, -3.47, -0.0594, 3.0),
    row(pvlib.temperature.pvsyst_cell, POA, 20.0, 5.0),
    row(pvlib.temperature.faiman, 800.0, 20.0, 2.0, 25.0, 6.84),
    row(pvlib.temperature.ross, POA, 20.0, 45.0),
    row(pvlib.irradiance.aoi, 30.0, 180.0, ZENITH, np.array([170.0, 200.0, 240.0])),
    row(pvlib.irradiance.haydavies, 30.0, 180.0, 100.0, 700.0, 1366.0, ZENITH[1], 200.0),
    row(
        pvlib.irradiance.perez,
        30.0,
        180.0,
        np.array([110.0, 130.0, 60.0]),
        np.array([700.0, 500.0, 300.0]),
        1366.0,
        ZENITH,
        np.array([170.0, 200.0, 240.0]),
        np.array([1.1, 1.5, 3.0]),
    ),
    row(pvlib.irradiance.klucher, 30.0, 180.0, 120.0, 600.0, 40.0, 170.0),
    row(pvlib.irradiance.erbs, np.array([700.0, 500.0, 250.0]), ZENITH, datetime_or_doy=172),
    row(pvlib.irradiance.disc, np.array([700.0, 500.0, 250.0]), ZENITH, datetime_or_doy=172),
    row(pvlib.irradiance.get_total_irradiance, 30.0, 180.0, 40.0, 170.0, 700.0, 600.0, 120.0),
    row(pvlib.irradiance.campbell_norman, ZENITH, 0.7),
    row(pvlib.clearsky.ineichen, ZENITH, np.array([1.1, 1.5, 3.0]), 3.2),
    row(pvlib.clearsky.bird, ZENITH, np.array([1.1, 1.5, 3.0]), 0.15, 0.1, 1.42),
    row(pvlib.clearsky.simplified_solis, np.array([20.0, 45.0, 70.0]), 0.12, 1.5, 98000.0),
    row(pvlib.atmosphere.get_relative_airmass, ZENITH),
    row(pvlib.atmosphere.gueymard94_pw, 21.0, 55.0),
    row(pvlib.iam.physical, np.array([5.0, 35.0, 70.0]), 1.526, 4.0, 0.002),
    row(pvlib.iam.martin_ruiz, np.array([5.0, 35.0, 70.0]), 0.16),
    row(sapm_angles, np.array([5.0, 35.0, 70.0])),
    row(pvlib.solarposition.solar_zenith_analytical, 0.9, 0.3, 0.4),
    row(sun_at, 52.5, 13.4, 34.0),
    row(pvlib.pvsystem.calcparams_desoto, POA, 40.0, 0.0045, 1.5, 6.8, 1e-9, 300.0, 0.3),
    # the maximum power is found to the square root of the machine precision
    row(pvlib.pvsystem.singlediode, *DIODE, tolerance=1e-4),
    row(pvlib.pvsystem.i_from_v, np.array([0.1, 3.0, 6.0]), *DIODE),
    row(pvlib.pvsystem.max_power_point, *DIODE, tolerance=1e-5),
    row(sapm_modules, POA / 1000.0, np.array([25.0, 40.0, 55.0])),
    row(pvlib.pvsystem.pvwatts_dc, POA, 40.0, 240.0, -0.003),
    row(sandia_power, np.array([38.0, 41.0]), np.array([120.0, 200.0])),
    row(pvlib.tracking.singleaxis, ZENITH, np.array([110.0, 200.0, 260.0])),
    row(pvlib.shading.masking_angle, 25.0, 0.45, 0.5),
    row(sapm_airmass, np.array([1.1, 1.8])),
    row(pvlib.spectrum.spectral_factor_firstsolar, 1.4, 1.5, module_type="cdte"),
]
