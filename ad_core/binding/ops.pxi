# SPDX-License-Identifier: Apache-2.0
# The table of operations as Python sees it, NumPy's protocols (__array_ufunc__ and
# __array_function__) that use it, and the errors that traced values raise.

cdef dict op_numbers = {}       # row name -> number
cdef dict ufunc_ops = {}        # ufunc object -> row number

cdef dict operators = {}        # op -> Python's operator
cdef object np_matmul = np.matmul


def op_table():
    """The rows of src/ops/ops.def: name, ufunc, arity, is_test, domains, value, partials."""
    rows = []
    cdef const ad_op_info *row
    for op in range(AD_OP_COUNT):
        row = ad_op_row(op)
        rows.append({
            "name": row.name.decode(), "ufunc": row.ufunc.decode(), "arity": row.arity,
            "is_test": bool(row.is_test), "value": row.value.decode(),
            "domains": [row.domain[j].decode() for j in range(row.arity) if row.domain[j]],
            "partials": [row.partial[j].decode() for j in range(row.arity)],
        })
    return rows


def op_aliases():
    """Further names of ufuncs, and the row of the table that each one means."""
    cdef size_t n, k
    cdef const ad_op_alias *alias = ad_op_aliases(&n)
    return {alias[k].ufunc.decode(): ad_op_row(alias[k].op).name.decode() for k in range(n)}


def op_point(str name, double a, double b=0, double c=0):
    """Value and partials of an operation at one point, from its scalar kernel."""
    cdef double partial[3]
    cdef const ad_op_info *row = ad_op_row(op_numbers[name])
    value = row.point(a, b, c, partial)
    return value, [partial[j] for j in range(row.arity)]


def op_lanes(str name, int edge, cnp.ndarray a, cnp.ndarray b, cnp.ndarray c, cnp.ndarray v):
    """A partial of an operation at many points, from the lane kernel in use (edge -1: the
    value)."""
    cdef cnp.ndarray out = unpatched_empty(a.shape[0])
    cdef double *x = <double *> cnp.PyArray_DATA(a)
    cdef double *y = <double *> cnp.PyArray_DATA(b)
    cdef double *z = <double *> cnp.PyArray_DATA(c)
    cdef double *w = <double *> cnp.PyArray_DATA(v)
    cdef unsigned op = op_numbers[name]
    if edge < 0:
        ad_lanes().value[op](a.shape[0], x, y, z, w, <double *> cnp.PyArray_DATA(out))
    else:
        ad_op_partials(op, edge, a.shape[0], x, y, z, w, <double *> cnp.PyArray_DATA(out))
    return out


def op_expanded(str name, int edge, a, b=None, c=None, v=None):
    """A partial of an operation, recorded as operations on the nodes of the running trace."""
    cdef Trace trace = trace_of(tuple(x for x in (a, b, c, v) if x is not None))
    cdef ad_node node
    cdef ad_node nodes[4]
    for k, x in enumerate((a, b, c, v)):
        nodes[k] = int(nodes_of(trace, x)) if x is not None else 0
    check(ad_expand_partial(trace.tape, op_numbers[name], edge, nodes, nodes[3], &node))
    return scalar_or_number(trace, node, False)


def isa():
    """The instruction set of the lane kernels in use."""
    return ad_lanes().isa.decode()


def choose_isa(name):
    """Use the kernels of one instruction set ("base", "avx2", "avx512"; None: the best).  Returns
    False if the machine can not run it."""
    if name is None:
        return bool(ad_isa_choose(NULL))
    encoded = name.encode()
    return bool(ad_isa_choose(encoded))


def record_op(str name, *operands):
    """Record an operation of the table on any operands, as its ufunc would."""
    return elementwise(op_numbers[name], operands)


def new_complex(re, im):
    """The complex array or number of a traced function with these parts."""
    return hooks.complex_type(re, im)


def traced_complex(x):
    """Whether x is a complex array or number of a traced function."""
    return type(x) is hooks.complex_type


def has_row(ufunc):
    """Whether the table of operations has a row for a ufunc."""
    return ufunc in ufunc_ops


def ufunc_on(ufunc, inputs):
    """Record a ufunc that has a row."""
    return ufunc_call(ufunc, "__call__", tuple(inputs), {})


def is_tracing():
    """Whether a trace runs on this thread."""
    return ad_current != NULL


