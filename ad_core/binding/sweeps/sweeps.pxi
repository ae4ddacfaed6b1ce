# SPDX-License-Identifier: Apache-2.0
# Inputs, outputs and derivatives of one trace, and the functions that jacobian() and grad() return.

cdef enum:
    SEED_BYTES = 1 << 25        # most bytes of a sweep's array when seeds go in chunks


cdef cnp.ndarray float_input(object x, object what):
    """An input as a C-contiguous float64 array; DtypeError that names the input if it has another
    type."""
    cdef cnp.ndarray given
    if type(x) is np_ndarray:
        given = <cnp.ndarray> x
    else:
        if not PyFloat_Check(x):
            refuse_foreign_input(x, what)
        given = unpatched_asarray(x)
    if given.descr.type_num == cnp.NPY_DOUBLE and cnp.PyArray_CHKFLAGS(
            given, cnp.NPY_ARRAY_CARRAY_RO) and cnp.PyArray_ISNOTSWAPPED(given):
        return given
    kind = given.dtype.kind
    if kind == "f" and given.dtype.itemsize <= 8:
        return given.astype(np.float64, order="C")
    remedy = {
        "i": "pass floats (3.0, not 3; x.astype(float))",
        "u": "pass floats (x.astype(float))",
        "b": "pass floats (x.astype(float))",
        "c": ("record the function with complex numbers, or pass the .real and the .imag"
              if given.dtype.itemsize <= 16 else
              "convert it with x.astype(np.complex128) if that precision is enough"),
        "f": "convert it with x.astype(np.float64) if that precision is enough",
    }.get(kind, "pass real numbers")
    raise DtypeError(f"{input_name(what)} must be real float64 (or float32/float16) to be "
                     f"differentiated, got dtype {given.dtype}; {remedy}")


cdef object input_name(object what):
    """The name of an input for an error message, which is only built when it is needed."""
    if type(what) is JacobianFunction:
        return f"argument {(<JacobianFunction> what).k} of {name_of(what)}"
    return what() if callable(what) else what


cpdef Trace new_trace(object fun):
    """A Trace of fun, which records on this thread inside a `with` statement."""
    cdef Trace trace = Trace.__new__(Trace)
    trace.fun = fun
    return trace


def make_input(Trace trace not None, x, what):
    """Record x (a float or an array) as inputs.  Returns the traced value, its nodes and the trace
    that they are numbered on (moved_nodes() brings them up to date).  what() is the name of x in
    messages.

    If x is a traced value of an outer trace, this trace continues on the tape of that one, with a
    copy of x as its input."""
    cdef ad_node first
    cdef cnp.ndarray values, index
    cdef Trace outer, root
    if is_traced(x):
        outer = trace_of((x,))
        root = trace.root()
        if outer is not root:
            root = unify(outer, root)
        copy = fresh_copy(x)
        index = unpatched_asarray(nodes_of(root, copy))
        return copy, contiguous(index).ravel(), root
    cdef TracedArray made
    root = trace.root()
    if type(x) is float or type(x) is np.float64:
        check(ad_tape_inputs(root.tape, 1, &first))
        if trace.level > 0:
            root.note_inputs(first, 1)
        root.tape.value[first] = PyFloat_AS_DOUBLE(x)
        return new_scalar(root, first), consecutive_row(first, 1), root
    values = float_input(x, what)
    if type(x) is np_ndarray and not in_c_order(<cnp.ndarray> x):
        values = like_index(<cnp.ndarray> x, values)
    made = <TracedArray> inputs_like(root, values, trace.level > 0)
    if cnp.PyArray_NDIM(values) == 0 and isinstance(x, (np.generic, float)):
        return new_scalar(root, made.first), consecutive_row(made.first, 1), root
    if in_c_order(made.index):
        return made, consecutive_row(made.first, cnp.PyArray_SIZE(values)), root
    return made, contiguous(made.index).reshape(-1), root


