# SPDX-License-Identifier: Apache-2.0
"""Functions of CoolProp, which are compiled."""

import CoolProp
from CoolProp import CoolProp as compiled
from CoolProp.HumidAirProp import HAPropsSI

from published import row

REASON = "compiled code"


def density(T, P):
    return CoolProp.CoolProp.PropsSI("D", "T", T, "P", P, "Water")


def state(T, P):
    water = CoolProp.AbstractState("HEOS", "Water")
    water.update(CoolProp.PT_INPUTS, P, T)
    return water.hmass()


def humid_air(T, P, R):
    return HAPropsSI("H", "T", T, "P", P, "R", R)


def imported(T, P):
    return compiled.PropsSI("H", "T", T, "P", P, "R134a")


FUNCTIONS = [
    row(density, 300.0, 1e5, refused=REASON),
    row(state, 300.0, 1e5, refused=REASON),
    row(humid_air, 298.15, 101325.0, 0.5, refused=REASON),
    row(imported, 300.0, 1e5, refused=REASON),
]
