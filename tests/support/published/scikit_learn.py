# SPDX-License-Identifier: Apache-2.0
"""Functions of scikit-learn: kernels, metrics, predictions of fitted models."""

import warnings

import numpy as np
from sklearn import covariance, datasets, decomposition, metrics, preprocessing
from sklearn.cross_decomposition import PLSRegression
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.gaussian_process import GaussianProcessRegressor, kernels
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import BayesianRidge, LinearRegression, LogisticRegression, Ridge
from sklearn.metrics import pairwise
from sklearn.mixture import GaussianMixture
from sklearn.naive_bayes import GaussianNB
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVR

from published import row

A = np.array([[0.3, 1.1], [0.9, 0.2], [1.7, 0.6]])
B = np.array([[0.4, 0.8], [1.5, 0.1]])
TRUE = np.array([3.0, 0.5, 2.0, 7.0])
GIVEN = np.array([2.5, 0.1, 2.2, 8.0])
POINTS, TARGETS = datasets.make_regression(30, 2, noise=3.0, random_state=0)
CLASSES = (TARGETS > 0.0).astype(int)
NETWORK = MLPRegressor(hidden_layer_sizes=(5,), activation="tanh", max_iter=20, random_state=0)


def predictions(model, points=POINTS, targets=TARGETS, method="predict"):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # few iterations are enough here
        fitted = model.fit(points, targets)

    def value(x):
        return getattr(fitted, method)(x)

    value.__qualname__ = f"{type(model).__name__}.{method}"
    return value


def gaussian_process(x):
    model = GaussianProcessRegressor(kernels.RBF(1.2) + kernels.WhiteKernel(0.1), optimizer=None)
    return model.fit(POINTS, TARGETS).predict(x, return_std=True)


def marginal_likelihood(theta):
    kernel = kernels.ConstantKernel(1.0) * kernels.RBF(1.2) + kernels.WhiteKernel(0.1)
    model = GaussianProcessRegressor(kernel, optimizer=None).fit(POINTS, TARGETS)
    return model.log_marginal_likelihood(theta)


def kernel(value):
    def between(a, b):
        return value(a, b)

    between.__qualname__ = type(value).__name__
    return between


def coefficients(model):
    def value(points, targets):
        fitted = model.fit(points, targets)
        return np.append(fitted.coef_, fitted.intercept_)

    value.__qualname__ = f"{type(model).__name__}.fit"
    return value


FUNCTIONS = [
    row(pairwise.rbf_kernel, A, B, 0.7),
    row(pairwise.polynomial_kernel, A, B, 3, 0.7, 1.0),
    row(pairwise.sigmoid_kernel, A, B, 0.7, 1.0),
    row(pairwise.cosine_similarity, A, B),
    row(pairwise.euclidean_distances, A, B),
    row(pairwise.linear_kernel, A, B),
    row(pairwise.chi2_kernel, A, B, refused="compiled"),
    row(pairwise.manhattan_distances, A, B),
    row(kernel(kernels.RBF(1.3)), A, B),
    row(kernel(kernels.Matern(1.3, nu=1.5)), A, B),
    row(kernel(kernels.RationalQuadratic(1.3, 0.8)), A, B),
    row(kernel(kernels.DotProduct(0.4)), A, B),
    row(kernel(kernels.ExpSineSquared(1.3, 2.0)), A, B),
    row(metrics.mean_squared_error, TRUE, GIVEN),
    row(metrics.mean_absolute_error, TRUE, GIVEN),
    row(metrics.mean_pinball_loss, TRUE, GIVEN, alpha=0.1),
    row(metrics.mean_poisson_deviance, TRUE, GIVEN),
    row(metrics.mean_gamma_deviance, TRUE, GIVEN),
    row(metrics.mean_squared_log_error, TRUE, GIVEN),
    row(metrics.r2_score, TRUE, GIVEN),
    row(metrics.explained_variance_score, TRUE, GIVEN),
    row(metrics.d2_tweedie_score, TRUE, GIVEN, power=1),
    row(metrics.log_loss, np.array([0, 1, 1, 0]), np.array([0.2, 0.7, 0.9, 0.4])),
    row(metrics.brier_score_loss, np.array([0, 1, 1, 0]), np.array([0.2, 0.7, 0.9, 0.4])),
    row(preprocessing.normalize, A),
    row(preprocessing.scale, A),
    row(preprocessing.minmax_scale, A),
    row(predictions(LinearRegression()), A),
    row(predictions(Ridge(0.5)), A),
    row(predictions(BayesianRidge()), A),
    row(predictions(KernelRidge(0.5, kernel="rbf", gamma=0.3)), A),
    row(predictions(NETWORK), A),
    row(predictions(PLSRegression(2)), A),
    row(predictions(LogisticRegression(), POINTS, CLASSES, "predict_proba"), A),
    row(predictions(LogisticRegression(), POINTS, CLASSES, "decision_function"), A),
    row(predictions(GaussianNB(), POINTS, CLASSES, "predict_log_proba"), A),
    row(predictions(LinearDiscriminantAnalysis(), POINTS, CLASSES, "decision_function"), A),
    row(predictions(GaussianMixture(2, random_state=0), method="score_samples"), A),
    row(predictions(decomposition.PCA(2), method="transform"), A),
    row(predictions(covariance.EmpiricalCovariance(), method="mahalanobis"), A),
    row(predictions(preprocessing.StandardScaler(), method="transform"), A),
    row(predictions(preprocessing.PolynomialFeatures(2), method="transform"), A),
    row(predictions(make_pipeline(preprocessing.StandardScaler(), Ridge(0.5))), A),
    row(predictions(SVR()), A, refused="compiled"),
    row(gaussian_process, A),
    row(marginal_likelihood, np.array([0.1, 0.3, -2.0])),
    row(coefficients(LinearRegression()), POINTS[:6].copy(), TARGETS[:6].copy()),
    row(coefficients(Ridge(0.5)), POINTS[:6].copy(), TARGETS[:6].copy()),
]
