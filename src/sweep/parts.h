/* SPDX-License-Identifier: Apache-2.0 */
/* Declarations that the source files of the sweeps share. */
#ifndef AD_SWEEP_PARTS_H
#define AD_SWEEP_PARTS_H

#include "sweep/kernels.h"
#include "sweep/sweep.h"

#define AD_GROUP_MOST 12   /* maximum number of runs in interleaved chunks (sweep.c) */
#define AD_GROUP_CHUNK 512 /* elements of such a chunk */

typedef struct ad_sweep {
    const ad_tape *tape;
    const ad_sweep_table *kernel;
    double *array; /* tangents or adjoints */
    size_t p;
    int backward;
    double *scratch;
    const ad_first_writes *writes; /* NULL: all adjoints are added, none written */
    const ad_second *second;       /* NULL: first order only */
    ad_node leaves;                /* nodes below it precede every run */
    ad_pace pace;                  /* work is counted in edges times seeds */
    int nonfinite;                 /* an infinity or NaN arose */
    ad_status status;              /* returned if the sweep stops early */
} ad_sweep;

/* Numbers that are `step` doubles apart; `at` is NULL if all are zero. */
typedef struct ad_numbers {
    const double *at;
    int64_t step;
} ad_numbers;

extern const ad_numbers ad_sweep_ones, ad_sweep_zeros;

/* One end of some edges: the nodes at `place` in the array w of tangents or adjoints (NULL if these
 * are not needed) and, in second order, in the array u. */
typedef struct ad_endpoint {
    double *w, *u;
    ad_place place;
} ad_endpoint;

/* Returns the end of edges at the m nodes of `place`, in the arrays of the sweep.  In second order,
 * the adjoints w of leaves are not needed. */
ad_endpoint ad_sweep_endpoint(const ad_sweep *s, size_t m, ad_place place);

/* In a forward sweep, set the tangents of a run to zero.  Called for runs that add to their
 * tangents instead of writing them. */
void ad_sweep_clear(const ad_sweep *s, const ad_run *run);

/* Propagate tangents or adjoints along the m edges between nodes of a run and nodes of an operand,
 * in the direction of the sweep.  `first` says that these are the first edges to reach their
 * destination (for p > 1 only forward).  `slope` holds the tangents of the partials, which are zero
 * except in second order. */
void ad_sweep_propagate(ad_sweep *s, size_t m, ad_endpoint own, ad_endpoint operand,
                        ad_numbers partial, ad_numbers slope, int first);

/* Sweep the edges of a sum over the entries of a list, a chunk of entries at once: what pays if the
 * results have few elements each.  A nonzero result stops the sweep. */
int ad_sweep_listed_sums(ad_sweep *s, const ad_run *run, const ad_block *block);

/* Returns the region whose adjoints the run writes through operand j (first_write.h), or NULL. */
const ad_region *ad_sweep_first(const ad_sweep *s, const ad_run *run, int j);

/* x += y on n doubles, where those of x are `step` apart. */
static inline void ad_add_strided(double *x, int64_t step, const double *y, int64_t n) {
    if (step == 1) {
        for (int64_t j = 0; j < n; j++) x[j] += y[j];
    } else {
        for (int64_t j = 0; j < n; j++) x[j * step] += y[j];
    }
}

/* Sweep the edges of a block run.  A nonzero result stops the sweep with s->status. */
int ad_sweep_block(ad_sweep *s, const ad_run *run);

/* The same of a product of matrices, and the doubles of scratch memory for p seeds of it. */
int ad_sweep_product(ad_sweep *s, const ad_run *run, const ad_block *block);
size_t ad_product_scratch(const ad_block *block, size_t p);

#endif
