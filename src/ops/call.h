/* SPDX-License-Identifier: Apache-2.0 */
/* Functions that are opaque to the core: the binding implements them in Python.  A block of the
 * family CALL maps n numbers to m by a rule, and the derivatives of a rule are rules as well. */
#ifndef AD_CALL_H
#define AD_CALL_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

struct ad_tape;
struct ad_graph;

/* The callbacks of a rule.  Matrices are row major, with one column per seed.  A callback that
 * fails ends the sweep, which returns the callback's status.  AD_CALL_FAILED means that the binding
 * holds the details of the error. */
typedef struct ad_callbacks {
    ad_status (*value)(void *rule, size_t n, const double *x, size_t m, double *y);
    /* out (m x p) = J tangent (n x p) */
    ad_status (*push)(void *rule, size_t n, const double *x, size_t m, const double *y, size_t p,
                      const double *tangent, double *out);
    /* out (n x p) = J^T adjoint (m x p) */
    ad_status (*pull)(void *rule, size_t n, const double *x, size_t m, const double *y, size_t p,
                      const double *adjoint, double *out);
    /* Records the same products on the tape.  `seed` holds the nodes of n tangents and `out` those
     * of m results or, backward, m adjoints and n results. */
    ad_status (*expand)(void *rule, struct ad_tape *tape, int backward, size_t n,
                        const uint32_t *input, size_t m, uint32_t first, const uint32_t *seed,
                        uint32_t *out);
    void (*keep)(void *rule); /* a tape takes, or releases, a reference to the rule */
    void (*drop)(void *rule);
    /* returns whether result k of m depends only on the numbers k, k + m, k + 2 m, ... */
    int (*elementwise)(void *rule);
    /* Computes the values y (m x points) of an elementwise rule at many points x (n x points) at
     * once. */
    ad_status (*values)(void *rule, size_t n, size_t m, size_t points, const double *x, double *y);
    /* Appends the partials of an elementwise rule to a graph as terms.  Its n arguments are the
     * terms x, and its m results the terms from y on. slope[k], for each k < n, becomes the term of
     * the partial of result k % m along argument k.  Returns AD_CALL_FAILED if the rule has no
     * partials. */
    ad_status (*slopes)(void *rule, struct ad_graph *graph, size_t n, const uint32_t *x, size_t m,
                        uint32_t y, uint32_t *slope);
} ad_callbacks;

/* Set the callbacks of all rules; called once, before the first call is recorded. */
void ad_callbacks_set(const ad_callbacks *callbacks);
const ad_callbacks *ad_callbacks_get(void);

/* Add 1 to a count that several threads may change. */
static inline void ad_count_up(size_t *count) { __atomic_fetch_add(count, 1, __ATOMIC_RELAXED); }

#endif
