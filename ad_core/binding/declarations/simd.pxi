# SPDX-License-Identifier: Apache-2.0
# Declarations of the C headers in src/simd that the binding uses.

cdef extern from "simd/elementwise.h" nogil:
    ctypedef void (*ad_loop_fn)(
        char **pointers, const intptr_t *count, const intptr_t *strides, void *data)
    void ad_op_set_loop(unsigned op, ad_loop_fn loop, void *data)
    void ad_op_partials(unsigned op, int edge, size_t n, const double *a, const double *b,
                        const double *c, const double *v, double *out)

cdef extern from "simd/lanes.h" nogil:
    ctypedef struct ad_lane_table:
        const char *isa
        void (**value)(size_t n, const double *a, const double *b, const double *c,
                       const double *v, double *out)
    const ad_lane_table *ad_lanes()
