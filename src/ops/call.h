/* SPDX-License-Identifier: Apache-2.0 */
/* Functions that are opaque to the core: the binding implements them in Python.  A block of the
 * family CALL maps n numbers to m by a rule, and the derivatives of a rule are rules as well. */
#ifndef AD_CALL_H
#define AD_CALL_H

#include <stddef.h>
#include <stdint.h>

#include "base/atomic.h"
#include "base/status.h"

struct ad_tape;
struct ad_graph;

/* What a call of a rule computes: its value, or a product with its Jacobian or the transpose. */
typedef enum ad_call_mode { AD_CALL_VALUE, AD_CALL_PUSH, AD_CALL_PULL, AD_CALL_MODES } ad_call_mode;

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
    /* Returns whether curve() may be called. */
    int (*curves)(void *rule);
    /* out (n) = the tangent of J^T w for adjoints w (m), if x, y and w move by dx, dy and dw.  It
     * may be NaN where it is not known. */
    ad_status (*curve)(void *rule, size_t n, const double *x, const double *dx, size_t m,
                       const double *y, const double *dy, const double *w, const double *dw,
                       double *out);
    /* Records the same products on the tape.  `seed` holds the nodes of n tangents and `out` those
     * of m results or, backward, m adjoints and n results. */
    ad_status (*expand)(void *rule, struct ad_tape *tape, int backward, size_t n,
                        const uint32_t *input, size_t m, uint32_t first, const uint32_t *seed,
                        uint32_t *out);
    void (*keep)(void *rule); /* a tape takes, or releases, a reference to the rule */
    void (*drop)(void *rule);
    /* returns whether result k of m depends only on the numbers k, k + m, k + 2 m, ... */
    int (*elementwise)(void *rule);
    /* A rule may fall apart into blocks, such as the items of a stack: a result depends only on the
     * operands of its block.  Returns the number of blocks, and writes the block of each of the
     * `count` operands or, with `results` set, of each of the results, unless block is NULL.  A
     * result that has no derivative may be in one more block, which has no operands. */
    size_t (*blocks)(void *rule, int results, size_t count, uint32_t *block);
    /* Returns at how many points a call in this mode should be evaluated at once, at most: 1 if
     * at_points() does not do it. */
    size_t (*most_points)(void *rule, ad_call_mode mode);
    /* Computes the value or a product at many points at once.  x has what a call in this mode reads
     * (n, and for products m and the seeds, as above) and out its results, one number of all
     * points after the other.  left[e], which is 0 before, is set to 1 for points e that the caller
     * must evaluate one by one. */
    ad_status (*at_points)(void *rule, ad_call_mode mode, size_t n, size_t m, size_t p,
                           size_t points, const double *x, double *out, unsigned char *left);
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
static inline void ad_count_up(size_t *count) { AD_ADD_RELAXED(count, 1); }

#endif
