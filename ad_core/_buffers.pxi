# SPDX-License-Identifier: Apache-2.0
# Traced buffers: while a trace runs on a thread, np.zeros and its kin called on that thread
# give arrays that traced values may be stored into, so `out = np.zeros(n); out[0] = x[0] ** 2`
# works as written.  NumPy's own functions are back as soon as no trace runs.

cdef dict numpy_names = np.__dict__
cdef dict originals = {name: numpy_names[name] for name in (
    "zeros", "empty", "ones", "full", "eye", "identity", "zeros_like", "ones_like", "empty_like",
    "full_like", "array", "asarray", "asanyarray", "ascontiguousarray", "copy")}
# what this binding itself calls: NumPy's own, also while a trace runs
cdef object unpatched_asarray = np.asarray
cdef object unpatched_array = np.array
cdef object unpatched_empty = np.empty
cdef object unpatched_zeros = np.zeros
cdef object unpatched_full = np.full

cdef cnp.ndarray contiguous(object x, object dtype=None):
    """x in C order and native bytes; unlike np.ascontiguousarray a 0-d array stays one."""
    return unpatched_asarray(x, dtype=dtype, order="C")


cdef list patched_spaces = []   # NumPy's namespaces in which names are replaced,
cdef list patched_names = []    # which
cdef list replacements = []     # what stands under each name while a trace runs
cdef list unpatched = []        # and what otherwise
cdef int running = 0            # traces open in all threads


cdef int patch_numpy() except -1:
    global running
    cdef int k
    if <size_t> len(sys_modules) != modules_seen:
        shield_compiled()
    running += 1
    if running > 1:
        return 0
    for k in range(len(patched_names)):
        found = <object> PyDict_GetItem(patched_spaces[k], patched_names[k])
        if found is not unpatched[k]:       # somebody else's, then: put that back afterwards
            unpatched[k] = found
        PyDict_SetItem(patched_spaces[k], patched_names[k], replacements[k])
    return 0


cdef int unpatch_numpy() except -1:
    global running
    cdef int k
    running -= 1
    if running == 0:
        for k in range(len(patched_names)):
            PyDict_SetItem(patched_spaces[k], patched_names[k], unpatched[k])
    return 0


cdef object buffer_of(object array):
    """A plain float64 array made during a trace, as an array that takes traced values."""
    cdef Trace trace = innermost()
    if type(array) is not np.ndarray or (<cnp.ndarray> array).descr.type_num != cnp.NPY_DOUBLE:
        return array
    trace = trace.root()
    return owning_array(trace, constant_nodes(trace, <cnp.ndarray> array).copy(), False)


cdef object uniform(object shape, double value):
    """A buffer of one value: all its elements are the same constant node."""
    cdef Trace trace = innermost().root()
    cdef cnp.npy_intp dims[MAXDIMS]
    cdef ad_node node
    cdef int ndim = 1
    check(ad_tape_constant(trace.tape, value, &node))
    if PyLong_CheckExact(shape):
        dims[0] = PyLong_AsSsize_t(shape)
        if dims[0] < 0:
            raise ValueError("negative dimensions are not allowed")
    else:
        shape = shape_of(unpatched_empty(shape, dtype=bool) if not isinstance(shape, tuple) else
                         np.broadcast_to(True, shape))
        ndim = <int> len(shape)
        for d in range(ndim):
            dims[d] = shape[d]
    return owning_array(trace, filled(node, ndim, dims), False)


cdef inline bint is_float(object dtype):
    return dtype is None or dtype is float or dtype is np.float64 or dtype == "float64" or (
        dtype == dtype_float)


cdef object complex_made(object x):
    """A complex array made during a trace takes traced values too."""
    if as_ever() or type(x) is not np.ndarray or (<cnp.ndarray> x).descr.kind != c"c":
        return x
    return complex_made_hook(x, True)


