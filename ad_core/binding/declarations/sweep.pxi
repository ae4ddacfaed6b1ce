# SPDX-License-Identifier: Apache-2.0
# Declarations of the C headers in src/sweep that the binding uses.

cdef extern from "sweep/jacobian.h" nogil:
    ctypedef struct ad_poll:
        int (*stop)(void *context) noexcept nogil
        void *context
    ctypedef struct ad_function:
        const ad_tape *tape
        size_t D
        size_t K
        const ad_node *input
        const ad_node *output
    ctypedef struct ad_workspace:
        double *memory
        size_t room
    ad_status ad_jacobian_forward(const ad_function *f, size_t chunk, double *jacobian,
                                  ad_workspace work, const ad_poll *poll)
    ad_status ad_jacobian_reverse(const ad_function *f, size_t chunk, double *jacobian,
                                  ad_workspace work, const ad_poll *poll)
    size_t ad_seeds_padded(const ad_tape *tape, size_t p)
    size_t ad_workspace_need(const ad_tape *tape, size_t p)
    ad_status ad_jvp(const ad_function *f, size_t p, const double *seeds, double *out,
                     ad_workspace work, const ad_poll *poll)
    ad_status ad_vjp(const ad_function *f, size_t p, const double *seeds, double *out,
                     ad_workspace work, const ad_poll *poll)
    ad_status ad_tangents(const ad_function *f, const double *seeds, double *tangent,
                          const ad_poll *poll)
    ad_status ad_adjoints(const ad_function *f, const double *seeds, double *adjoint,
                          const ad_poll *poll)
    size_t ad_sweep_edges(const ad_tape *tape)
    size_t ad_seed_chunk(const ad_tape *tape, size_t total, size_t budget)

cdef extern from "sweep/taylor.h" nogil:
    ad_status ad_taylor(const ad_function *f, size_t order, const double *series, double *out,
                        const ad_poll *poll)

cdef extern from "sweep/hessian.h" nogil:
    ad_status ad_hessian_product(const ad_function *f, const double *weight,
                                 const double *direction, double *out, ad_workspace work,
                                 const ad_poll *poll)
    size_t ad_hessian_need(const ad_tape *tape)

cdef extern from "sweep/expand.h" nogil:
    ad_node AD_NO_NODE
    ctypedef struct ad_segment:
        ad_tape *tape
        size_t first_run
        size_t last_run
        ad_node first_node
    ad_status ad_expand_forward(const ad_segment *segment, ad_node *node)
    ad_status ad_expand_reverse(const ad_segment *segment, ad_node *node)
    ad_status ad_expand_partial(ad_tape *tape, unsigned op, int edge, const ad_node *operand,
                                ad_node value, ad_node *node)
