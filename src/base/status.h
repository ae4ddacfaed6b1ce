/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AD_STATUS_H
#define AD_STATUS_H

/* What a fallible function of the core returns.  Every failure leaves the
 * tape exactly as it was before the call. */
typedef enum ad_status {
    AD_OK = 0,
    AD_NO_MEMORY,   /* an allocation failed */
    AD_TAPE_FULL,   /* more nodes, partials, runs or list entries than an index can name */
    AD_BAD_INDEX,   /* a node that the tape does not hold */
    AD_BAD_OP,      /* no such operation, or one of another arity */
    AD_BAD_SHAPE,   /* extents that do not fit one another */
    AD_TOO_LARGE,   /* a program of more terms than its limit allows */
    AD_CALL_FAILED, /* a function called from a tape raised an error */
    AD_INTERRUPTED, /* the caller's poll function asked to stop */
    AD_NOT_FINITE,  /* a sweep was completed, but an infinity or NaN came up in it (sweep.h) */
} ad_status;

#endif
