# SPDX-License-Identifier: Apache-2.0
"""Larger functions that are prepared once, with a call for each point: a likelihood, a PDE."""

import numpy as np

from benchmarks.workload import Workload
from scenarios import BRUSSELATOR, GMM, Scenario, brusselator, brusselator_args


def product_args(seed):
    """A state of the Brusselator and a direction."""
    (y,) = brusselator_args(seed)
    return y, np.random.default_rng(seed + 1).normal(size=y.shape)


PRODUCT = Scenario("brusselator-product", brusselator, product_args, "jvp", K=2048, D=2048)

WORKLOAD = Workload(
    name="programs",
    title="one point a call: Gaussian mixture (gmm) value and gradient; Brusselator's J v and J",
    scenarios=(GMM, PRODUCT, BRUSSELATOR),
    skip={
        "heyoka:brusselator": "a cfunc of 4 million expressions, nearly all of them zero",
        "ad_core-sparse:gmm": "it computes Jacobians only",
        "ad_core-sparse:brusselator-product": "it computes Jacobians only",
    },
    notes="CasADi and ad_core-sparse return the Jacobian's nonzeros, the others a dense array "
    "(32 MB).",
    peers=("numpy", "ad_core", "ad_core-tape", "ad_core-sparse", "heyoka", "casadi", "jax-jit"),
    own="ad_core-tape",
)
