/* SPDX-License-Identifier: Apache-2.0 */
/* What the sweeps' files share. */
#ifndef AD_SWEEP_PARTS_H
#define AD_SWEEP_PARTS_H

#include "sweep/kernels.h"
#include "sweep/sweep.h"

#define AD_GROUP_MOST 12   /* most runs that are swept in interleaved chunks (sweep.c) */
#define AD_GROUP_CHUNK 512 /* elements of such a chunk */

typedef struct ad_sweep {
    const ad_tape *tape;
    const ad_sweep_table *kernel;
    double *array; /* tangents or adjoints */
    size_t p;
    int backward;
    double *scratch;
    const ad_first_writes *writes; /* NULL: all adjoints are added to */
    const ad_second *second;       /* NULL: first order alone */
    ad_node leaves;                /* nodes below it precede every run */
    ad_pace pace;                  /* edges times seeds */
    int nonfinite;                 /* an infinity or NaN occurred */
    ad_status status;              /* why it stops when it does */
} ad_sweep;

/* Numbers `step` apart; at: NULL where all are zero. */
typedef struct ad_numbers {
    const double *at;
    int64_t step;
} ad_numbers;

extern const ad_numbers ad_sweep_ones, ad_sweep_zeros;

/* One end of edges: nodes at `place` of tangents or adjoints w (NULL: not wanted) and, in second
 * order, u. */
typedef struct ad_end {
    double *w, *u;
    ad_place place;
} ad_end;

/* That of m nodes in the sweep's own arrays.  Not wanted are, in second order, adjoints of
 * leaves. */
ad_end ad_sweep_end(const ad_sweep *s, size_t m, ad_place place);

/* Forward: zeros for a run that adds to its nodes. */
void ad_sweep_clear(const ad_sweep *s, const ad_run *run);

/* Edges between a run's own nodes and an operand's, in the sweep's direction; `first` of all that
 * reach them (p > 1: forward alone).  slope: the partials' tangents, zeros but in second order. */
void ad_sweep_join(ad_sweep *s, size_t m, ad_end own, ad_end operand, ad_numbers partial,
                   ad_numbers slope, int first);

/* Whether a run's edges to operand j are the first that a reverse sweep meets (first_write.h). */
const ad_region *ad_sweep_first(const ad_sweep *s, const ad_run *run, int j);

/* The edges of a block run; nonzero: stop, for the reason in `status`. */
int ad_sweep_block(ad_sweep *s, const ad_run *run);

#endif
