# SPDX-License-Identifier: Apache-2.0
# Operands of other classes.  Some of them are plain numbers to ad_core.  Others give their values a
# further meaning (masks, units, labels, matrix products).  These are called foreign here, and their
# own methods are called first.


# Attributes that a subclass of ndarray may define without a change of the meaning of its numbers.
cdef frozenset UNCHANGING = frozenset((
    "__array_finalize__", "__array_interface__", "__array_priority__", "__array_struct__",
    "__class_getitem__", "__copy__", "__deepcopy__", "__delattr__", "__dir__", "__doc__",
    "__format__", "__getattribute__", "__getstate__", "__hash__", "__init__",
    "__init_subclass__", "__new__", "__reduce__", "__reduce_ex__", "__repr__", "__setattr__",
    "__setstate__", "__sizeof__", "__str__", "__subclasshook__", "dump", "dumps", "tobytes",
    "tofile", "tostring"))
# NumPy's subclasses that only describe where the memory is or how fields are named.
cdef tuple UNCHANGED = (np.memmap, np.recarray)


def changed_names(kind):
    """The attributes by which a subclass of ndarray changes the meaning of its numbers, sorted.  If
    there are none, its instances are plain numbers."""
    cdef set found = set()
    own = set(np_ndarray.__dict__) - UNCHANGING
    for base in kind.__mro__:
        if base is np_ndarray:
            break
        if base not in UNCHANGED:
            found |= own & set(base.__dict__)
    return sorted(found)


cdef bint operable(object x) except -1:
    """Whether x is a number or an array of numbers to ad_core, and not foreign."""
    kind = type(x)
    if (kind is TracedScalar or kind is TracedArray or kind is np_ndarray or
            kind is hooks.complex_type):
        return True
    if issubclass(kind, np_ndarray):
        return not changed_names(kind)
    return issubclass(kind, (int, float, complex, np.generic, list, tuple))


cdef inline bint is_derived(object x) noexcept:
    """Whether x is a traced array of a class that is derived from np.ndarray."""
    return type(type(x)) is hooks.kind_of_array


def all_operable(items):
    """Whether no item is foreign."""
    for x in items:
        if not operable(x):
            return False
    return True


def all_known(types):
    """Whether no class among those that NumPy dispatches on is foreign."""
    return known_types(types)


cdef bint operable_call(object inputs, dict kwargs) except -1:
    """Whether no operand of a ufunc call is foreign, including those of out=."""
    if not all_operable(inputs):
        return False
    out = kwargs.get("out") if kwargs else None
    if type(out) is tuple:
        return all_operable([x for x in out if x is not None])
    return out is None or operable(out)


cdef bint known_types(object types) except -1:
    """Whether no class among those that NumPy dispatches on is foreign."""
    for kind in types:
        if kind is TracedArray or kind is TracedScalar or kind is np_ndarray:
            continue
        if kind is hooks.complex_type or (issubclass(kind, np_ndarray) and not changed_names(kind)):
            continue
        return False
    return True


cdef bint is_of_pandas(object kind):
    return kind.__module__ == "pandas" or kind.__module__.startswith("pandas.")


cdef bint called_from_pandas():
    """Whether the running Python code belongs to pandas.  It calls float() of objects that it
    recognises as NumPy numbers, and leaves others as they are."""
    return called_from("pandas.")


cdef bint called_from(str prefix):
    """Whether the running Python code belongs to a module whose name begins so."""
    cdef PyObject *names = PyEval_GetGlobals()
    if names == NULL:
        return False
    name = (<dict> <object> names).get("__name__")
    return type(name) is str and (<str> name).startswith(prefix)


# The method of the right operand that Python calls for an operation, by the name of its ufunc.
cdef dict REFLECTED = {
    "add": "__radd__", "subtract": "__rsub__", "multiply": "__rmul__", "divide": "__rtruediv__",
    "floor_divide": "__rfloordiv__", "remainder": "__rmod__", "power": "__rpow__",
    "matmul": "__rmatmul__", "logical_and": "__rand__", "logical_or": "__ror__",
    "logical_xor": "__rxor__", "less": "__gt__", "less_equal": "__ge__", "equal": "__eq__",
    "not_equal": "__ne__", "greater": "__lt__", "greater_equal": "__le__"}


