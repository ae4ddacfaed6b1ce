# SPDX-License-Identifier: Apache-2.0
"""Calls of scipy.stats. Those of distributions are generated from
tests/support/distributions.py."""

import numpy as np
import scipy.stats as st

from ad_core.rules.special import UFUNCS
from distributions import CONTINUOUS, DISCRETE
from scipy_rows import Call

MODULE = st

LOC, SCALE = 0.2, 1.3


def _arguments(p, shapes, traced, first=1):
    """The shapes, those in `traced` from p."""
    given = iter(p[first:])
    return [next(given) if str(k) in traced else s for k, s in enumerate(shapes)]


def _point(shapes, traced, *others):
    return np.array([*others, *(s for k, s in enumerate(shapes) if str(k) in traced)], float)


def _functions(dist, names, shapes, place, traced, second=True):
    """Functions of a place, at p = (x, loc, scale, shapes)."""
    if not traced:
        return []

    def f(p):
        own = _arguments(p, shapes, traced, 3)
        x, loc, scale = p[:3] if "x" in traced else (place * SCALE + LOC, LOC, SCALE)
        return np.stack([getattr(dist, name)(x, *own, loc=loc, scale=scale) for name in names])

    point = _point(shapes, traced, place * SCALE + LOC, LOC, SCALE)
    return [Call(f, point, exact=False, second=second)]


def _quantiles(dist, shapes, traced):
    def f(p):
        own = _arguments(p, shapes, traced, 3)
        q = p[0] if "x" in traced else 0.35
        frozen = dist(*own, loc=p[1], scale=p[2])
        return np.stack([frozen.ppf(q), frozen.isf(q), frozen.median()])

    point = _point(shapes, traced, 0.35, LOC, SCALE)
    return [Call(f, point, exact=False, second=False)] if traced else []


def _moments(dist, shapes, moments, entropy, scaled=True):
    calls = []
    for names, traced in ((("mean", "var", "std"), moments), (("entropy",), entropy)):
        if traced:

            def f(p, names=names, traced=traced):
                own = _arguments(p, shapes, traced, 2)
                frozen = dist(*own, p[0], p[1]) if scaled else dist(*own)
                return np.stack([getattr(frozen, name)() for name in names])

            calls.append(Call(f, _point(shapes, traced, LOC, SCALE), exact=False))
    return calls


def _continuous(name, shapes, place, density, cumulative, quantile, moments, entropy):
    dist = getattr(st, name)
    second = set(cumulative) <= set(density)  # their derivatives are densities
    return [
        *_functions(dist, ("pdf", "logpdf"), shapes, place, density),
        *_functions(dist, ("cdf", "sf", "logcdf", "logsf"), shapes, place, cumulative, second),
        *_quantiles(dist, shapes, quantile),
        *_moments(dist, shapes, moments, entropy),
    ]


def _discrete(name, shapes, place, probability, cumulative, moments, entropy):
    dist, calls = getattr(st, name), []
    for names, traced in ((("pmf", "logpmf"), probability), (("cdf", "sf", "logsf"), cumulative)):
        if traced:

            def f(p, names=names, traced=traced):
                own = _arguments(p, shapes, traced, 0)
                return np.stack([getattr(dist, n)(place + 1.0, *own, loc=1) for n in names])

            calls.append(Call(f, _point(shapes, traced), exact=False))
    calls += _moments(dist, shapes, moments, entropy, scaled=False)
    return calls


A = np.array
_y, _z = A([0.2, 1.1, 0.7, 2.3, 1.9, 0.4]), A([0.5, 0.9, 1.7, 2.1, 0.2, 1.3])
_x = A([0.31, 1.22, 0.73, 2.15, 1.71, 0.54])
_B = A([[2.0, 0.3], [0.3, 1.0]])


def _on(f, point=_x, **options):
    return [Call(f, point, exact=False, **options)]


def _cov(p):
    return np.array([[p[0], 0.0], [0.2, p[1]]])


_samples = st.gaussian_kde(_y)
_frozen = st.multivariate_normal([0.0, 1.0], _B)
_PAIR = A([1.4, 0.9])

