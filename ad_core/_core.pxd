# SPDX-License-Identifier: Apache-2.0
# The C core as Cython sees it: the only declarations of src/ on this side.
from libc.stdint cimport (INT64_MAX, INT64_MIN, UINT64_MAX, int32_t, int64_t, intptr_t, uint8_t,
                          uint16_t, uint32_t, uint64_t)

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

cdef extern from "ops/ops.h" nogil:
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
    # rows of the table by the names of C's enumeration, which is made from it
    const unsigned op_add "AD_ADD"
    const unsigned op_subtract "AD_SUBTRACT"
    const unsigned op_multiply "AD_MULTIPLY"
    const unsigned op_divide "AD_DIVIDE"
    const unsigned op_floor_divide "AD_FLOOR_DIVIDE"
    const unsigned op_remainder "AD_REMAINDER"
    const unsigned op_power "AD_POWER"
    const unsigned op_negative "AD_NEGATIVE"
    const unsigned op_positive "AD_POSITIVE"
    const unsigned op_absolute "AD_ABSOLUTE"
    const unsigned op_square "AD_SQUARE"
    const unsigned op_sqrt "AD_SQRT"
    const unsigned op_reciprocal "AD_RECIPROCAL"
    const unsigned op_trunc "AD_TRUNC"
    const unsigned op_floor "AD_FLOOR"
    const unsigned op_ceil "AD_CEIL"
    const unsigned op_less "AD_LESS"
    const unsigned op_less_equal "AD_LESS_EQUAL"
    const unsigned op_greater "AD_GREATER"
    const unsigned op_greater_equal "AD_GREATER_EQUAL"
    const unsigned op_equal "AD_EQUAL"
    const unsigned op_not_equal "AD_NOT_EQUAL"
    const unsigned op_logical_and "AD_LOGICAL_AND"
    const unsigned op_logical_or "AD_LOGICAL_OR"
    const unsigned op_logical_xor "AD_LOGICAL_XOR"
    const unsigned op_logical_not "AD_LOGICAL_NOT"
    int AD_OP_COUNT
    const ad_op_info *ad_op_row(unsigned op)
    ad_op_info *ad_op_rows
    const ad_op_alias *ad_op_aliases(size_t *n)

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

cdef extern from "isa/select.h" nogil:
    int ad_isa_choose(const char *isa)

cdef extern from "tape/tape.h" nogil:
    uint32_t AD_AFFINE
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
    ctypedef struct ad_tape:
        double *value
        double *partial
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
    size_t ad_tape_flipped(const ad_tape *tape)
    size_t ad_guard_size(const ad_tape *tape, const ad_guard *guard)
    const ad_run *ad_tape_run_of(const ad_tape *tape, ad_node node)
    ad_status ad_tape_reserve(ad_tape *tape, size_t nodes, size_t partials, size_t lists,
                              size_t runs, size_t spans, size_t blocks)
    ad_status ad_tape_append(ad_tape *to, const ad_tape *source, ad_node *offset)

cdef extern from "graph/graph.h" nogil:
    ctypedef uint32_t ad_term
    ad_term AD_NO_TERM
    int AD_GRAPH_INPUT
    int AD_GRAPH_CONSTANT
    int AD_GRAPH_SUM
    ctypedef struct ad_vertex:
        uint32_t op
        ad_term x[3]
    ctypedef struct ad_called:
        void *rule
        uint32_t elementwise
    ctypedef struct ad_graph:
        ad_vertex *vertex
        ad_called *called
        size_t terms
        size_t lists
        size_t inputs
        size_t calleds
        size_t limit
        ad_status status
    ad_status ad_graph_init(ad_graph *g, size_t inputs, size_t limit)
    void ad_graph_free(ad_graph *g)
    ad_term ad_graph_input(ad_graph *g)
    ad_term ad_graph_constant(ad_graph *g, double value)
    size_t ad_graph_arity(const ad_graph *g, ad_term t)
    ad_term ad_graph_operand(const ad_graph *g, ad_term t, size_t j)
    int ad_graph_is_constant(const ad_graph *g, ad_term t, double *value)
    int ad_graph_is_zero(const ad_graph *g, ad_term t)
    ad_term ad_graph_product(ad_graph *g, ad_term a, ad_term b)
    void ad_graph_truncate(ad_graph *g, size_t terms, size_t lists)
    size_t ad_graph_live(const ad_graph *g, size_t n, const ad_term *outputs, uint8_t *live)
    const char *ad_graph_name(unsigned op)

