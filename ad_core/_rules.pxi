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


# What the tape refers to.
cdef struct called:
    void *object            # the Called that holds this
    ad_linear *linear       # what answers without the GIL, or NULL


cdef class Called:
    """A rule on tapes, and the function of matrices that computes the same, if there is one."""

    cdef called c
    cdef readonly object rule

    def __cinit__(self, rule, tuple linear):
        cdef cnp.ndarray matrices
        self.rule = rule
        self.c.object = <void *> self
        if linear is not None and has_lapack():
            kind, batch, n, k, flags, fixed = linear
            self.c.linear = ad_linear_new(LINEAR_KINDS[kind], batch, n, k, flags)
            if fixed is not None and self.c.linear != NULL:
                matrices = contiguous(fixed, dtype_float)
                check(ad_linear_fix(self.c.linear, <double *> cnp.PyArray_DATA(matrices)))

    def __dealloc__(self):
        ad_linear_free(self.c.linear)


cdef inline object rule_of(void *c):
    return (<Called> (<called *> c).object).rule


cdef ad_status rule_value(void *c, size_t n, const double *x, size_t m,
                          double *y) noexcept nogil:
    cdef ad_linear *linear = (<called *> c).linear
    cdef ad_status status = AD_CALL_FAILED if linear == NULL else ad_linear_value(linear, x, y)
    if status != AD_CALL_FAILED:
        return status
    with gil:
        running = ad_current
        set_current(NULL)
        try:
            take(rule_of(c).value(lent(n, 0, x)), m, y)
            return AD_OK
        except BaseException as error:
            raised.error = error
            return AD_CALL_FAILED
        finally:
            set_current(running)


cdef ad_status rule_push(void *c, size_t n, const double *x, size_t m, const double *y,
                         size_t p, const double *tangent, double *out) noexcept nogil:
    cdef ad_linear *linear = (<called *> c).linear
    cdef ad_status status = AD_CALL_FAILED
    if linear != NULL:
        status = ad_linear_push(linear, x, y, p, tangent, out)
    if status != AD_CALL_FAILED:
        return status
    with gil:
        running = ad_current
        set_current(NULL)
        try:
            take(rule_of(c).push(lent(n, 0, x), lent(m, 0, y), lent(n, p, tangent)), m * p, out)
            return AD_OK
        except BaseException as error:
            raised.error = error
            return AD_CALL_FAILED
        finally:
            set_current(running)


cdef ad_status rule_pull(void *c, size_t n, const double *x, size_t m, const double *y,
                         size_t p, const double *adjoint, double *out) noexcept nogil:
    cdef ad_linear *linear = (<called *> c).linear
    cdef ad_status status = AD_CALL_FAILED
    if linear != NULL:
        status = ad_linear_pull(linear, x, y, p, adjoint, out)
    if status != AD_CALL_FAILED:
        return status
    with gil:
        running = ad_current
        set_current(NULL)
        try:
            take(rule_of(c).pull(lent(n, 0, x), lent(m, 0, y), lent(m, p, adjoint)), n * p, out)
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


cdef object row_of_nodes(Trace trace, ad_node first, size_t count):
    cdef cnp.npy_intp shape = <cnp.npy_intp> count
    return new_array(trace, consecutive(first, 1, &shape), False)


cdef cnp.ndarray listed_nodes(size_t n, const uint32_t *nodes):
    cdef cnp.npy_intp dims[1]
    dims[0] = n
    cdef cnp.ndarray array = cnp.PyArray_EMPTY(1, dims, cnp.NPY_UINT32, 0)
    memcpy(cnp.PyArray_DATA(array), nodes, n * sizeof(uint32_t))
    return array


cdef ad_status rule_expand(void *c, ad_tape *tape, int backward, size_t n,
                           const uint32_t *input, size_t m, uint32_t first, const uint32_t *seed,
                           uint32_t *out) noexcept nogil:
    with gil:
        try:
            trace = trace_on(tape)
            x = owning_array(trace, listed_nodes(n, input), False)
            y = row_of_nodes(trace, first, m)
            seeds = owning_array(trace, listed_nodes(m if backward else n, seed), False)
            found = rule_of(c).record(x, y, seeds, bool(backward))
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


cdef void rule_keep(void *c) noexcept nogil:
    with gil:
        Py_INCREF(<object> (<called *> c).object)


cdef void rule_drop(void *c) noexcept nogil:
    with gil:
        Py_DECREF(<object> (<called *> c).object)


cdef int rule_elementwise(void *c) noexcept nogil:
    with gil:
        return bool(rule_of(c).elementwise)


cdef int set_callbacks() except -1:
    cdef ad_callbacks callbacks
    callbacks.value = rule_value
    callbacks.push = rule_push
    callbacks.pull = rule_pull
    callbacks.expand = rule_expand
    callbacks.keep = rule_keep
    callbacks.drop = rule_drop
    callbacks.elementwise = rule_elementwise
    ad_callbacks_set(&callbacks)
    return 0


set_callbacks()


def record_call(rule, tuple arguments, size_t m, y, tuple linear=None):
    """The result of a rule at arrays, of which some are traced: m numbers, a flat traced array.

    y: what the rule's value is at these arguments, flat, or None: it is asked.  linear: (kind,
    matrices, rows, columns, flags, fixed ones) of the function of matrices that is the same."""
    cdef Trace trace = needed_trace(arguments)
    cdef cnp.ndarray nodes, values = None
    cdef Called call = Called(rule, linear)
    cdef double *known = NULL
    cdef ad_node first
    cdef ad_operand read
    cdef ad_status status
    cdef size_t n
    parts = [nodes_of(trace, x) for x in arguments]
    root = needed_trace(arguments)
    if root is not trace:                       # a merge has moved them
        trace = root
        parts = [nodes_of(trace, x) for x in arguments]
    parts = [contiguous(part, np.uint32).reshape(-1) for part in parts]
    nodes = parts[0] if len(parts) == 1 else np.concatenate(parts)
    if y is not None:
        values = contiguous(y, dtype_float)
        known = <double *> cnp.PyArray_DATA(values)
    n = <size_t> cnp.PyArray_SIZE(nodes)
    read.nodes = <ad_node *> cnp.PyArray_DATA(nodes)
    with nogil:
        status = ad_tape_call(trace.tape, &call.c, n, &read, m, known, &first)
    check(status)
    return row_of_nodes(trace, first, m)


def untraced(function, *arguments):
    """A call as outside of all traces: NumPy's creation functions give plain arrays."""
    running = ad_current
    refusal = None
    set_current(NULL)
    try:
        return function(*arguments)
    except NotDifferentiable as error:
        refusal = error
        raise
    finally:
        set_current(running)
        if refusal is not None:
            remember(refusal)


def called_rules(Trace trace not None):
    """The rules that a recording calls."""
    cdef ad_tape *tape = trace.root().tape
    return [rule_of(tape.rule[k]) for k in range(tape.rules)]