cdef object array_ufunc(object self, tuple args, PyObject *kwargs):
    """__array_ufunc__(ufunc, method, *inputs, **kwargs)."""
    cdef Py_ssize_t n = len(args)
    cdef TracedScalar x
    cdef unsigned op
    if n < 2:
        raise TypeError("__array_ufunc__ takes a ufunc and a method")
    if ad_current != NULL:
        count_ufunc_call()
    if n == 3 and (kwargs == NULL or len(<dict> kwargs) == 0) and (
            type(<object> PyTuple_GET_ITEM(args, 2)) is TracedScalar):
        x = <TracedScalar> PyTuple_GET_ITEM(args, 2)
        found = ufunc_ops.get(<object> PyTuple_GET_ITEM(args, 0))
        if found is not None and not (x.truth | x.count) and args[1] == "__call__":
            op = found
            result = unary(op, x, <object> PyTuple_GET_ITEM(args, 0))
            return compare_result(result) if ad_op_rows[op].is_test else result
    return ufunc_call(args[0], args[1], args[2:], <dict> kwargs if kwargs != NULL else {})


cdef object ufunc_call(object ufunc, str method, tuple inputs, dict kwargs):
    if method == "__call__" and not kwargs:
        op = ufunc_ops.get(ufunc)
        if op is not None:
            if any(map(is_discrete, inputs)):
                inputs = operands_of(ufunc, <unsigned> op, inputs)
            if len(inputs) == 1:
                result = unary(op, inputs[0], ufunc)
            elif len(inputs) == 2:
                if not operable(inputs[0]) or not operable(inputs[1]):
                    return hooks.ask_ufunc(ufunc, method, inputs, kwargs)
                result = binary(op, inputs[0], inputs[1], ufunc)
                if result is NotImplemented and repeats(op, inputs[0], inputs[1]):
                    result = checked_elementwise(op, inputs, ufunc)
            else:
                if not all_operable(inputs):
                    return hooks.ask_ufunc(ufunc, method, inputs, kwargs)
                result = checked_elementwise(op, inputs, ufunc)
            if ad_op_row(op).is_test:
                return compare_result(result)
            return result
        function = elementwise_ufuncs.get(ufunc)
        if function is not None and all_operable(inputs):
            result = call_elementwise(function, inputs)
            if result is not NotImplemented:
                return result
        if ufunc is np_matmul and len(inputs) == 2:
            result = product_of_two(inputs[0], inputs[1])
            if result is not None:
                if ad_float_noted or ad_watching:
                    report_float_errors(ufunc, inputs, kwargs, result)
                return result
    if ad_current == NULL:
        return getattr(ufunc, method)(*plain_constants(inputs), **kwargs)
    if not operable_call(inputs, kwargs):
        return hooks.ask_ufunc(ufunc, method, inputs, kwargs)
    if method == "at":          # it changes its operand
        return hooks.ufunc(ufunc, method, inputs, kwargs)
    suppress_errors(1)
    try:
        result = hooks.ufunc(ufunc, method, inputs, dict(kwargs))
    finally:
        suppress_errors(-1)
    if (ad_float_noted or ad_watching) and result is not NotImplemented:
        report_float_errors(getattr(ufunc, method), inputs, kwargs, result)
    return result


cdef object operate_matmul(object left, object right):
    if is_complex(left) or is_complex(right):
        return NotImplemented       # the complex operand has the product
    if not operable(left) or not operable(right):
        return foreign_operation("matmul", left, right)
    if (is_discrete(left) or is_discrete(right)) and ad_current != NULL:
        return hooks.ufunc(np.matmul, "__call__", (left, right), {})
    result = product_of_two(left, right)
    if result is not None:
        if ad_float_noted or ad_watching:
            report_float_errors(operator.matmul, (left, right), {}, result)
        return result
    if is_complex(left) or is_complex(right):
        return as_numpy(operator.matmul, np.matmul, (left, right), {})
    return as_numpy(operator.matmul, hooks.matmul, (left, right), {})


cdef object divmod_results(object left, object right):
    suppress_errors(1)
    try:
        quotient = binary(op_floor_divide, left, right, None)
        if quotient is NotImplemented:
            return NotImplemented
        rest = binary(op_remainder, left, right, None)
    finally:
        suppress_errors(-1)
    if ad_float_noted or ad_watching:
        report_float_errors(divmod, (left, right), {}, None)
    return quotient, rest


cdef object traced_round(object x, object digits):
    if is_discrete(x):
        values = discrete_values(x)
        return round(values) if digits is None else round(values, digits)
    return as_numpy(round, hooks.round_, (x, digits), {})


cdef int note_scalar_as_object(TracedScalar x) except -1:
    if not x.truth and x.trace.live and x.trace.thread == PyThread_get_thread_ident():
        move_to_root(x)
        note_as_object(x.trace, unpatched_asarray(x.node))
    return 0


