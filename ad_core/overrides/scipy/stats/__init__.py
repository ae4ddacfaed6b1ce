# SPDX-License-Identifier: Apache-2.0
"""Functions and methods of scipy.stats on traced values."""

from ad_core.overrides.scipy.stats import distributions, moments, multivariate, statistics

__all__ = ["distributions", "moments", "multivariate", "statistics"]
