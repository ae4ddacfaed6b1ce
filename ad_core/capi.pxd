# SPDX-License-Identifier: Apache-2.0
# Declarations of ad_core.h for Cython.  Compile with include_dirs=[ad_core.get_include()].

from libc.stdint cimport int32_t, uint32_t


cdef extern from "ad_core.h" nogil:
    int AD_CORE_ABI
    const char *AD_CORE_CAPSULE
    ctypedef enum ad_core_status:
        AD_CORE_OK
        AD_CORE_BRANCH_CHANGED
        AD_CORE_CALL_FAILED
        AD_CORE_BAD_WORK
        AD_CORE_BAD_ABI
        AD_CORE_FREED
    ctypedef struct ad_core_function:
        uint32_t abi
        uint32_t size
        size_t n_in
        size_t n_out
        size_t n_work
        const void *self
        int (*begin)(const void *self, double *work) noexcept nogil
        int (*eval)(const void *self, const double *x, double *y, double *work) noexcept nogil
        int (*eval_many)(const void *self, size_t n, const double *x, double *y,
                         double *work) noexcept nogil
        int (*guard)(const void *self, const double *work, size_t *guard,
                     size_t *point) noexcept nogil
        const char *(*line)(const void *self, size_t guard) noexcept nogil
        size_t n_guards
        const int32_t *row
        const int32_t *column
        size_t n_value
        size_t n_rows
        size_t n_columns
        const char *name
    int ad_core_check(const ad_core_function *f)
    int ad_core_begin(const ad_core_function *f, double *work, size_t n_work)
