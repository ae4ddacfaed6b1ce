# SPDX-License-Identifier: Apache-2.0
# m functions of n variables, whose values and Jacobians are those of a recording where it is small.
#
# A small function is recorded at the first point.  At other points the recording is evaluated, and
# its Jacobian is a sweep, because both take less time than a call of the function.  Where a guard
# has another outcome, values are the function's own, and the next Jacobian there is a new
# recording.

cdef enum:
    MOST_REPLAYED = 10000       # nodes of a recording beyond which a program may be faster
    LONG_RUNS = 100             # nodes of an average run


@cython.final
cdef class Equations:
    """fun(x) for x of shape (n,), which returns m numbers.

    fallback() returns an object with `checked_vector(y)`, a result of fun as m numbers, and
    `derivative(x)`, the Jacobian where there is no recording.  record: whether fun may be recorded;
    otherwise values are always fun's own.  wrt: the Jacobian is by the first `wrt` of the variables
    (-1: by all)."""

    cdef object fun, fallback, functions
    cdef cnp.npy_intp n, m, wrt
    cdef bint record
    cdef Trace known            # the recording, or None
    cdef Trace here             # its evaluation at other points, or None
    cdef cnp.ndarray inputs, outputs

    def __init__(self, fun, Py_ssize_t n, fallback, bint record, Py_ssize_t wrt=-1):
        self.fun = fun
        self.n = n
        self.wrt = n if wrt < 0 else wrt
        self.fallback = fallback
        self.record = record and not debugging

    cdef object other(self):
        """What fallback() returns."""
        if self.functions is None:
            self.functions = self.fallback()
        return self.functions

    def value(self, cnp.ndarray x not None):
        """The recording's value at x (n,), as an array (m,); fun's own result where there is
        none."""
        cdef cnp.ndarray dense = self.checked_point(x)
        cdef const ad_tape *tape = self.at(<const double *> cnp.PyArray_DATA(dense), False)
        cdef cnp.ndarray found
        if tape == NULL:
            return self.fun(x)
        found = cnp.PyArray_EMPTY(1, &self.m, cnp.NPY_DOUBLE, 0)
        self.gather(tape, <double *> cnp.PyArray_DATA(found))
        return found

    def jacobian(self, cnp.ndarray x not None):
        """The Jacobian (m, wrt) at x (n,)."""
        cdef cnp.ndarray dense = self.checked_point(x)
        return self.jacobian_of(<const double *> cnp.PyArray_DATA(dense))

    cdef cnp.ndarray checked_point(self, cnp.ndarray x):
        if cnp.PyArray_SIZE(x) != self.n:
            raise ValueError(f"x must have shape ({self.n},), got {shape_of(x)}")
        return contiguous(x, dtype_float)

    cdef int value_at(self, const double *x, double *f) except -1:
        """Write the value of n equations in n unknowns."""
        cdef const ad_tape *tape = self.at(x, False)
        if tape != NULL and self.m == self.n:
            self.gather(tape, f)
            return 0
        self.record = False if tape != NULL else self.record
        return self.numbers(self.fun(vector(x, self.n)), f)

    cdef void gather(self, const ad_tape *tape, double *f) noexcept:
        cdef const ad_node *node = <const ad_node *> cnp.PyArray_DATA(self.outputs)
        cdef cnp.npy_intp k
        for k in range(self.m):
            f[k] = tape.value[node[k]]

    cdef int jacobian_at(self, const double *x, double *jacobian) except -1:
        """Write the Jacobian of n equations in n unknowns."""
        cdef cnp.ndarray found = contiguous(self.jacobian_of(x), dtype_float)
        if cnp.PyArray_SIZE(found) != self.n * self.n:
            raise ValueError(f"the Jacobian must have shape ({self.n}, {self.n}), got "
                             f"{shape_of(found)}")
        memcpy(jacobian, cnp.PyArray_DATA(found), self.n * self.n * sizeof(double))
        return 0

    cdef object jacobian_of(self, const double *x):
        cdef ad_function f
        f.tape = self.at(x, True)
        if f.tape == NULL:
            return self.other().derivative(vector(x, self.n))
        f.D = self.wrt
        f.K = self.m
        f.input = <ad_node *> cnp.PyArray_DATA(self.inputs)
        f.output = <ad_node *> cnp.PyArray_DATA(self.outputs)
        # Sweeps of one seed are the fastest on long runs, whose loops are over elements.
        return swept_jacobian(&f, cheapest_forward(f.D, f.K),
                              f.tape.nodes > LONG_RUNS * f.tape.runs)

    cdef const ad_tape *at(self, const double *x, bint anew) except? NULL:
        """A tape with the values at x; NULL if there is no recording on this path.  anew: then
        there is to be one."""
        cdef const ad_tape *tape = self.evaluated(x)
        if tape == NULL and (anew or self.known is None) and self.recorded(x):
            tape = self.known.tape
        return tape

    cdef const ad_tape *evaluated(self, const double *x) except? NULL:
        """The recording's tape at x; NULL if there is none on this path."""
        cdef const ad_tape *source
        cdef const ad_node *node
        cdef ad_tape *to
        cdef ad_status status
        cdef PyObject *signal = NULL
        cdef ad_poll poll
        if self.known is None:
            return NULL
        source = self.known.tape
        node = <const ad_node *> cnp.PyArray_DATA(self.inputs)
        if ad_tape_is_at(source, self.n, node, x):
            return source
        if self.here is None:
            self.here = Trace.__new__(Trace, self.known)
            self.here.fun = self.fun
        to = self.here.tape
        poll.stop = signal_pending
        poll.context = &signal
        if source.nodes < TINY_SWEEP and source.rules == 0:
            status = ad_tape_evaluate(to, source, self.n, node, x, &poll)
        else:
            with nogil:
                status = ad_tape_evaluate(to, source, self.n, node, x, &poll)
        if status != AD_OK:
            swept(status, signal)
        return NULL if ad_tape_first_changed_guard(to) < to.guards else to

    cdef bint recorded(self, const double *x) except -1:
        """Whether there is now a recording at x.  A function that can not be recorded, or whose
        recording is large, keeps its own values from here on."""
        if not self.record:
            return False
        try:
            found = self.recording_at(vector(x, self.n))
        except Exception:       # the function's own call raises what is not about the recording
            found = None
        if found is None:
            self.record = False
            return False
        self.known, self.inputs, self.outputs = found
        self.m = cnp.PyArray_SIZE(self.outputs)
        self.here = None
        return True

    cdef object recording_at(self, cnp.ndarray x):
        """(trace, inputs, outputs), or None if the recording can not be used at other points."""
        cdef Trace trace = Trace.__new__(Trace)
        cdef ad_node first
        trace.fun = self.fun
        names_of(self.fun, (x,), {}, &trace.names)
        try:
            trace.open()
            y = self.fun(first_input(trace, x, x, &first))
            refuse_swallowed(trace)
            if not is_flat(y):
                return None
            inputs = consecutive_row(first, self.n)
            outputs = direct_outputs(trace, y)
            if outputs is None:
                recording = hooks.finish(trace, x, inputs, trace, y)
                inputs, outputs = recording.inputs.nodes, contiguous(recording.outputs.nodes)
        finally:
            trace.close()
        trace.hold_inner_inputs(inputs)
        if trace.merged is not None or trace.tape.nodes > MOST_REPLAYED or (
                may_be_undetermined(trace.tape)):
            return None
        return trace, inputs, outputs

    cdef int numbers(self, object y, double *f) except -1:
        """Write a result of fun."""
        cdef cnp.npy_intp k
        cdef cnp.ndarray found
        if type(y) is list and len(y) == self.n:
            for k in range(self.n):
                part = (<list> y)[k]
                if not PyFloat_Check(part):
                    break
                f[k] = PyFloat_AS_DOUBLE(part)
            else:
                return 0
        if type(y) is not np_ndarray or (<cnp.ndarray> y).descr.type_num != cnp.NPY_DOUBLE or (
                cnp.PyArray_NDIM(<cnp.ndarray> y) != 1):
            y = self.other().checked_vector(y)
        found = contiguous(y, dtype_float)
        if cnp.PyArray_SIZE(found) != self.n:
            raise ValueError(f"{name_of(self.fun)} must return {self.n} numbers, one equation for "
                             f"each unknown in x0, got {cnp.PyArray_SIZE(found)}")
        memcpy(f, cnp.PyArray_DATA(found), self.n * sizeof(double))
        return 0


