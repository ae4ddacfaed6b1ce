/* SPDX-License-Identifier: Apache-2.0 */
/* A recording carried out once more: at new values of its leaves, or from a file. */
#ifndef AD_REPLAY_H
#define AD_REPLAY_H

#include "block.h"
#include "tape.h"

/* Record on the empty tape `to` what `from` holds, node for node: leaves with their values, but
 * the n leaves input[0] < input[1] < ... with these, and everything else computed anew; what arrays
 * of constants alone give, as in a derivative at plain numbers, are constants then.  Trusts
 * nothing in `from` but the lengths of its arrays: an index, an extent or a code that cannot be is
 * AD_BAD_INDEX, AD_BAD_SHAPE or AD_BAD_OP.  A few bytes can ask for hours (a matrix product whose
 * strides are 0): beyond `most` additions or multiplications of reductions and products the
 * answer is AD_TOO_LARGE.  Operations and partials as when `from` was recorded, one pass. */
ad_status ad_tape_replay(const ad_tape *from, size_t n, const ad_node *input, const double *values,
                         uint64_t most, ad_tape *to);

/* Whether what a run of arrays reads are constants alone, by the bits of the tape: it holds what
 * was computed at plain numbers while a function ran, and is constant itself. */
int ad_run_reads_constants(const ad_tape *tape, const ad_run *run);

#endif
