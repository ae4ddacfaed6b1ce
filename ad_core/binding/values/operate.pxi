# SPDX-License-Identifier: Apache-2.0
# Records elementwise operations whose operands are scalars, arrays and plain numbers in any
# mixture.

cdef enum:
    MAXARITY = 3

cdef object np_ndarray = np.ndarray
cdef object dtype_float = np.dtype(np.float64)
cdef object dtype_bool = np.dtype(np.bool_)
cdef object dtype_node = np.dtype(np.uint32)


# One operand in the form that the core reads.
cdef struct Prepared:
    ad_node base
    ad_node *nodes              # a list of nodes, or NULL if base and strides describe them
    int64_t stride[MAXDIMS]


cdef inline bint is_innermost(Trace trace):
    """Whether this is the innermost trace of this thread, with a tape of its own: its nodes can be
    used without further checks."""
    return <void *> trace == ad_current and trace.tape != NULL


cdef inline object scalar_result(Trace trace, ad_node node, unsigned op, object by, object left,
                                 object right):
    """The result of an operation as a new scalar, after a floating-point error of it was
    reported."""
    if is_nonfinite(trace.tape.value[node]) or ad_watching:
        return checked_scalar(trace, node, op, by, left, right)
    return new_scalar(trace, node)


cdef object checked_scalar(Trace trace, ad_node node, unsigned op, object by, object left,
                           object right):
    result = new_scalar(trace, node)
    met_error(<TracedScalar> result, op, by, left, right)
    return result


cdef inline object binary(unsigned op, object left, object right, object by):
    """An operation with two operands.  The fast path handles traced scalars and Python floats,
    elementwise() everything else.

    by: the ufunc that was called; None for the operator."""
    cdef TracedScalar a, b
    cdef Trace trace
    cdef ad_node node = 0, constant = 0
    cdef ad_status status
    cdef bint discrete
    if type(left) is TracedScalar:
        a = <TracedScalar> left
        trace = a.trace
        if not is_innermost(trace):
            pass
        elif type(right) is TracedScalar:
            b = <TracedScalar> right
            discrete = (a.truth | a.count) and (b.truth | b.count)
            if b.trace is trace and (not discrete or stays_discrete(op, a.count | b.count)):
                if op == op_multiply and a.node == b.node and not discrete:
                    return scalar_result(trace, squared(a, op), op, by, left, right)
                status = ad_tape_scalar(trace.tape, op, AD_FORM_BINARY, a.node, b.node, &node)
                if status != AD_OK:
                    fail(status)
                if discrete:
                    return new_count(trace, node, op)
                return scalar_result(trace, node, op, by, left, right)
        elif PyFloat_Check(right) or (
                ad_is_small_int(right) and (not (a.truth | a.count) or scalar_rows[op] == 2)):
            status = ad_tape_constant(trace.tape, number(right), &constant)
            if status == AD_OK:
                status = ad_tape_scalar(trace.tape, op, AD_FORM_LEFT, a.node, constant, &node)
            if status != AD_OK:
                fail(status)
            return scalar_result(trace, node, op, by, left, right)
    elif type(right) is TracedScalar:
        b = <TracedScalar> right
        trace = b.trace
        if is_innermost(trace) and (
                PyFloat_Check(left) or (
                    ad_is_small_int(left) and (not (b.truth | b.count) or scalar_rows[op] == 2))):
            status = ad_tape_constant(trace.tape, number(left), &constant)
            if status == AD_OK:
                status = ad_tape_scalar(trace.tape, op, AD_FORM_RIGHT, constant, b.node, &node)
            if status != AD_OK:
                fail(status)
            return scalar_result(trace, node, op, by, left, right)
    if not operable(left) or not operable(right):
        return foreign_operation(ad_op_row(op).ufunc.decode(), left, right)
    if repeats(op, left, right):
        return NotImplemented
    if ad_current == NULL:
        return outside(op, (left, right))
    return checked_elementwise(op, (left, right), by)


cdef object numpy_function_of(unsigned op, object by):
    """The function that NumPy repeats on plain numbers: the ufunc that was called, or the
    operator."""
    if by is not None:
        return by
    found = operators.get(op)
    return getattr(np, ad_op_rows[op].ufunc.decode()) if found is None else found


cdef object checked_elementwise(unsigned op, tuple operands, object by):
    """An elementwise operation, with reports of its floating-point errors."""
    result = typed(op, operands)
    if (ad_float_noted or ad_watching) and not ad_op_rows[op].is_test:
        report_float_errors(numpy_function_of(op, by), operands, {}, result)
    return result


