# SPDX-License-Identifier: Apache-2.0
# Which inputs the outputs of a recording depend on.

cdef enum:
    MOST_ENTRIES = 0x7FFFFFFF       # of a pattern: SciPy's index arrays are int32
    SETS_BYTES = 1 << 29            # of sets of inputs; more are taken range by range


def jacobian_pattern(Trace trace not None, inputs, outputs, size_t room=SETS_BYTES,
                     bint here=False):
    """(indptr, indices) of the Jacobian of a recording, int32; PatternTooLarge beyond, or beyond
    what the file that it was loaded from allows.

    here: at this point alone, what was not selected left out.  Results of calls may be inputs."""
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
    """Multiplications, and additions, of a sweep of one seed."""
    return ad_sweep_edges(trace.root().tape)


class PatternTooLarge(Exception):
    """A Jacobian of more entries than a sparse matrix may have."""
