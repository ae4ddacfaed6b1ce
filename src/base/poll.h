/* SPDX-License-Identifier: Apache-2.0 */
/* How a long computation asks its caller whether to continue, for example after Ctrl-C. */
#ifndef AD_POLL_H
#define AD_POLL_H

#include <stddef.h>

/* stop() is called about once per million units of work.  A nonzero result stops the
 * computation. */
typedef struct ad_poll {
    int (*stop)(void *context);
    void *context;
} ad_poll;

/* Work done since the last call of stop(), in edges or numbers. */
typedef struct ad_pace {
    const ad_poll *poll; /* or NULL */
    size_t work;
} ad_pace;

/* Add to the work done.  Returns whether the computation has to stop. */
static inline int ad_pace_stops(ad_pace *pace, size_t work) {
    const size_t often = (size_t)1 << 20;
    pace->work += work;
    if (pace->work < often) return 0;
    pace->work = 0;
    return pace->poll != NULL && pace->poll->stop(pace->poll->context) != 0;
}

#endif
