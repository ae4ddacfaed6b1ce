# SPDX-License-Identifier: Apache-2.0
"""Jacobians at many points in one call: two arms and two stiff chemical kinetics."""

from benchmarks.peers import BATCHED
from benchmarks.targets import Target
from benchmarks.workload import Workload
from scenarios import ARM, ARM6, HIRES, POLLUTION

WORKLOAD = Workload(
    name="batch",
    title="dense Jacobians at many points: 7-joint arm, 6-joint arm by matrices, Pollution, HIRES",
    scenarios=(ARM, ARM6, POLLUTION, HIRES),
    targets=(
        Target(
            "all cores, nonzeros, at least 10x faster than CasADi",
            "casadi-map",
            "ad_core-nonzeros",
            10.0,
        ),
        Target("all cores, at least 10x faster than JAX", "jax-vmap", "ad_core-batch", 10.0),
        Target("all cores, not behind heyoka", "heyoka-batch", "ad_core-batch", 1.0),
        Target(
            "all cores, nonzeros, not behind heyoka", "heyoka-nonzeros", "ad_core-nonzeros", 1.0
        ),
        Target(
            "one thread, at most 1.5x the C yardstick", "ad_core-worker", "gcc", 1.5, at_least=False
        ),
        Target("all cores, at least 1.7x one thread", "ad_core-worker", "ad_core-batch", 1.7),
    ),
    notes="Every peer has the points in its own layout before the call, and writes into memory "
    "that it has written before; JAX, which cannot, allocates its results. CasADi and the peers "
    "called nonzeros write the Jacobians' nonzeros alone, the others dense Jacobians.",
    peers=tuple(BATCHED),
    own="ad_core-batch",
    points=3,
    batched=True,
)