VECTORS = {
    "multivariate_normal": [
        *_on(lambda p: st.multivariate_normal.logpdf(p, np.zeros(2), _B), _PAIR),
        *_on(lambda p: st.multivariate_normal.pdf(np.ones((3, 2)), p, _cov(p)), _PAIR),
        *_on(lambda p: st.multivariate_normal.pdf(np.ones(2), p, p[0]), _PAIR),
        *_on(lambda p: _frozen.logpdf(p), _PAIR),
        *_on(lambda p: st.multivariate_normal(p, _cov(p)).logpdf([0.1, 0.3]), _PAIR),
        *_on(lambda p: st.multivariate_normal(p, _cov(p)).entropy(), _PAIR),
    ],
    "multivariate_t": [
        *_on(lambda p: st.multivariate_t.logpdf(p, np.zeros(2), _B, df=3.0), _PAIR),
        *_on(lambda p: st.multivariate_t.pdf(np.ones(2), p, _cov(p), df=p[1] + 2.0), _PAIR),
        *_on(lambda p: st.multivariate_t.entropy(p, _cov(p), df=p[1] + 2.0), _PAIR),
    ],
    "matrix_normal": _on(
        lambda p: st.matrix_normal.logpdf(_B * p[0], mean=_B, rowcov=_cov(p), colcov=_cov(p)), _PAIR
    ),
    "matrix_t": _on(
        lambda p: st.matrix_t.logpdf(_B * p[0], np.zeros((2, 2)), _cov(p), np.eye(2), 3), _PAIR
    ),
    "dirichlet": [
        *_on(lambda p: st.dirichlet.logpdf([0.3, 0.7], p), _PAIR),
        *_on(lambda p: st.dirichlet.logpdf(p / np.sum(p), [2.0, 3.0]), _PAIR),
        *_on(lambda p: np.append(st.dirichlet.mean(p), st.dirichlet.entropy(p)), _PAIR),
        *_on(lambda p: st.dirichlet.var(p), _PAIR),
    ],
    "dirichlet_multinomial": _on(lambda p: st.dirichlet_multinomial.logpmf([1, 2], p, 3), _PAIR),
    "wishart": [
        *_on(lambda p: st.wishart.logpdf(_B * p[0], 4, _cov(p)), _PAIR),
        *_on(
            lambda p: np.append(st.wishart.mean(4, _cov(p)), st.wishart.entropy(4, _cov(p))), _PAIR
        ),
    ],
    "invwishart": [
        *_on(lambda p: st.invwishart.logpdf(_B * p[0], 4, _cov(p)), _PAIR),
        *_on(lambda p: st.invwishart.mean(6, _cov(p)), _PAIR),
    ],
    "multinomial": _on(lambda p: st.multinomial.logpmf([1, 2], 3, p / np.sum(p)), _PAIR),
    "vonmises_fisher": _on(
        lambda p: st.vonmises_fisher.logpdf([0.6, 0.8], [1.0, 0.0], p[0]), _PAIR
    ),
    "normal_inverse_gamma": _on(
        lambda p: st.normal_inverse_gamma.logpdf(p[0], p[1], 1.0, 2.0, 2.0), _PAIR
    ),
    "gaussian_kde": [
        *_on(lambda p: _samples.pdf(p), _PAIR),
        *_on(lambda p: _samples.logpdf(p), _PAIR),
        *_on(lambda p: st.gaussian_kde(np.append(_y, p)).pdf([1.3, 2.0]), _PAIR),
        *_on(
            lambda p: st.gaussian_kde(A([[1.0, 2.0, 3.0], [p[0], 0.5, 1.0]]), p[1])([1.0, 1.0]),
            _PAIR,
        ),
    ],
    "rv_histogram": _on(lambda p: st.rv_histogram(np.histogram(_y, 3)).cdf(p), A([0.5, 1.1])),
    "Covariance": _on(lambda p: st.Covariance.from_diagonal(p).log_pdet, _PAIR),
    "Binomial": _on(lambda p: st.Binomial(n=5, p=p[0] / 3.0).logpmf(2), _PAIR),
    "Logistic": _on(lambda p: st.Logistic().logpdf(p), _PAIR),
    "Mixture": _on(lambda p: st.Mixture([st.Normal(mu=p[0]), st.Normal(mu=p[1])]).pdf(0.3), _PAIR),
    "Uniform": _on(lambda p: st.Uniform(a=p[0] - 2.0, b=p[1] + 1.0).cdf(0.3), _PAIR),
    "abs": _on(lambda p: st.abs(st.Normal(mu=p[0])).pdf(p[1]), _PAIR),
    "exp": _on(lambda p: st.exp(st.Normal(mu=p[0])).pdf(p[1]), _PAIR),
    "log": _on(lambda p: st.log(st.Uniform(a=p[1], b=p[0] + 1.0)).pdf(0.2), _PAIR),
    "order_statistic": _on(
        lambda p: st.order_statistic(st.Normal(mu=p[0]), n=5, r=2).pdf(p[1]), _PAIR
    ),
    "Normal": _on(lambda p: st.Normal(mu=p[0], sigma=p[1]).logpdf(0.3), _PAIR),
}


