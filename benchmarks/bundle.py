# SPDX-License-Identifier: Apache-2.0
"""Residuals and sparse Jacobian of a bundle adjustment with the sizes of ADBench's first one."""

from benchmarks.targets import Target
from benchmarks.workload import Workload
from scenarios import Scenario
from scenarios_sparse import CAMERA, POINT, bundle, bundle_args

CAMERAS, POINTS, SEEN = 49, 7_776, 31_843

SCENE = Scenario(
    "bundle", bundle, bundle_args, "value_and_blocks",
    K=3 * SEEN, D=CAMERA * CAMERAS + POINT * POINTS + SEEN,
)  # fmt: skip

WORKLOAD = Workload(
    name="bundle",
    title="bundle adjustment, 49 cameras, 7,776 points, 31,843 observations: residuals and "
    "Jacobian in 2 x 15 blocks",
    scenarios=(SCENE,),
    targets=(
        Target("at least 20x faster than PyTorch", "torch-blocks", "ad_core-blocks", 20.0),
        Target("at least 5x faster than JAX", "jax-blocks", "ad_core-blocks", 5.0),
    ),
    notes="A call takes the vector of all unknowns; gathering each observation's 15 is timed. An "
    "observation's 2 x 15 numbers lie as CSR has them, so its index arrays are those of the scene.",
    peers=("numpy", "ad_core-blocks", "ad_core-entries", "jax-blocks", "torch-blocks"),
    own="ad_core-blocks",
    points=3,
)
