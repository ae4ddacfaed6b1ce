# SPDX-License-Identifier: Apache-2.0
# A closed recording carried out again at new inputs, for functions too large for programs.

def replayed(Trace trace not None, cnp.ndarray inputs, cnp.ndarray values):
    """(trace, flipped): a recording like this one at other values of its inputs (float64, one a
    node, nodes ascending), and in a list the first guard that came out otherwise."""
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
    with nogil:
        status = ad_tape_replay(root.tape, n, node, value, &poll, to, NULL)
        flipped = ad_tape_flipped(to) if status == AD_OK else 0
    swept(status, signal)
    result.last_run = to.runs
    return result, [flipped] if flipped < to.guards else []
