/* SPDX-License-Identifier: Apache-2.0 */
/* The arguments of a batch: copying them from the caller's arrays to a program's inputs. */
#ifndef AD_BATCH_INPUT_H
#define AD_BATCH_INPUT_H

#include "program/batch.h"

/* Load points [from, from + n), n <= p->lane_points, into the lanes of p.  Lanes after the last
 * point, up to whole steps, get the numbers of the last point.  Returns AD_BAD_INDEX for a row
 * number that is out of range. */
ad_status ad_batch_load_lanes(const ad_batch *b, const ad_program *p, size_t from, size_t n,
                              double *arena);

/* Load one point into an arena for single points.  Returns AD_BAD_INDEX likewise. */
ad_status ad_batch_load_point(const ad_batch *b, size_t point, double *arena);

#endif
