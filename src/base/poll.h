/* SPDX-License-Identifier: Apache-2.0 */
/* How work that takes long asks its caller whether to go on, as for Ctrl-C. */
#ifndef AD_POLL_H
#define AD_POLL_H

#include <stddef.h>

/* Called about every million steps of work; nonzero stops it. */
typedef struct ad_poll {
    int (*stop)(void *context);
    void *context;
} ad_poll;

/* Work done, in edges or numbers, since the last call. */
typedef struct ad_pace {
    const ad_poll *poll; /* or NULL */
    size_t work;
} ad_pace;

/* Count work; whether to stop. */
static inline int ad_pace_stops(ad_pace *pace, size_t work) {
    const size_t often = (size_t)1 << 20;
    pace->work += work;
    if (pace->work < often) return 0;
    pace->work = 0;
    return pace->poll != NULL && pace->poll->stop(pace->poll->context) != 0;
}

#endif
