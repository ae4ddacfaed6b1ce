# SPDX-License-Identifier: Apache-2.0
"""SciPy's Radau on the 2-D Brusselator, 100 x 100 grid: exact Jacobians, coloured differences."""

from functools import partial

from benchmarks.targets import Target
from benchmarks.workload import Workload
from scenarios import Scenario, brusselator, brusselator_args

SOLUTION = Scenario(
    "brusselator-100", brusselator, partial(brusselator_args, n=100), "solve_ivp",
    K=20_000, D=20_000,
)  # fmt: skip

WORKLOAD = Workload(
    name="stiff",
    title="solve_ivp by Radau from start to end, 2-D Brusselator, 100 x 100 grid",
    scenarios=(SOLUTION,),
    targets=(Target("at least 5x faster than differences", "scipy-radau", "ad_core-radau", 5.0),),
    notes="SciPy's differences are coloured by the exact structure, which is given beforehand; "
    "ad_core traces in every solution.",
    peers=("ad_core-radau", "ad_core-jac", "scipy-radau"),
    own="ad_core-radau",
    points=2,
)