cdef object foreign_operation(str name, object left, object right):
    """The result of an operator if an operand is foreign, as for an ndarray or np.float64 in the
    place of the traced value.  The reflected method of an ndarray's subclass is called first, then
    the ufunc, which dispatches on all operands.  Returns NotImplemented if Python is to call the
    method of the other operand."""
    ufunc = getattr(np, name)
    kind = type(right if operable(left) else left)
    asked = getattr(kind, "__array_ufunc__", None)
    described = kind.array_class if type(kind) is hooks.kind_of_array else kind
    if kind is type(right) and issubclass(described, np_ndarray) and (
            REFLECTED[name] in changed_names(described)):
        if type(left) is TracedScalar:
            # np.float64 does not call the reflected method, float does; which of both the traced
            # value stands for is not known
            if asked is not None and not is_masked_class(kind):
                hooks.refuse_operand(right, name)
        else:
            result = getattr(kind, REFLECTED[name])(right, left)
            if result is not NotImplemented:
                return result
    if asked is None:
        return NotImplemented
    if type(left) is TracedScalar and is_of_pandas(kind):
        left = as_traced_array(left)    # pandas would call float() of a number
    return ufunc_call(ufunc, "__call__", (left, right), {})


cdef object operated_in_place(TracedArray x, unsigned op, object other):
    """x after an operator in place.  If the other operand is foreign, the ufunc dispatches on it,
    as in NumPy.  NumPy changes the array before it reports a floating-point error."""
    cdef TracedArray before = x
    if not operable(other):
        ufunc = getattr(np, ad_op_row(op).ufunc.decode())
        return ufunc_call(ufunc, "__call__", (x, other), {"out": (x,)})
    if ad_watching or not ad_errors_suppressed:
        before = copied(x)
    suppress_errors(1)
    try:
        result = power(x, other) if op == op_power else binary(op, x, other, None)
        done = in_place(x, result)
    finally:
        suppress_errors(-1)
    if (ad_float_noted or ad_watching) and done is not NotImplemented:
        report_float_errors(numpy_function_of(op, None), (before, other), {}, result)
    return done


def numbers_in(x):
    """The array, plain or traced, that NumPy gets from an object's method __array__; None if the
    object is an array or a number itself or has no such method."""
    kind = type(x)
    if kind is np_ndarray or issubclass(kind, (int, float, list, tuple, np_ndarray, np.generic)):
        return None
    if is_derived(x):
        return x._traced_array
    if is_of_pandas(kind):              # its __array__ would set flags of the array
        found = getattr(x, "_values", None)
        if is_traced(found):
            return found
    method = getattr(kind, "__array__", None)
    if method is None or is_traced(x) or kind is hooks.complex_type:
        return None
    found = method(x)
    if is_traced(found) or type(found) is hooks.complex_type:
        return found
    if isinstance(found, np_ndarray):
        return array_of_objects(found) if found.dtype == object and any_traced(
            found.ravel().tolist()) else found
    return None


cdef bint is_masked_class(object kind) except -1:
    """Whether this is np.ma.MaskedArray or derived from it.  None is while np.ma is not loaded."""
    masked = getattr(sys_modules.get("numpy.ma.core"), "MaskedArray", None)
    return masked is not None and issubclass(kind, masked)


def is_masked(x):
    """Whether x is a masked array, of plain numbers or of traced values."""
    return type(x) is hooks.masked_type or is_masked_class(type(x))


def hides_traced(x):
    """Whether x is a masked array or a Series of traced values, which rules do not support."""
    kind = type(x)
    return kind is hooks.masked_type or (
        is_of_pandas(kind) and is_traced(getattr(x, "_values", None)))


cdef object numbers_in_result(object y, object what):
    """The result of a function as traced values or a plain array, if it contains numbers.  A result
    with masked entries raises an error."""
    kind = type(y)
    if kind is hooks.masked_type or is_masked_class(kind):
        y = hooks.masked_result(y, str(what))
    if not is_traced(y) and isinstance(y, np_ndarray) and y.dtype == object:
        return array_of_objects(unpatched_asarray(y), str(what))
    found = numbers_in(y)
    return y if found is None else found


cdef int refuse_foreign_input(object x, object what) except -1:
    """Raise an error for an input whose class has a meaning that a traced array can not
    represent."""
    kind = type(x)
    if kind is np_ndarray or kind is float or kind is np.float64 or hooks.refuse_input is None:
        return 0
    if issubclass(kind, np_ndarray):
        if changed_names(kind):
            hooks.refuse_input(x, str(input_name(what)))
    elif hasattr(kind, "__array_ufunc__") or hasattr(kind, "__array_function__") or (
            hasattr(kind, "__array_priority__")):
        if not issubclass(kind, np.generic) and kind is not Gathered:
            hooks.refuse_input(x, str(input_name(what)))
    return 0


def refuse_foreign(x, what):
    """refuse_foreign_input() for the Python layer.  what: the name of the input, or a function that
    returns it."""
    refuse_foreign_input(x, what)


def ask_ufunc(ufunc, method, inputs, kwargs):
    """The result of a ufunc call by the methods of its foreign operands."""
    return hooks.ask_ufunc(ufunc, method, inputs, kwargs)


def ask_function(function, types, args, kwargs):
    """The result of another function of NumPy by the methods of its foreign arguments."""
    return hooks.ask_function(function, types, args, kwargs)
