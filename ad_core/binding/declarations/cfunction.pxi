# SPDX-License-Identifier: Apache-2.0
# Declarations of the C headers in src/cfunction and ad_core/include that the binding uses.

cdef extern from "ad_core.h" nogil:
    const char *AD_CORE_CAPSULE
    ctypedef struct ad_core_function:
        size_t n_in
        size_t n_out
        size_t n_work
        const void *self
        int (*begin)(const void *self, double *work) noexcept
        int (*eval)(const void *self, const double *x, double *y, double *work) noexcept
        int (*eval_many)(const void *self, size_t n, const double *x, double *y,
                         double *work) noexcept
        int (*guard)(const void *self, const double *work, size_t *guard,
                     size_t *point) noexcept
        const char *(*line)(const void *self, size_t guard) noexcept
        size_t n_guards

cdef extern from "cfunction/cfunction.h" nogil:
    size_t AD_CFUNCTION_PARTS
    ctypedef struct ad_cfunction_part:
        size_t first
        size_t count
    ctypedef struct ad_cfunction_spec:
        const ad_program *program
        const ad_program *strict
        int lanes
        size_t parts
        ad_cfunction_part part[4]
        const char **line
        const int32_t *row
        const int32_t *column
        size_t n_value
        size_t n_rows
        size_t n_columns
        const char *name
    const ad_core_function *ad_cfunction_new(const ad_cfunction_spec *spec)
    void ad_cfunction_release(const ad_core_function *function)
