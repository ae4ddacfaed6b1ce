/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AD_STATUS_H
#define AD_STATUS_H

/* What a function of the core that can fail returns.  A failure leaves the tape as it was before
 * the call, unless the function's header says otherwise. */
typedef enum ad_status {
    AD_OK = 0,
    AD_NO_MEMORY,   /* an allocation failed */
    AD_TAPE_FULL,   /* more nodes, partials, runs or list entries than a 32-bit index can address */
    AD_BAD_INDEX,   /* a node that the tape does not hold */
    AD_BAD_OP,      /* no such operation, or one of a different arity */
    AD_BAD_SHAPE,   /* extents that do not match */
    AD_TOO_LARGE,   /* a program of more terms than its limit */
    AD_CALL_FAILED, /* a function called from a tape raised an error */
    AD_INTERRUPTED, /* the caller's poll function returned nonzero */
    AD_NOT_FINITE,  /* the sweep was completed, but an infinity or NaN arose in it (sweep.h) */
} ad_status;

#endif