cdef inline double number(object x) except? -1:
    return PyFloat_AS_DOUBLE(x) if PyFloat_Check(x) else PyLong_AsDouble(x)


cdef inline object unary(unsigned op, object x, object by):
    cdef TracedScalar a
    cdef ad_node node = 0
    if type(x) is TracedScalar:
        a = <TracedScalar> x
        if is_innermost(a.trace) and not (a.truth | a.count):
            if op == op_square:
                return scalar_result(a.trace, squared(a, op), op, by, x, None)
            check(ad_tape_scalar(a.trace.tape, op, AD_FORM_UNARY, a.node, 0, &node))
            return scalar_result(a.trace, node, op, by, x, None)
    if ad_current == NULL:
        return outside(op, (x,))
    return checked_elementwise(op, (x,), by)


cdef ad_node squared(TracedScalar a, unsigned op) except? 0:
    """The node of the square of a scalar at hand, by one of the two rows that square.  A result of
    sqrt takes the path on which the core looks for roots."""
    cdef ad_node node = 0
    cdef ad_operand operands[2]
    if a.node >= a.trace.tape.roots:
        check(ad_tape_scalar(a.trace.tape, op, AD_FORM_UNARY if op == op_square else AD_FORM_BINARY,
                             a.node, a.node, &node))
        return node
    operands[0].base = a.node
    operands[0].stride = NULL
    operands[0].nodes = NULL
    operands[1] = operands[0]
    check(ad_tape_elementwise(a.trace.tape, op, 0, NULL, operands, &node))
    return node


cdef object power(object left, object right):
    """x ** n, with the rows that NumPy's own operator uses for n = 2, 1, 0.5 and -1."""
    suppress_errors(1)
    try:
        result = power_by_row(left, right)
    finally:
        suppress_errors(-1)
    if (ad_float_noted or ad_watching) and result is not NotImplemented:
        report_float_errors(operator.pow, (left, right), {}, result)
    return result


cdef inline object power_by_row(object left, object right):
    cdef double n
    if is_discrete(left) and ad_current != NULL and (
            PyFloat_Check(right) or PyLong_CheckExact(right)):
        if PyLong_CheckExact(right) or left.dtype == dtype_bool:
            return discrete_values(left) ** right
        left = numbers_of(left)
    if (type(left) is TracedScalar or type(left) is TracedArray) and (
            PyFloat_Check(right) or PyLong_CheckExact(right)):
        n = number(right)
        if n == 2:
            return unary(op_square, left, None)
        if n == 1:
            return unary(op_positive, left, None)
        if n == 0.5 and type(left) is TracedArray:
            return unary(op_sqrt, left, None)
        if n == -1:
            return unary(op_reciprocal, left, None)
    return binary(op_power, left, right, None)


cdef inline bint is_complex(object x):
    return PyComplex_Check(x) or type(x) is hooks.complex_type or (
        type(x) is np.ndarray and (<cnp.ndarray> x).descr.kind == c"c") or (
        (type(x) is list or type(x) is tuple) and any_complex(x))


cdef object compare(int how, object left, object right):
    cdef TracedScalar x
    cdef unsigned op = (op_less if how == Py_LT else op_less_equal if how == Py_LE else
                        op_equal if how == Py_EQ else op_not_equal if how == Py_NE else
                        op_greater if how == Py_GT else op_greater_equal)
    result = binary(op, left, right, None)
    if type(result) is TracedScalar:
        x = <TracedScalar> result
        x.truth = True
    return result


cdef object compare_result(object result):
    if type(result) is TracedScalar:
        (<TracedScalar> result).truth = True
    return result


cdef inline bint is_traced(object x):
    return type(x) is TracedScalar or type(x) is TracedArray


cdef Trace trace_of(tuple operands):
    """The trace that an operation on these operands belongs to."""
    cdef Trace trace = None
    cdef Trace other
    for x in operands:
        if type(x) is TracedScalar:
            other = (<TracedScalar> x).trace
        elif type(x) is TracedArray:
            (<TracedArray> x).indices()     # an array that outlived its trace moves to this one
            other = (<TracedArray> x).trace
        else:
            continue
        if trace is None:
            trace = unify(other, other)
        elif trace is not other:
            trace = unify(trace, other)
    return trace


cdef Trace needed_trace(tuple operands):
    """The trace that an operation on these operands belongs to; TypeError if there is none."""
    cdef Trace trace = trace_of(operands)
    if trace is None:
        raise TypeError("none of the operands is a traced value")
    return trace


