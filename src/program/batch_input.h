/* SPDX-License-Identifier: Apache-2.0 */
/* A batch's arguments: from the caller's arrays to a program's inputs. */
#ifndef AD_BATCH_INPUT_H
#define AD_BATCH_INPUT_H

#include "program/batch.h"

/* Points [from, from + n), n <= p->lane_points, into the lanes of p; those beyond the last point,
 * to whole steps, get the last point's numbers.  AD_BAD_INDEX. */
ad_status ad_batch_load_lanes(const ad_batch *b, const ad_program *p, size_t from, size_t n,
                              double *arena);

/* One point into an arena of one.  AD_BAD_INDEX. */
ad_status ad_batch_load_point(const ad_batch *b, size_t point, double *arena);

#endif
