# SPDX-License-Identifier: Apache-2.0
"""Value and gradient of a 784-512-512-10 tanh network's cross-entropy, batch 256."""

from benchmarks.targets import Target
from benchmarks.workload import Workload
from scenarios import NETWORK

WORKLOAD = Workload(
    name="network",
    title="784-512-512-10 tanh network, cross-entropy, batch 256, float64",
    scenarios=(NETWORK,),
    targets=(
        Target("at most 1.5x JAX jit's time", "ad_core", "jax-jit", 1.5, at_least=False),
        Target("below autograd's time", "autograd", "ad_core", 1.0),
    ),
    skip={
        "casadi": "an SX graph has a node for each of the 170 million scalar multiplications",
        "scipy": "differences would evaluate the network 669,706 times",
    },
)
