# SPDX-License-Identifier: Apache-2.0
# Functions whose derivatives are given by rules: calls on the tape that come back to Python.
# A rule has value(x), push(x, y, tangents), pull(x, y, adjoints) on flat arrays (matrices: a
# column a seed) and record(x, y, seeds, backward) on traced ones.

cdef object raised = threading.local()      # what a rule raised while the core called it


cdef cnp.ndarray lent(size_t rows, size_t columns, const double *x):
    """An array of the rule's own, so that it may keep or change it."""
    cdef cnp.npy_intp dims[2]
    cdef cnp.ndarray array
    dims[0] = rows
    dims[1] = columns
    array = cnp.PyArray_EMPTY(1 if columns == 0 else 2, dims, cnp.NPY_DOUBLE, 0)
    memcpy(cnp.PyArray_DATA(array), x, rows * max(columns, <size_t> 1) * sizeof(double))
    return array


cdef int take(object found, size_t count, double *to) except -1:
    cdef cnp.ndarray array = contiguous(found, dtype_float)
    if <size_t> cnp.PyArray_SIZE(array) != count:
        raise ValueError(f"a rule returned {cnp.PyArray_SIZE(array)} numbers for {count}")
    memcpy(to, cnp.PyArray_DATA(array), count * sizeof(double))
    return 0


cdef ad_status rule_value(void *rule, size_t n, const double *x, size_t m,
                          double *y) noexcept nogil:
    with gil:
        running = ad_current
        set_current(NULL)
        try:
            take((<object> rule).value(lent(n, 0, x)), m, y)
            return AD_OK
        except BaseException as error:
            raised.error = error
            return AD_CALL_FAILED
        finally:
            set_current(running)


cdef ad_status rule_push(void *rule, size_t n, const double *x, size_t m, const double *y,
                         size_t p, const double *tangent, double *out) noexcept nogil:
    with gil:
        running = ad_current
        set_current(NULL)
        try:
            take((<object> rule).push(lent(n, 0, x), lent(m, 0, y), lent(n, p, tangent)),
                 m * p, out)
            return AD_OK
        except BaseException as error:
            raised.error = error
            return AD_CALL_FAILED
        finally:
            set_current(running)


cdef ad_status rule_pull(void *rule, size_t n, const double *x, size_t m, const double *y,
                         size_t p, const double *adjoint, double *out) noexcept nogil:
    with gil:
        running = ad_current
        set_current(NULL)
        try:
            take((<object> rule).pull(lent(n, 0, x), lent(m, 0, y), lent(m, p, adjoint)),
                 n * p, out)
            return AD_OK
        except BaseException as error:
            raised.error = error
            return AD_CALL_FAILED
        finally:
            set_current(running)


cdef Trace trace_on(ad_tape *tape):
    """The running trace of this thread that records on a tape."""
    cdef Trace trace = innermost()
    while trace is not None:
        if trace.root().tape == tape:
            return trace.root()
        trace = trace.outer
    raise RuntimeError("internal error: a tape that no running trace records on")


cdef cnp.ndarray listed_nodes(size_t n, const uint32_t *nodes):
    cdef cnp.npy_intp dims[1]
    dims[0] = n
    cdef cnp.ndarray array = cnp.PyArray_EMPTY(1, dims, cnp.NPY_UINT32, 0)
    memcpy(cnp.PyArray_DATA(array), nodes, n * sizeof(uint32_t))
    return array


cdef ad_status rule_expand(void *rule, ad_tape *tape, int backward, size_t n,
                           const uint32_t *input, size_t m, uint32_t first, const uint32_t *seed,
                           uint32_t *out) noexcept nogil:
    with gil:
        try:
            trace = trace_on(tape)
            x = owning_array(trace, listed_nodes(n, input), False)
            y = owning_array(trace, np.arange(first, first + m, dtype=np.uint32), False)
            seeds = owning_array(trace, listed_nodes(m if backward else n, seed), False)
            found = (<object> rule).record(x, y, seeds, bool(backward))
            take_nodes(trace, found, n if backward else m, out)
            return AD_OK
        except BaseException as error:
            raised.error = error
            return AD_CALL_FAILED


cdef int take_nodes(Trace trace, object found, size_t count, uint32_t *out) except -1:
    cdef cnp.ndarray nodes = contiguous(nodes_of(trace, found), np.uint32)
    if <size_t> cnp.PyArray_SIZE(nodes) != count:
        raise ValueError(f"a rule returned {cnp.PyArray_SIZE(nodes)} numbers for {count}")
    memcpy(out, cnp.PyArray_DATA(nodes), count * sizeof(uint32_t))
    return 0


cdef void rule_keep(void *rule) noexcept nogil:
    with gil:
        Py_INCREF(<object> rule)


cdef void rule_drop(void *rule) noexcept nogil:
    with gil:
        Py_DECREF(<object> rule)


cdef int set_callbacks() except -1:
    cdef ad_callbacks callbacks
    callbacks.value = rule_value
    callbacks.push = rule_push
    callbacks.pull = rule_pull
    callbacks.expand = rule_expand
    callbacks.keep = rule_keep
    callbacks.drop = rule_drop
    ad_callbacks_set(&callbacks)
    return 0


set_callbacks()


def record_call(rule, tuple arguments, y):
    """The result of a rule at arrays, of which some are traced: y's numbers, a flat traced
    array.  y: what the rule's value is at these arguments, flat."""
    cdef Trace trace = needed_trace(arguments)
    cdef cnp.ndarray nodes, values = contiguous(y, dtype_float)
    cdef ad_node first
    parts = [unpatched_asarray(nodes_of(trace, x)).ravel() for x in arguments]
    trace = needed_trace(arguments)             # a merge may have moved them
    parts = [unpatched_asarray(nodes_of(trace, x)).ravel() for x in arguments]
    nodes = np.concatenate(parts).astype(np.uint32)
    check(ad_tape_call(trace.tape, <void *> rule, <size_t> cnp.PyArray_SIZE(nodes),
                       <ad_node *> cnp.PyArray_DATA(nodes), <size_t> cnp.PyArray_SIZE(values),
                       <double *> cnp.PyArray_DATA(values), &first))
    return owning_array(trace, np.arange(first, first + values.size, dtype=np.uint32), False)


def untraced(function, *arguments):
    """A call as outside of all traces: NumPy's creation functions give plain arrays."""
    running = ad_current
    set_current(NULL)
    try:
        return function(*arguments)
    finally:
        set_current(running)


def called_rules(Trace trace not None):
    """The rules that a recording calls."""
    cdef ad_tape *tape = trace.root().tape
    return [<object> tape.rule[k] for k in range(tape.rules)]