cdef bint any_complex(object items):
    """Whether nested sequences hold a complex number, traced or not."""
    for item in items:
        if is_complex(item) or (isinstance(item, (list, tuple)) and any_complex(item)):
            return True
    return False


cdef bint wants_complex(object x, object dtype):
    """Whether NumPy would make a complex array of traced values or of a list."""
    listed = isinstance(x, (list, tuple))
    if type(x) is complex_type or (listed and any_complex(x)):
        return True
    return (dtype is complex or dtype is np.complex128) and (
        is_traced(x) or (listed and any_traced(x)))


def zeros(shape, dtype=None, order="C", **kwargs):
    if as_ever() or kwargs or not is_float(dtype):
        made = originals["zeros"](shape, float if dtype is None else dtype, order, **kwargs)
        return complex_made(made)
    return uniform(shape, 0.0)


def empty(shape, dtype=None, order="C", **kwargs):
    if as_ever() or kwargs or not is_float(dtype):
        made = originals["empty"](shape, float if dtype is None else dtype, order, **kwargs)
        return complex_made(made)
    return uniform(shape, 0.0)


def ones(shape, dtype=None, order="C", **kwargs):
    if as_ever() or kwargs or not is_float(dtype):
        return complex_made(originals["ones"](shape, dtype, order, **kwargs))
    return uniform(shape, 1.0)


def full(shape, fill_value, dtype=None, order="C", **kwargs):
    if as_ever() or kwargs or not is_float(dtype):
        return complex_made(originals["full"](shape, fill_value, dtype, order, **kwargs))
    if is_traced(fill_value):
        result = uniform(shape, 0.0)
        result[...] = fill_value
        return result
    if dtype is None and not isinstance(fill_value, float):
        return buffer_of(complex_made(originals["full"](shape, fill_value, dtype, order)))
    return buffer_of(originals["full"](shape, fill_value, float, order))


def array(object, dtype=None, **kwargs):
    if not as_ever() and wants_complex(object, dtype):
        return reshaped_minimum(complex_made_hook(object, kwargs.get("copy", True)), kwargs)
    if as_ever() or not is_float(dtype):
        return complex_made(originals["array"](object, dtype, **kwargs))
    if is_traced(object):
        made = as_traced_array(object)
        return reshaped_minimum(copied(made) if kwargs.get("copy", True) else made, kwargs)
    if isinstance(object, (list, tuple)) and any_traced(object):
        return reshaped_minimum(joined(object), kwargs)
    return buffer_of(complex_made(originals["array"](object, dtype, **kwargs)))


cdef object converted(str name, object a, object dtype, object order, dict kwargs):
    """np.asarray and kin: traced values and lists of them as traced arrays."""
    if not as_ever() and wants_complex(a, dtype):
        return complex_made_hook(a, False)
    if as_ever() or not is_float(dtype):
        return originals[name](a, dtype, order, **kwargs)
    if is_traced(a):
        return as_traced_array(a)
    if isinstance(a, (list, tuple)):
        return joined(a) if any_traced(a) else buffer_of(originals[name](a, dtype, order, **kwargs))
    return originals[name](a, dtype, order, **kwargs)


def asarray(a, dtype=None, order=None, **kwargs):
    return converted("asarray", a, dtype, order, kwargs)


def asanyarray(a, dtype=None, order=None, **kwargs):
    return converted("asanyarray", a, dtype, order, kwargs)


def ascontiguousarray(a, dtype=None, **kwargs):
    if as_ever() or not is_float(dtype):
        return originals["ascontiguousarray"](a, dtype, **kwargs)
    return np.atleast_1d(converted("asarray", a, dtype, "C", kwargs))


cdef object reshaped_minimum(object array, dict kwargs):
    cdef int ndmin = kwargs.get("ndmin", 0)
    if array.ndim < ndmin:
        return array.reshape((1,) * (ndmin - array.ndim) + array.shape)
    return array


