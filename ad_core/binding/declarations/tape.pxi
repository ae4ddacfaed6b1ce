# SPDX-License-Identifier: Apache-2.0
# Declarations of the C headers in src/tape that the binding uses.

cdef extern from "tape/tape.h" nogil:
    uint32_t AD_AFFINE
    size_t AD_MAX_NODES
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
    ctypedef struct ad_guard:
        uint32_t first
        uint32_t count
    ctypedef struct ad_extent:
        uint32_t ndim
        uint32_t count
        uint32_t size[4]
    ctypedef struct ad_view:
        ad_node base
        uint32_t list
        int64_t stride[4]
    ctypedef struct ad_span:
        ad_extent extent
        ad_view operand[3]
        uint32_t partial[3]
        uint32_t lag
        uint8_t source[3]
    ctypedef struct ad_block:
        ad_extent extent[2]
        ad_view operand[2]
        uint32_t count
        uint32_t partial
        uint32_t rule
        uint8_t active[2]
    ctypedef struct ad_check:
        uint32_t op
        ad_extent extent
        ad_view operand[2]
    ctypedef struct ad_local:
        pass
    ctypedef struct ad_tape:
        double *value
        double *partial
        ad_local local
        ad_node *list
        ad_run *run
        ad_span *span
        ad_block *block
        uint64_t *constant
        size_t nodes
        size_t roots
        size_t partials
        size_t lists
        size_t runs
        size_t spans
        size_t blocks
        size_t guards
        size_t checks
        size_t outcomes
        size_t limit
        size_t room_nodes
        size_t room_partials
        size_t rules
        void **rule
        ad_guard *guard
        ad_check *check
        uint64_t *outcome
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
    ad_status ad_tape_guard(ad_tape *tape, ad_node first, size_t count)
    ad_status ad_tape_check(ad_tape *tape, unsigned op, int ndim, const int64_t *shape,
                            const ad_operand *operands, int how, uint8_t *truth)
    int AD_CHECK_HOLDS
    size_t ad_tape_first_changed_guard(const ad_tape *tape)
    size_t ad_guard_size(const ad_tape *tape, const ad_guard *guard)
    const ad_run *ad_tape_run_of(const ad_tape *tape, ad_node node)
    size_t ad_run_count(const ad_tape *tape, const ad_run *run)
    size_t ad_scalar_runs(const ad_tape *tape)
    ad_status ad_tape_reserve(ad_tape *tape, size_t nodes, size_t partials, size_t lists,
                              size_t runs, size_t spans, size_t blocks)
    ad_status ad_tape_append(ad_tape *to, const ad_tape *source, ad_node *offset)
    ad_status ad_tape_append_after(ad_tape *to, const ad_tape *source, size_t n, ad_node *offset)

cdef extern from "tape/local.h" nogil:
    ad_status ad_local_extend(ad_local *local, const ad_tape *tape)
    bint ad_is_local(const ad_local *local, ad_node node)

cdef extern from "tape/inspect.h" nogil:
    ctypedef struct ad_edge:
        ad_node operand
        double partial
    size_t ad_node_edges(const ad_tape *tape, ad_node node, size_t room, ad_edge *edges)

cdef extern from "tape/halving.h" nogil:
    bint ad_moves_by_halves(size_t count, size_t stride, const double *x)

cdef extern from "tape/fingerprint.h" nogil:
    uint64_t ad_tape_fingerprint(const ad_tape *tape)

cdef extern from "tape/block.h" nogil:
    ctypedef enum ad_block_kind:
        AD_BLOCK_SUM
        AD_BLOCK_MAX
        AD_BLOCK_MIN
        AD_BLOCK_CUMSUM
        AD_BLOCK_CORRELATE
        AD_BLOCK_MATMUL
        AD_BLOCK_CALL
    const char *ad_block_name(unsigned kind)
    void ad_call_nodes(const ad_tape *tape, const ad_block *b, ad_node *nodes)
    ad_status ad_tape_call(ad_tape *tape, void *rule, size_t n, const ad_operand *x, size_t m,
                           const double *y, ad_node *first)
    ad_status ad_tape_reduce(ad_tape *tape, unsigned kind, int outer, int inner,
                             const int64_t *shape, const ad_operand *x, ad_node *first)
    ad_status ad_tape_matmul(ad_tape *tape, const int64_t *extents, ad_node a,
                             const int64_t *a_stride, ad_node b, const int64_t *b_stride,
                             ad_node *first)
    ad_status ad_tape_correlate(ad_tape *tape, const int64_t *length, ad_node a, ad_node b,
                                const int64_t *step, int64_t shift, int64_t count, ad_node *first)
    void ad_matmul_set_loop(ad_loop_fn loop, void *data)

cdef extern from "tape/running.h" nogil:
    ad_status ad_tape_running(ad_tape *tape, unsigned op, size_t n, size_t rows,
                              const ad_operand *x, ad_node *first)
    ad_status ad_tape_reduce_groups(ad_tape *tape, unsigned kind, size_t n, const ad_node *node,
                                    const int64_t *place, size_t groups, ad_node *result)

cdef extern from "tape/evaluate.h" nogil:
    ad_status ad_tape_share(ad_tape *to, const ad_tape *source)
    bint ad_tape_is_at(const ad_tape *tape, size_t n, const ad_node *input, const double *values)
    ad_status ad_tape_evaluate(ad_tape *to, const ad_tape *source, size_t n, const ad_node *input,
                               const double *values, const ad_poll *poll)

cdef extern from "tape/replay.h" nogil:
    ctypedef struct ad_cost:
        uint64_t nodes
        uint64_t work
        uint64_t memory
    ad_status ad_replay_cost(const ad_tape *source, ad_cost *cost, size_t *at)
    ad_status ad_tape_replay(const ad_tape *source, size_t n, const ad_node *input,
                             const double *values, const ad_poll *poll, ad_tape *to, size_t *at)
    int ad_run_reads_constants(const ad_tape *tape, const ad_run *run)
