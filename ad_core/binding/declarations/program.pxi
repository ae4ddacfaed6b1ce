# SPDX-License-Identifier: Apache-2.0
# Declarations of the C headers in src/program that the binding uses.

cdef extern from "program/program.h" nogil:
    int AD_LANE_POINTS
    int AD_RUN_CALL
    ctypedef struct ad_output_slot:
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
        int32_t inner[2]
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
        size_t chunk_groups
        uint32_t *list
        size_t lists
        ad_output_slot *place
        size_t places
        ad_output_slot *guard
        size_t guards
        size_t lane_slots
        void *lane_run
        size_t rules
        ad_call_rule *rule
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
    const char *ad_program_formula(unsigned op)
    int AD_PROGRAM_OPS
    int AD_RUN_AFFINE

cdef extern from "program/eval.h" nogil:
    size_t ad_point_room(const ad_program *p)
    void ad_point_begin(const ad_program *p, double *arena)
    ad_status ad_point_run(const ad_program *p, double *arena)
    size_t ad_point_guard(const ad_program *p, const double *arena)
    int ad_point_store(const ad_program *p, const double *arena, size_t first, size_t end,
                       int zeroed, double *out)

cdef extern from "program/batch.h" nogil:
    int AD_BATCH_DIMS
    size_t AD_LANES_FROM
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
        uint32_t *missed
        size_t next
        int stop
        int nonfinite
    ctypedef struct ad_batch_poll:
        int (*stop)(void *context, size_t done) noexcept nogil
        void *context
    size_t ad_batch_room(const ad_batch *b)
    size_t ad_batch_pieces(const ad_batch *b)
    void ad_batch_begin(const ad_batch *b, double *arena)
    ad_status ad_batch_work(ad_batch *b, double *arena, const ad_batch_poll *poll)
