/* SPDX-License-Identifier: Apache-2.0 */
/* A recording evaluated at other values of its inputs, in memory that is used again for the next
 * point. */
#ifndef AD_EVALUATE_H
#define AD_EVALUATE_H

#include "tape/tape.h"

/* Make the empty tape `to` share the structure of `from`: all of its arrays but the values and the
 * partials, of which it has its own.  Neither tape may be recorded on afterwards (which returns
 * AD_TAPE_FULL for `to`), and `from` must outlive `to`.  ad_tape_free() releases what is `to`'s
 * own.  Any number of tapes may share one structure, on any number of threads.  Returns
 * AD_NO_MEMORY on failure, and leaves `to` empty. */
ad_status ad_tape_share(ad_tape *to, const ad_tape *from);

/* Returns whether a recording was made at these values of n of its leaves, to the bit, so that it
 * need not be evaluated there. */
int ad_tape_is_at(const ad_tape *tape, size_t n, const ad_node *input, const double *values);

/* Compute all values and partials of `to`, which shares the structure of `from`.  The n leaves
 * input[0] < input[1] < ... get the given values, and other leaves those of `from`.  The operations
 * are those that were recorded, in their order, so that the result is to the bit what recording at
 * this point would give on the same path.  Returns AD_NO_MEMORY, AD_INTERRUPTED if poll (which may
 * be NULL) asks to stop, or the status of a rule's callback; then the values of `to` have no
 * meaning until it is evaluated again. */
ad_status ad_tape_evaluate(ad_tape *to, const ad_tape *from, size_t n, const ad_node *input,
                           const double *values, const ad_poll *poll);

#endif
