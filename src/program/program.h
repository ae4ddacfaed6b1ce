/* SPDX-License-Identifier: Apache-2.0 */
/* The compiled form of part of a graph: what its outputs need, in the order of evaluation.
 *
 * Terms are sorted by level and operation, where the level of a term is one more than the highest
 * level of its operands.  Terms that agree in both form a run: one dispatch, and a loop without
 * branches.  The results of a run are in consecutive slots of the arena.  Its operands are given by
 * an affine rule (base and stride) or a list.
 *
 * The same order is used for batches of points.  There a slot is a vector with one double per
 * point, and slots are reused after their last reader, so that the working set of a program stays
 * in the nearest caches. */
#ifndef AD_PROGRAM_H
#define AD_PROGRAM_H

#include "graph/graph.h"

#define AD_LANE_POINTS 32 /* points of a vector, if the program calls no rule that takes more */
#define AD_LANE_CALL_POINTS 1024 /* maximum number of points otherwise: one call serves all points */
#define AD_LANE_STEP 16 /* points are processed in multiples of this */
#define AD_SLOT_PADDING 8 /* doubles that vector loops may access after an arena's last slot */

/* Operations of programs that are not in the table. */
typedef enum ad_program_op {
    AD_RUN_SUM = AD_OP_COUNT,
    AD_RUN_MAX,
    AD_RUN_MIN,
    AD_RUN_DOT,  /* sum of products of pairs: operands 2 r and 2 r + 1 are multiplied */
    AD_RUN_CALL, /* of a rule: `count` results of the same operands */
#define FUSED(NAME, ...) AD_##NAME,
#include "program/fused.def"
    AD_PROGRAM_OPS
} ad_program_op;

typedef enum ad_run_form {
    AD_RUN_AFFINE, /* operand j of element k: slot base[j] + k stride[j] */
    AD_RUN_LISTED, /* operands of element k: `arity` slots from list[first + k arity] on */
    AD_RUN_FORMS
} ad_run_form;

/* One run for one point.  An affine reduction has more operands than strides: operand r of element
 * k is slot base[0] + k stride[0] + r inner[0].  For a sum of products, factor i (0 or 1) of pair r
 * is slot base[i] + k stride[i] + r inner[i].  A call has a list of operands; base[0] is its number
 * in `rule`, and base[1] its mode.  The lists of other operations, except reductions, are padded
 * to whole vectors. */
typedef struct ad_program_run {
    uint16_t op, form;
    uint32_t count, arity;
    uint32_t out; /* slot of element 0 */
    uint32_t base[AD_MAX_ARITY];
    int32_t stride[AD_MAX_ARITY];
    int32_t inner[2];
    size_t first;
} ad_program_run;

/* One run for lanes: count records of 1 + arity offsets, in doubles, of the result and the
 * operands.  A call has one record, of its operands and then its results. */
typedef struct ad_lane_run {
    uint16_t op, mode;
    uint32_t rule;
    int at_points; /* whether one callback evaluates a call at all points */
    uint32_t count, arity;
    size_t first;
} ad_lane_run;

#define AD_CHUNK_RUNS 32      /* maximum number of runs of a chunk group */
#define AD_CHUNK_ELEMENTS 512 /* maximum number of elements of a chunk */

/* Runs [first, end) of one length that are evaluated in interleaved chunks: one chunk of each run,
 * then the next chunk of each, since long arrays would leave the caches before they are read.
 * Copies of these runs are member[member] and the following ones. */
typedef struct ad_chunk_group {
    size_t first, end, member;
} ad_chunk_group;

/* A run of a chunk group.  If a bit of `stays` is set (bit 0: its results, bit j + 1: operand j),
 * only the group reads these values, and every chunk uses the same slots, which belong to the
 * group. */
typedef struct ad_member {
    ad_program_run run;
    unsigned stays;
} ad_member;

typedef struct ad_output_slot { /* an output that is not structurally zero, or a guard */
    uint32_t position, slot;
} ad_output_slot;

typedef struct ad_output_stretch { /* consecutive outputs with consecutive slots */
    uint32_t position, slot, count;
} ad_output_stretch;

/* Consecutive outputs in `count` similar rows of `width` outputs: output j of row k is read from
 * slot column[first + j].slot + k column[first + j].stride. */
typedef struct ad_output_tile {
    uint32_t position, count, width, first;
} ad_output_tile;

