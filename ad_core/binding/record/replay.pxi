# SPDX-License-Identifier: Apache-2.0
# Repeats a closed recording at new inputs, for functions that are too large for programs.

def replayed(Trace trace not None, cnp.ndarray inputs, cnp.ndarray values):
    """(trace, flipped): the same recording at other values of its inputs, and a list with the first
    guard whose outcome has changed, or an empty one.  values: float64, one for each of the input
    nodes, which ascend."""
    cdef Trace root = trace.root()
    cdef cnp.ndarray nodes = contiguous(inputs)
    cdef cnp.ndarray dense = contiguous(values, dtype_float)
    cdef size_t n = <size_t> cnp.PyArray_SIZE(nodes), k
    cdef ad_node *node = <ad_node *> cnp.PyArray_DATA(nodes)
    cdef double *value = <double *> cnp.PyArray_DATA(dense)
    cdef Trace result = Trace.__new__(Trace)
    cdef ad_tape *to = result.tape
    cdef PyObject *signal = NULL
    cdef ad_poll poll
    cdef ad_status status
    cdef size_t flipped
    poll.stop = signal_pending
    poll.context = &signal
    result.fun = trace.fun
    result.lines = root.lines
    result.most = root.most
    check(ad_tape_reserve(to, root.tape.nodes, root.tape.partials, root.tape.lists, root.tape.runs,
                          root.tape.spans, root.tape.blocks))   # all at once, instead of by halves
    with nogil:
        status = ad_tape_replay(root.tape, n, node, value, &poll, to, NULL)
        flipped = ad_tape_first_changed_guard(to) if status == AD_OK else 0
    swept(status, signal)
    result.last_run = to.runs
    return result, [flipped] if flipped < to.guards else []
