# SPDX-License-Identifier: Apache-2.0
# Buffers for traced values.  While a trace runs on a thread, np.zeros and the other creation
# functions return arrays there into which traced values may be stored, so that
# `out = np.zeros(n); out[0] = x[0] ** 2` works as written.

cdef dict originals = {name: numpy_names[name] for name in (
    "zeros", "empty", "ones", "full", "eye", "identity", "zeros_like", "ones_like", "empty_like",
    "full_like", "array", "asarray", "asanyarray", "ascontiguousarray", "asfortranarray", "copy",
    "require")}
# NumPy's own functions, which the binding calls while a trace runs, too
cdef object unpatched_asarray = np.asarray
cdef object unpatched_array = np.array
cdef object unpatched_empty = np.empty
cdef object unpatched_empty_like = np.empty_like
cdef object unpatched_zeros = np.zeros
cdef object unpatched_full = np.full

cdef cnp.ndarray contiguous(object x, object dtype=None):
    """x in C order.  Unlike with np.ascontiguousarray, a 0-d array stays one."""
    return unpatched_asarray(x, dtype=dtype, order="C")


cdef object buffer_of(object array):
    """A plain float64 array, created during a trace, as an array that takes traced values."""
    cdef Trace trace = innermost()
    if trace.plain_frames and called_from_pandas():
        return array
    if type(array) is not np.ndarray or (<cnp.ndarray> array).descr.type_num != cnp.NPY_DOUBLE:
        return array
    trace = trace.root()
    return owning_array(trace, constant_nodes(trace, <cnp.ndarray> array).copy(order="K"),
                        False)


cdef object uniform(object shape, double value, object order="C"):
    """A buffer of one value: all its elements are the same constant node."""
    if innermost().plain_frames and called_from_pandas():
        return originals["full"](shape, value, float, order)
    cdef Trace trace = innermost().root()
    cdef cnp.npy_intp dims[MAXDIMS]
    cdef ad_node node
    cdef int ndim = 1, overflow = 0
    check(ad_tape_constant(trace.tape, value, &node))
    if PyLong_CheckExact(shape):
        dims[0] = PyLong_AsLongLongAndOverflow(shape, &overflow)
        if overflow > 0:
            raise ValueError(f"shape={integers.shown(shape)} is too large: no array can have that "
                             "many elements")
        if overflow < 0 or dims[0] < 0:
            raise ValueError("negative dimensions are not allowed")
    else:
        shape = shape_of(unpatched_empty(shape, dtype=bool) if not isinstance(shape, tuple) else
                         np.broadcast_to(True, shape))
        ndim = <int> len(shape)
        for d in range(ndim):
            dims[d] = shape[d]
    cdef cnp.ndarray index = filled(node, ndim, dims)
    if order is not None and order != "C":
        index = unpatched_empty(shape_of(index), dtype=np.uint32, order=order)
        index.fill(node)
    return owning_array(trace, index, False)


cdef inline bint is_float(object dtype):
    return dtype is None or dtype is float or dtype is np.float64 or dtype == "float64" or (
        dtype == dtype_float)


cdef object complex_made(object x):
    """A complex128 array, created during a trace, as one that takes traced values."""
    if numpys_own_wanted() or type(x) is not np.ndarray or (
            (<cnp.ndarray> x).descr.type_num != cnp.NPY_CDOUBLE):
        return x
    return hooks.complex_made(x, True)


cdef bint any_complex(object items):
    """Whether nested sequences contain a complex number, traced or plain."""
    for item in items:
        if is_complex(item) or (isinstance(item, (list, tuple)) and any_complex(item)):
            return True
    return False


cdef object dtype_complex = np.dtype(complex)


cdef bint wants_complex(object x, object dtype):
    """Whether NumPy would create a complex array from traced values or from a list."""
    listed = isinstance(x, (list, tuple))
    if type(x) is hooks.complex_type or (listed and any_complex(x)):
        return True
    return dtype is not None and (is_traced(x) or (listed and any_traced(x))) and (
        dtype == dtype_complex)         # a class, its stand-in, a dtype or its name


cdef inline bint more_than_device(dict kwargs) except -1:
    """Whether keyword arguments say more than that the array is in the computer's memory."""
    return len(kwargs) > 0 and (len(kwargs) > 1 or kwargs.get("device", "") not in ("cpu", None))


def zeros(shape, dtype=None, order="C", **kwargs):
    if numpys_own_wanted() or more_than_device(kwargs) or not is_float(dtype):
        made = originals["zeros"](shape, float if dtype is None else dtype, order, **kwargs)
        return complex_made(made)
    return uniform(shape, 0.0, order)