cdef extern from "ops/call.h" nogil:
    ctypedef struct ad_callbacks:
        ad_status (*value)(void *rule, size_t n, const double *x, size_t m,
                           double *y) noexcept nogil
        ad_status (*push)(void *rule, size_t n, const double *x, size_t m, const double *y,
                          size_t p, const double *tangent, double *out) noexcept nogil
        ad_status (*pull)(void *rule, size_t n, const double *x, size_t m, const double *y,
                          size_t p, const double *adjoint, double *out) noexcept nogil
        ad_status (*expand)(void *rule, ad_tape *tape, int backward, size_t n,
                            const uint32_t *input, size_t m, uint32_t first,
                            const uint32_t *seed, uint32_t *out) noexcept nogil
        void (*keep)(void *rule) noexcept nogil
        void (*drop)(void *rule) noexcept nogil
        int (*elementwise)(void *rule) noexcept nogil
        ad_status (*values)(void *rule, size_t n, size_t m, size_t points, const double *x,
                            double *y) noexcept nogil
        ad_status (*slopes)(void *rule, ad_graph *graph, size_t n, const uint32_t *x, size_t m,
                            uint32_t y, uint32_t *slope) noexcept nogil
    void ad_callbacks_set(const ad_callbacks *callbacks)
    void ad_count_up(size_t *count)

cdef extern from "tape/inspect.h" nogil:
    ctypedef struct ad_edge:
        ad_node operand
        double partial
    size_t ad_node_edges(const ad_tape *tape, ad_node node, size_t room, ad_edge *edges)

cdef extern from "tape/block.h" nogil:
    ctypedef enum ad_block_kind:
        AD_BLOCK_SUM
        AD_BLOCK_MAX
        AD_BLOCK_MIN
        AD_BLOCK_CUMSUM
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
    void ad_matmul_set_loop(ad_loop_fn loop, void *data)

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

cdef extern from "sparse/sparsity.h" nogil:
    ad_status ad_sparsity(const ad_function *f, size_t most, size_t room, size_t *start,
                          uint32_t **index, const ad_poll *poll)
    ad_status ad_sparsity_here(const ad_function *f, size_t most, size_t room, size_t *start,
                               uint32_t **index, const ad_poll *poll)

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

cdef extern from "ops/expr.h" nogil:
    ad_status ad_expr_prepare()

cdef extern from "tape/replay.h" nogil:
    ctypedef struct ad_cost:
        uint64_t nodes
        uint64_t work
        uint64_t memory
    ad_status ad_replay_cost(const ad_tape *source, ad_cost *cost, size_t *at)
    ad_status ad_tape_replay(const ad_tape *source, size_t n, const ad_node *input,
                             const double *values, const ad_poll *poll, ad_tape *to, size_t *at)
    int ad_run_reads_constants(const ad_tape *tape, const ad_run *run)

cdef extern from "graph/lower.h" nogil:
    ad_status ad_lower(const ad_tape *tape, size_t D, const ad_node *input, size_t K,
                       const ad_node *output, ad_graph *g, ad_term *outputs, ad_term *guards)
    ad_status ad_lower_onto(const ad_tape *tape, size_t D, const ad_node *input,
                            const ad_term *given, size_t K, const ad_node *output, ad_graph *g,
                            ad_term *outputs)
    size_t ad_lower_size(const ad_tape *tape)
    size_t ad_lower_edges(const ad_tape *tape)
    size_t ad_lower_products(const ad_tape *tape)

cdef extern from "graph/mapping.h" nogil:
    ctypedef struct ad_mapping:
        ad_graph *graph
        size_t D
        size_t K
        const ad_term *input
        const ad_term *output
    ctypedef struct ad_entry:
        uint32_t row
        uint32_t column
        ad_term term
    ctypedef struct ad_entries:
        ad_entry *entry
        size_t count
        size_t room

cdef extern from "graph/routes.h" nogil:
    ctypedef int ad_route
    int AD_ROUTES
    const char *ad_route_name(unsigned route)
    ad_status ad_route_jacobian(const ad_mapping *f, ad_route route, ad_entries *entries)
    ad_status ad_route_cheapest(const ad_mapping *f, size_t n, const ad_term *also, size_t most,
                                size_t *operations, ad_route *route, ad_entries *entries)

cdef extern from "graph/accumulate.h" nogil:
    ad_status ad_accumulate_push(const ad_mapping *f, const ad_term *tangent, ad_term *out)
    ad_status ad_accumulate_pull(const ad_mapping *f, const ad_term *cotangent, ad_term *out)