cdef bint any_traced(object items):
    """Whether nested sequences hold a traced value."""
    for item in items:
        if is_traced(item):
            return True
        if isinstance(item, (list, tuple)):
            if any_traced(item):
                return True
        elif type(item) is np.ndarray and item.dtype == object:
            if any_traced(item.ravel().tolist()):
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
    index = cnp.PyArray_EMPTY(1, &n, cnp.NPY_UINT32, 0)
    cdef ad_node *node = <ad_node *> cnp.PyArray_DATA(index)
    for k in range(n):          # a flat list of scalars: the common case
        item = items[k]
        if type(item) is TracedScalar and (<TracedScalar> item).trace is trace:
            node[k] = (<TracedScalar> item).node
        elif PyFloat_Check(item) or PyLong_CheckExact(item):
            check(ad_tape_constant(trace.tape, number(item), &node[k]))
        else:
            break
    else:
        return owning_array(trace, index, False)
    parts = []
    for item in items:
        if isinstance(item, (list, tuple)):
            item = joined(item) if len(item) else originals["array"](item)
        parts.append(item)
    for item in parts:          # all on one tape before their nodes are read
        if is_traced(item):
            trace = unify(trace, (<TracedScalar> item).trace if type(item) is TracedScalar
                          else (<TracedArray> item).trace)
    nodes = [unpatched_asarray(nodes_of(trace, item)) for item in parts]
    shapes = {part.shape for part in nodes}
    if len(shapes) > 1:
        raise ValueError(f"setting an array element with a sequence: the parts of a nested list "
                         f"have different shapes {sorted(shapes)}")
    return owning_array(trace, np.stack(nodes), False)


def eye(*args, **kwargs):
    made = originals["eye"](*args, **kwargs)
    return made if as_ever() else buffer_of(made)


def identity(*args, **kwargs):
    made = originals["identity"](*args, **kwargs)
    return made if as_ever() else buffer_of(made)


cdef object like(str name, tuple args, dict kwargs):
    """zeros_like and kin of a plain array; a traced prototype goes the protocol's way."""
    made = originals[name](*args, **kwargs)
    return made if as_ever() or is_traced(made) else buffer_of(complex_made(made))


def zeros_like(*args, **kwargs):
    return like("zeros_like", args, kwargs)


def ones_like(*args, **kwargs):
    return like("ones_like", args, kwargs)


def empty_like(*args, **kwargs):
    if not as_ever():           # never hand out uninitialised numbers as constants
        return like("zeros_like", args, kwargs)
    return originals["empty_like"](*args, **kwargs)


def full_like(*args, **kwargs):
    return like("full_like", args, kwargs)


def copy(*args, **kwargs):
    return like("copy", args, kwargs)


cdef int enter_replacement(dict space, str name, object function) except -1:
    patched_spaces.append(space)
    patched_names.append(sys.intern(name))
    replacements.append(function)
    unpatched.append(space[name])
    return 0


cdef str TESTING = "numpy.testing._private.utils"   # where np.testing's functions are written
cdef object testing_hook = None
cdef bint testing_entered = False


def set_testing(hook):
    """The Python layer's part: hook(public, private), the modules of np.testing, gives what stands
    there while a trace runs: (module, name, function)."""
    global testing_hook
    testing_hook = hook


cdef int enter_testing() except -1:
    """Enter np.testing's functions once it has been imported, which most programs never do."""
    global testing_entered
    if testing_entered or testing_hook is None or TESTING not in sys_modules:
        return 0
    testing_entered = True
    module = sys_modules[TESTING]
    for space, name, function in testing_hook(sys_modules["numpy.testing"], module):
        enter_replacement(space.__dict__, name, function)
        if running > 0:
            setattr(space, name, function)
    return 0


for function in (zeros, empty, ones, full, eye, identity, zeros_like, ones_like, empty_like,
                 full_like, array, asarray, asanyarray, ascontiguousarray, copy):
    enter_replacement(numpy_names, function.__name__, function)