cdef cnp.ndarray real_array(object x, str what):
    """x as a float64 array.  Complex numbers, strings and objects raise an error that names
    `what`."""
    cdef object array = unpatched_asarray(x)
    kind = array.dtype.kind
    if kind not in "fiub" or array.dtype.itemsize > 8:
        message = (f"{what} has dtype {array.dtype}, which has no float64 derivative{user_line()}; "
                   f"ad_core computes with real float64 numbers")
        # NumPy raises an error for strings as well, so this one is not remembered
        raise DtypeError.as_numpy_raises(message) if kind in "SUV" else DtypeError(message)
    return array.astype(np.float64, copy=False)


cdef object operand_of(object x, str what):
    """An operand that is not traced: a float, a float64 array, or (for an object array that
    holds traced values) a traced array."""
    if PyFloat_Check(x) or PyLong_CheckExact(x):
        return float(x)
    array = x if type(x) is np_ndarray else numbers_in(x)
    if is_traced(array):
        return array
    array = own_asarray(x if array is None else array)
    if array.dtype == object:
        return array_of_objects(array)
    return real_array(array, what)


cdef object elementwise(unsigned op, tuple given, bint tested=False, bint holds=False,
                        bint transposed=False):
    """Record op on operands of any kind, broadcast against one another.

    tested: op is a test of which only the outcome is needed.  It is recorded as a guard and
    returned as a plain array.  holds: the test is known to be true everywhere; returns None.
    transposed: the axes of the operands are already in the order of the result's memory."""
    cdef const ad_op_info *row = ad_op_row(op)
    cdef int arity = <int> len(given), j, d, ndim = 0
    cdef Prepared prepared[MAXARITY]
    cdef ad_operand operands[MAXARITY]
    cdef cnp.npy_intp shape[MAXDIMS]
    cdef int64_t extents[MAXDIMS]
    cdef list arrays = [None] * MAXARITY
    cdef ad_node first
    cdef Trace trace
    cdef list ready = []
    cdef bint c_order = True
    if arity != row.arity:
        raise TypeError(f"{row.ufunc.decode()} takes {row.arity} operands, got {arity}")
    for x in given:
        if is_complex(x):
            suppress_errors(1)
            try:
                result = hooks.complex_operation(getattr(np, row.ufunc.decode()), given)
            finally:
                suppress_errors(-1)
            return truth_of(result) if tested else result
        ready.append(x if is_traced(x) else operand_of(x, f"an operand of {row.ufunc.decode()}"))
    trace = needed_trace(tuple(ready))
    for j in range(arity):
        x = ready[j]
        if type(x) is TracedScalar or type(x) is float:
            continue
        arrays[j] = (<TracedArray> x).indices() if type(x) is TracedArray else x
        ndim = broadcast(ndim, shape, <cnp.ndarray> arrays[j], row, ready)
        c_order = c_order and in_c_order(<cnp.ndarray> arrays[j])
    if not c_order and not transposed:
        axes = axes_by_stride(ndim, [x for x in arrays if x is not None])
        if axes is not None:
            return elementwise_transposed(op, ready, ndim, axes, tested, holds)
    for j in range(arity):
        x = ready[j]
        if type(x) is TracedScalar:
            move_to_root(<TracedScalar> x)
            prepared[j].base = (<TracedScalar> x).node
        elif type(x) is float:
            check(ad_tape_constant(trace.tape, x, &prepared[j].base))
        elif type(x) is not TracedArray:
            arrays[j] = constant_nodes(trace, <cnp.ndarray> x)
    cdef Py_ssize_t count = 1
    for d in range(ndim):
        extents[d] = shape[d]
        count *= shape[d]
    cdef list alive = []
    for j in range(arity):
        operands[j].nodes = NULL
        operands[j].stride = prepared[j].stride
        if arrays[j] is None:
            operands[j].base = prepared[j].base
            memset(prepared[j].stride, 0, ndim * sizeof(int64_t))
        else:
            alive.append(prepare(&prepared[j], <cnp.ndarray> arrays[j], ndim, shape))
            operands[j].base = prepared[j].base
            operands[j].nodes = prepared[j].nodes
    if tested:
        return test_arrays(trace, op, ndim, extents, operands, holds)
    if count == 0:
        first = 0
    else:
        check(ad_tape_elementwise(trace.tape, op, ndim, extents, operands, &first))
        if trace.tape.nodes > large_tape:
            trace.warn_of_size()
        if count == 1 and is_nonfinite(trace.tape.value[first]):    # the core does not note these
            set_float_noted(1)
    if ndim == 0:
        return scalar_or_number(trace, first, row.is_test)
    return new_array(trace, consecutive(first, ndim, shape), row.is_test)