cdef extern from "program/program.h" nogil:
    int AD_LANE_POINTS
    ctypedef struct ad_place_of:
        uint32_t position
        uint32_t slot
    ctypedef struct ad_program_run:
        uint16_t op
        uint16_t form
        uint32_t count
        uint32_t arity
        uint32_t out
        uint32_t base[3]
        int32_t stride[3]
        size_t first
    ctypedef struct ad_program:
        size_t inputs
        size_t outputs
        size_t slots
        size_t checked
        int guarded
        double *constant
        size_t constants
        ad_program_run *run
        size_t runs
        size_t turns
        uint32_t *list
        size_t lists
        ad_place_of *place
        size_t places
        ad_place_of *guard
        size_t guards
        size_t lane_slots
        void *lane_run
        size_t calleds
    ctypedef struct ad_wanted:
        size_t outputs
        size_t checked
        size_t guards
        const ad_term *output
        const ad_term *guard
        const uint8_t *outcome
    size_t ad_run_rows(const ad_program_run *run)
    uint32_t ad_run_operand(const ad_program *p, const ad_program_run *run, size_t k, size_t j)
    ad_status ad_program_make(ad_graph *g, const ad_wanted *wanted, int strict,
                              ad_program *p)
    ad_status ad_program_make_lanes(ad_program *p)
    void ad_program_free_lanes(ad_program *p)
    void ad_program_free(ad_program *p)
    size_t ad_program_bytes(const ad_program *p)
    size_t ad_program_operations(const ad_program *p)
    const char *ad_program_name(unsigned op)

cdef extern from "program/eval.h" nogil:
    size_t ad_point_room(const ad_program *p)
    void ad_point_begin(const ad_program *p, double *arena)
    ad_status ad_point_run(const ad_program *p, double *arena)
    int ad_point_guards(const ad_program *p, const double *arena)
    int ad_point_store(const ad_program *p, const double *arena, size_t first, size_t end,
                       int zeroed, double *out)

cdef extern from "program/batch.h" nogil:
    int AD_BATCH_DIMS
    ctypedef struct ad_rows:
        const char *data
        size_t count
        size_t length
        intptr_t step
        int narrow
    ctypedef struct ad_batch_input:
        const char *data
        size_t first
        size_t count
        const intptr_t *core
        const ad_rows *rows
        intptr_t stride[16]
    ctypedef struct ad_batch_output:
        double *data
        size_t first
        size_t count
        int zeroed
    ctypedef struct ad_batch:
        const ad_program *program
        const ad_program *strict
        int lanes
        int ndim
        size_t shape[16]
        size_t points
        size_t inputs
        size_t outputs
        const ad_batch_input *input
        const ad_batch_output *output
        uint8_t *missed
        size_t next
        int stop
        int wild
    ctypedef struct ad_batch_poll:
        int (*stop)(void *context, size_t done) noexcept nogil
        void *context
    size_t ad_batch_room(const ad_batch *b)
    size_t ad_batch_pieces(const ad_batch *b)
    void ad_batch_begin(const ad_batch *b, double *arena)
    ad_status ad_batch_work(ad_batch *b, double *arena, const ad_batch_poll *poll)

cdef extern from "sparse/colour.h" nogil:
    uint32_t AD_NO_COLOUR
    ctypedef struct ad_pattern:
        size_t rows
        size_t columns
        const size_t *start
        const uint32_t *index
    ctypedef enum ad_colouring:
        AD_COLOUR_COLUMNS
        AD_COLOUR_ROWS
        AD_COLOUR_STAR
        AD_COLOUR_ACYCLIC
    ctypedef enum ad_ordering:
        AD_ORDERINGS
    ctypedef struct ad_recovery:
        size_t entries
        size_t packed
        size_t steps
    ad_status ad_colour(const ad_pattern *p, ad_colouring kind, ad_ordering ordering,
                        uint32_t *colour, size_t *colours)
    ad_status ad_colour_best(const ad_pattern *p, ad_colouring kind, uint32_t *colour,
                             size_t *colours, ad_ordering *ordering)
    ad_status ad_colour_both(const ad_pattern *p, int substitution, uint32_t *column_colour,
                             size_t *column_colours, uint32_t *row_colour, size_t *row_colours)
    ad_status ad_recovery_make(const ad_pattern *p, ad_colouring kind, const uint32_t *colour,
                               size_t colours, ad_recovery *r)
    ad_status ad_recovery_make_both(const ad_pattern *p, const uint32_t *column_colour,
                                    size_t column_colours, const uint32_t *row_colour,
                                    size_t row_colours, ad_recovery *r)
    void ad_recovery_free(ad_recovery *r)
    void ad_recover(const ad_recovery *r, size_t count, const double *packed, double *entry)