def empty(shape, dtype=None, order="C", **kwargs):
    if numpys_own_wanted() or more_than_device(kwargs) or not is_float(dtype):
        made = originals["empty"](shape, float if dtype is None else dtype, order, **kwargs)
        return complex_made(made)
    return uniform(shape, 0.0, order)


def ones(shape, dtype=None, order="C", **kwargs):
    if numpys_own_wanted() or more_than_device(kwargs) or not is_float(dtype):
        return complex_made(originals["ones"](shape, dtype, order, **kwargs))
    return uniform(shape, 1.0, order)


def full(shape, fill_value, dtype=None, order="C", **kwargs):
    if numpys_own_wanted() or more_than_device(kwargs) or not is_float(dtype):
        return complex_made(originals["full"](shape, fill_value, dtype, order, **kwargs))
    if is_traced(fill_value):
        result = uniform(shape, 0.0, order)
        result[...] = fill_value
        return result if dtype is not None else marked(result, fill_value.dtype)
    if dtype is None and not isinstance(fill_value, float):
        return buffer_of(complex_made(originals["full"](shape, fill_value, dtype, order)))
    return buffer_of(originals["full"](shape, fill_value, float, order))


cdef object ALWAYS = np._CopyMode.ALWAYS
cdef object NEVER = np._CopyMode.NEVER


cdef bint needs_copy(object copy, bint fresh) except -1:
    """Whether the argument copy requires a copy: True does, None and IF_NEEDED do not, and False
    forbids one.  fresh: the array is a new one in any case, so that False raises."""
    if copy is True or copy is ALWAYS:
        return True
    if fresh and (copy is False or copy is NEVER):
        raise ValueError(f"Unable to avoid copy while creating an array as requested"
                         f"{user_line()}; replace copy=False with copy=None (np.asarray)")
    if copy is None or copy is False or isinstance(copy, np._CopyMode):
        return False
    return bool(copy)


cdef object of_traced(object a, object copy, object order=None):
    """An argument of np.array as a traced array if it contains traced values, else None.  A copy
    has this order of memory.

    Such arguments are traced values themselves, lists and object arrays that contain them, masked
    arrays, and objects whose __array__ returns them."""
    cdef object made
    if type(a) is TracedArray:
        return copied(<TracedArray> a, order or "K") if needs_copy(copy, False) else a
    if type(a) is hooks.masked_type:
        return copied(a._data, order or "K") if needs_copy(copy, False) else a._data
    if type(a) is TracedScalar:
        made = as_traced_array(a)
    elif isinstance(a, (list, tuple)):
        made = joined(a) if any_traced(a) else None
    elif type(a) is np_ndarray:
        if (<cnp.ndarray> a).descr.kind != c"O" or not any_traced((a,)):
            return None
        made = array_of_objects(<cnp.ndarray> a)
    else:
        made = numbers_in(a)
        if not is_traced(made):
            return None
        if not needs_copy(copy, False):
            return made
        return copied(<TracedArray> as_traced_array(made), order or "K")
    if made is not None:
        needs_copy(copy, True)
    return made


cdef bint for_masked(object a, bint subok) except -1:
    """Whether the caller is a function of np.ma that converts a traced value, which stays as it
    is."""
    if not is_traced(a) and type(a) is not hooks.masked_type:
        return False
    frame = sys._getframe(0)
    if not frame.f_globals.get("__name__", "").startswith("numpy.ma."):
        return False
    if frame.f_code.co_name == "__new__":
        raise TracedValueError(
            f"np.ma.MaskedArray can not be made of traced values{user_line()}; write "
            f"np.ma.array(x, mask=mask) or np.ma.masked_where(mask, x), or use m.compressed()")
    return True


def array(object, dtype=None, **kwargs):
    if not numpys_own_wanted() and wants_complex(object, dtype):
        made = hooks.complex_made(object, needs_copy(kwargs.get("copy", True), False),
                                  kwargs.get("order"))
        return reshaped_minimum(made, kwargs)
    if numpys_own_wanted():
        if for_masked(object, True):
            return object if type(object) is hooks.masked_type else of_traced(
                object, kwargs.get("copy", True))
        return originals["array"](object, dtype, **kwargs)
    if not is_float(dtype):
        return complex_made(originals["array"](object, dtype, **kwargs))
    order = kwargs.get("order")
    if is_derived(object) and kwargs.get("subok"):
        return object.copy() if needs_copy(kwargs.get("copy", True), False) else object
    made = None
    if stays_traced(object, dtype):
        made = of_traced(object, kwargs.get("copy", True), order)
    if made is not None:
        made = ordered(of_dtype(made, dtype), order)
        return reshaped_minimum(made, kwargs)
    return buffer_of(complex_made(plainly_made("array", object, (dtype,), kwargs)))