cdef int broadcast(int ndim, cnp.npy_intp *shape, cnp.ndarray x, const ad_op_info *row,
                   list all_of) except -1:
    """Broadcast shape[:ndim] with the shape of x by NumPy's rules; returns the new number of
    dimensions."""
    cdef int more = cnp.PyArray_NDIM(x), d
    cdef cnp.npy_intp size
    if more > ndim:
        for d in range(ndim - 1, -1, -1):
            shape[d + more - ndim] = shape[d]
        for d in range(more - ndim):
            shape[d] = 1
        ndim = more
    for d in range(more):
        size = cnp.PyArray_DIM(x, d)
        if shape[ndim - more + d] == 1:
            shape[ndim - more + d] = size
        elif size != 1 and size != shape[ndim - more + d]:
            shapes = " ".join(str(np.shape(y) if not is_traced(y) else y.shape) for y in all_of)
            raise ValueError(f"operands of {row.ufunc.decode()} could not be broadcast together "
                             f"with shapes {shapes}")
    return ndim


cdef object prepare(Prepared *p, cnp.ndarray index, int ndim, cnp.npy_intp *shape):
    """Fill p for an index array that is broadcast to shape.  Returns the object that keeps its
    memory alive."""
    cdef int own = cnp.PyArray_NDIM(index), d
    p.nodes = NULL
    if cnp.PyArray_SIZE(index) == 0:
        p.base = 0
        return index
    p.base = (<ad_node *> cnp.PyArray_DATA(index))[0]
    memset(p.stride, 0, ndim * sizeof(int64_t))
    if cnp.PyArray_SIZE(index) == 1:
        return index
    if is_consecutive(index):
        for d in range(own):
            if cnp.PyArray_DIM(index, d) != 1:
                p.stride[ndim - own + d] = cnp.PyArray_STRIDE(index, d) // 4
        return index
    cdef tuple target = tuple([shape[d] for d in range(ndim)])
    listed = contiguous(np.broadcast_to(index, target)) if target != shape_of(
        index) else contiguous(index)
    p.nodes = <ad_node *> cnp.PyArray_DATA(<cnp.ndarray> listed)
    return listed


cdef inline void write_values(ad_tape *tape, ad_node first, void *values, size_t n) noexcept:
    """Write the values of n new leaves.  The memory of an empty tape may be NULL."""
    if n != 0:
        memcpy(tape.value + first, values, n * sizeof(double))


cdef cnp.ndarray values_on(ad_tape *tape, cnp.ndarray index, ad_node offset):
    """The values of a C-contiguous array of nodes, after `offset` is added to each."""
    cdef cnp.ndarray values = cnp.PyArray_EMPTY(
        cnp.PyArray_NDIM(index), cnp.PyArray_DIMS(index), cnp.NPY_DOUBLE, 0)
    cdef ad_node *node = <ad_node *> cnp.PyArray_DATA(index)
    cdef double *value = <double *> cnp.PyArray_DATA(values)
    cdef Py_ssize_t k
    for k in range(cnp.PyArray_SIZE(index)):
        value[k] = tape.value[node[k] + offset]
    return values


cdef inline bint is_run(cnp.ndarray index):
    """Whether the nodes follow one another in the order of the elements."""
    return cnp.PyArray_IS_C_CONTIGUOUS(index) and is_consecutive(index)


cdef cnp.ndarray run_values(const ad_tape *tape, cnp.ndarray index):
    """The values of nodes that follow one another."""
    cdef cnp.ndarray values = cnp.PyArray_EMPTY(
        cnp.PyArray_NDIM(index), cnp.PyArray_DIMS(index), cnp.NPY_DOUBLE, 0)
    cdef size_t n = <size_t> cnp.PyArray_SIZE(index)
    if n != 0:
        memcpy(cnp.PyArray_DATA(values),
               tape.value + (<ad_node *> cnp.PyArray_DATA(index))[0], n * sizeof(double))
    return values


cdef cnp.ndarray constant_nodes(Trace trace, cnp.ndarray values):
    """The nodes of new constants with the values of a float64 array, in its order of memory.  The
    values are copied, so that later changes of the array have no effect."""
    cdef ad_node first
    if not in_c_order(values):
        axes = axes_by_stride(cnp.PyArray_NDIM(values), [values])
        if axes is not None:
            return constant_nodes(trace, contiguous(values.transpose(axes), dtype_float)).transpose(
                inverse(axes))
    cdef cnp.ndarray dense = contiguous(values, dtype_float)
    cdef size_t n = <size_t> cnp.PyArray_SIZE(dense)
    check(ad_tape_constants(trace.tape, n, &first))
    write_values(trace.tape, first, cnp.PyArray_DATA(dense), n)
    return consecutive(first, cnp.PyArray_NDIM(values), cnp.PyArray_DIMS(values))
