# SPDX-License-Identifier: Apache-2.0
# Lists of traced values as arguments of NumPy's functions, as in `np.mean([x[0], x[1]])`.  NumPy's
# protocols look at the types of arguments, not at the elements of lists.  The functions that are
# replaced here therefore convert such lists to traced arrays while a trace runs.
#
# All others make arrays of objects of such lists, on which much of NumPy works, element by element.
# When that has failed once (np.isfinite of objects, functions of compiled code), all functions and
# ufuncs of NumPy are replaced from then on, and convert arrays of objects and objects with
# __array__ too.

# Functions of which a list of arrays is an argument: its elements are the arrays.
cdef frozenset OF_SEQUENCES = frozenset((
    "choose", "column_stack", "concat", "concatenate", "dstack", "histogramdd", "hstack", "lexsort",
    "select", "stack", "vstack", "row_stack"))
# Functions that write into an argument, that treat objects (such as those of np.poly1d) as such, or
# that find arrays in lists.
cdef frozenset WITHOUT_OBJECTS = frozenset((
    "array2string", "array_repr", "array_str", "block", "can_cast", "common_type", "copyto",
    "fill_diagonal", "fromfunction", "loadtxt", "min_scalar_type", "place", "polyadd", "polyder",
    "polydiv", "polyint", "polymul", "polysub", "polyval", "put", "put_along_axis", "putmask",
    "result_type", "save", "savetxt", "savez", "savez_compressed", "shares_memory",
    "may_share_memory", "array_equal", "array_equiv", "trim_zeros", "unique"))


@cython.final
cdef class TakesLists:
    """A function of NumPy whose arguments may be lists of traced values."""

    cdef object function
    cdef readonly object __wrapped__
    cdef bint of_sequences

    def __cinit__(self, function):
        self.function = self.__wrapped__ = function
        self.of_sequences = function.__name__ in OF_SEQUENCES

    def __call__(self, *args, **kwargs):
        if not numpys_own_wanted():
            args = tuple([self.taken(x) for x in args])
            for name, x in kwargs.items():
                if name != "out":
                    kwargs[name] = self.taken(x)
        return self.function(*args, **kwargs)

    cdef object taken(self, object x):
        if self.of_sequences and (type(x) is list or type(x) is tuple):
            return type(x)([numbers_taken(part) for part in x])     # np.lexsort asks tuples alone
        if taking_objects:
            return numbers_taken(x)
        return joined(x) if is_list_of_traced(x) else x

    def __getattr__(self, name):
        return getattr(self.function, name)

    def __repr__(self):
        return repr(self.function)


cdef bint is_list_of_traced(object x) except -1:
    """Whether x is a list of numbers, some of which are traced; lists with functions, such as those
    of np.piecewise, are not."""
    if not (type(x) is list or type(x) is tuple) or not any_traced(x):
        return False
    return not any([callable(part) for part in x])


cdef object numbers_taken(object x):
    """x as a traced array, if it is a list, an array of objects or another object whose numbers are
    traced values; else x itself."""
    kind = type(x)
    if kind is list or kind is tuple:
        return joined(x) if is_list_of_traced(x) else x
    if kind is np_ndarray:
        if (<cnp.ndarray> x).descr.kind == c"O" and are_traced_numbers(
                (<cnp.ndarray> x).ravel().tolist()):
            return array_of_objects(<cnp.ndarray> x)
        return x
    if operable(x) or isinstance(x, (str, bytes, type)) or not hasattr(kind, "__array__") or (
            hasattr(kind, "__array_ufunc__") and not is_of_pandas(kind)):
        return x
    found = numbers_in(x)
    return found if is_traced(found) else x


cdef bint are_traced_numbers(list items) except -1:
    """Whether these are traced numbers, or traced and plain ones."""
    cdef bint traced = False
    for x in items:
        if type(x) is TracedScalar:
            traced = True
        elif not isinstance(x, (int, float, np.number, np.bool_)):
            return False
    return traced


def objects_were_made():
    """Whether NumPy has made objects of traced numbers on this thread since the last call."""
    global ad_objects_made
    made = bool(ad_objects_made)
    ad_objects_made = False
    return made


def take_objects():
    """Let all functions and ufuncs of NumPy convert lists, arrays of objects and other objects that
    hold traced numbers; returns whether this is new."""
    if taking_objects:
        return False
    entries = []
    # Each name is replaced once.  Creation functions, which are replaced already, take objects.
    known = {(id(space), name) for space, name in replaced_names()}
    for module in (np, np.linalg):
        space = module.__dict__
        for name, function in list(space.items()):
            if type(function) is not ArrayFunction or name in WITHOUT_OBJECTS:
                continue
            if (id(space), name) not in known:
                entries.append((space, name, TakesLists(function)))
    new = enter_takers(entries)
    known_codes.clear()         # they know the names that were replaced before
    return new


cdef bint enter_takers(list entries) except -1:
    """Replace the names that all functions need to take lists; returns whether this is new."""
    global taking_objects, first_of_objects, end_of_objects
    cdef int k
    ad_lock()
    try:
        if taking_objects:
            return False
        if end_of_objects:
            for k in range(first_of_objects, end_of_objects):
                replaced[k].users = 0
                for _ in range(running_all):
                    replace_name(k)
        else:
            first_of_objects = n_replaced
            for space, name, function in entries:
                enter_locked(space, name, function)
            end_of_objects = n_replaced
        taking_objects = True
        ad_take_objects(ufunc_of_objects)
        ad_exchange_ufuncs(True)
    finally:
        ad_unlock()
    return True


def leave_objects():
    """Let NumPy's functions take lists as they did at first, unless a trace runs."""
    global taking_objects
    cdef bint left
    ad_lock()
    left = running == 0
    if left:
        taking_objects = False
        ad_take_objects(NULL)
    ad_unlock()
    if left:
        known_codes.clear()


def take_lists(function):
    """Let a function of NumPy take lists of traced values while its name is replaced."""
    enter_replacement(sys_modules[function.__module__].__dict__, function.__name__,
                      TakesLists(function))
