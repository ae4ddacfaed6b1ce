# SPDX-License-Identifier: Apache-2.0
"""Value and gradient of ADBench's Gaussian-mixture log-likelihood, n = 1000 points."""

from benchmarks.workload import Workload
from scenarios import GMM, GMM_WIDE

WORKLOAD = Workload(
    name="gmm",
    title="Gaussian mixture log-likelihood with Wishart prior (ADBench), n = 1000, K = 5; "
    "gmm: d = 2, gmm-wide: d = 10",
    scenarios=(GMM, GMM_WIDE),
)
