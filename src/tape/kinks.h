/* SPDX-License-Identifier: Apache-2.0 */
/* The orders at which the nodes of a recording vanish (ops/vanish.h), needed if it has roots. */
#ifndef AD_KINKS_H
#define AD_KINKS_H

#include "ops/vanish.h"
#include "tape/tape.h"

/* Returns whether an operation among the runs [first_run, last_run) may have a kink where its
 * result is 0 (ad_vanish_may_have_kink()). */
int ad_tape_may_have_kinks(const ad_tape *tape, size_t first_run, size_t last_run);

/* Compute the orders of all nodes up to the end of run last_run - 1.  `order` has room for
 * tape->nodes; later nodes get the order of a leaf.  Returns AD_NO_MEMORY on failure. */
ad_status ad_tape_orders(const ad_tape *tape, size_t last_run, float *order);

#endif