typedef struct ad_tile_column {
    uint32_t slot;
    int32_t stride;
} ad_tile_column;

typedef struct ad_slot_span {
    uint32_t slot, count;
} ad_slot_span;

typedef struct ad_program {
    size_t inputs, outputs, slots;
    size_t checked; /* first derivative output; nonfinite ones require the strict program */
    int guarded;    /* products of derivatives are plain; a strict program would differ */

    /* One point: slots [0, inputs) are the inputs, followed by the constants. */
    double *constant;
    size_t constants;
    ad_program_run *run;
    size_t runs;
    ad_chunk_group *chunk_group; /* ascending */
    size_t chunk_groups;
    ad_member *member;
    size_t members, chunk_room; /* number of slots of the chunk groups, after all others */
    uint32_t *list;             /* not NULL, even if no run reads it */
    size_t lists;
    ad_output_slot *place; /* ascending by position */
    size_t places;
    ad_output_stretch *stretch; /* the same outputs as stretches */
    size_t stretches;
    ad_output_tile *tile; /* many outputs, all with a slot and few in stretches, as tiles */
    size_t tiles;
    ad_tile_column *column;
    size_t columns;
    ad_slot_span *checked_span; /* slots that derivatives are read from, without finite constants */
    size_t checked_spans;       /* 0 if there are many spans: the outputs are tested themselves */
    ad_output_slot *guard;      /* position: 1 if its outcome was true */
    size_t guards;
    ad_call_rule *rule; /* copies of the graph's */
    size_t rules;
    size_t call_room; /* doubles for operands and results of the largest call, after the slots */

    /* Lanes: offsets into the arena, in doubles. */
    ad_lane_run *lane_run;
    uint32_t *record;
    size_t records, lane_slots;
    size_t lane_points; /* points of a vector: AD_LANE_STEP (many slots) to AD_LANE_CALL_POINTS */
    size_t lane_call_room; /* doubles for the largest call at all points of one callback */
    uint32_t *lane_input, *lane_constant; /* AD_NO_TERM for an input that is not read */
    uint32_t *lane_place;                 /* of each element of place, in order */
    uint32_t *lane_output;                /* of each output, AD_NO_TERM for a zero */
    uint32_t *lane_guard;
} ad_program;

typedef struct ad_wanted {
    size_t outputs, checked, guards;
    const ad_term *output; /* AD_NO_TERM if structurally zero */
    const ad_term *guard;
    const uint8_t *outcome;
} ad_wanted;

/* Make the program of the wanted outputs and guards.  With `strict`, products of derivatives are
 * strict (ad_graph_strict()); their terms are appended to the graph and removed again.  Returns
 * AD_NO_MEMORY or AD_TOO_LARGE on failure.  ad_program_free() releases the program. */
ad_status ad_program_make(ad_graph *g, const ad_wanted *wanted, int strict, ad_program *p);
void ad_program_free(ad_program *p);

/* Make the lanes, which only batches of points need, unless they exist.  Returns AD_NO_MEMORY on
 * failure. */
ad_status ad_program_make_lanes(ad_program *p);
void ad_program_free_lanes(ad_program *p);

/* Returns the number of bytes of the program. */
size_t ad_program_bytes(const ad_program *p);

/* Returns the number of operations that the program evaluates.  A reduction of n terms counts n -
 * 1, a fused operation 2, a call as in ad_call_operations(). */
size_t ad_program_operations(const ad_program *p);

/* Returns the first slot of the chunk groups, which is at the start of a cache line. */
static inline size_t ad_chunk_slot(const ad_program *p) {
    return (p->slots + AD_SLOT_PADDING + p->call_room + 7) / 8 * 8;
}

static inline int ad_run_reduces(unsigned op) { return op >= AD_RUN_SUM && op <= AD_RUN_DOT; }

/* Returns how often a run reads operands: once for each element, but only once for all results of a
 * call. */
static inline size_t ad_run_rows(const ad_program_run *run) {
    return run->op == AD_RUN_CALL ? 1 : run->count;
}

/* Returns the slot of operand j of element k of a run. */
uint32_t ad_run_operand(const ad_program *p, const ad_program_run *run, size_t k, size_t j);

/* Returns the name of an operation: "multiply", "sum", "multiply add", ... */
const char *ad_program_name(unsigned op);
/* Returns its formula in the operands a, b, c; NULL for reductions and calls. */
const char *ad_program_formula(unsigned op);

#endif
