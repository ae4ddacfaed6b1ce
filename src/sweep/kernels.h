/* SPDX-License-Identifier: Apache-2.0 */
/* What one instruction set's sweep kernels offer to the sweeps. */
#ifndef AD_SWEEP_KERNELS_H
#define AD_SWEEP_KERNELS_H

#include "tape/tape.h"

typedef struct ad_sweep_table {
    /* For p seeds: to[dst k] += partial[k * step] * from[src k], k < m, in order; = instead of +=
     * where these are the `first` edges to reach dst (no node twice).  The arrays may be one; no
     * place of dst is one of src.  *nonfinite is set where an infinity
     * or NaN comes up. */
    void (*edges)(double *to, const double *from, size_t m, size_t p, ad_place dst, ad_place src,
                  const double *partial, int64_t step, int first, int *nonfinite);
    /* Scalar runs from `run` up to `end`; returns the run it stopped at. */
    size_t (*forward)(const ad_tape *tape, double *t, size_t p, size_t run, size_t end,
                      int *nonfinite);
    /* Scalar runs below `run` down to `end`. */
    size_t (*reverse)(const ad_tape *tape, double *w, size_t p, size_t run, size_t end,
                      int *nonfinite);
} ad_sweep_table;

/* The kernels in use: NULL until ad_isa_choose (isa/select.h) has chosen them. */
const ad_sweep_table *ad_sweep_kernels(void);
void ad_sweep_kernels_use(const ad_sweep_table *kernels);

#endif
