# SPDX-License-Identifier: Apache-2.0
# Finds the names of NumPy that a function may look up, because a name that nothing looks up need
# not be replaced.  The names are read from the bytecode of the function and of the Python functions
# that it calls.  The answer is "all" if they may reach code that can not be inspected: imports,
# methods of objects, other packages.

cdef enum:
    MOST_KNOWN = 256            # code objects whose names are kept
    MOST_WALKED = 16            # functions that are followed
    MOST_PARTS = 16             # elements of a tuple that are looked at


@cython.final
cdef class KnownCode:
    """The names that a code object looks up, without the functions that it calls."""

    cdef object code            # a reference, so that its id stays unique
    cdef tuple names            # looked up as globals or attributes; None: unknown names
    cdef Names needed           # those of them that are replaced


# The functions that a walk through calls has reached.
cdef struct Walk:
    PyObject *codes[MOST_WALKED]
    int count


cdef dict known_codes = {}      # id of a code object -> KnownCode
cdef object FunctionType = types.FunctionType
cdef object CodeType = types.CodeType
cdef object ArrayFunction = type(np.sum)    # NumPy's functions that dispatch on __array_function__
cdef dict builtin_names = __import__("builtins").__dict__
# Built-in functions that call no code of the user except methods of their arguments, and functions
# among these, which are looked up too.
cdef set PLAIN_BUILTINS = {abs, all, any, bool, dict, divmod, enumerate, filter, float, hasattr,
                           int, isinstance, len, list, map, max, min, pow, range, reversed, round,
                           set, slice, sorted, sum, tuple, zip}
# Types of numbers, strings and similar objects, which have no code of the user.
cdef set PLAIN_TYPES = {bool, int, float, complex, str, bytes, type(None), type(Ellipsis), range,
                        *np.sctypeDict.values()} - {np.object_}
# Types of NumPy that isinstance() is called with.
cdef set ABSTRACT_TYPES = {np.ndarray, np.generic, np.number, np.integer, np.inexact, np.floating}
# Instructions and flags by which a code object may reach any other code.
cdef frozenset OPAQUE_OPCODES = frozenset([opcode.opmap[name] for name in (
    "IMPORT_NAME", "LOAD_BUILD_CLASS", "STORE_GLOBAL", "DELETE_GLOBAL") if name in opcode.opmap])
cdef int OPAQUE_FLAGS = 0x20 | 0x80 | 0x200    # generators and coroutines


cdef bint is_inert(object x):
    """Whether x is a number, a string, an array of numbers, or a short tuple of these."""
    kind = type(x)
    if kind is np_ndarray:
        return (<cnp.ndarray> x).descr.kind != c"O"
    if kind is tuple:
        return len(<tuple> x) <= MOST_PARTS and all([type(part) is not tuple and is_inert(part)
                                                     for part in <tuple> x])
    return kind in PLAIN_TYPES


cdef bint is_numpys(object x) except -1:
    """Whether x is a function of NumPy whose name is not replaced, or a module of NumPy."""
    return (x is np or x is own_numpy or x is np.linalg or x is np.fft or
            type(x) is ArrayFunction or
            (isinstance(x, np.ufunc) and x in ufunc_ops) or
            (isinstance(x, type) and (x in PLAIN_TYPES or x in ABSTRACT_TYPES)))


cdef bint is_harmless(str name) except -1:
    """Whether an attribute of this name, of NumPy or of an array, leads to no code of the user."""
    found = numpy_names.get(name, numpy_names)
    if found is numpy_names:    # of an array or a module of NumPy, unless NumPy loads it on demand
        return not name.startswith("__") and name not in dir(np)
    return is_inert(found) or is_numpys(found)


cdef bint collect_names(object code, set names) except -1:
    """Add the names that a code object and those within it look up.  Returns False if they may
    reach any other code."""
    if code.co_flags & OPAQUE_FLAGS or not OPAQUE_OPCODES.isdisjoint(code.co_code[::2]):
        return False
    names.update(code.co_names)
    for x in code.co_consts:
        if type(x) is CodeType and not collect_names(x, names):
            return False
    return True


cdef KnownCode known_code(object code):
    """The KnownCode of a code object, which is created at the first call."""
    cdef KnownCode known = known_codes.get(id(code))
    cdef int replaceable = n_replaced
    cdef set names = set()
    cdef dict numbers = {}
    cdef int k
    if known is not None:
        return known
    known = KnownCode()
    known.code = code
    for k in range(replaceable):
        if is_left(k):
            continue
        numbers.setdefault(<object> replaced[k].name, []).append(k)
    if collect_names(code, names) and all([name in numbers or is_harmless(name)
                                           for name in names]):
        known.names = tuple(names)
        for name in names:
            for number in numbers.get(name, ()):
                k = number
                known.needed.bits[k >> 6] |= <uint64_t> 1 << (k & 63)
    if len(known_codes) >= MOST_KNOWN:
        known_codes.clear()
    if replaceable == n_replaced:       # no other thread has registered names meanwhile
        known_codes[id(code)] = known
    return known


cdef bint follow(object x, Names *needed, Walk *walk) except -1:
    """Add the names that the object x needs.  Returns False if its code can not be inspected."""
    if is_inert(x) or is_numpys(x):
        return True
    return type(x) is FunctionType and follow_function(x, needed, walk)


cdef bint follow_function(object fun, Names *needed, Walk *walk) except -1:
    """The same of a Python function."""
    cdef object code = fun.__code__
    cdef dict space = fun.__globals__
    cdef KnownCode known
    cdef int k
    for k in range(walk.count):
        if walk.codes[k] == <PyObject *> code:
            return True
    if walk.count == MOST_WALKED:
        return False
    walk.codes[walk.count] = <PyObject *> code
    walk.count += 1
    known = known_code(code)
    if known.names is None:
        return False
    for k in range(NAME_WORDS):
        needed.bits[k] |= known.needed.bits[k]
    for name in known.names:
        found = space.get(name, known)
        if found is not known:
            if not follow(found, needed, walk):
                return False
            continue
        found = builtin_names.get(name, known)
        if found is not known and found not in PLAIN_BUILTINS:
            return False
    for x in fun.__defaults__ or ():
        if not follow(x, needed, walk):
            return False
    for x in fun.__closure__ or ():
        try:
            x = (<object> x).cell_contents
        except ValueError:          # not bound yet
            return False
        if not follow(x, needed, walk):
            return False
    return fun.__kwdefaults__ is None


cdef int names_of(object fun, tuple args, dict kwargs, Names *needed) except -1:
    """The names that a function called with these plain arguments needs replaced."""
    cdef Walk walk
    walk.count = 0
    memset(needed, 0, sizeof(Names))
    needed.all = True
    if type(fun) is not FunctionType or kwargs:
        return 0
    for x in args:
        if not is_inert(x):
            return 0
    if follow_function(fun, needed, &walk):
        needed.all = False
    return 0
