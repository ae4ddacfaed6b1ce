# SPDX-License-Identifier: Apache-2.0
# The op table as Python sees it, and what NumPy's protocols do by it.

cdef dict op_numbers = {}       # row name -> number
cdef dict ufunc_ops = {}        # ufunc object -> row number

cdef dict operators = {}        # op -> Python's operator


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
    """Further ufunc names and the row each one means."""
    cdef size_t n, k
    cdef const ad_op_alias *alias = ad_op_aliases(&n)
    return {alias[k].ufunc.decode(): ad_op_row(alias[k].op).name.decode() for k in range(n)}


def op_point(str name, double a, double b=0, double c=0):
    """Value and partials of a row at one point, from its scalar kernel."""
    cdef double partial[3]
    cdef const ad_op_info *row = ad_op_row(op_numbers[name])
    value = row.point(a, b, c, partial)
    return value, [partial[j] for j in range(row.arity)]


def op_lanes(str name, int edge, cnp.ndarray a, cnp.ndarray b, cnp.ndarray c, cnp.ndarray v):
    """A partial of a row at many points, from the lane kernel in use (edge -1: the value)."""
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
    """A partial of a row as operations recorded on the running trace's nodes."""
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
    """Use the kernels of one instruction set ("base", "avx2", "avx512"; None: the best).
    False if the machine cannot run it."""
    if name is None:
        return bool(ad_isa_choose(NULL))
    encoded = name.encode()
    return bool(ad_isa_choose(encoded))


def record_op(str name, *operands):
    """Record a row on any operands, as its ufunc would."""
    return elementwise(op_numbers[name], operands)


def traced_complex(x):
    """Whether x is a complex array or number of a traced function."""
    return type(x) is hooks.complex_type


def has_row(ufunc):
    """Whether a ufunc is a row of the op table."""
    return ufunc in ufunc_ops


def ufunc_on(ufunc, inputs):
    """A ufunc that is a row, recorded."""
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
            if any(map(is_whole, inputs)):
                inputs = operands_of(ufunc, <unsigned> op, inputs)
            if len(inputs) == 1:
                result = unary(op, inputs[0], ufunc)
            elif len(inputs) == 2:
                if not operable(inputs[0]) or not operable(inputs[1]):
                    return hooks.ask_ufunc(ufunc, method, inputs, kwargs)
                result = binary(op, inputs[0], inputs[1], ufunc)
                if result is NotImplemented and repeats(op, inputs[0], inputs[1]):
                    result = told_elementwise(op, inputs, ufunc)
            else:
                if not all_operable(inputs):
                    return hooks.ask_ufunc(ufunc, method, inputs, kwargs)
                result = told_elementwise(op, inputs, ufunc)
            if ad_op_row(op).is_test:
                return compare_result(result)
            return result
        function = elementwise_ufuncs.get(ufunc)
        if function is not None and all_operable(inputs):
            result = call_elementwise(function, inputs)
            if result is not NotImplemented:
                return result
    if ad_current == NULL:
        return getattr(ufunc, method)(*plain_again(inputs), **kwargs)
    if not operable_call(inputs, kwargs):
        return hooks.ask_ufunc(ufunc, method, inputs, kwargs)
    if method == "at":          # which changes its operand
        return hooks.ufunc(ufunc, method, inputs, kwargs)
    hush(1)
    try:
        result = hooks.ufunc(ufunc, method, inputs, dict(kwargs))
    finally:
        hush(-1)
    if (ad_float_noted or watching) and result is not NotImplemented:
        settle_errors(getattr(ufunc, method), inputs, kwargs, result)
    return result


# Functions that call the user's, in whose operations errors count.
cdef set calling_back = {np.apply_along_axis, np.apply_over_axes, np.piecewise}


cdef object numpy_call(object func, object types, tuple args, dict kwargs):
    cdef Trace trace
    cdef size_t before
    if ad_current == NULL:
        return func(*plain_again(args), **kwargs)
    if not known_types(types):
        return hooks.ask_function(func, types, args, kwargs)
    if ad_hushed or func in calling_back:
        return hooks.function(func, types, args, kwargs)
    trace = innermost().root()
    before = trace.tape.runs
    hush(1)
    try:
        result = hooks.function(func, types, args, dict(kwargs))
    finally:
        hush(-1)
    if (ad_float_noted or watching) and (trace.tape == NULL or trace.tape.runs != before):
        settle_errors(func, args, kwargs, result)
    return result


cdef object operate_matmul(object left, object right):
    if not operable(left) or not operable(right):
        return stranger("matmul", left, right)
    if (is_whole(left) or is_whole(right)) and ad_current != NULL:
        return hooks.ufunc(np.matmul, "__call__", (left, right), {})
    return as_numpy(operator.matmul, hooks.matmul, (left, right), {})


cdef object both_of_divmod(object left, object right):
    hush(1)
    try:
        whole = binary(op_floor_divide, left, right, None)
        if whole is NotImplemented:
            return NotImplemented
        rest = binary(op_remainder, left, right, None)
    finally:
        hush(-1)
    if ad_float_noted or watching:
        settle_errors(divmod, (left, right), {}, None)
    return whole, rest


cdef object traced_round(object x, object digits):
    if is_whole(x):
        return round(whole_values(x), digits) if digits is not None else round(whole_values(x))
    return as_numpy(round, hooks.round_, (x, digits), {})