cdef bint is_flat(object y):
    """Whether a result of a traced function is an array, or a list or tuple of numbers."""
    if type(y) is list or type(y) is tuple:
        for part in y:
            if type(part) is not TracedScalar and not isinstance(part, (float, int)):
                return False
        return True
    return type(y) is TracedArray and cnp.PyArray_NDIM((<TracedArray> y).index) <= 1


cdef object direct_outputs(Trace trace, object y):
    """The nodes of a result that is one array, or consists of numbers, of this trace; None in other
    cases."""
    cdef TracedScalar part
    cdef cnp.ndarray nodes
    cdef cnp.npy_intp n, k = 0
    if trace.as_objects is not None or trace.merged is not None:
        return None
    if type(y) is TracedArray:
        if (<TracedArray> y).trace is not trace:
            return None
        return (<TracedArray> y).indices().flatten()
    n = len(y)
    nodes = cnp.PyArray_EMPTY(1, &n, cnp.NPY_UINT32, 0)
    for x in y:
        if type(x) is not TracedScalar or (<TracedScalar> x).trace is not trace:
            return None
        (<ad_node *> cnp.PyArray_DATA(nodes))[k] = (<TracedScalar> x).node
        k += 1
    return nodes


cdef cnp.ndarray vector(const double *x, cnp.npy_intp n):
    """A copy of n numbers as an array."""
    cdef cnp.ndarray copy = cnp.PyArray_EMPTY(1, &n, cnp.NPY_DOUBLE, 0)
    memcpy(cnp.PyArray_DATA(copy), x, n * sizeof(double))
    return copy
