# SPDX-License-Identifier: Apache-2.0
"""Functions of PsychroLib: moist air."""

import psychrolib

from published import row

psychrolib.SetUnitSystem(psychrolib.SI)

BISECTION = "the wet bulb temperature is found by bisection"

FUNCTIONS = [
    row(psychrolib.GetSatVapPres, 25.0),
    row(psychrolib.GetSatVapPres, -15.0),
    row(psychrolib.GetHumRatioFromRelHum, 25.0, 0.5, 101325.0),
    row(psychrolib.GetHumRatioFromTWetBulb, 30.0, 20.0, 95461.0),
    row(psychrolib.GetRelHumFromHumRatio, 25.0, 0.01, 101325.0),
    row(psychrolib.GetRelHumFromTDewPoint, 25.0, 15.0),
    row(psychrolib.GetTDewPointFromRelHum, 25.0, 0.8),
    row(psychrolib.GetTDewPointFromVapPres, 25.0, 1500.0),
    row(psychrolib.GetVapPresFromHumRatio, 0.01, 95461.0),
    row(psychrolib.GetMoistAirEnthalpy, 30.0, 0.02),
    row(psychrolib.GetMoistAirVolume, 30.0, 0.02, 95461.0),
    row(psychrolib.GetMoistAirDensity, 30.0, 0.02, 95461.0),
    row(psychrolib.GetDegreeOfSaturation, 30.0, 0.01, 95461.0),
    row(psychrolib.GetVaporPressureDeficit, 30.0, 0.01, 95461.0),
    row(psychrolib.GetTDryBulbFromEnthalpyAndHumRatio, 81316.0, 0.02),
    row(psychrolib.GetStandardAtmPressure, 1000.0),
    row(psychrolib.GetSeaLevelPressure, 101226.5, 105.0, 17.19),
    row(psychrolib.GetRelHumFromTWetBulb, 25.0, 18.0, 101325.0),
    row(psychrolib.CalcPsychrometricsFromTWetBulb, 25.0, 18.0, 101325.0),
    row(psychrolib.GetTWetBulbFromRelHum, 25.0, 0.5, 101325.0, refused=BISECTION),
    row(psychrolib.CalcPsychrometricsFromRelHum, 25.0, 0.5, 101325.0, refused=BISECTION),
]