STATISTICS = {
    "anderson": _on(lambda x: st.anderson(x).statistic),
    "bayes_mvs": _on(lambda x: st.bayes_mvs(x)[0].statistic),
    "boxcox_llf": [*_on(lambda x: st.boxcox_llf(0.4, x)), *_on(lambda x: st.boxcox_llf(x[0], _y))],
    "chatterjeexi": _on(lambda x: st.chatterjeexi(x, _y).statistic),
    "circmean": _on(st.circmean),
    "circstd": _on(st.circstd),
    "circvar": _on(st.circvar),
    "cramervonmises": _on(lambda x: st.cramervonmises(x, "norm").statistic),
    "cumfreq": _on(lambda x: st.cumfreq(x, 3).cumcount),
    "describe": _on(lambda x: np.stack([st.describe(x).variance, st.describe(x).skewness])),
    "differential_entropy": _on(st.differential_entropy),
    "directional_stats": _on(lambda x: st.directional_stats(x.reshape(2, 3)).mean_direction),
    "ecdf": _on(lambda x: st.ecdf(x).cdf.quantiles),
    "entropy": [*_on(st.entropy), *_on(lambda x: st.entropy(x, _y))],
    "false_discovery_control": _on(lambda x: st.false_discovery_control(x / 3.0)),
    "fligner": _on(lambda x: st.fligner(x, _y).statistic),
    "friedmanchisquare": _on(lambda x: st.friedmanchisquare(x, _y, _z).statistic),
    "gmean": [*_on(st.gmean), *_on(lambda x: st.gmean(x.reshape(2, 3), axis=1, weights=[1, 2, 3]))],
    "gstd": _on(st.gstd),
    "gzscore": _on(st.gzscore),
    "hmean": _on(st.hmean),
    "iqr": _on(st.iqr),
    "ks_2samp": _on(lambda x: st.ks_2samp(x, _y).statistic),
    "kstat": _on(lambda x: st.kstat(x, 3)),
    "kstatvar": _on(lambda x: st.kstatvar(x, 2)),
    "kurtosis": [*_on(st.kurtosis), *_on(lambda x: st.kurtosis(x, bias=False))],
    "kurtosistest": _on(lambda x: st.kurtosistest(x).statistic),
    "lmoment": _on(st.lmoment),
    "median_abs_deviation": _on(st.median_abs_deviation),
    "median_test": _on(lambda x: st.median_test(x, _y).statistic),
    "mode": _on(lambda x: st.mode(x).mode),
    "moment": [*_on(lambda x: st.moment(x, 3)), *_on(lambda x: st.moment(x, 2, center=0.3))],
    "mood": _on(lambda x: st.mood(x, _y).statistic),
    "mvsdist": _on(lambda x: st.mvsdist(x)[0].mean()),
    "obrientransform": _on(lambda x: st.obrientransform(x, _y)[0]),
    "pmean": _on(lambda x: st.pmean(x, 2.5)),
    "quantile": _on(lambda x: st.quantile(x, 0.3)),
    "rankdata": _on(st.rankdata),
    "relfreq": _on(lambda x: st.relfreq(x, 3).frequency),
    "scoreatpercentile": _on(lambda x: st.scoreatpercentile(x, 30)),
    "sem": _on(st.sem),
    "sigmaclip": _on(lambda x: st.sigmaclip(x).clipped),
    "skew": [*_on(st.skew), *_on(lambda x: st.skew(x, bias=False))],
    "skewtest": _on(lambda x: st.skewtest(np.append(x, _y)).statistic),
    "spearmanr": _on(lambda x: st.spearmanr(x, _y).statistic),
    "spearmanrho": _on(lambda x: st.spearmanrho(x, _y).statistic),
    "theilslopes": _on(lambda x: st.theilslopes(x, _y).slope),
    "tiecorrect": _on(lambda x: st.tiecorrect(st.rankdata(x))),
    "tmax": _on(lambda x: st.tmax(x, 2.0)),
    "tmean": _on(lambda x: st.tmean(x, (0.4, 2.0))),
    "tmin": _on(lambda x: st.tmin(x, 0.4)),
    "trim1": _on(lambda x: np.sum(st.trim1(x, 0.2) ** 2)),
    "trim_mean": _on(lambda x: st.trim_mean(x, 0.2)),
    "trimboth": _on(lambda x: st.trimboth(x, 0.2)),
    "tsem": _on(lambda x: st.tsem(x, (0.4, 2.0))),
    "tstd": _on(lambda x: st.tstd(x, (0.4, 2.0))),
    "tukey_hsd": _on(lambda x: st.tukey_hsd(x, _y, _z).statistic[0]),
    "tvar": _on(lambda x: st.tvar(x, (0.4, 2.0))),
    "variation": _on(st.variation),
    "estimated_cdf": _on(lambda x: np.atleast_1d(st.estimated_cdf(np.sort(x), 0.85)), second=False),
    "expectile": _on(lambda x: st.expectile(x, 0.3), second=False),
    "wilcoxon": _on(lambda x: st.wilcoxon(x, _y).statistic),
    "yeojohnson": _on(lambda x: st.yeojohnson(x, lmbda=0.4)),
    "yeojohnson_llf": _on(lambda x: st.yeojohnson_llf(0.4, x)),
    "zmap": _on(lambda x: st.zmap(x, _y)),
    "zscore": [*_on(st.zscore), *_on(lambda x: st.zscore(x.reshape(2, 3), axis=1, ddof=1))],
}