cdef object method_of(object x, str name):
    """An attribute that is not in the type: an error that says so."""
    if name == "__array__" and type(x) is TracedScalar:
        note_scalar_as_object(<TracedScalar> x)     # NumPy calls this to make an array
    if name in ("data", "ctypes"):
        refuse_memory(name)
    if not name.startswith("_") and callable(getattr(x.__class__, name, None)):
        return types.MethodType(functools.partial(refuse_method, name), x)
    raise AttributeError(
        f"a traced value has no attribute {name!r}; docs/numpy-coverage.md lists the methods "
        f"and attributes of NumPy's arrays that ad_core supports")


cdef int set_attribute(TracedArray x, str name, object value) except -1:
    if name in hooks.array_setters:
        hooks.array_setters[name](x, value)
        return 0
    return PyObject_GenericSetAttr(x, name, value)


def refuse_method(name, x, *args, **kwargs):
    """Raise the error for a method of NumPy's arrays that traced values do not support.  The error
    is raised by the call of the method, so that hasattr() has the same result as for an array."""
    if name in ("tobytes", "tofile", "tostring", "dump", "dumps"):
        if is_traced(x) and only_constants(as_traced_array(x)):
            return getattr(values_of(x), name)(*args, **kwargs)
        refuse_memory(name)
    raise NoDerivativeError(
        f"the method {name!r} of a traced value has no derivative in ad_core{user_line()}; "
        f"docs/numpy-coverage.md lists the methods and attributes of NumPy's arrays that ad_core "
        f"supports")


cdef int refuse_memory(str name) except -1:
    raise TracedAttributeError(
        f"a traced value has no memory of numbers{user_line()}, and numbers that {name!r} gave "
        f"would have no derivative. Give the function that needs them a derivative by "
        f"ad_core.external, or pass it plain numbers outside the derivative; "
        f"docs/numpy-coverage.md lists the methods and attributes of NumPy's arrays that ad_core "
        f"supports")


cdef list method_names():
    return sorted({*hooks.array_methods, *hooks.array_attributes, "shape", "ndim", "size", "dtype",
                   "T"})


cdef object hash_of(TracedScalar x):
    if x.truth or x.count:
        return hash(discrete_values(x))
    raise TracedValueError(
        f"a traced value can not be hashed{user_line()} (as a dictionary key, an element of a set, "
        f"an argument of a function with functools.lru_cache): a later call with other values "
        f"would find the result of this one; pass plain numbers there, or remove the cache")


cdef object refuse_pickling():
    raise TracedValueError(
        f"a traced value can not be pickled{user_line()}: it exists only while its function is "
        f"traced; return it, or pickle plain numbers outside the derivative")


cdef object refuse_conversion(str what, object x):
    """float(x) and other conversions.  Constants and values without a derivative are converted, all
    others raise an error that names the user's line."""
    number = number_for_text(what, x)
    if number is not None:
        return number
    if is_discrete(x):
        return converted_discrete(what, x)
    if what == "complex()" and is_constant(x) and x.size == 1:
        return complex(values_of(x).reshape(())[()])
    if x.size == 1 and what != "complex()":
        value = truncated_values(x) if what == "int()" else piecewise_constant_values(x)
        if value is not None:
            value = value.reshape(())[()]
            if what == "float()":
                return float(value)
            if what == "int()" or value == int(value):
                return int(value)
    message = remedies.conversion_message(what, sys._getframe(0), innermost_function())
    if what == INDEX or (x.size != 1 and what in SCALARS):
        raise TracedValueError.as_numpy_raises(message)
    raise TracedValueError(message)


cdef str INDEX = "an index or int()"
cdef tuple SCALARS = ("float()", "int()", "complex()")


def piecewise_constant_values(x):
    """The values of piecewise constant functions of the inputs (floor, a comparison, a count of
    comparisons, a stopped gradient), recorded as guards.  None for all other values, and for NaN
    and infinities, since no comparison could show that they stay the same."""
    if is_discrete(x):
        return unpatched_asarray(discrete_values(x))
    cdef Trace trace = needed_trace((x,))
    cdef cnp.ndarray nodes = contiguous(nodes_of(trace, x), np.uint32)
    values = values_of(x)
    if not is_piecewise_constant(trace.tape, nodes):
        return None
    if not np.isfinite(values).all():
        return None
    trace.root().note_compared(values.tobytes())
    truth_of(x == values)
    return values


cdef double MOST_TRUNCATED = 2.0**40    # numbers from here on are nearly equal to their integers


