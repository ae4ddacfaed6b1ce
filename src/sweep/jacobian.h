/* SPDX-License-Identifier: Apache-2.0 */
/* Whole Jacobians, and products with them, by sweeps over chunks of seeds. */
#ifndef AD_JACOBIAN_H
#define AD_JACOBIAN_H

#include "sweep/sweep.h"

/* A function recorded on a tape: D inputs and K outputs, as node lists. */
typedef struct ad_function {
    const ad_tape *tape;
    size_t D, K;
    const ad_node *input, *output;
} ad_function;

/* The caller's memory for the arrays of a sweep: `room` doubles.  Where that is too little, the
 * sweep allocates its own. */
typedef struct ad_workspace {
    double *memory;
    size_t room;
} ad_workspace;

/* jacobian: K x D, row major.  Forward: D tangents, `chunk` of them a sweep.
 * Reverse: K adjoints.  AD_NO_MEMORY, AD_INTERRUPTED. */
ad_status ad_jacobian_forward(const ad_function *f, size_t chunk, double *jacobian,
                              ad_workspace work, const ad_poll *poll);
ad_status ad_jacobian_reverse(const ad_function *f, size_t chunk, double *jacobian,
                              ad_workspace work, const ad_poll *poll);

/* Doubles that one sweep of p seeds works in. */
size_t ad_workspace_need(const ad_tape *tape, size_t p);

/* out (K x p) = J seeds (D x p), and out (D x p) = J^T seeds (K x p); row major. */
ad_status ad_jvp(const ad_function *f, size_t p, const double *seeds, double *out,
                 ad_workspace work, const ad_poll *poll);
ad_status ad_vjp(const ad_function *f, size_t p, const double *seeds, double *out,
                 ad_workspace work, const ad_poll *poll);

/* Every node's tangent for one direction (D), or adjoint for one cotangent (K). */
ad_status ad_tangents(const ad_function *f, const double *seeds, double *tangent,
                      const ad_poll *poll);
ad_status ad_adjoints(const ad_function *f, const double *seeds, double *adjoint,
                      const ad_poll *poll);

/* Add p seeds each to nodes' numbers. */
void ad_seed(double *array, size_t p, size_t n, const ad_node *nodes, const double *seeds);

/* Around a reverse sweep of one seed: the arrays that need no zeros, those of inputs redirected to
 * out (D) where that can be; and the inputs' adjoints in out when it is done. */
void ad_pull_begin(const ad_function *f, double *out, ad_first_writes *writes);
void ad_pull_end(const ad_function *f, const ad_first_writes *writes, const double *adjoint,
                 double *out);

/* Multiplications and additions that a sweep takes for every seed: one each an edge. */
size_t ad_sweep_edges(const ad_tape *tape);

/* The chunk of `total` seeds that keeps the sweep's array within `budget` bytes. */
size_t ad_seed_chunk(const ad_tape *tape, size_t total, size_t budget);

#endif
