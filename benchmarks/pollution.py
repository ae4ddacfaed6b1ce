# SPDX-License-Identifier: Apache-2.0
"""Jacobian of Verwer's Pollution ODE, written in scalars: 20 -> 20."""

from benchmarks.targets import Target
from benchmarks.workload import Workload
from scenarios import POLLUTION

WORKLOAD = Workload(
    name="pollution",
    title="Verwer's Pollution ODE, 20 species, Jacobian 20 x 20",
    scenarios=(POLLUTION,),
    targets=(
        Target("at least 200x faster than autograd", "autograd", "ad_core", 200.0),
        Target("at least 200x faster than un-jitted JAX", "jax", "ad_core", 200.0),
        Target("at most 1.5x one NumPy evaluation", "ad_core", "numpy", 1.5, at_least=False),
    ),
)
