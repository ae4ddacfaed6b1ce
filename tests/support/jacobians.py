# SPDX-License-Identifier: Apache-2.0
"""The ways to the Jacobian of a function, as transforms with the same arguments."""

import ad_core

JACOBIANS = {
    "jacobian": ad_core.jacobian,
    "fwd": lambda f, *a, **k: ad_core.jacobian(f, *a, mode="fwd", **k),
    "rev": lambda f, *a, **k: ad_core.jacobian(f, *a, mode="rev", **k),
    "jacfwd": ad_core.jacfwd,
    "jacrev": ad_core.jacrev,
    "value_and_jacobian": lambda f, *a, **k: (
        lambda *x, **y: ad_core.value_and_jacobian(f, *a, **k)(*x, **y)[1]
    ),
}
