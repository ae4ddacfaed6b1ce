# SPDX-License-Identifier: Apache-2.0
# Declarations of the C headers in src/solve that the binding uses.

cdef extern from "solve/hybrid.h" nogil:
    ctypedef enum ad_hybrid_task:
        AD_HYBRID_VALUE
        AD_HYBRID_JACOBIAN
        AD_HYBRID_NOTHING
    ctypedef enum ad_hybrid_end:
        AD_HYBRID_OPEN
    ctypedef struct ad_hybrid:
        double *point
        double *value
        double *x
        double *f
        double *r
        double *turned
        double *turned_f
        size_t values
        size_t jacobians
        ad_hybrid_end end
    ad_status ad_hybrid_begin(ad_hybrid *h, size_t n, const double *x0, const double *diag,
                              double xtol, double factor, size_t most_values)
    ad_hybrid_task ad_hybrid_next(ad_hybrid *h)
    void ad_hybrid_release(ad_hybrid *h)
