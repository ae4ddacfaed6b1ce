# SPDX-License-Identifier: Apache-2.0
"""Functions of fluids: pipes, fittings, atmospheres."""

import fluids
from published import row

FUNCTIONS = [
    row(fluids.Reynolds, 2.5, 0.25, 1.1613, 1.9e-5),
    row(fluids.friction_factor, 1e5, 1e-4),
]
