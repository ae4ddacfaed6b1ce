# SPDX-License-Identifier: Apache-2.0
"""CVODE of SUNDIALS, by the package scikit-sundae, with exact Jacobians."""

import numpy as np

from ad_core.solvers.arguments import needed, start
from ad_core.solvers.rates import Rates
from ad_core.solvers.structure import Structure

__all__ = ["cvode"]


def cvode(fun, t0, y0, *, args=(), sparse=None):
    """Options of sksundae.cvode.CVODE for dy/dt = fun(t, y, *args): CVODE(**cvode(f, t0, y0)).

    Parameters: fun, of a number t and y of shape (n,), returns n numbers, as an array or a list;
    an ad_core.Function keeps its recordings.  t0 and y0 of shape (n,), where fun is recorded
    first.  sparse: whether the Jacobian is sparse; None: where it has at least 10,000 entries and
    less than 20 % are not zero.

    Returns a dict of rhsfn(t, y, yp), jacfn(t, y, yp, JJ) and linsolver: "dense", where JJ is
    (n, n), or "sparse" with sparsity, a csc_matrix whose nnz entries JJ holds by columns.
    CVODE warns that the sparsity is not used for differences, which is what is wanted.

    Raises TypeError for a y0 that is not of real numbers, ValueError for results of wrong shapes
    and, from jacfn, for another branch of fun with entries elsewhere; ImportError for sparse
    without SciPy.  SUNDIALS itself is not needed here.  Cost: one recording a path of fun, a
    program each for values and Jacobians.

    >>> import numpy as np
    >>> from ad_core import solvers
    >>> options = solvers.cvode(lambda t, y: [-y[0], y[0] - y[1] ** 2], 0.0, [1, 0])
    >>> J = np.zeros((2, 2))
    >>> options["jacfn"](0.0, np.array([1.0, 3.0]), None, J)
    >>> J
    array([[-1.,  0.],
           [ 1., -6.]])
    """
    t0, y0 = float(t0), start(y0, "y0")
    rates = Rates(fun, t0, y0, args, sparse)

    def rhsfn(t, y, yp):
        yp[:] = rates.value(t, y)

    def dense(t, y, yp, JJ):
        JJ[:] = rates.jacobian(t, y)

    if not rates.sparse:
        return {"rhsfn": rhsfn, "jacfn": dense, "linsolver": "dense"}
    matrices = needed("scipy.sparse", "scipy", "cvode with sparse=True")
    example = rates.jacobian(t0, y0)
    structure = Structure(example, "columns")

    def compressed(t, y, yp, JJ):
        JJ[:] = structure.entries(rates.jacobian(t, y))

    places = structure.rows, structure.columns
    sparsity = matrices.csc_matrix((np.ones(structure.rows.size), places), shape=structure.shape)
    return {"rhsfn": rhsfn, "jacfn": compressed, "linsolver": "sparse", "sparsity": sparsity}