def truncated_values(x):
    """The integers to which traced numbers are truncated, recorded as guards.  None for NaN and
    infinities, and for numbers that have nearly all their digits before the point: code that takes
    a number apart converts such ones, and their integers would change with the number."""
    values = piecewise_constant_values(x)
    if values is not None:
        return np.trunc(values)
    if np.any(np.absolute(values_of(x)) >= MOST_TRUNCATED):
        return None
    return piecewise_constant_values(np.trunc(x))


cdef bint is_piecewise_constant(const ad_tape *tape, cnp.ndarray nodes) except -1:
    """Whether all paths from these nodes to inputs go through a partial that is the literal 0."""
    cdef const ad_run *run
    cdef ad_edge *edges
    cdef size_t count, k
    cdef set seen = set()
    cdef list left = nodes.ravel().tolist()
    while left:
        node = left.pop()
        if node in seen or ad_is_constant(tape, node):
            continue
        seen.add(node)
        run = ad_tape_run_of(tape, node)
        if run == NULL or (run.form == AD_FORM_BLOCK and run.op == AD_BLOCK_CALL):
            return False
        count = ad_node_edges(tape, node, 0, NULL)
        edges = <ad_edge *> ad_alloc(count, sizeof(ad_edge))
        if edges == NULL:
            raise MemoryError()
        ad_node_edges(tape, node, count, edges)
        for k in range(count):
            if run.form == AD_FORM_BLOCK or ad_op_row(run.op).partial_class[k] != AD_PARTIAL_ZERO:
                left.append(edges[k].operand)
        ad_free(edges)
    return True


cdef int use_numpy_loops() except -1:
    """Pass NumPy's own inner loops to the core.  Values then equal NumPy's bit for bit, and
    products of matrices use NumPy's BLAS.  The loops are part of each ufunc's public structure
    (numpy/ufuncobject.h) and need no GIL for floats."""
    cdef PyUFuncObject *ufunc
    cdef const ad_op_info *row
    cdef int k, slot, nargs
    cdef bint floats
    for op in range(AD_OP_COUNT):
        row = ad_op_row(op)
        function = getattr(np, row.ufunc.decode(), None)
        if not isinstance(function, np.ufunc) or row.is_test:
            continue
        slot = float_loop(function)
        if slot >= 0:
            ufunc = <PyUFuncObject *> function
            ad_op_set_loop(op, <ad_loop_fn> ufunc.functions[slot], ufunc.data[slot])
    slot = float_loop(np.matmul)
    if slot >= 0:
        ufunc = <PyUFuncObject *> np.matmul
        ad_matmul_set_loop(<ad_loop_fn> ufunc.functions[slot], ufunc.data[slot])
    return 0


cdef int float_loop(object function) except -2:
    """The number of a ufunc's loop for float64 operands and results; -1 if there is none."""
    cdef PyUFuncObject *ufunc = <PyUFuncObject *> function
    cdef int nargs = ufunc.nin + ufunc.nout, k, j
    for k in range(ufunc.ntypes):
        for j in range(nargs):
            if ufunc.types[k * nargs + j] != cnp.NPY_DOUBLE:
                break
        else:
            return k if ufunc.functions[k] != NULL else -1
    return -1


cdef int fill_table() except -1:
    by_ufunc = {}
    for op in range(AD_OP_COUNT):
        op_numbers[ad_op_row(op).name.decode()] = op
        by_ufunc[ad_op_row(op).ufunc.decode()] = op
    for alias, name in op_aliases().items():
        by_ufunc[alias] = op_numbers[name]
    for name, op in by_ufunc.items():
        function = getattr(np, name, None)
        if isinstance(function, np.ufunc):
            ufunc_ops[function] = op
    for name in ("add", "subtract", "multiply", "divide", "floor_divide", "remainder", "power",
                 "negative", "positive", "absolute"):
        short = {"subtract": "sub", "multiply": "mul", "divide": "truediv", "power": "pow",
                 "floor_divide": "floordiv", "remainder": "mod", "negative": "neg",
                 "positive": "pos", "absolute": "abs"}.get(name, name)
        operators[by_ufunc[name]] = getattr(operator, short)
    return 0


ad_finish_type(TracedScalar, <void *> array_ufunc, True)
ad_finish_type(TracedArray, <void *> array_ufunc, False)
fill_table()
fill_exact()
note_ufuncs()
use_numpy_loops()
if not choose_isa(os.environ.get("AD_CORE_ISA") or None):
    raise ImportError(f"AD_CORE_ISA={os.environ['AD_CORE_ISA']!r} is not an instruction set that "
                      "this machine can run; use base, avx2 or avx512, or leave it unset")
check(ad_expr_prepare())