cdef object inputs_like(Trace trace, cnp.ndarray values, bint noted):
    """Inputs with the values and the order of an array that is dense in memory.  noted: they belong
    to a trace within another."""
    cdef size_t n = <size_t> cnp.PyArray_SIZE(values)
    cdef ad_node first
    cdef cnp.ndarray dense = values
    axes = None if in_c_order(values) else axes_by_stride(cnp.PyArray_NDIM(values), [values])
    if axes is not None:
        dense = contiguous(values.transpose(axes))
    check(ad_tape_inputs(trace.tape, n, &first))
    write_values(trace.tape, first, cnp.PyArray_DATA(dense), n)
    if noted:
        trace.note_inputs(first, n)
    index = consecutive(first, cnp.PyArray_NDIM(dense), cnp.PyArray_DIMS(dense))
    return new_array(trace, index if axes is None else index.transpose(inverse(axes)), False)


def complete_recording(Trace trace not None, cnp.ndarray inputs, cnp.ndarray outputs):
    """At the end of a recording with these inputs and outputs: leaves of traces within it become
    constants, the outputs must depend on values that were given to other libraries, and no root may
    have been found by bisection."""
    trace.hold_inner_inputs(inputs)
    refuse_unused(trace, outputs)
    refuse_bisection(trace, inputs)


cdef cnp.ndarray consecutive_row(ad_node first, cnp.npy_intp n):
    return consecutive(first, 1, &n)


def join_nodes(list parts):
    """Concatenate arrays of nodes, without a copy if all nodes follow one another."""
    cdef cnp.ndarray part
    cdef ad_node first = 0
    cdef size_t total = 0
    for part in parts:
        if cnp.PyArray_SIZE(part) == 0:
            continue
        if total == 0:
            first = (<ad_node *> cnp.PyArray_DATA(part))[0]
        if not is_consecutive(part) or not cnp.PyArray_IS_C_CONTIGUOUS(part) or (
                <ad_node *> cnp.PyArray_DATA(part))[0] != first + total:
            return np.concatenate(parts)
        total += <size_t> cnp.PyArray_SIZE(part)
    return consecutive_row(first, total)


def moved_nodes(Trace root not None, cnp.ndarray nodes):
    """The present numbers of nodes that were numbered on `root` before it may have been merged."""
    return nodes if root.merged is None else nodes + np.uint32(root.moved(0))


def root_of_returned(Trace trace not None):
    """The trace that owns the tape which has this one's nodes, after its function has returned.
    Raises an error if the function caught a refusal."""
    refuse_swallowed(trace)
    return trace.root()


cdef object fresh_copy(object x):
    """A copy of x in new nodes, by which an inner transform differentiates.  Other uses of x then
    do not count (no perturbation confusion)."""
    cdef Trace trace
    cdef ad_node first
    if type(x) is TracedScalar:
        move_to_root(<TracedScalar> x)
        check(ad_tape_unary((<TracedScalar> x).trace.tape, op_positive, (<TracedScalar> x).node,
                            &first))
        return new_scalar((<TracedScalar> x).trace, first)
    if only_constants(<TracedArray> x):
        trace = (<TracedArray> x).trace
        return inputs_like(trace, values_of(x), True)
    return elementwise(op_positive, (x,))


def output_nodes(Trace trace not None, y, str what):
    """The nodes of one output and its shape, on the tape of the trace's root.  Plain numbers become
    constants."""
    cdef cnp.ndarray index, values
    cdef Trace root = trace.root()
    if not is_traced(y):
        y = numbers_in_result(y, what)
    if type(y) is TracedArray:
        root = unify((<TracedArray> y).trace, root)
        index = (<TracedArray> y).indices()
        if not cnp.PyArray_IS_C_CONTIGUOUS(index):
            index = contiguous(index)
        # an index array in writable memory is copied, because the array may be changed later
        return index.ravel() if not (<TracedArray> y).owned else index.flatten(), shape_of(index)
    if type(y) is TracedScalar:
        root = unify((<TracedScalar> y).trace, root)
        move_to_root(<TracedScalar> y)
        return consecutive_row((<TracedScalar> y).node, 1), ()
    if is_complex(y):
        raise DtypeError(f"{what} is complex with dtype {getattr(y, 'dtype', 'complex128')} where "
                         f"real or complex128 numbers are needed; convert it with "
                         f".astype(np.complex128), or return its .real, .imag or np.abs(...)")
    if not isinstance(y, (int, float, np.ndarray, np.generic)):
        raise TypeError(f"{what} must be an array or a number (or a tuple, list or dict of "
                        f"them), got {type(y).__name__}; return the values to be differentiated")
    values = real_array(y, what)
    return constant_nodes(root, values).ravel(), shape_of(values)


