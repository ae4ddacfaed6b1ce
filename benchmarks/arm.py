# SPDX-License-Identifier: Apache-2.0
"""Jacobian of a 7-joint arm's forward kinematics, written in scalars: 7 -> 12."""

from benchmarks.targets import Target
from benchmarks.workload import Workload
from scenarios import ARM

WORKLOAD = Workload(
    name="arm",
    title="7-joint arm (Franka Panda), position and rotation, Jacobian 12 x 7",
    scenarios=(ARM,),
    targets=(
        Target("at least 200x faster than autograd", "autograd", "ad_core", 200.0),
        Target("at least 200x faster than un-jitted JAX", "jax", "ad_core", 200.0),
        Target("at most 1.5x one NumPy evaluation", "ad_core", "numpy", 1.5, at_least=False),
    ),
)
