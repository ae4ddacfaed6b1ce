/* SPDX-License-Identifier: Apache-2.0 */
/* A number by which recordings are told apart without their values. */
#ifndef AD_FINGERPRINT_H
#define AD_FINGERPRINT_H

#include "tape/tape.h"

/* Returns a hash of what was recorded: operations, operands, guards and their outcomes.  Recordings
 * of one function that made the same choices (branches, orders of sorted numbers, places of
 * extremes) have the same hash; others have different ones, except by accident.  It takes about a
 * nanosecond per run and per 8 bytes of lists. */
uint64_t ad_tape_fingerprint(const ad_tape *tape);

#endif
