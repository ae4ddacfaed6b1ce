# SPDX-License-Identifier: Apache-2.0
"""The sparse Jacobian of the 2-D Brusselator on a 100 x 100 grid, one evaluation in each call."""

from functools import partial

from benchmarks.targets import Target
from benchmarks.workload import Workload
from scenarios import Scenario, brusselator, brusselator_args

GRID = Scenario(
    "brusselator-100", brusselator, partial(brusselator_args, n=100), "sparse_jacobian",
    K=20_000, D=20_000,
)  # fmt: skip

WORKLOAD = Workload(
    name="sparse",
    title="2-D Brusselator, 100 x 100 periodic grid, sparse Jacobian 20,000 x 20,000",
    scenarios=(GRID,),
    targets=(
        Target("at least 5x faster than CasADi's raw buffers", "casadi", "ad_core-sparse", 5.0),
        Target("at most one NumPy evaluation", "ad_core-sparse", "numpy", 1.0, at_least=False),
    ),
    notes="Answers are compared entry by entry and index by index, in the order of CSR.",
    peers=("numpy", "ad_core-sparse", "casadi"),
    own="ad_core-sparse",
    points=3,
)
