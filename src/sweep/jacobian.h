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

/* The caller's memory for the arrays of a sweep: `room` doubles.  If they do not suffice, the sweep
 * allocates memory itself. */
typedef struct ad_workspace {
    double *memory;
    size_t room;
} ad_workspace;

/* Compute the Jacobian (K x D, row major): forward by sweeps of up to `chunk` of the D inputs' unit
 * tangents, in reverse by sweeps of up to `chunk` of the K outputs' unit adjoints.  Returns
 * AD_NO_MEMORY, AD_INTERRUPTED, or the status of a rule's callback on failure. */
ad_status ad_jacobian_forward(const ad_function *f, size_t chunk, double *jacobian,
                              ad_workspace work, const ad_poll *poll);
ad_status ad_jacobian_reverse(const ad_function *f, size_t chunk, double *jacobian,
                              ad_workspace work, const ad_poll *poll);

/* Returns the number of doubles of the workspace for one sweep of p seeds. */
size_t ad_workspace_need(const ad_tape *tape, size_t p);

/* ad_jvp() computes out (K x p) = J seeds (D x p), and ad_vjp() out (D x p) = J^T seeds (K x p);
 * all are row major.  They return the same as ad_jacobian_forward(). */
ad_status ad_jvp(const ad_function *f, size_t p, const double *seeds, double *out,
                 ad_workspace work, const ad_poll *poll);
ad_status ad_vjp(const ad_function *f, size_t p, const double *seeds, double *out,
                 ad_workspace work, const ad_poll *poll);

/* Compute the tangents of all nodes for one direction (D), or the adjoints of all nodes for one
 * cotangent (K).  They return the same as ad_jacobian_forward(). */
ad_status ad_tangents(const ad_function *f, const double *seeds, double *tangent,
                      const ad_poll *poll);
ad_status ad_adjoints(const ad_function *f, const double *seeds, double *adjoint,
                      const ad_poll *poll);

/* Add seeds (n x p, row major) to the tangents or adjoints of n nodes in the array of a sweep. */
void ad_seed(double *array, size_t p, size_t n, const ad_node *nodes, const double *seeds);

/* Called before and after a reverse sweep of one seed.  ad_pull_begin() finds the arrays that need
 * no zeros, and redirects those of inputs to out (D) where possible.  ad_pull_end() completes the
 * inputs' adjoints in out. */
void ad_pull_begin(const ad_function *f, double *out, ad_first_writes *writes);
void ad_pull_end(const ad_function *f, const ad_first_writes *writes, const double *adjoint,
                 double *out);

/* Returns the number of edges of a sweep.  Each takes one multiplication and one addition per
 * seed. */
size_t ad_sweep_edges(const ad_tape *tape);

/* Returns the chunk size for `total` seeds such that the sweep's array fits `budget` bytes.  It is
 * at least 1 if there are seeds. */
size_t ad_seed_chunk(const ad_tape *tape, size_t total, size_t budget);

#endif