def values_at(Trace trace not None, nodes, tuple shape):
    """The values of nodes as a float64 array, or as a number if shape is ()."""
    cdef cnp.ndarray values = values_on(trace.root().tape, contiguous(nodes), 0).reshape(shape)
    return values if shape else values[()]


cdef ad_function function_of(Trace trace, cnp.ndarray inputs, cnp.ndarray outputs):
    cdef ad_function f
    f.tape = trace.root().tape
    f.D = <size_t> cnp.PyArray_SIZE(inputs)
    f.K = <size_t> cnp.PyArray_SIZE(outputs)
    f.input = <ad_node *> cnp.PyArray_DATA(inputs)
    f.output = <ad_node *> cnp.PyArray_DATA(outputs)
    return f


cdef int swept(ad_status status, PyObject *signal) except -1:
    """Raise the exception of a signal if there is one, else that for the status of a sweep."""
    if signal != NULL:
        error = <object> signal
        Py_DECREF(error)        # signal_pending() took a reference
        raise error
    return check(status)


def dense_jacobian(Trace trace not None, cnp.ndarray inputs, cnp.ndarray outputs, bint forward,
                   size_t chunk):
    """The K x D Jacobian by D tangents or K adjoints, `chunk` of them in each sweep (0:
    automatic)."""
    cdef ad_function f = function_of(trace, inputs, outputs)
    return swept_jacobian(&f, forward, chunk)


cdef cnp.ndarray swept_jacobian(ad_function *f, bint forward, size_t chunk):
    cdef cnp.npy_intp shape[2]
    shape[0] = f.K
    shape[1] = f.D
    cdef cnp.ndarray result = cnp.PyArray_EMPTY(2, shape, cnp.NPY_DOUBLE, 0)
    cdef double *to = <double *> cnp.PyArray_DATA(result)
    cdef PyObject *signal = NULL
    cdef ad_poll poll
    cdef ad_status status
    cdef size_t seeds = f.D if forward else f.K
    poll.stop = signal_pending
    poll.context = &signal
    if seeds == 0 or f.D == 0 or f.K == 0:
        return result
    if chunk == 0:
        chunk = ad_seed_chunk(f.tape, seeds, SEED_BYTES)
    if chunk > seeds:
        chunk = seeds
    cdef ad_workspace work
    # rules may start further sweeps, and other threads may run meanwhile
    if f.tape.nodes * seeds < TINY_SWEEP and f.tape.rules == 0 and (
            ad_try_take(&tiny_in_use)):
        work.memory = tiny_memory       # too short to be worth releasing the GIL
        work.room = TINY_ROOM
        status = jacobian_sweeps(f, forward, chunk, to, work, &poll)
        ad_release(&tiny_in_use)
    else:
        work = take_workspace(ad_workspace_need(f.tape, ad_seeds_padded(f.tape, chunk)))
        with nogil:
            status = jacobian_sweeps(f, forward, chunk, to, work, &poll)
        release_workspace(work)
    if status != AD_OK:
        swept(status, signal)
    return result


cdef inline ad_status jacobian_sweeps(ad_function *f, bint forward, size_t chunk, double *to,
                                      ad_workspace work, ad_poll *poll) noexcept nogil:
    if forward:
        return ad_jacobian_forward(f, chunk, to, work, poll)
    return ad_jacobian_reverse(f, chunk, to, work, poll)


