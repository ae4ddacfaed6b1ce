# SPDX-License-Identifier: Apache-2.0
"""Calls of scipy.spatial.distance."""

import numpy as np
import scipy.spatial.distance as MODULE

from scipy_rows import Call

__all__ = ["MODULE", "PLAIN", "REFUSED", "ROWS"]

X = 0.3 + 0.37 * np.random.default_rng(0).permutation(12)
OTHER = np.array([[0.31, 1.22, 0.55, 0.93], [0.82, 0.24, 1.13, 0.46]])
VECTORS = ("braycurtis", "canberra", "chebyshev", "cityblock", "correlation", "cosine", "euclidean",
           "jensenshannon", "minkowski", "sqeuclidean")  # fmt: skip
SPREAD = np.array([0.5, 1.5, 2.0, 0.7])
INVERSE = np.eye(4) + 0.2


def _calls(*functions):
    return [Call(f, X, exact=False) for f in functions]


def _both(name, metric, **options):
    """Distances of the rows of one matrix to those of another, or to one another."""
    if name == "pdist":
        return lambda x: MODULE.pdist(x.reshape(3, 4), metric, **options)
    return lambda x: MODULE.cdist(x.reshape(3, 4), OTHER + x[0], metric, **options)


def _all_pairs(name):
    return _calls(*(_both(name, metric) for metric in VECTORS),
                  _both(name, "minkowski", p=3.0, w=SPREAD), _both(name, "seuclidean", V=SPREAD),
                  _both(name, "seuclidean"), _both(name, "mahalanobis", VI=INVERSE),
                  _both(name, "euclidean", w=SPREAD), _both(name, MODULE.cityblock),
                  _both(name, lambda u, v: np.sum(np.sin(u - v) ** 2)))  # fmt: skip


ROWS = {
    **{name: _calls(lambda x, name=name: np.atleast_1d(getattr(MODULE, name)(x[:4], x[4:8])))
       for name in VECTORS},
    "seuclidean": _calls(lambda x: np.atleast_1d(MODULE.seuclidean(x[:4], x[4:8], x[8:]))),
    "mahalanobis": _calls(lambda x: np.atleast_1d(MODULE.mahalanobis(x[:4], x[4:8], INVERSE))),
    "cdist": _all_pairs("cdist"),
    "pdist": _all_pairs("pdist"),
    "squareform": _calls(lambda x: MODULE.squareform(x[:6]) * x[0],
                         lambda x: MODULE.squareform(MODULE.squareform(x[:6])) * x[0]),
}  # fmt: skip
PLAIN = {
    "dice", "hamming", "jaccard", "kulczynski1", "rogerstanimoto", "russellrao", "sokalmichener",
    "sokalsneath", "yule",
    "is_valid_dm", "is_valid_y", "num_obs_dm", "num_obs_y",
}  # fmt: skip
REFUSED = {
    "directed_hausdorff": lambda x: MODULE.directed_hausdorff(x[:, None], x[:, None] + 1.0)[0],
}