# The tail of the F distribution in p-values: SciPy 1.16 has it from scipy.stats.f.
_F_TAIL = "fdtrc" if hasattr(st._stats_py, "_SimpleF") else "gammaln"

# Statistics whose p-value needs a special function: they are refused as long as that one is.
NEEDS = {
    "alexandergovern": ("chdtrc", lambda x: st.alexandergovern(x, _y).statistic),
    "bartlett": ("chdtrc", lambda x: st.bartlett(x, _y).statistic),
    "boxcox": ("boxcox", lambda x: st.boxcox(x, lmbda=0.4)),
    "chi2_contingency": ("chdtrc", lambda x: st.chi2_contingency(np.outer(x, _y) + 1.0).statistic),
    "chisquare": ("chdtrc", lambda x: st.chisquare(x / np.sum(x)).statistic),
    "combine_pvalues": ("chdtrc", lambda x: st.combine_pvalues(x / 3.0).statistic),
    "f_oneway": ("fdtrc", lambda x: st.f_oneway(x, _y).statistic),
    "jarque_bera": ("chdtrc", lambda x: st.jarque_bera(np.append(x, _y)).statistic),
    "levene": (_F_TAIL, lambda x: st.levene(x, _y).statistic),
    "linregress": ("stdtr", lambda x: st.linregress(np.append(x, _z), np.append(_y, x)).slope),
    "normaltest": ("chdtrc", lambda x: st.normaltest(np.append(x, _y)).statistic),
    "pearsonr": (
        "betaincc",
        lambda x: st.pearsonr(np.append(x, _z), np.append(_y[: len(x)], _y)).statistic,
    ),
    "pointbiserialr": (
        "betaincc",
        lambda x: st.pointbiserialr([0, 1, 1, 0, 1, 0, 1, 1], np.append(x, _y)[:8]).statistic,
    ),
    "power_divergence": (
        "chdtrc",
        lambda x: st.power_divergence(x, x[::-1], lambda_=0.7).statistic,
    ),
    "probplot": ("stdtr", lambda x: st.probplot(np.append(x, _y))[1][0]),
    "ttest_1samp": ("stdtr", lambda x: st.ttest_1samp(x, 0.5).statistic),
    "ttest_ind": ("stdtr", lambda x: st.ttest_ind(x, _y).statistic),
    "ttest_ind_from_stats": (
        "stdtr",
        lambda x: st.ttest_ind_from_stats(x[0], x[1], 5, 1.0, 0.3, 6).statistic,
    ),
    "ttest_rel": ("stdtr", lambda x: st.ttest_rel(x, _y[: len(x)]).statistic),
}
_known = {ufunc.__name__ for ufunc in UFUNCS if isinstance(ufunc, np.ufunc)}

ROWS = {
    **{name: _continuous(name, *row) for name, row in CONTINUOUS.items() if hasattr(st, name)},
    **{name: _discrete(name, *row) for name, row in DISCRETE.items() if hasattr(st, name)},
    **VECTORS,
    **STATISTICS,
    **{name: _on(call) for name, (needed, call) in NEEDS.items() if needed in _known},
}

PLAIN = {
    "BootstrapMethod", "CensoredData", "ConstantInputWarning", "DegenerateDataWarning", "FitError",
    "MonteCarloMethod", "NearConstantInputWarning", "PermutationMethod", "barnard_exact",
    "binomtest",
    "boschloo_exact",
    "find_repeats", "fisher_exact", "logrank", "make_distribution", "multivariate_hypergeom",
    "ortho_group", "poisson_means_test", "quantile_test", "random_correlation", "random_table",
    "rv_continuous", "rv_discrete", "sobol_indices", "special_ortho_group", "uniform_direction",
    "unitary_group",
}  # fmt: skip

