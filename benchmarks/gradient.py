# SPDX-License-Identifier: Apache-2.0
"""The cost of a gradient by reverse mode relative to the value, for five scalar functions."""

from dataclasses import replace

from benchmarks.targets import Target
from benchmarks.workload import Workload
from scenarios import GMM, LOGISTIC, NETWORK_NARROW, ROSENBROCK, SNAKE


def at_same_data(scenario):
    """The scenario with the same data at all points, as in a fit."""

    def args(seed):
        return scenario.args(seed)[0], *scenario.args(0)[1:]

    return replace(scenario, args=args)


WORKLOAD = Workload(
    name="gradient",
    title="value and gradient against the value alone: Gaussian mixture, network (16-32-32-4, "
    "batch 32), Rosenbrock (1,000 variables), logistic regression (1,000 x 20), arm of 300 links",
    scenarios=tuple(
        at_same_data(scenario) for scenario in (GMM, NETWORK_NARROW, ROSENBROCK, LOGISTIC, SNAKE)
    ),
    targets=(
        Target(
            "value and gradient at most 3x the value",
            "ad_core-tape",
            "ad_core-value",
            3.0,
            at_least=False,
        ),
    ),
    skip={
        "casadi:network-narrow": "labels index an array, and no symbol can",
        "jax-jit:snake": "the loop over links is unrolled, and compiled for most of a minute",
    },
    peers=("numpy", "ad_core", "ad_core-value", "ad_core-tape", "casadi", "jax-jit"),
    own="ad_core-tape",
)