cdef object plainly_made(str name, object a, tuple options, dict kwargs):
    """NumPy's own array of an argument without traced values.  NumPy calls the method __array__ of
    an object, which must return a plain array, although it may call np.array itself."""
    kind = type(a)
    if kind is np_ndarray or issubclass(kind, (list, tuple)) or not hasattr(kind, "__array__"):
        return originals[name](a, *options, **kwargs)
    running = ad_current
    set_current(NULL)
    try:
        return originals[name](a, *options, **kwargs)
    finally:
        set_current(running)


cdef bint stays_traced(object a, object dtype) except -1:
    """Whether the traced values in a become a traced array.  They do not if a is an object array
    and no dtype is given: it stays one."""
    return dtype is not None or type(a) is not np_ndarray


cdef object converted(str name, object a, object dtype, object order, dict kwargs):
    """np.asarray and similar functions: a traced array if the argument contains traced values."""
    if numpys_own_wanted():
        if for_masked(a, name == "asanyarray"):
            return a
        if ad_current != NULL and is_of_pandas(type(a)) and is_traced(
                getattr(a, "_values", None)):
            return numbers_in(a)
        return originals[name](a, dtype, order, **kwargs)
    if wants_complex(a, dtype):
        return hooks.complex_made(a, needs_copy(kwargs.get("copy"), False), order)
    if name == "asanyarray" and is_derived(a) and is_float(dtype):
        return a
    if not is_float(dtype):
        return originals[name](a, dtype, order, **kwargs)
    made = of_traced(a, kwargs.get("copy")) if stays_traced(a, dtype) else None
    if made is not None:
        return ordered(of_dtype(made, dtype), order)
    if isinstance(a, (list, tuple)):
        return buffer_of(originals[name](a, dtype, order, **kwargs))
    return plainly_made(name, a, (dtype, order), kwargs)


def require(a, dtype=None, requirements=None, **kwargs):
    if numpys_own_wanted() or not is_float(dtype) or of_traced(a, None) is None:
        return originals["require"](a, dtype, requirements, **kwargs)
    wanted = {str(part).upper()[:1] for part in requirements or ()}
    if wanted >= {"C", "F"}:
        raise ValueError('Cannot specify both "C" and "F" order')
    order = "F" if "F" in wanted else "C" if "C" in wanted else None
    made = asarray(a, None, order)
    return copied(<TracedArray> made) if "O" in wanted and (
        <TracedArray> made).base is not None else made


def asarray(a, dtype=None, order=None, **kwargs):
    return converted("asarray", a, dtype, order, kwargs)


def asanyarray(a, dtype=None, order=None, **kwargs):
    return converted("asanyarray", a, dtype, order, kwargs)


def ascontiguousarray(a, dtype=None, **kwargs):
    if numpys_own_wanted() or not is_float(dtype):
        return originals["ascontiguousarray"](a, dtype, **kwargs)
    return np.atleast_1d(converted("asarray", a, dtype, "C", kwargs))


def asfortranarray(a, dtype=None, **kwargs):
    if numpys_own_wanted() or not (is_float(dtype) or wants_complex(a, dtype)):
        return originals["asfortranarray"](a, dtype, **kwargs)
    return np.atleast_1d(converted("asarray", a, dtype, "F", kwargs))


cdef object reshaped_minimum(object array, dict kwargs):
    cdef int ndmin = kwargs.get("ndmin", 0)
    if array.ndim < ndmin:
        return array.reshape((1,) * (ndmin - array.ndim) + array.shape)
    return array


cpdef bint any_traced(object items) except -1:
    """Whether nested sequences contain a traced value."""
    for item in items:
        if is_traced(item):
            return True
        if isinstance(item, (list, tuple)):
            if any_traced(item):
                return True
        elif isinstance(item, np_ndarray) and item.dtype == object:
            if any_traced(item.ravel().tolist()):
                return True
        elif is_derived(item):
            return True
    return False


