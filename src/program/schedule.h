/* SPDX-License-Identifier: Apache-2.0 */
/* A program while it is made: operations in groups that agree in level, operation and number of
 * operands.  Each group becomes one or several runs. */
#ifndef AD_PROGRAM_SCHEDULE_H
#define AD_PROGRAM_SCHEDULE_H

#include "program/program.h"

/* A term while it is scheduled. */
typedef struct ad_job {
    ad_term x[AD_MAX_ARITY]; /* operands, aliases resolved */
    uint16_t op;             /* of a program */
    uint16_t arity;
} ad_job;

#define AD_NO_JOB UINT16_MAX /* no separate operation */

/* Operations [first, first + count) of the order. */
typedef struct ad_group {
    size_t first, count;
} ad_group;

typedef struct ad_schedule {
    const ad_graph *g;
    ad_job *job;    /* one per term */
    uint32_t *uses; /* number of readers; 0: not needed, or part of another operation */
    uint32_t *level;
    uint32_t *slot;
    ad_term *order; /* operations in the order of evaluation */
    size_t count;
    size_t results; /* of calls, not counting the first of each */
    ad_group *group;
    size_t groups, room_groups;
} ad_schedule;

/* Returns the term that is evaluated for t.  For a stopped gradient, this is its operand.  For the
 * partial of a root in a derivative, it is the plain partial, which is infinite at the kink and so
 * requires a strict program there. */
static inline ad_term ad_resolved(const ad_graph *g, ad_term t) {
    while (g->vertex[t].op == AD_STOP || (g->vertex[t].op == AD_KINKED && t >= g->recorded)) {
        t = g->vertex[t].x[0];
    }
    return t;
}

/* Returns whether the operands of an operation are read from the graph's list. */
static inline int ad_job_lists(const ad_job *it) {
    return ad_run_reduces(it->op) || it->op == AD_RUN_CALL;
}

/* Returns operand number j of an operation. */
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

/* Returns the number of results of an operation.  The results of a call are the terms after it. */
static inline size_t ad_job_results(const ad_schedule *s, ad_term t) {
    if (s->job[t].op != AD_RUN_CALL) return 1;
    return ad_call_results(ad_graph_call_rule(s->g, t), ad_graph_call_mode(s->g, t),
                           ad_graph_seeds(s->g, t));
}

/* Returns the number of results of a group.  A call is a group on its own. */
static inline size_t ad_group_results(const ad_schedule *s, const ad_group *group) {
    return group->count == 1 ? ad_job_results(s, s->order[group->first]) : group->count;
}

/* Returns the slot of operand j of the k-th operation. */
static inline uint32_t ad_slot_of(const ad_schedule *s, size_t k, size_t j) {
    return s->slot[ad_job_operand(s, s->order[k], j)];
}

/* Returns how many of n >= 2 period elements, from the first on, follow one affine rule for each
 * place in a period. slot[] has `arity` slots per element. */
size_t ad_periodic_length(const uint32_t *slot, size_t n, size_t arity, size_t period);

/* Returns the period, at most `most`, that holds for the largest number of elements; among equal
 * ones, the shortest.  *length is this number of elements.  Returns 0 if no period is repeated
 * `repeats` >= 2 times. */
size_t ad_period_of(const uint32_t *slot, size_t n, size_t arity, size_t most, size_t repeats,
                    size_t *length);

/* Give slots to inputs and constants, then to the operations in the order of evaluation.  The order
 * within groups may change. p gets its constants and its number of slots.  Returns AD_NO_MEMORY or
 * AD_TOO_LARGE on failure. */
ad_status ad_program_give_slots(ad_schedule *s, const ad_wanted *wanted, ad_program *p);

/* Write the runs of p, after slots are given. */
ad_status ad_program_write_runs(const ad_schedule *s, ad_program *p);

/* Write the slots of the outputs and guards of p. */
ad_status ad_program_write_places(const ad_schedule *s, const ad_wanted *wanted, ad_program *p);

/* Find the chunk groups, as the last step. */
ad_status ad_program_group_chunks(ad_program *p);

#endif
