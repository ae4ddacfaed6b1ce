/* SPDX-License-Identifier: Apache-2.0 */
/* The inner loops of the sweeps, compiled for one instruction set. */
#ifndef AD_SWEEP_KERNELS_H
#define AD_SWEEP_KERNELS_H

#include "tape/tape.h"

typedef struct ad_sweep_table {
    /* For p seeds: to[dst k] += partial[k * step] * from[src k], k < m, in order.  If `first` is
     * set, the edges are the first to reach dst, which must not repeat a node, and results are
     * written instead of added.  The two arrays may be the same, but no place of dst is one of src.
     * *nonfinite is set if an infinity or NaN arises. */
    void (*edges)(double *to, const double *from, size_t m, size_t p, ad_place dst, ad_place src,
                  const double *partial, int64_t step, int first, int *nonfinite);
    /* The same in an array of nodes, of which each reads the one `lag` places before it: along m
     * such edges, to the nodes from `own` on, forward from the first to the last, or in reverse from
     * the last to the first. */
    void (*chain)(double *array, size_t m, size_t p, size_t own, size_t lag, const double *partial,
                  int64_t step, int backward, int *nonfinite);
    /* Sweep the scalar runs from `run` up to `end`, stopping at an array run.  Returns the first
     * run not swept. */
    size_t (*forward)(const ad_tape *tape, double *t, size_t p, size_t run, size_t end,
                      int *nonfinite);
    /* Sweep the scalar runs below `run` down to `end`, stopping at an array run.  Returns the
     * lowest run swept, or `run` if there is none. */
    size_t (*reverse)(const ad_tape *tape, double *w, size_t p, size_t run, size_t end,
                      int *nonfinite);
} ad_sweep_table;

/* ad_sweep_kernels() returns the kernels in use, NULL until ad_isa_choose() (isa/select.h) has set
 * them by ad_sweep_kernels_use(). */
const ad_sweep_table *ad_sweep_kernels(void);
void ad_sweep_kernels_use(const ad_sweep_table *kernels);

#endif
