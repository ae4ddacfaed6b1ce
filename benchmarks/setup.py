# SPDX-License-Identifier: Apache-2.0
"""The set-up time of a function up to its first Jacobian, and that of a program of 10^6 nodes."""

from benchmarks import generated
from benchmarks.targets import Limit, Target
from benchmarks.workload import Workload
from scenarios import ARM

WORKLOAD = Workload(
    name="setup",
    title="trace or build, compile and take the first Jacobian, anew each time: 7-joint arm",
    scenarios=(ARM,),
    targets=(
        Limit("trace and first Jacobian", "ad_core-tape", "arm", 3.0, "ms"),
        Target("set-up at least 100x faster than JAX's", "jax-jit", "ad_core-tape", 100.0),
    ),
    notes="JAX's time is jacfwd's alone. heyoka's caches of compiled code are off.",
    peers=("ad_core-tape", "casadi-call", "heyoka", "jax-jit"),
    own="ad_core-tape",
    fresh=True,
    further=generated.measure,
)
