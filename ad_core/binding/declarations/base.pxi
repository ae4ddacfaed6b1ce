# SPDX-License-Identifier: Apache-2.0
# Declarations of the C headers in src/base that the binding uses.

cdef extern from "base/floating.h" nogil:
    void ad_float_begin()
    int ad_float_noted          # an array operation of this thread had a floating-point error

cdef extern from "base/nonfinite.h" nogil:
    int ad_all_finite(size_t n, const double *x)

cdef extern from "base/status.h" nogil:
    ctypedef enum ad_status:
        AD_OK
        AD_NO_MEMORY
        AD_TAPE_FULL
        AD_BAD_INDEX
        AD_BAD_OP
        AD_BAD_SHAPE
        AD_TOO_LARGE
        AD_CALL_FAILED
        AD_INTERRUPTED
        AD_NOT_FINITE

cdef extern from "base/alloc.h" nogil:
    void *ad_alloc(size_t count, size_t size)
    void *ad_alloc_zeroed(size_t count, size_t size)
    void ad_free(void *memory)
    void *ad_alloc_lines(size_t count, size_t size)
    void ad_free_lines(void *memory)
    void ad_alloc_fail_at(long n)
