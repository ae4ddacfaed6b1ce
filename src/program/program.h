/* SPDX-License-Identifier: Apache-2.0 */
/* Compiled form of part of a graph: what its outputs need, in the order of evaluation.
 *
 * Terms are sorted by (level, operation), a level being one more than its operands', and those
 * that agree in both form a run: one dispatch, a loop without branches.  A run's results lie in
 * consecutive slots of the arena; its operands are an affine rule (base and stride) or a list.
 *
 * The same order serves batches of points.  There a slot is a vector of doubles, one a point, and
 * slots are used again as soon as their last reader is done, so that a program's working set stays
 * in the nearest caches. */
#ifndef AD_PROGRAM_H
#define AD_PROGRAM_H

#include "graph/graph.h"

#define AD_LANE_POINTS 32 /* points of a vector, if its program calls no elementwise function */
#define AD_LANE_CALLED 1024 /* most points otherwise: such a function is called once for all */
#define AD_LANE_STEP 16 /* points that are done without looking how many there are */
#define AD_SLOT_PADDING 8 /* doubles that vector loops may touch beyond an arena's last slot */

/* Numbers beyond those of the operations of the table. */
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

/* One run for one point.  Of an affine reduction, which has more operands than strides, operand
 * r of element k is slot base[0] + k stride[0] + r inner[0]; of a sum of products the first and
 * second factor of pair r are base[i] + k stride[i] + r inner[i].  A call's operands are a list,
 * base[0] its number in `called`, base[1] its way.  Lists of other operations are padded to whole
 * vectors. */
typedef struct ad_program_run {
    uint16_t op, form;
    uint32_t count, arity;
    uint32_t out; /* slot of element 0 */
    uint32_t base[AD_MAX_ARITY];
    int32_t stride[AD_MAX_ARITY];
    int32_t inner[2];
    size_t first;
} ad_program_run;

/* One run for lanes: count records of 1 + arity offsets, in doubles: result, operands.  Of a call
 * one record, of its operands and then its results. */
typedef struct ad_lane_run {
    uint16_t op, way;
    uint32_t called;
    uint32_t count, arity;
    size_t first;
} ad_lane_run;

#define AD_CHUNK_RUNS 32      /* most runs of a chunk group */
#define AD_CHUNK_ELEMENTS 512 /* most elements of a chunk */

/* Runs [first, end) of one length that are carried out in interleaved chunks: one chunk of each
 * run, then the next chunk of each, since long arrays would leave the caches before they are read.
 * member[member] and those after it are these runs. */
typedef struct ad_chunk_group {
    size_t first, end, member;
} ad_chunk_group;

/* A run of a chunk group.  Where a bit of `stays` is set (bit 0: its results, bit j + 1: operand
 * j), the values are read within the group alone, and every chunk uses the same slots, which belong
 * to the group. */
typedef struct ad_member {
    ad_program_run run;
    unsigned stays;
} ad_member;

typedef struct ad_place_of { /* an output that is not structurally zero */
    uint32_t position, slot;
} ad_place_of;

typedef struct ad_stretch_of { /* outputs in a row whose slots are in a row too */
    uint32_t position, slot, count;
} ad_stretch_of;

/* Outputs in a row of which the next `width` are read as these are: `count` rows, output j of row
 * k from slot column[first + j].slot + k column[first + j].stride. */
typedef struct ad_tile_of {
    uint32_t position, count, width, first;
} ad_tile_of;

typedef struct ad_column_of {
    uint32_t slot;
    int32_t stride;
} ad_column_of;

typedef struct ad_span_of {
    uint32_t slot, count;
} ad_span_of;

typedef struct ad_program {
    size_t inputs, outputs, slots;
    size_t checked; /* outputs from here on: NaN there asks for the strict program */
    int guarded;    /* plain products stand for those of a strict program */

    /* one point: slots [0, inputs) are the inputs, then come the constants */
    double *constant;
    size_t constants;
    ad_program_run *run;
    size_t runs;
    ad_chunk_group *chunk_group; /* ascending */
    size_t chunk_groups;
    ad_member *member;
    size_t members, chunk_room; /* slots of the chunk groups alone, behind all others */
    uint32_t *list;             /* not NULL, even if no run reads it */
    size_t lists;
    ad_place_of *place; /* ascending by position */
    size_t places;
    ad_stretch_of *stretch; /* the same, in stretches */
    size_t stretches;
    ad_tile_of *tile; /* many outputs, all with a place and few in stretches: by rule */
    size_t tiles;
    ad_column_of *column;
    size_t columns;
    ad_span_of *looked; /* slots that the derivatives among them are read from, constants aside */
    size_t lookeds;     /* 0 if these are many spans: the outputs are looked at themselves */
    ad_place_of *guard; /* position: 1 if it was true */
    size_t guards;
    ad_called *called; /* the graph's */
    size_t calleds;
    size_t call_room; /* doubles that the largest call reads and gives, behind the slots */

    /* lanes: offsets into the arena, in doubles */
    ad_lane_run *lane_run;
    uint32_t *record;
    size_t records, lane_slots;
    size_t lane_points;    /* of a vector: AD_LANE_POINTS, or AD_LANE_STEP where there are many */
    size_t lane_call_room; /* of the largest call at as many points as it is asked for at once */
    uint32_t *lane_input, *lane_constant; /* AD_NO_TERM for an input that is not read */
    uint32_t *lane_place;                 /* of each place, in order */
    uint32_t *lane_output;                /* of each output, AD_NO_TERM for a zero */
    uint32_t *lane_guard;
} ad_program;

typedef struct ad_wanted {
    size_t outputs, checked, guards;
    const ad_term *output; /* AD_NO_TERM: structurally zero */
    const ad_term *guard;
    const uint8_t *outcome;
} ad_wanted;

/* strict: products of derivatives are what they are where a zero meets an infinity
 * (ad_graph_strict), whose terms are appended to the graph and taken back.  AD_NO_MEMORY,
 * AD_TOO_LARGE. */
ad_status ad_program_make(ad_graph *g, const ad_wanted *wanted, int strict, ad_program *p);
void ad_program_free(ad_program *p);

/* The lanes' part, which programs that run at single points need not have. */
ad_status ad_program_make_lanes(ad_program *p);
void ad_program_free_lanes(ad_program *p);

/* Bytes that the program itself holds. */
size_t ad_program_bytes(const ad_program *p);

/* Operations it carries out (a reduction of n counts n - 1, a fused one 2). */
size_t ad_program_operations(const ad_program *p);

/* The first slot of those that belong to chunk groups, at the start of a cache line. */
static inline size_t ad_chunk_slot(const ad_program *p) {
    return (p->slots + AD_SLOT_PADDING + p->call_room + 7) / 8 * 8;
}

static inline int ad_run_reduces(unsigned op) { return op >= AD_RUN_SUM && op <= AD_RUN_DOT; }

/* How often a run reads operands: a call once for all its results. */
static inline size_t ad_run_rows(const ad_program_run *run) {
    return run->op == AD_RUN_CALL ? 1 : run->count;
}

/* The slot of operand j of element k of a run. */
uint32_t ad_run_operand(const ad_program *p, const ad_program_run *run, size_t k, size_t j);

/* "multiply", "sum", "multiply add", ... */
const char *ad_program_name(unsigned op);

#endif
