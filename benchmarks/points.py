# SPDX-License-Identifier: Apache-2.0
"""Jacobians of small functions that are prepared once, with a call from Python for each point."""

from benchmarks.targets import Limit, Target
from benchmarks.workload import Workload
from scenarios import ARM, POLLUTION

WORKLOAD = Workload(
    name="points",
    title="Jacobian at one point a call, 1,000 random points in turn: 7-joint arm, Pollution",
    scenarios=(ARM, POLLUTION),
    targets=(
        Limit("traced once, a call at one point", "ad_core-tape", "arm", 2.5, "µs"),
        Limit("traced once, a call at one point", "ad_core-tape", "pollution", 1.0, "µs"),
        Target("at least 2x faster than heyoka", "heyoka", "ad_core-tape", 2.0),
        Target("at least 15x faster than CasADi's call", "casadi-call", "ad_core-tape", 15.0),
        Target("not behind CasADi's raw buffers", "casadi", "ad_core-tape", 1.0, mean=True),
        Target("at least 15x faster than jitted JAX", "jax-jit", "ad_core-tape", 15.0),
    ),
    notes="Times are those of calls from Python, the loop's step included (some 30 ns). CasADi's "
    "raw buffers are filled by one NumPy assignment a call.",
    peers=("numpy", "ad_core", "ad_core-tape", "heyoka", "casadi-call", "casadi", "jax-jit"),
    own="ad_core-tape",
    points=1000,
)
