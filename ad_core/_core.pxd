# SPDX-License-Identifier: Apache-2.0
# The C core as Cython sees it: the only declarations of src/ on this side.
from libc.stdint cimport int64_t, intptr_t, uint8_t, uint16_t, uint32_t

cdef extern from "status.h" nogil:
    ctypedef enum ad_status:
        AD_OK
        AD_NO_MEMORY
        AD_TAPE_FULL
        AD_BAD_INDEX
        AD_BAD_OP
        AD_BAD_SHAPE
        AD_INTERRUPTED

cdef extern from "alloc.h" nogil:
    void *ad_alloc(size_t count, size_t size)
    void ad_free(void *memory)
    void ad_alloc_fail_at(long n)

cdef extern from "ops.h" nogil:
    ctypedef void (*ad_loop_fn)(
        char **pointers, const intptr_t *count, const intptr_t *strides, void *data)
    ctypedef enum ad_partial_class:
        AD_PARTIAL_STORED
        AD_PARTIAL_ZERO
    ctypedef struct ad_op_info:
        const char *name
        const char *ufunc
        int arity
        int is_test
        int exact
        const char *domain[3]
        const char *value
        const char *partial[3]
        ad_partial_class partial_class[3]
        double (*point)(double a, double b, double c, double *partial)
    ctypedef struct ad_op_alias:
        const char *ufunc
        int op
    int AD_OP_COUNT
    const ad_op_info *ad_op_row(unsigned op)
    ad_op_info *ad_op_rows
    const ad_op_alias *ad_op_aliases(size_t *n)
    void ad_op_set_loop(unsigned op, ad_loop_fn loop, void *data)
    void ad_op_partials(unsigned op, int edge, size_t n, const double *a, const double *b,
                        const double *c, const double *v, double *out)

cdef extern from "lanes.h" nogil:
    ctypedef struct ad_lane_table:
        const char *isa
        void (**value)(size_t n, const double *a, const double *b, const double *c,
                       const double *v, double *out)
    const ad_lane_table *ad_lanes()
    int ad_lanes_choose(const char *isa)

cdef extern from "tape.h" nogil:
    ctypedef uint32_t ad_node
    ctypedef enum ad_form:
        AD_FORM_UNARY
        AD_FORM_BINARY
        AD_FORM_LEFT
        AD_FORM_RIGHT
        AD_FORM_SPAN
        AD_FORM_BLOCK
    ctypedef struct ad_run:
        ad_node node
        uint32_t partial
        uint8_t op
        uint8_t form
        uint16_t arity
        uint32_t a
        uint32_t b
    ctypedef struct ad_tape:
        double *value
        double *partial
        ad_run *run
        size_t nodes
        size_t partials
        size_t lists
        size_t runs
        size_t spans
        size_t blocks
        size_t guards
        size_t limit
    ctypedef struct ad_operand:
        ad_node base
        const int64_t *stride
        const ad_node *nodes
    void ad_tape_init(ad_tape *tape)
    void ad_tape_free(ad_tape *tape)
    void ad_tape_reset(ad_tape *tape, size_t keep)
    size_t ad_tape_bytes(const ad_tape *tape)
    size_t ad_tape_capacity(const ad_tape *tape)
    ad_status ad_tape_inputs(ad_tape *tape, size_t n, ad_node *first)
    ad_status ad_tape_constants(ad_tape *tape, size_t n, ad_node *first)
    ad_status ad_tape_constant(ad_tape *tape, double value, ad_node *node)
    int ad_is_constant(const ad_tape *tape, ad_node node)
    ad_status ad_tape_unary(ad_tape *tape, unsigned op, ad_node a, ad_node *node)
    ad_status ad_tape_binary(ad_tape *tape, unsigned op, ad_node a, ad_node b, ad_node *node)
    ad_status ad_tape_scalar(ad_tape *tape, unsigned op, ad_form form, ad_node a, ad_node b,
                             ad_node *node)
    ad_status ad_tape_elementwise(ad_tape *tape, unsigned op, int ndim, const int64_t *shape,
                                  const ad_operand *operands, ad_node *first)
    ad_status ad_tape_guard(ad_tape *tape, ad_node node, int outcome)
    const ad_run *ad_tape_run_of(const ad_tape *tape, ad_node node)
    ad_status ad_tape_append(ad_tape *to, const ad_tape *source, ad_node *offset)

cdef extern from "edges.h" nogil:
    ctypedef struct ad_edge:
        ad_node operand
        double partial
    size_t ad_node_edges(const ad_tape *tape, ad_node node, size_t room, ad_edge *edges)

cdef extern from "block.h" nogil:
    ctypedef enum ad_block_kind:
        AD_BLOCK_SUM
        AD_BLOCK_MAX
        AD_BLOCK_MIN
        AD_BLOCK_CUMSUM
        AD_BLOCK_MATMUL
    const char *ad_block_name(unsigned kind)
    ad_status ad_tape_reduce(ad_tape *tape, unsigned kind, int outer, int inner,
                             const int64_t *shape, const ad_operand *x, ad_node *first)
    ad_status ad_tape_matmul(ad_tape *tape, const int64_t *extents, ad_node a,
                             const int64_t *a_stride, ad_node b, const int64_t *b_stride,
                             ad_node *first)
    void ad_matmul_set_loop(ad_loop_fn loop, void *data)

cdef extern from "jacobian.h" nogil:
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
    size_t ad_workspace_need(const ad_tape *tape, size_t p)
    ad_status ad_jvp(const ad_function *f, size_t p, const double *seeds, double *out,
                     ad_workspace work, const ad_poll *poll)
    ad_status ad_vjp(const ad_function *f, size_t p, const double *seeds, double *out,
                     ad_workspace work, const ad_poll *poll)
    ad_status ad_tangents(const ad_function *f, const double *seeds, double *tangent,
                          const ad_poll *poll)
    ad_status ad_adjoints(const ad_function *f, const double *seeds, double *adjoint,
                          const ad_poll *poll)
    size_t ad_seed_chunk(const ad_tape *tape, size_t total, size_t budget)

cdef extern from "expand.h" nogil:
    ad_node AD_NO_NODE
    ctypedef struct ad_segment:
        ad_tape *tape
        size_t first_run
        size_t last_run
        ad_node first_node
    ad_status ad_expand_init()
    ad_status ad_expand_forward(const ad_segment *segment, ad_node *node)
    ad_status ad_expand_reverse(const ad_segment *segment, ad_node *node)
    ad_status ad_expand_partial(ad_tape *tape, unsigned op, int edge, const ad_node *operand,
                                ad_node value, ad_node *node)
