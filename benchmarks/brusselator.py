# SPDX-License-Identifier: Apache-2.0
"""Jacobian of the 2-D Brusselator on a 32 x 32 grid, written in arrays: 2048 -> 2048."""

from benchmarks.workload import Workload
from scenarios import BRUSSELATOR

WORKLOAD = Workload(
    name="brusselator",
    title="2-D Brusselator, 32 x 32 periodic grid, Jacobian 2048 x 2048",
    scenarios=(BRUSSELATOR,),
    notes="CasADi returns the Jacobian's nonzeros, the others a dense array (32 MB).",
)
