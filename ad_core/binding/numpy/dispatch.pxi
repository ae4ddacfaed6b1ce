# SPDX-License-Identifier: Apache-2.0
# Calls of NumPy's functions on traced values.  The common case goes straight from the protocol
# __array_function__ to the implementation in ad_core/overrides/numpy/: real floats among the
# arguments, no out=.  Everything else (truth values, complex numbers, out=, functions without an
# implementation) is left to hooks.function.

# Functions that call functions of the user, in whose operations floating-point errors count.
cdef set calling_back = {np.apply_along_axis, np.apply_over_axes, np.piecewise}


@cython.final
cdef class Implementation:
    """What the dispatch knows of a function of NumPy."""

    cdef object function        # the implementation: it takes NumPy's arguments without out=
    cdef Py_ssize_t out_place   # the position of out= among the arguments; -1: none
    cdef bint keeps_types       # it handles truth values and counts itself
    cdef object on_indices      # if it only moves elements: the function for index arrays
    cdef bint read_only         # and whether its views are read-only
    cdef bint makes_arrays      # it returns an array where others return a number
    cdef bint in_order          # its results have NumPy's memory layout
    cdef bint keeps_c_order     # they have it if all arguments are in C order
    cdef bint own               # it is NumPy's own code, which handles out= and types of results


cdef object np_complexfloating = np.complexfloating
cdef dict implementations = {}      # function of NumPy -> its Implementation, filled by its calls


cdef Implementation implementation_of(object func):
    """The Implementation of a function of NumPy; None if it has none."""
    cdef PyObject *found = ad_dict_get(<PyObject *> implementations, <PyObject *> func)
    cdef Implementation made
    if found != NULL:
        return <Implementation> found
    known = hooks.implementation(func)
    if known is None:
        return None
    made = Implementation.__new__(Implementation)
    (made.function, made.out_place, made.keeps_types, made.on_indices, made.read_only,
     made.makes_arrays, made.in_order, made.keeps_c_order, made.own) = known
    return implementations.setdefault(func, made)


cdef object numpy_call(object func, object types, tuple args, dict kwargs):
    """The result of __array_function__."""
    if ad_current == NULL:
        return func(*plain_constants(args), **kwargs)
    if not known_types(types):
        return hooks.ask_function(func, types, args, kwargs)
    return called_on_traced(func, types, args, kwargs)


cdef object called_on_traced(object func, object types, tuple args, dict kwargs):
    """A function of NumPy on arguments of which none is foreign, while a trace runs."""
    cdef Trace trace
    cdef size_t before
    cdef Implementation known = implementation_of(func)
    if known is not None and known.on_indices is not None:
        result = moved_by(known, args, kwargs)
        if result is not None:
            return result
    if ad_errors_suppressed or func in calling_back:
        return dispatched(known, func, types, args, kwargs)
    trace = innermost().root()
    before = trace.tape.runs
    suppress_errors(1)
    try:
        result = dispatched(known, func, types, args, dict(kwargs))
    finally:
        suppress_errors(-1)
    if (ad_float_noted or ad_watching) and (trace.tape == NULL or trace.tape.runs != before):
        report_float_errors(func, args, kwargs, result)
    return result


cdef enum:
    COMPLEX = 4                 # an argument of a call is complex; 1 and 2: see traced_kinds()


cdef int kinds_of_call(object items) except -1:
    """The kinds of values in nested arguments: those of traced_kinds() and COMPLEX."""
    cdef int found = 0
    for item in items:
        kind = type(item)
        if kind is TracedArray:
            found |= 1 if (<TracedArray> item).truth | (<TracedArray> item).count else 2
        elif kind is TracedScalar:
            found |= 1 if (<TracedScalar> item).truth | (<TracedScalar> item).count else 2
        elif kind is float or kind is int or item is None:
            continue
        elif is_complex(item) or isinstance(item, np_complexfloating):
            found |= COMPLEX
        elif isinstance(item, (list, tuple)):
            found |= kinds_of_call(item)
    return found


