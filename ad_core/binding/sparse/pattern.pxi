# SPDX-License-Identifier: Apache-2.0
# The sparsity pattern of a recording: the inputs that each of its outputs depends on.

cdef enum:
    MOST_ENTRIES = 0x7FFFFFFF       # of a pattern, since SciPy's index arrays are int32
    SETS_BYTES = 1 << 29            # memory for sets of inputs; more inputs are handled in ranges


def jacobian_pattern(Trace trace not None, inputs, outputs, size_t room=SETS_BYTES,
                     bint here=False):
    """(indptr, indices) of the Jacobian of a recording, as int32.  PatternTooLarge if there are
    more entries than int32 can count, or than the limits of the file that the recording was loaded
    from.

    here: the pattern at the recorded point only, without operands that were not selected there.
    inputs may include results of calls."""
    cdef cnp.ndarray ins = contiguous(inputs), outs = contiguous(outputs)
    cdef ad_function f = function_of(trace, ins, outs)
    start = np.empty(f.K + 1, np.uintp)
    cdef size_t *rows = <size_t *> cnp.PyArray_DATA(<cnp.ndarray> start)
    cdef uint32_t *index = NULL
    cdef PyObject *signal = NULL
    cdef ad_poll poll
    cdef ad_status status
    cdef size_t most = trace.root().most or MOST_ENTRIES
    if most > MOST_ENTRIES:
        most = MOST_ENTRIES
    poll.stop = signal_pending
    poll.context = &signal
    with nogil:
        status = (ad_sparsity_here if here else ad_sparsity)(&f, most, room, rows, &index, &poll)
    if status == AD_TOO_LARGE:
        raise PatternTooLarge()
    swept(status, signal)
    try:
        indices = np.empty(rows[f.K], np.int32)
        memcpy(cnp.PyArray_DATA(<cnp.ndarray> indices), index, rows[f.K] * sizeof(uint32_t))
    finally:
        ad_free(index)
    return start.astype(np.int32), indices


def sweep_edges(Trace trace not None):
    """The number of multiplications in a sweep of one seed, which is also that of additions."""
    return ad_sweep_edges(trace.root().tape)


class PatternTooLarge(Exception):
    """A Jacobian with more entries than a sparse matrix may have."""