REFUSED = {
    **{name: call for name, (needed, call) in NEEDS.items() if needed not in _known},
    "anderson_ksamp": lambda x: st.anderson_ksamp([x, _y]).statistic,
    "ansari": lambda x: st.ansari(x, _y).statistic,
    "binned_statistic": lambda x: st.binned_statistic(_y, np.append(x, _y[:4]), bins=3).statistic,
    "binned_statistic_2d": lambda x: st.binned_statistic_2d(x, x, x, bins=3).statistic,
    "binned_statistic_dd": lambda x: st.binned_statistic_dd([x, x], x, bins=3).statistic,
    "bootstrap": lambda x: st.bootstrap((x,), np.mean).standard_error,
    "boxcox_normmax": lambda x: st.boxcox_normmax(x),
    "boxcox_normplot": lambda x: st.boxcox_normplot(x, 0.1, 2.0)[1],
    "brunnermunzel": lambda x: st.brunnermunzel(x, _y).statistic,
    "bws_test": lambda x: st.bws_test(x, _y).statistic,
    "dunnett": lambda x: st.dunnett(x, _y, control=_z).statistic,
    "fit": lambda x: st.fit(st.norm, x, {"loc": (0, 1), "scale": (0.1, 2)}).params[0],
    "goodness_of_fit": lambda x: st.goodness_of_fit(st.norm, x).statistic,
    "kendalltau": lambda x: st.kendalltau(x, _y[:2]).statistic,
    "ks_1samp": lambda x: st.ks_1samp(x, st.levy_stable(1.8, x[0]).cdf).statistic,
    "kstest": lambda x: st.kstest(x, st.levy_stable(1.8, x[0]).cdf).statistic,
    "poisson_binom": lambda x: st.poisson_binom.pmf([0, 1, 2], x / 3.0),
    "levy_stable": lambda x: st.levy_stable.pdf(x, 1.8, 0.2),
    "monte_carlo_test": lambda x: st.monte_carlo_test(x, st.norm.rvs, np.mean).statistic,
    "multiscale_graphcorr": lambda x: st.multiscale_graphcorr(x, x).statistic,
    "page_trend_test": lambda x: st.page_trend_test(np.outer(x, _y)).statistic,
    "permutation_test": lambda x: (
        st.permutation_test((st.norm.cdf(x), _y), lambda a, b: a[0] - b[0]).statistic
    ),
    "power": lambda x: st.power(st.ttest_1samp, st.norm.rvs, x),
    "ppcc_plot": lambda x: st.ppcc_plot(x, 0.1, 2.0)[1],
    "percentileofscore": lambda x: st.percentileofscore(st.norm.cdf(x), 0.5),
    "ranksums": lambda x: st.ranksums(x, _y).statistic,
    "somersd": lambda x: st.somersd(x, _y[:2]).statistic,
    "cramervonmises_2samp": lambda x: st.cramervonmises_2samp(x, _y).statistic,
    "kruskal": lambda x: st.kruskal(x, _y).statistic,
    "mannwhitneyu": lambda x: st.mannwhitneyu(x, _y).statistic,
    "shapiro": lambda x: st.shapiro(np.append(x, _y)).statistic,
    "siegelslopes": lambda x: st.siegelslopes(x, _y[:2]).slope,
    "studentized_range": lambda x: st.studentized_range.cdf(2.0, 3, 10 * x),
    "truncate": lambda x: st.truncate(st.Normal(mu=x[0]), lb=0.0, ub=3.0).pdf(x[1]),
    "energy_distance": lambda x: st.energy_distance(x, _y),
    "epps_singleton_2samp": lambda x: st.epps_singleton_2samp(np.append(x, _z), _y).statistic,
    "ppcc_max": lambda x: st.ppcc_max(np.append(x, _y)),
    "wasserstein_distance": lambda x: st.wasserstein_distance(x, _y),
    "wasserstein_distance_nd": lambda x: st.wasserstein_distance_nd(x[:, None], _y[:, None]),
    "weightedtau": lambda x: st.weightedtau(x, _y[:2]).statistic,
    "yeojohnson_normmax": lambda x: st.yeojohnson_normmax(x),
    "yeojohnson_normplot": lambda x: st.yeojohnson_normplot(x, 0.1, 2.0)[1],
}
