# SPDX-License-Identifier: Apache-2.0
"""Functions of pyXSteam: water and steam."""

from pyXSteam.XSteam import XSteam

from published import row

TABLE = XSteam(XSteam.UNIT_SYSTEM_MKS)  # m/kg/sec/degC/bar/W

BISECTION = "the root is found by bisection"

FUNCTIONS = [
    row(TABLE.tsat_p, 1.0),
    row(TABLE.psat_t, 100.0),
    row(TABLE.hV_p, 10.0),
    row(TABLE.hL_t, 100.0),
    row(TABLE.h_pt, 1.0, 20.0),
    row(TABLE.h_pt, 80.0, 480.0),
    row(TABLE.h_px, 10.0, 0.4),
    row(TABLE.t_ph, 1.0, 100.0),
    row(TABLE.t_ps, 1.0, 7.5),
    row(TABLE.p_hs, 84.0, 0.296),
    row(TABLE.rho_pt, 1.0, 20.0),
    row(TABLE.v_pt, 50.0, 350.0),
    row(TABLE.s_ph, 10.0, 3000.0),
    row(TABLE.u_pt, 1.0, 100.5),
    row(TABLE.Cp_pt, 1.0, 100.5),
    row(TABLE.w_pt, 1.0, 100.0),
    row(TABLE.my_pt, 1.0, 90.0),
    row(TABLE.tc_pt, 1.0, 25.0),
    row(TABLE.st_t, 100.0),
    row(TABLE.x_ph, 1.0, 1000.0),
    row(TABLE.vx_ph, 1.0, 418.0),
    row(TABLE.p_hrho, 3000.0, 2.0, refused=BISECTION),
    row(TABLE.h_prho, 1.0, 2.0),
]
