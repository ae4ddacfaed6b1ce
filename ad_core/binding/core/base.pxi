# SPDX-License-Identifier: Apache-2.0
# src/base as Cython sees it.

cdef extern from "base/floating.h" nogil:
    int ad_float_noted          # of the values of array operations, on this thread

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
    void ad_free(void *memory)
    void *ad_alloc_lines(size_t count, size_t size)
    void ad_free_lines(void *memory)
    void ad_alloc_fail_at(long n)
