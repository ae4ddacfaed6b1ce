# SPDX-License-Identifier: Apache-2.0
# cython: language_level=3, freethreading_compatible=True
"""Jacobians without the GIL, from a capsule of ad_core."""

from ad_core.capi cimport AD_CORE_CAPSULE, AD_CORE_OK, ad_core_begin, ad_core_function
from cpython.pycapsule cimport PyCapsule_GetPointer

import numpy as np


def jacobians(capsule, const double[:, ::1] x):
    """(status, results), one row for each row of x."""
    cdef const ad_core_function *f = <const ad_core_function *> PyCapsule_GetPointer(
        capsule, AD_CORE_CAPSULE)
    cdef double[::1] work = np.empty(f.n_work)
    cdef double[:, ::1] y = np.empty((x.shape[0], f.n_out))
    cdef Py_ssize_t k
    cdef int status = ad_core_begin(f, &work[0], work.shape[0])
    with nogil:
        for k in range(x.shape[0]):
            if status == AD_CORE_OK:
                status = f.eval(f.self, &x[k, 0], &y[k, 0], &work[0])
    return status, np.asarray(y)