cdef object explained_call(Implementation known, object func, tuple args, dict kwargs):
    """A call of the implementation, whose errors about integers name NumPy's function."""
    explained = None
    try:
        return known.function(*args, **kwargs)
    except (OverflowError, TypeError, IndexError) as error:
        explained = hooks.explained(error, func, args, kwargs)
        if explained is None:
            raise
    raise explained


cdef object dispatched(Implementation known, object func, object types, tuple args, dict kwargs):
    cdef int kinds
    if known is not None and known.own:
        return explained_call(known, func, args, kwargs)
    if known is None or not args or "out" in kwargs or (
            0 <= known.out_place < <Py_ssize_t> len(args)):
        return hooks.function(func, types, args, kwargs)
    kinds = kinds_of_call(args)
    if kwargs:
        kinds |= kinds_of_call(kwargs.values())
    if kinds & COMPLEX or (kinds & 1 and not known.keeps_types):
        return hooks.function(func, types, args, kwargs)
    result = as_numpys_type(known, args, explained_call(known, func, args, kwargs))
    if known.in_order or not has_axes(result):
        return result
    if known.keeps_c_order and all_in_c_order(result) and all_in_c_order(args) and (
            not kwargs or all_in_c_order(kwargs)):
        return result
    return hooks.in_numpy_layout(func, args, kwargs, result)


cdef object as_numpys_type(Implementation known, tuple args, object result):
    """A result of shape () with the type that NumPy's has.  Most functions return a number, of
    which += makes a new one; some return an array, which += changes in place."""
    if type(result) is TracedArray and cnp.PyArray_NDIM((<TracedArray> result).index) == 0:
        if not known.makes_arrays and not (
                known.on_indices is not None and type(args[0]) is TracedArray):
            return result[()]
    elif type(result) is TracedScalar and known.makes_arrays:
        return as_traced_array(result)
    return result


def without_axes(function, tuple args, result):
    """A result of a function of NumPy; if its shape is (), with the type that NumPy's has."""
    cdef Implementation known = implementation_of(function)
    if known is not None and not known.own:
        return as_numpys_type(known, args, result)
    return result[()] if type(result) is TracedArray and result.ndim == 0 else result


cdef inline bint is_setting(object x) noexcept:
    """Whether x is a plain setting of a function: a number of elements, an axis, an order, or
    several of them."""
    if type(x) is tuple or type(x) is list:
        for part in x:
            if type(part) is not int:
                return False
        return True
    return type(x) is int or x is None or type(x) is str or type(x) is bool


cdef object moved_by(Implementation known, tuple args, dict kwargs):
    """The result of a function that only moves elements, by NumPy's own function on the index
    array; None for arguments that need the general path."""
    cdef TracedArray x
    cdef Py_ssize_t k, n = len(args)
    if n == 0 or type(args[0]) is not TracedArray:
        return None
    x = <TracedArray> args[0]
    if x.spaced or cnp.PyArray_SIZE(x.index) == 0:
        return None
    for k in range(1, n):
        if not is_setting(<object> PyTuple_GET_ITEM(args, k)):
            return None
    if kwargs:
        for part in kwargs.values():
            if not is_setting(part):
                return None
    try:
        if n == 1 and not kwargs:
            found = known.on_indices(x.indices())
        else:
            found = known.on_indices(x.indices(), *args[1:], **kwargs)
    except (OverflowError, TypeError, IndexError):
        return None                 # the general path explains the error
    if type(found) is list or type(found) is tuple:
        return type(found)([from_index(x, part) for part in found])
    if type(found) is not np_ndarray:
        return None
    result = view_of(x, <cnp.ndarray> found)
    if known.read_only and not kwargs.get("writeable"):
        (<TracedArray> result).read_only = True
    return result


def call_same(function, self, tuple args, dict kwargs):
    """A method of a traced value that does the same as a function of NumPy."""
    if ad_current == NULL or not operable_call(args, kwargs):
        return function(self, *args, **kwargs)
    for part in kwargs.values():
        if not operable(part) and part is not None and type(part) is not str:
            return function(self, *args, **kwargs)
    return called_on_traced(function, (type(self),), (self, *args), kwargs)
