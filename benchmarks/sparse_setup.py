# SPDX-License-Identifier: Apache-2.0
"""The set-up time of a sparse Jacobian, from the function to its first evaluation."""

from benchmarks.sparse import GRID
from benchmarks.targets import Limit, Target
from benchmarks.workload import Workload

WORKLOAD = Workload(
    name="sparse_setup",
    title="trace or build, structure, program and first evaluation, anew each time: 2-D "
    "Brusselator, 100 x 100 grid",
    scenarios=(GRID,),
    targets=(
        Limit("trace, structure and program", "ad_core-sparse", GRID.name, 200.0, "ms"),
        Target("set-up at least 50x faster than CasADi's", "casadi", "ad_core-sparse", 50.0),
    ),
    peers=("ad_core-sparse", "casadi"),
    own="ad_core-sparse",
    points=2,
    fresh=True,
)