cdef object joined(object items):
    """Nested sequences of numbers and traced values as one traced array."""
    cdef Trace trace = innermost().root()
    cdef Py_ssize_t k
    cdef cnp.npy_intp n = len(items)
    cdef cnp.ndarray index
    cdef list parts
    cdef TracedScalar s
    cdef int kinds = 0
    index = cnp.PyArray_EMPTY(1, &n, cnp.NPY_UINT32, 0)
    cdef ad_node *node = <ad_node *> cnp.PyArray_DATA(index)
    for k in range(n):          # a flat list of scalars: the common case
        item = items[k]
        if type(item) is TracedScalar and (<TracedScalar> item).trace is trace:
            s = <TracedScalar> item
            node[k] = s.node
            kinds |= AS_TRUTH if s.truth else AS_COUNT if s.count else AS_FLOAT
        elif PyFloat_Check(item) or PyLong_CheckExact(item):
            check(ad_tape_constant(trace.tape, number(item), &node[k]))
            kinds |= AS_FLOAT if PyFloat_Check(item) else AS_COUNT
        else:
            break
    else:
        return of_kinds(owning_array(trace, index, False), kinds)
    kinds = 0
    parts = []
    for item in items:
        if isinstance(item, (list, tuple)):
            item = joined(item) if len(item) else originals["array"](item)
        elif isinstance(item, np_ndarray) and not item.ndim and not operable(item):
            item = float(item)      # as NumPy does; an array with a unit raises
        elif not is_traced(item):
            found = numbers_in(item)
            item = item if found is None else found
        parts.append(item)
    for item in parts:          # bring all to one tape before their nodes are read
        if kinds & AS_FLOAT == 0:
            kinds |= kind_of(item)
        if is_traced(item):
            trace = unify(trace, (<TracedScalar> item).trace if type(item) is TracedScalar
                          else (<TracedArray> item).trace)
    nodes = [unpatched_asarray(nodes_of(trace, item)) for item in parts]
    shapes = {part.shape for part in nodes}
    if len(shapes) > 1:
        raise ValueError(f"setting an array element with a sequence: the parts of a nested list "
                         f"have different shapes {sorted(shapes)}")
    return of_kinds(owning_array(trace, contiguous(np.stack(nodes)), False), kinds)


cdef object of_dtype(object made, object dtype):
    """A new array as float64 if a dtype was given (float64 is the only one here), else as it is."""
    if dtype is None or not is_discrete(made):
        return made
    return copied(<TracedArray> as_traced_array(numbers_of(made)))


def eye(*args, **kwargs):
    made = originals["eye"](*args, **kwargs)
    return made if numpys_own_wanted() else buffer_of(made)


def identity(*args, **kwargs):
    made = originals["identity"](*args, **kwargs)
    return made if numpys_own_wanted() else buffer_of(made)


cdef object like(str name, tuple args, dict kwargs):
    """zeros_like and similar functions of a plain array.  NumPy's protocol handles a traced one."""
    if taking_objects and args and not numpys_own_wanted():
        args = (numbers_taken(args[0]), *args[1:])
    made = originals[name](*args, **kwargs)
    return made if numpys_own_wanted() or is_traced(made) else buffer_of(complex_made(made))


def zeros_like(*args, **kwargs):
    return like("zeros_like", args, kwargs)


def ones_like(*args, **kwargs):
    return like("ones_like", args, kwargs)


def empty_like(*args, **kwargs):
    if not numpys_own_wanted():     # uninitialised numbers must not become constants
        return like("zeros_like", args, kwargs)
    return originals["empty_like"](*args, **kwargs)


def full_like(*args, **kwargs):
    return like("full_like", args, kwargs)


def copy(*args, **kwargs):
    return like("copy", args, kwargs)


cdef str TESTING = "numpy.testing._private.utils"   # where np.testing's functions are defined
cdef ad_shared_int testing_entered = False
cdef ad_shared_int masked_entered = False


cdef int enter_testing() except -1:
    """Register the replacements of np.testing's functions once that module has been imported,
    which most programs never do."""
    if testing_entered or hooks.testing is None or TESTING not in sys_modules:
        return 0
    entries = spaces_of(hooks.testing(sys_modules["numpy.testing"], sys_modules[TESTING]))
    return enter_once(&testing_entered, entries)


cdef int enter_once(ad_shared_int *entered, list entries) except -1:
    """Register replacements, unless another thread has done so meanwhile."""
    ad_lock()
    try:
        if not entered[0]:
            for space, name, function in entries:
                enter_locked(space, name, function)
            entered[0] = 1
    finally:
        ad_unlock()
    return 0


cdef int enter_masked() except -1:
    """Load np.ma and register the replacements of its functions, before the first trace that needs
    all names.  NumPy itself loads np.ma when it is first used."""
    if masked_entered or hooks.masked is None:
        return 0
    entries = spaces_of(hooks.masked(importlib.import_module("numpy.ma")))
    return enter_once(&masked_entered, entries)


cdef list spaces_of(object entries):
    return [(module.__dict__, name, function) for module, name, function in entries]


for function in (zeros, empty, ones, full, eye, identity, zeros_like, ones_like, empty_like,
                 full_like, array, asarray, asanyarray, ascontiguousarray, asfortranarray, copy,
                 require):
    enter_replacement(numpy_names, function.__name__, function)
