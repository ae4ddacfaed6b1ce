# SPDX-License-Identifier: Apache-2.0
# Operands of other kinds: which are plain numbers whatever their class is called, and which have
# a meaning of their own (masks, units, labels, matrix products), so that their own methods are
# asked first.


# What a subclass of ndarray may define without changing what its numbers mean.
cdef frozenset UNCHANGING = frozenset((
    "__array_finalize__", "__array_interface__", "__array_priority__", "__array_struct__",
    "__class_getitem__", "__copy__", "__deepcopy__", "__delattr__", "__dir__", "__doc__",
    "__format__", "__getattribute__", "__getstate__", "__hash__", "__init__",
    "__init_subclass__", "__new__", "__reduce__", "__reduce_ex__", "__repr__", "__setattr__",
    "__setstate__", "__sizeof__", "__str__", "__subclasshook__", "dump", "dumps", "tobytes",
    "tofile", "tostring"))
# Subclasses of NumPy's own that only say where the memory is or how fields are named.
cdef tuple UNCHANGED = (np.memmap, np.recarray)


def changed_names(kind):
    """What a subclass of ndarray does in a way of its own, sorted; empty: its numbers are plain."""
    cdef set found = set()
    own = set(np_ndarray.__dict__) - UNCHANGING
    for base in kind.__mro__:
        if base is np_ndarray:
            break
        if base not in UNCHANGED:
            found |= own & set(base.__dict__)
    return sorted(found)


cdef bint operable(object x) except -1:
    """Whether x is numbers to us; a stranger gets its own say."""
    kind = type(x)
    if (kind is TracedScalar or kind is TracedArray or kind is np_ndarray or
            kind is hooks.complex_type):
        return True
    if issubclass(kind, np_ndarray):
        return not changed_names(kind)
    return issubclass(kind, (int, float, complex, np.generic, list, tuple))


def all_operable(items):
    """Whether all of the items are numbers to us."""
    for x in items:
        if not operable(x):
            return False
    return True


def all_known(types):
    """Whether every class among those that NumPy asks is numbers to us."""
    return known_types(types)


cdef bint operable_call(object inputs, dict kwargs) except -1:
    """Whether all operands of a ufunc call are numbers to us, those of out= among them."""
    if not all_operable(inputs):
        return False
    out = kwargs.get("out") if kwargs else None
    if type(out) is tuple:
        return all_operable([x for x in out if x is not None])
    return out is None or operable(out)


cdef bint known_types(object types) except -1:
    """Whether every class among those that NumPy asks is numbers to us."""
    for kind in types:
        if kind is TracedArray or kind is TracedScalar or kind is np_ndarray:
            continue
        if kind is hooks.complex_type or (issubclass(kind, np_ndarray) and not changed_names(kind)):
            continue
        return False
    return True


cdef bint is_of_pandas(object kind):
    return kind.__module__ == "pandas" or kind.__module__.startswith("pandas.")


cdef bint asked_by_pandas():
    """Whether the running code of Python is pandas': it takes float() of what it finds to be a
    NumPy number, and leaves what it does not know as it is."""
    cdef PyObject *names = PyEval_GetGlobals()
    cdef PyObject *name
    if names == NULL:
        return False
    name = PyDict_GetItem(<object> names, "__name__")
    return name != NULL and type(<object> name) is str and (
        <str> <object> name).startswith("pandas.")


# The method of the right operand that Python asks about an operation, by the ufunc's name.
cdef dict REFLECTED = {
    "add": "__radd__", "subtract": "__rsub__", "multiply": "__rmul__", "divide": "__rtruediv__",
    "floor_divide": "__rfloordiv__", "remainder": "__rmod__", "power": "__rpow__",
    "matmul": "__rmatmul__", "logical_and": "__rand__", "logical_or": "__ror__",
    "logical_xor": "__rxor__", "less": "__gt__", "less_equal": "__ge__", "equal": "__eq__",
    "not_equal": "__ne__", "greater": "__lt__", "greater_equal": "__le__"}


cdef object stranger(str name, object left, object right):
    """What an operator gives beside a stranger, as it would of an ndarray or a np.float64: the
    reflected method of an ndarray's subclass comes first, then the ufunc that asks all operands;
    NotImplemented where Python is to ask the other operand."""
    ufunc = getattr(np, name)
    kind = type(right if operable(left) else left)
    asked = getattr(kind, "__array_ufunc__", None)
    if kind is type(right) and issubclass(kind, np_ndarray) and (
            REFLECTED[name] in changed_names(kind)):
        if type(left) is TracedScalar:
            # a NumPy number would not ask it, a Python number would: which one is not known
            if asked is not None and not issubclass(kind, np.ma.MaskedArray):
                hooks.refuse_operand(right, name)
        else:
            result = getattr(kind, REFLECTED[name])(right, left)
            if result is not NotImplemented:
                return result
    if asked is None:
        return NotImplemented
    if type(left) is TracedScalar and is_of_pandas(kind):
        left = as_traced_array(left)    # pandas takes float() of a number
    return ufunc_call(ufunc, "__call__", (left, right), {})


cdef object operated_in_place(TracedArray x, unsigned op, object other):
    """x after an operator in place; a stranger is asked by the ufunc, as NumPy asks it.  NumPy
    changes the array before it tells of a floating-point error."""
    cdef TracedArray before = x
    if not operable(other):
        ufunc = getattr(np, ad_op_row(op).ufunc.decode())
        return ufunc_call(ufunc, "__call__", (x, other), {"out": (x,)})
    if watching or not ad_hushed:
        before = copied(x)
    hush(1)
    try:
        result = power(x, other) if op == op_power else binary(op, x, other, None)
        done = in_place(x, result)
    finally:
        hush(-1)
    if (ad_float_noted or watching) and done is not NotImplemented:
        settle_errors(asked_of(op, None), (before, other), {}, result)
    return done


def numbers_in(x):
    """An object that is no array, as NumPy sees it: the array that its __array__ gives, which may
    be traced; None if it has no such method."""
    kind = type(x)
    if kind is np_ndarray or issubclass(kind, (int, float, list, tuple, np_ndarray, np.generic)):
        return None
    if is_of_pandas(kind):              # its own way would set flags of the array
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


def hides_traced(x):
    """Whether x is a masked array or a Series of traced values, of which rules know nothing."""
    kind = type(x)
    return kind is hooks.masked_type or (
        is_of_pandas(kind) and is_traced(getattr(x, "_values", None)))


cdef object numbers_in_result(object y, object what):
    """What a function returned, as traced values or a plain array if numbers are in it; one with
    masked entries is refused."""
    kind = type(y)
    if kind is hooks.masked_type or issubclass(kind, np.ma.MaskedArray):
        y = hooks.masked_result(y, str(what))
    if not is_traced(y) and isinstance(y, np_ndarray) and y.dtype == object:
        return array_of_objects(unpatched_asarray(y), str(what))
    found = numbers_in(y)
    return y if found is None else found


cdef int refuse_stranger(object x, object what) except -1:
    """Refuse an input whose class means something that a traced array can not tell the function."""
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
    """The same, for the Python layer.  what: a name, or a function that returns it."""
    refuse_stranger(x, what)


def ask_ufunc(ufunc, method, inputs, kwargs):
    """What strangers among the operands make of a ufunc call."""
    return hooks.ask_ufunc(ufunc, method, inputs, kwargs)


def ask_function(function, types, args, kwargs):
    """The same of a function of NumPy's that is no ufunc."""
    return hooks.ask_function(function, types, args, kwargs)
