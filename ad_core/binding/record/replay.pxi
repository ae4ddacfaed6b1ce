# SPDX-License-Identifier: Apache-2.0
# Evaluates a closed recording at new inputs, for functions that are too large for programs.
#
# The evaluation is a Trace whose tape shares all arrays of the recording but the values and the
# partials.  The recording is only read, so that any number of evaluations may run at once.  When an
# evaluation is dropped, its recording keeps the memory for the next one, in which the values of
# constants are then in their places.

cdef ad_tape *take_shared_tape(Trace trace) except NULL:
    cdef ad_tape *tape
    cdef ad_status status
    with cython.critical_section(trace):
        tape = trace.spare
        trace.spare = NULL
    if tape != NULL:
        return tape
    tape = empty_tape()
    status = ad_tape_share(tape, trace.tape)
    if status != AD_OK:
        drop_tape(tape)
        check(status)
    return tape


cdef size_t own_bytes(const ad_tape *tape) noexcept:
    """The memory of a tape that shares its structure."""
    return (tape.room_nodes + tape.room_partials) * sizeof(double)


cdef void give_shared_tape(Trace trace, ad_tape *tape) noexcept:
    with cython.critical_section(trace):
        if trace.spare == NULL and own_bytes(tape) <= KEEP_BYTES:
            trace.spare = tape
            tape = NULL
    if tape != NULL:
        drop_tape(tape)


def replayed(Trace trace not None, cnp.ndarray inputs, cnp.ndarray values):
    """(trace, flipped): the recording at these values of its inputs (itself if it was made there),
    and a list with the first guard whose outcome has changed, or an empty one.  values: float64,
    one for each of the input nodes, which ascend."""
    cdef Trace root = trace.root()
    cdef cnp.ndarray nodes = contiguous(inputs)
    cdef cnp.ndarray dense = contiguous(values, dtype_float)
    cdef size_t n = <size_t> cnp.PyArray_SIZE(nodes)
    cdef ad_node *node = <ad_node *> cnp.PyArray_DATA(nodes)
    cdef double *value = <double *> cnp.PyArray_DATA(dense)
    cdef Trace result
    cdef ad_tape *to
    cdef PyObject *signal = NULL
    cdef ad_poll poll
    cdef ad_status status
    cdef size_t flipped = 0
    if ad_tape_is_at(root.tape, n, node, value):
        return trace, []
    result = Trace.__new__(Trace, root)
    to = result.tape
    poll.stop = signal_pending
    poll.context = &signal
    result.fun = trace.fun
    result.lines = root.lines
    result.most = root.most
    with nogil:
        status = ad_tape_evaluate(to, root.tape, n, node, value, &poll)
        if status == AD_OK:
            flipped = ad_tape_first_changed_guard(to)
    swept(status, signal)
    result.last_run = to.runs
    return result, [flipped] if flipped < to.guards else []
