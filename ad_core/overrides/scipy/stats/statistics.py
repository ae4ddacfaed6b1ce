# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""Statistics that SciPy's own code does not compute from traced values: those by random numbers, by
an optimum and by counting are refused."""

import scipy.stats

from ad_core.overrides.scipy.dispatch import refuses_all

__all__ = []

RANDOM = "it draws random numbers; pass plain numbers, or write the statistic in NumPy"
OPTIMUM = "it is an optimum that SciPy searches; solve for it by ad_core.implicit.root"
COUNTS = "it sorts its arguments into bins; pass plain places, and sum the values by np.bincount"
RANKS = "it depends on the order of the data alone, by steps; pass plain numbers"

REFUSED = {
    "cramervonmises_2samp": RANKS,
    "kruskal": RANKS,
    "mannwhitneyu": RANKS,
    "anderson_ksamp": RANKS, "ansari": RANKS, "binned_statistic": COUNTS,
    "binned_statistic_2d": COUNTS, "binned_statistic_dd": COUNTS, "bootstrap": RANDOM,
    "boxcox_normmax": OPTIMUM, "boxcox_normplot": OPTIMUM, "brunnermunzel": RANKS,
    "bws_test": RANDOM, "dunnett": RANDOM,
    "fit": "minimize -np.sum(dist.logpdf(data, ...)) with its gradient", "goodness_of_fit": RANDOM,
    "kendalltau": RANKS, "monte_carlo_test": RANDOM, "multiscale_graphcorr": RANDOM,
    "page_trend_test": RANKS, "percentileofscore": RANKS, "permutation_test": RANDOM,
    "epps_singleton_2samp": RANKS, "power": RANDOM, "ppcc_max": OPTIMUM, "ppcc_plot": OPTIMUM,
    "ranksums": RANKS, "somersd": RANKS,
    "shapiro": "SciPy computes it in compiled code; pass plain numbers", "siegelslopes": RANKS,
    "wasserstein_distance_nd": "it is the optimum of a linear programme; pass plain numbers",
    "weightedtau": RANKS, "yeojohnson_normmax": OPTIMUM, "yeojohnson_normplot": OPTIMUM,
}  # fmt: skip

refuses_all(scipy.stats, REFUSED, calls_back=True)
