/* SPDX-License-Identifier: Apache-2.0 */
/* Functions that the core knows from outside alone: the binding's, which are Python's.  A block
 * of the family CALL maps n numbers to m by a rule, whose derivatives are rules as well. */
#ifndef AD_CALL_H
#define AD_CALL_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

struct ad_tape;
struct ad_graph;

/* What a rule can be asked.  Matrices are row major, one column a seed.  The first failure ends
 * the sweep with its status; AD_CALL_FAILED tells that the binding knows more. */
typedef struct ad_callbacks {
    ad_status (*value)(void *rule, size_t n, const double *x, size_t m, double *y);
    /* out (m x p) = J tangent (n x p) */
    ad_status (*push)(void *rule, size_t n, const double *x, size_t m, const double *y, size_t p,
                      const double *tangent, double *out);
    /* out (n x p) = J^T adjoint (m x p) */
    ad_status (*pull)(void *rule, size_t n, const double *x, size_t m, const double *y, size_t p,
                      const double *adjoint, double *out);
    /* The same as operations on the tape: nodes of n tangents become m, backward m adjoints n. */
    ad_status (*expand)(void *rule, struct ad_tape *tape, int backward, size_t n,
                        const uint32_t *input, size_t m, uint32_t first, const uint32_t *seed,
                        uint32_t *out);
    void (*keep)(void *rule); /* a tape refers to it, or does no more */
    void (*drop)(void *rule);
    /* whether result k of m depends on the numbers k, k + m, k + 2 m, ... alone */
    int (*elementwise)(void *rule);
    /* Of an elementwise rule, at many points at once: x (n x points) to y (m x points). */
    ad_status (*values)(void *rule, size_t n, size_t m, size_t points, const double *x, double *y);
    /* Of an elementwise rule whose n numbers are the terms x and whose results those from y on: the
     * terms of the partial of result k % m along number k, for each k < n.  AD_CALL_FAILED where
     * the rule can not tell. */
    ad_status (*slopes)(void *rule, struct ad_graph *graph, size_t n, const uint32_t *x, size_t m,
                        uint32_t y, uint32_t *slope);
} ad_callbacks;

/* Once, before the first call is recorded. */
void ad_callbacks_set(const ad_callbacks *callbacks);
const ad_callbacks *ad_callbacks_get(void);

/* Counts an event, from any thread. */
static inline void ad_count_up(size_t *count) { __atomic_fetch_add(count, 1, __ATOMIC_RELAXED); }

#endif