cdef int scalar_handed_out(TracedScalar x) except -1:
    if not x.truth and x.trace.live and x.trace.thread == PyThread_get_thread_ident():
        settle(x)
        hand_out(x.trace, unpatched_asarray(x.node))
    return 0


cdef object method_of(object x, str name):
    function = hooks.array_methods.get(name)
    if function is None and name in hooks.array_attributes:
        return hooks.array_attributes[name](x)
    if name == "__array__" and type(x) is TracedScalar:
        scalar_handed_out(<TracedScalar> x)     # NumPy, which is about to make an array of it
    if function is None and name in ("data", "ctypes"):
        refuse_memory(name)
    if function is None:
        if not name.startswith("_") and callable(getattr(x.__class__, name, None)):
            return types.MethodType(functools.partial(refuse_method, name), x)
        raise AttributeError(
            f"a traced value has no attribute {name!r}; what ad_core traces of NumPy's arrays is "
            f"listed in docs/numpy-coverage.md")
    return types.MethodType(function, x)


cdef int set_attribute(TracedArray x, str name, object value) except -1:
    if name in hooks.array_setters:
        hooks.array_setters[name](x, value)
        return 0
    return PyObject_GenericSetAttr(x, name, value)


def refuse_method(name, x, *args, **kwargs):
    """What a method of NumPy's arrays does that has no traced meaning; not before it is called,
    so that looking for it tells what it tells of NumPy's."""
    if name in ("tobytes", "tofile", "tostring", "dump", "dumps"):
        refuse_memory(name)
    raise NoDerivativeError(
        f"the method {name!r} of a traced value has no derivative in ad_core{user_line()}; what "
        f"ad_core traces of NumPy's arrays is listed in docs/numpy-coverage.md")


cdef int refuse_memory(str name) except -1:
    raise TracedAttributeError(
        f"a traced value has no memory to hand out{user_line()}, and numbers that {name!r} gave "
        f"would have no derivative. Give the function that needs them a derivative by "
        f"ad_core.external, or pass it plain numbers outside the derivative; what ad_core traces "
        f"of NumPy's arrays is listed in docs/numpy-coverage.md")


cdef list method_names():
    return sorted({*hooks.array_methods, *hooks.array_attributes, "shape", "ndim", "size", "dtype",
                   "T"})


cdef object hash_of(TracedScalar x):
    if x.truth or x.count:
        return hash(whole_values(x))
    raise TracedValueError(
        f"a traced value can not be hashed{user_line()} (a dictionary key, a set's element, an "
        f"argument of a functools.lru_cache'd function): two calls with other values would be "
        f"taken for one; pass plain numbers there, or remove the cache")


cdef object refuse_pickling():
    raise TracedValueError(
        f"a traced value can not be pickled{user_line()}: it exists only while its function is "
        f"traced; return it, or pickle plain numbers outside the derivative")


cdef object refuse_conversion(str what, object x):
    """float(x) and the like: constants and what has no derivative convert, anything else is
    refused with the user's line."""
    number = number_for_text(what, x)
    if number is not None:
        return number
    if is_whole(x):
        return converted_whole(what, x)
    if what == "complex()" and is_constant(x) and x.size == 1:
        return complex(values_of(x).reshape(())[()])
    if x.size == 1 and what != "complex()":
        value = settled(x)
        if value is not None:
            value = value.reshape(())[()]
            if what == "float()":
                return float(value)
            if what == "int()" or value == int(value):
                return int(value)
    message = remedies.lost(what, sys._getframe(0), innermost_function())
    if what == INDEX or (x.size != 1 and what in SCALARS):
        raise TracedValueError.as_numpy_raises(message)
    raise TracedValueError(message)


cdef str INDEX = "an index or int()"
cdef tuple SCALARS = ("float()", "int()", "complex()")


def settled(x):
    """The values of what depends on the inputs by steps alone (floor, a comparison, a count of
    them, a stopped gradient), kept as guards; None for anything else, and for NaN and infinities,
    of which no comparison could tell that they stay."""
    if is_whole(x):
        return unpatched_asarray(whole_values(x))
    cdef Trace trace = needed_trace((x,))
    cdef cnp.ndarray nodes = contiguous(nodes_of(trace, x), np.uint32)
    values = values_of(x)
    if not moves_by_steps(trace.tape, nodes):
        return None
    if not np.isfinite(values).all():
        return None
    trace.root().note_compared(values.tobytes())
    truth_of(x == values)
    return values


cdef bint moves_by_steps(const ad_tape *tape, cnp.ndarray nodes) except -1:
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
    """Give the core NumPy's own inner loops: values are then NumPy's bit for bit, and
    products of matrices run on NumPy's BLAS.  The loops are part of each ufunc's public
    structure (numpy/ufuncobject.h) and need no GIL for floats."""
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
    """The number of a ufunc's all-float64 loop, or -1."""
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
use_numpy_loops()
if not choose_isa(os.environ.get("AD_CORE_ISA") or None):
    raise ImportError(f"AD_CORE_ISA={os.environ['AD_CORE_ISA']!r} names no instruction set that "
                      "this machine runs; use base, avx2 or avx512, or leave it unset")
check(ad_expr_prepare())
