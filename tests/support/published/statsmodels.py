# SPDX-License-Identifier: Apache-2.0
"""Functions of statsmodels: likelihoods, scores, robust norms, links, statistics."""

import numpy as np
import statsmodels.api as sm
from statsmodels.distributions.copula.api import ClaytonCopula, FrankCopula, GaussianCopula
from statsmodels.genmod import families
from statsmodels.robust import norms
from statsmodels.stats import stattools
from statsmodels.tools import eval_measures
from statsmodels.tsa.stattools import acf, acovf

from published import row

X = np.array([[1.0, 0.3], [1.0, 1.1], [1.0, 2.2], [1.0, 2.9], [1.0, 4.3], [1.0, 5.1]])
Y = np.array([0.7, 1.4, 1.9, 3.3, 3.9, 5.6])
COUNTS = np.array([1, 0, 2, 3, 3, 6])
CHOICES = np.array([0, 1, 0, 1, 1, 1])
BETA = np.array([0.2, 0.3])
Z = np.array([-2.1, -0.4, 0.3, 0.9, 2.6])


def fitted(y, x):
    return sm.OLS(y, x).fit().params


def quality_of_fit(y, x):
    found = sm.OLS(y, sm.add_constant(x)).fit()
    return found.rsquared, found.aic, found.bse, found.tvalues


def fitted_with_weights(y, x, weights):
    return sm.WLS(y, x, weights=weights).fit().params


def predicted(y, x):
    return sm.OLS(y, x).fit().predict(X + 0.5)


def likelihood_of_ols(beta, y):
    return sm.OLS(y, X).loglike(beta)


def likelihood_of_logit(beta, x):
    return sm.Logit(CHOICES, x).loglike(beta)


def score_of_logit(beta, x):
    return sm.Logit(CHOICES, x).score(beta)


def likelihood_of_probit(beta, x):
    return sm.Probit(CHOICES, x).loglike(beta)


def likelihood_of_poisson(beta, x):
    return sm.Poisson(COUNTS, x).loglike(beta)


def hessian_of_poisson(beta, x):
    return sm.Poisson(COUNTS, x).hessian(beta)


def likelihood_of_negative_binomial(beta):
    return sm.NegativeBinomial(COUNTS, X).loglike(beta)


def likelihood_of_gamma(beta, y):
    model = sm.GLM(y, X, family=families.Gamma(families.links.Log()))
    return model.loglike(beta, scale=0.4)


def fitted_glm(x):
    return sm.GLM(COUNTS, x, family=families.Poisson()).fit(tol=1e-14).params


def rho(norm):
    def value(z):
        return norm.rho(z), norm.psi(z), norm.weights(z)

    value.__qualname__ = type(norm).__name__
    return value


def link(kind):
    def value(p):
        return kind(p), kind.deriv(p), kind.inverse(kind(p) * 0.5)

    value.__qualname__ = type(kind).__name__
    return value


def deviance(family):
    def value(mu):
        return family.deviance(Y, mu), family.variance(mu), family.loglike(Y, mu)

    value.__qualname__ = f"deviance of {type(family).__name__}"
    return value


def likelihood_of_ar(params, y):
    return sm.tsa.SARIMAX(y, order=(1, 0, 0)).loglike(params)


FUNCTIONS = [
    row(fitted, Y, X),
    row(quality_of_fit, Y, X[:, 1].copy()),
    row(fitted_with_weights, Y, X, np.array([1.0, 2.0, 1.0, 3.0, 1.0, 0.5])),
    row(predicted, Y, X),
    row(likelihood_of_ols, BETA, Y),
    row(likelihood_of_logit, BETA, X),
    row(score_of_logit, BETA, X),
    row(likelihood_of_probit, BETA, X),
    row(likelihood_of_poisson, BETA, X),
    row(hessian_of_poisson, BETA, X),
    row(likelihood_of_negative_binomial, np.array([0.2, 0.3, 0.5])),
    row(likelihood_of_gamma, BETA, Y),
    row(fitted_glm, X),
    row(rho(norms.HuberT()), Z),
    row(rho(norms.TukeyBiweight()), Z),
    row(rho(norms.AndrewWave()), Z),
    row(rho(norms.Hampel()), Z),
    row(link(families.links.Logit()), np.array([0.2, 0.5, 0.7])),
    row(link(families.links.Probit()), np.array([0.2, 0.5, 0.7])),
    row(link(families.links.CLogLog()), np.array([0.2, 0.5, 0.7])),
    row(deviance(families.Gamma()), Y + 0.2),
    row(deviance(families.Gaussian()), Y + 0.2),
    row(deviance(families.InverseGaussian()), Y + 0.2),
    row(acovf, Y, fft=False),
    row(acf, Y, nlags=2, fft=True),
    row(stattools.durbin_watson, Z),
    row(stattools.jarque_bera, Z),
    row(eval_measures.rmse, Y, Y[::-1] * 1.1),
    row(eval_measures.aicc, -12.5, 20.0, 3.0),
    row(sm.robust.mad, Z),
    row(likelihood_of_ar, np.array([0.5, 0.8]), Y, refused="compiled"),
    row(ClaytonCopula(2.5).pdf, np.array([0.3, 0.6])),
    row(FrankCopula(2.5).cdf, np.array([0.3, 0.6])),
    row(GaussianCopula(0.4).logpdf, np.array([0.3, 0.6])),
]
