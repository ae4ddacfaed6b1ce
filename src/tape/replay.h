/* SPDX-License-Identifier: Apache-2.0 */
/* Repeating a recording at new values of its leaves, or from a file. */
#ifndef AD_REPLAY_H
#define AD_REPLAY_H

#include "tape/block.h"
#include "tape/tape.h"

/* What a recording costs, computed from its extents. */
typedef struct ad_cost {
    uint64_t nodes;  /* nodes computed by runs */
    uint64_t work;   /* operations on numbers: one per node, element and operand of an array
                        operation or check, edge of a reduction, and multiplication of a product */
    uint64_t memory; /* bytes of values, partials and lists, and of the temporary arrays that
                        derivatives need for the largest reduction or product */
} ad_cost;

/* Compute what ad_tape_replay() would cost; UINT64_MAX stands for anything larger.  A file of a few
 * bytes can describe hours of work (a matrix product whose strides are 0) or gigabytes.  The
 * function allocates nothing and trusts only the lengths of the arrays of `from`.  It returns
 * AD_BAD_INDEX or AD_BAD_OP if a run refers to a span, block or operation that does not exist, with
 * the number of the run in *at. */
ad_status ad_replay_cost(const ad_tape *from, ad_cost *cost, size_t *at);

/* Record on the empty tape `to` what `from` holds, node for node, with the same operations and
 * partials, in one pass.  The n leaves input[0] < input[1] < ... get the given values, other leaves
 * keep theirs, and all other nodes are computed anew.  Results of array operations whose operands
 * are all constant, such as derivatives at plain numbers, become constants.
 *
 * The function trusts only the lengths of the arrays of `from`.  An index, extent or code that is
 * out of range gives AD_BAD_INDEX, AD_BAD_SHAPE or AD_BAD_OP, and *at (if at is not NULL) gets its
 * place: the number of the run, or from->runs plus the number of the guard.  Returns AD_INTERRUPTED
 * if poll (which may be NULL) asks to stop.  After a failure `to` holds the part recorded so
 * far. */
ad_status ad_tape_replay(const ad_tape *from, size_t n, const ad_node *input, const double *values,
                         const ad_poll *poll, ad_tape *to, size_t *at);

/* Returns whether an array operation reads constants only, according to the tape's bits.  Such a
 * run was computed at plain numbers while a function was recorded, and is constant itself. */
int ad_run_reads_constants(const ad_tape *tape, const ad_run *run);

#endif