def push_forward(Trace trace not None, cnp.ndarray inputs, cnp.ndarray outputs,
                 cnp.ndarray seeds):
    """J times seeds of shape (D, p), in one sweep; shape (K, p)."""
    return product(trace, inputs, outputs, seeds, True)


def pull_back(Trace trace not None, cnp.ndarray inputs, cnp.ndarray outputs, cnp.ndarray seeds):
    """J^T times seeds of shape (K, p), in one sweep; shape (D, p)."""
    return product(trace, inputs, outputs, seeds, False)


cdef object product(Trace trace, cnp.ndarray inputs, cnp.ndarray outputs, cnp.ndarray seeds,
                    bint forward):
    cdef ad_function f = function_of(trace, inputs, outputs)
    cdef cnp.npy_intp shape[2]
    shape[0] = f.K if forward else f.D
    shape[1] = cnp.PyArray_DIM(seeds, 1)
    cdef cnp.ndarray result = cnp.PyArray_EMPTY(2, shape, cnp.NPY_DOUBLE, 0)
    cdef double *to = <double *> cnp.PyArray_DATA(result)
    cdef cnp.ndarray dense = contiguous(seeds, dtype=np.float64)
    cdef double *from_ = <double *> cnp.PyArray_DATA(dense)
    cdef PyObject *signal = NULL
    cdef ad_poll poll
    cdef ad_status status
    cdef size_t p = shape[1]
    poll.stop = signal_pending
    poll.context = &signal
    cdef ad_workspace work = take_workspace(ad_workspace_need(f.tape, p))
    with nogil:
        if forward:
            status = ad_jvp(&f, p, from_, to, work, &poll)
        else:
            status = ad_vjp(&f, p, from_, to, work, &poll)
    release_workspace(work)
    swept(status, signal)
    return result


def all_tangents(Trace trace not None, cnp.ndarray inputs, cnp.ndarray outputs, cnp.ndarray seed,
                 bint forward):
    """The tangents of all nodes for one direction (forward), or their adjoints for one
    cotangent."""
    cdef ad_function f = function_of(trace, inputs, outputs)
    cdef cnp.ndarray result = unpatched_zeros(f.tape.nodes)
    cdef double *to = <double *> cnp.PyArray_DATA(result)
    cdef double *from_ = <double *> cnp.PyArray_DATA(seed)
    cdef PyObject *signal = NULL
    cdef ad_poll poll
    cdef ad_status status
    poll.stop = signal_pending
    poll.context = &signal
    with nogil:
        if forward:
            status = ad_tangents(&f, from_, to, &poll)
        else:
            status = ad_adjoints(&f, from_, to, &poll)
    swept(status, signal)
    return result


def traced_again(Trace trace not None, cnp.ndarray nodes, tuple shape):
    """Nodes of a finished inner trace as values of the outer trace that it was merged into."""
    cdef Trace root = trace.root()
    if shape == ():
        return scalar_or_number(root, (<ad_node *> cnp.PyArray_DATA(nodes))[0], False)
    return owning_array(root, nodes.reshape(shape).copy(), False)


def is_merged(Trace trace not None):
    """Whether the trace was merged into an outer one."""
    return trace.merged is not None


def cheapest_forward(size_t D, size_t K):
    """Whether D tangents cost no more than K adjoints (docs/design.md, mode choice)."""
    return D <= K + K // 2


def name_of(fun):
    """The name of the user's function for messages.  Derived functions have the original's name."""
    while hasattr(fun, "__wrapped__"):
        fun = fun.__wrapped__
    return getattr(fun, "__name__", None) or type(fun).__name__


def seed_chunk(Trace trace not None, size_t seeds):
    """How many of `seeds` seeds one sweep carries."""
    return ad_seed_chunk(trace.root().tape, seeds, SEED_BYTES)
