/* SPDX-License-Identifier: Apache-2.0 */
/* A program while it is made: operations in groups that are alike in level, operation and number
 * of operands, each of which becomes a run or a few. */
#ifndef AD_PROGRAM_SCHEDULE_H
#define AD_PROGRAM_SCHEDULE_H

#include "program/program.h"

/* One term while it is being scheduled. */
typedef struct ad_job {
    ad_term x[AD_MAX_ARITY]; /* operands, aliases resolved */
    uint16_t op;             /* of the program */
    uint16_t arity;
} ad_job;

#define AD_NO_JOB UINT16_MAX /* not an operation of its own */

/* Operations [first, first + count) of the order. */
typedef struct ad_group {
    size_t first, count;
} ad_group;

typedef struct ad_schedule {
    const ad_graph *g;
    ad_job *job;    /* one a term */
    uint32_t *uses; /* 0: dead, or part of another operation */
    uint32_t *level;
    uint32_t *slot;
    ad_term *order; /* operations in the order of evaluation */
    size_t count;
    size_t results; /* of calls, beyond the first of each */
    ad_group *group;
    size_t groups, room_groups;
} ad_schedule;

/* What stands for a term as far as values go: of a stopped gradient its operand, and of a root's
 * partial in a derivative the partial, which is infinite where the kink is and so calls for a
 * strict program. */
static inline ad_term ad_resolved(const ad_graph *g, ad_term t) {
    while (g->vertex[t].op == AD_STOP || (g->vertex[t].op == AD_KINKED && t >= g->recorded)) {
        t = g->vertex[t].x[0];
    }
    return t;
}

/* Whether an operation's operands stay in the graph's list. */
static inline int ad_job_lists(const ad_job *it) {
    return ad_run_reduces(it->op) || it->op == AD_RUN_CALL;
}

/* Operand number j. */
static inline ad_term ad_job_operand(const ad_schedule *s, ad_term t, size_t j) {
    const ad_job *it = &s->job[t];
    if (!ad_job_lists(it)) return it->x[j];
    if (it->op != AD_RUN_DOT) return ad_resolved(s->g, ad_graph_operand(s->g, t, j));
    return s->job[ad_resolved(s->g, ad_graph_operand(s->g, t, j / 2))].x[j % 2];
}

static inline size_t ad_job_arity(const ad_schedule *s, ad_term t) {
    size_t terms = s->g->vertex[t].x[1];
    if (s->job[t].op == AD_RUN_DOT) return 2 * terms;
    return ad_job_lists(&s->job[t]) ? terms : s->job[t].arity;
}

/* How many results the operation gives, which are the terms behind it if it is a call. */
static inline size_t ad_job_results(const ad_schedule *s, ad_term t) {
    if (s->job[t].op != AD_RUN_CALL) return 1;
    return ad_call_gives(ad_graph_called(s->g, t), ad_graph_way(s->g, t), ad_graph_seeds(s->g, t));
}

/* The same for a group; calls are groups of their own. */
static inline size_t ad_group_results(const ad_schedule *s, const ad_group *group) {
    return group->count == 1 ? ad_job_results(s, s->order[group->first]) : group->count;
}

/* Slot of operand j of the k-th operation. */
static inline uint32_t ad_slot_of(const ad_schedule *s, size_t k, size_t j) {
    return s->slot[ad_job_operand(s, s->order[k], j)];
}

/* Elements from the first of n on that follow one affine rule for each place in a period; slot[]
 * has `arity` of each.  n >= 2 period. */
size_t ad_periodic_length(const uint32_t *slot, size_t n, size_t arity, size_t period);

/* The period up to `most` that holds longest, the shortest such, and for how many elements; 0 if
 * none is repeated `repeats` times, which are 2 or more. */
size_t ad_period_of(const uint32_t *slot, size_t n, size_t arity, size_t most, size_t repeats,
                    size_t *length);

/* Inputs and constants first, then the operations as they are evaluated: order[] within the groups
 * may change, p gets its constants and number of slots. */
ad_status ad_program_give_slots(ad_schedule *s, const ad_wanted *wanted, ad_program *p);

/* The runs of p, when slots are given. */
ad_status ad_program_write_runs(const ad_schedule *s, ad_program *p);

/* Where outputs and guards are read. */
ad_status ad_program_write_places(const ad_schedule *s, const ad_wanted *wanted, ad_program *p);

/* Find the chunk groups, when everything else is there. */
ad_status ad_program_group_chunks(ad_program *p);

#endif
