/* SPDX-License-Identifier: Apache-2.0 */
/* A recording carried out once more: at new values of its leaves, or from a file. */
#ifndef AD_REPLAY_H
#define AD_REPLAY_H

#include "tape/block.h"
#include "tape/tape.h"

/* What a recording takes, as far as its extents tell. */
typedef struct ad_cost {
    uint64_t nodes;  /* computed by runs */
    uint64_t work;   /* operations on numbers: elements of array operations an operand, edges of
                        reductions, multiplications of products */
    uint64_t memory; /* bytes of values, partials, lists, and of what derivatives need
                        beside them for the largest reduction or product */
} ad_cost;

/* What ad_tape_replay() would take, UINT64_MAX for what is more than that: a few bytes can ask for
 * hours (a matrix product whose strides are 0) or for gigabytes.  Nothing is allocated; trusts
 * nothing in `from` but the lengths of its arrays.  AD_BAD_INDEX or AD_BAD_OP with the number of
 * the run in *at where one names no span, block or operation. */
ad_status ad_replay_cost(const ad_tape *from, ad_cost *cost, size_t *at);

/* Record on the empty tape `to` what `from` holds, node for node: leaves with their values, but
 * the n leaves input[0] < input[1] < ... with these, and everything else computed anew; what arrays
 * of constants alone give, as in a derivative at plain numbers, are constants then.  Trusts
 * nothing in `from` but the lengths of its arrays: an index, an extent or a code that cannot be is
 * AD_BAD_INDEX, AD_BAD_SHAPE or AD_BAD_OP, with where it stands in *at (or NULL): the number of the
 * run, or behind all runs that of the guard.  AD_INTERRUPTED where poll (or NULL) says so.
 * Operations and partials as when `from` was recorded, one pass. */
ad_status ad_tape_replay(const ad_tape *from, size_t n, const ad_node *input, const double *values,
                         const ad_poll *poll, ad_tape *to, size_t *at);

/* Whether what a run of arrays reads are constants alone, by the bits of the tape: it holds what
 * was computed at plain numbers while a function ran, and is constant itself. */
int ad_run_reads_constants(const ad_tape *tape, const ad_run *run);

#endif
