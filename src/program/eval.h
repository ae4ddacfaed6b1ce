/* SPDX-License-Identifier: Apache-2.0 */
/* Running a program: at one point, on an arena of doubles; at AD_LANE_POINTS points at once, on
 * an arena of vectors.  Nothing is allocated; any number of threads may run one program, each
 * on an arena of its own. */
#ifndef AD_EVAL_H
#define AD_EVAL_H

#include "ops/call.h"
#include "program/program.h"

/* One instruction set's loops. */
typedef void (*ad_point_run_fn)(double *arena, const ad_program_run *run, const uint32_t *list);
typedef void (*ad_lane_run_fn)(double *arena, const ad_lane_run *run, const uint32_t *record,
                               size_t points);

typedef struct ad_eval_table {
    ad_point_run_fn point[AD_PROGRAM_OPS][AD_RUN_FORMS];
    ad_lane_run_fn lane[AD_PROGRAM_OPS];
    /* `count` numbers a point, which begin at from[point], to as many slots of lanes (AD_NO_TERM:
     * to none); points: whole steps. */
    void (*columns)(const char *const from[AD_LANE_POINTS], size_t points, size_t count,
                    const uint32_t *slot, double *arena);
    /* out's rows of `count` numbers, one a point, from as many slots of lanes (AD_NO_TERM: zeros,
     * which are there already if `zeroed`). */
    void (*rows)(const double *arena, const uint32_t *slot, size_t points, size_t count, int zeroed,
                 double *out);
    /* Whether these lanes hold an infinity or NaN. */
    int (*nonfinite)(const double *arena, size_t n, const uint32_t *offset, size_t points);
    /* Whether there is one among n doubles side by side. */
    int (*nonfinite_row)(const double *x, size_t n);
    /* A copy of n doubles that goes past the caches. */
    void (*stream)(double *to, const double *from, size_t n);
} ad_eval_table;

/* The loops in use: all NULL until ad_isa_choose (isa/select.h) has chosen them. */
const ad_eval_table *ad_eval_kernels(void);
void ad_eval_kernels_use(const ad_eval_table *table);

/* The listed loops of operations without function calls, on doubles. */
extern const ad_point_run_fn ad_eval_scalar[AD_PROGRAM_OPS];

/* n points to whole steps. */
static inline size_t ad_lane_steps(size_t n) {
    return (n + AD_LANE_STEP - 1) / AD_LANE_STEP * AD_LANE_STEP;
}

/* Doubles of an arena for one point, and for lanes. */
size_t ad_point_room(const ad_program *p);
size_t ad_lane_room(const ad_program *p);

/* Write the constants; before the first run on an arena. */
void ad_point_begin(const ad_program *p, double *arena);
void ad_lane_begin(const ad_program *p, double *arena);

/* All runs; the inputs lie in the arena's first slots.  Ends at the first call that fails. */
ad_status ad_point_run(const ad_program *p, double *arena);
/* The same for a block of n <= p->lane_points points, to whole steps, of which calls are asked for
 * the first n alone; the inputs lie where lane_input says. */
ad_status ad_lane_run_all(const ad_program *p, size_t n, double *arena);

/* Whether every guard evaluates as it was recorded. */
int ad_point_guards(const ad_program *p, const double *arena);
/* Outputs [first, end) to out[0..]; `zeroed` tells that out holds zeros already. */
void ad_point_outputs(const ad_program *p, const double *arena, size_t first, size_t end,
                      int zeroed, double *out);
/* The same, and whether a derivative among them is infinite or NaN where a product is guarded. */
int ad_point_store(const ad_program *p, const double *arena, size_t first, size_t end, int zeroed,
                   double *out);

#endif
