/* SPDX-License-Identifier: Apache-2.0 */
/* Running a program: at one point, on an arena of doubles, or at up to lane_points points at once,
 * on an arena of vectors.  Nothing is allocated.  Any number of threads may run one program, each
 * with an arena of its own. */
#ifndef AD_EVAL_H
#define AD_EVAL_H

#include "ops/call.h"
#include "program/program.h"

/* The loops of one instruction set. */
typedef void (*ad_point_run_fn)(double *arena, const ad_program_run *run, const uint32_t *list);
typedef void (*ad_lane_run_fn)(double *arena, const ad_lane_run *run, const uint32_t *record,
                               size_t points);

typedef struct ad_eval_table {
    ad_point_run_fn point[AD_PROGRAM_OPS][AD_RUN_FORMS];
    ad_lane_run_fn lane[AD_PROGRAM_OPS];
    /* Copy `count` numbers per point, which begin at from[point], to as many slots of lanes;
     * AD_NO_TERM skips a number.  `points` is a multiple of AD_LANE_STEP. */
    void (*columns)(const char *const from[AD_LANE_POINTS], size_t points, size_t count,
                    const uint32_t *slot, double *arena);
    /* Write rows of `count` numbers, one row per point, to `out` from as many slots of lanes.
     * AD_NO_TERM stands for zeros, which `out` already holds if `zeroed` is set. */
    void (*rows)(const double *arena, const uint32_t *slot, size_t points, size_t count, int zeroed,
                 double *out);
    /* Returns whether these lanes hold an infinity or NaN. */
    int (*nonfinite)(const double *arena, size_t n, const uint32_t *offset, size_t points);
    /* Returns whether n contiguous doubles contain an infinity or NaN. */
    int (*nonfinite_row)(const double *x, size_t n);
    /* Copy n doubles with stores that bypass the caches. */
    void (*stream)(double *to, const double *from, size_t n);
} ad_eval_table;

/* ad_eval_kernels() returns the loops in use, all NULL until ad_isa_choose() (isa/select.h) has set
 * them by ad_eval_kernels_use(). */
const ad_eval_table *ad_eval_kernels(void);
void ad_eval_kernels_use(const ad_eval_table *table);

/* Scalar loops for listed runs.  They replace the vector loops of operations without vector
 * functions. */
extern const ad_point_run_fn ad_eval_scalar[AD_PROGRAM_OPS];

/* Returns n points rounded up to a multiple of AD_LANE_STEP. */
static inline size_t ad_lane_steps(size_t n) {
    return (n + AD_LANE_STEP - 1) / AD_LANE_STEP * AD_LANE_STEP;
}

/* Return the number of doubles of an arena for single points, and of one for lanes. */
size_t ad_point_room(const ad_program *p);
size_t ad_lane_room(const ad_program *p);

/* Write the constants; called before the first run on an arena. */
void ad_point_begin(const ad_program *p, double *arena);
void ad_lane_begin(const ad_program *p, double *arena);

/* Evaluate all runs.  The inputs are in the first slots of the arena.  Returns AD_OK, or the status
 * of the first call that fails. */
ad_status ad_point_run(const ad_program *p, double *arena);
/* The same for a block of n <= p->lane_points points.  Operations are evaluated in whole steps,
 * calls only for the n points.  The inputs are where lane_input says. */
ad_status ad_lane_run_all(const ad_program *p, size_t n, double *arena);

/* Returns the first guard that does not have its recorded outcome, or p->guards if all have. */
size_t ad_point_guard(const ad_program *p, const double *arena);
/* Write outputs [first, end) to out[0..].  `zeroed` says that out already holds zeros. */
void ad_point_outputs(const ad_program *p, const double *arena, size_t first, size_t end,
                      int zeroed, double *out);
/* Write the same outputs, and return whether, in a program with guarded products, a derivative is
 * infinite or NaN. */
int ad_point_store(const ad_program *p, const double *arena, size_t first, size_t end, int zeroed,
                   double *out);

#endif
