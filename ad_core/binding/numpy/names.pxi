# SPDX-License-Identifier: Apache-2.0
# The names in NumPy's namespaces that refer to functions of ad_core while traces run.  A name is
# restored at the end of the last trace that needs it: the lock of threads.pxi protects all that is
# here.  A trace needs all names unless lookups.pxi
# finds that its function can look up only a few of them: for a small function, replacing all of
# them would take longer than its derivative.

cdef dict numpy_names = np.__dict__

cdef enum:
    MAXREPLACED = 512
    NAME_WORDS = 8              # words of 64 bits, one bit for each name

# A name that is replaced.  Its objects are kept for ever.
cdef struct Replaced:
    PyObject *space             # the namespace, a dict
    PyObject *name
    PyObject *stand_in          # its value while a trace needs it,
    PyObject *original          # and its value otherwise
    int users                   # traces of all threads that need it

cdef Replaced replaced[MAXREPLACED]
cdef ad_shared_int n_replaced = 0
cdef int running = 0            # open traces of all threads
cdef ad_shared_size exchanges = 0   # names of other modules that were exchanged so far


# The names that a trace needs, one bit for each.
cdef struct Names:
    uint64_t bits[NAME_WORDS]   # MAXREPLACED bits
    bint all                    # all names, including those that are registered later


# The names among them that are replaced only while all functions take lists (lists.pxi).
cdef ad_shared_int taking_objects = False
cdef int first_of_objects = 0
cdef int end_of_objects = 0


cdef inline bint is_left(int k) noexcept:
    return first_of_objects <= k < end_of_objects and not taking_objects


cdef inline bint has_name(const Names *names, int k) noexcept:
    return (names.all and not is_left(k)) or (names.bits[k >> 6] >> (k & 63)) & 1


cdef inline bint has_names(const Names *names) noexcept:
    cdef int k
    for k in range((n_replaced + 63) >> 6):
        if names.bits[k]:
            return True
    return names.all


cdef int replace_name(int k) except -1:
    """Add one user of a name.  The first one sets the stand-in."""
    cdef Replaced *r = &replaced[k]
    cdef PyObject *found
    if r.users == 0:
        found = ad_dict_find(r.space, r.name)
        if found != r.original and found != NULL:   # set by other code: restored afterwards
            r.original = found
        else:
            Py_XDECREF(found)
        ad_dict_set(r.space, r.name, r.stand_in)
    r.users += 1
    return 0


cdef void restore_name(int k) noexcept:
    """Remove one user of a name.  To replace the value of a key that a dictionary already has needs
    no memory, so this can not fail."""
    cdef Replaced *r = &replaced[k]
    r.users -= 1
    if r.users == 0:
        ad_dict_restore(r.space, r.name, r.original)


cdef int replace_names(const Names *names) except -1:
    """Replace the names that a new trace needs: all of them, or none if this raises."""
    global running, running_all
    if <size_t> len(sys_modules) != modules_seen:
        shield_compiled()
    if names.all and not masked_entered:
        enter_masked()
    ad_lock()
    try:
        if has_names(names):
            replace_needed(names)
        if taking_objects and running == 0:
            ad_exchange_ufuncs(True)
        running += 1
        if names.all:
            if running_all == 0:
                point_shielded(plain_numpy)
            running_all += 1
    finally:
        ad_unlock()
    return 0


cdef int replace_needed(const Names *names) except -1:
    cdef int k = 0
    try:
        while k < n_replaced:
            if has_name(names, k):
                replace_name(k)
            k += 1
    except BaseException:
        while k > 0:
            k -= 1
            if has_name(names, k):
                restore_name(k)
        raise
    return 0


cdef void restore_names(const Names *names) noexcept:
    """Restore the names that an ending trace needed."""
    global running, running_all
    cdef int k
    ad_lock()
    running -= 1
    if running == 0:
        restore_ufuncs()
    if names.all:
        running_all -= 1
        if running_all == 0:
            point_shielded(np)
    if has_names(names):
        for k in range(<int> n_replaced):
            if has_name(names, k):
                restore_name(k)
    ad_unlock()


cdef int enter_replacement(dict space, str name, object function) except -1:
    """Register the function that a name of NumPy refers to while traces need it."""
    ad_lock()
    try:
        enter_locked(space, name, function)
    finally:
        ad_unlock()
    return 0


cdef int enter_locked(dict space, str name, object function) except -1:
    global n_replaced
    if n_replaced == MAXREPLACED:
        raise RuntimeError(f"internal error: more than {MAXREPLACED} names of NumPy to replace")
    name = sys.intern(name)
    original = space[name]
    for part in (space, name, function, original):
        Py_INCREF(part)
    cdef Replaced *r = &replaced[n_replaced]
    r.space = <PyObject *> space
    r.name = <PyObject *> name
    r.stand_in = <PyObject *> function
    r.original = <PyObject *> original
    r.users = running_all
    if running_all > 0:
        ad_dict_set(r.space, r.name, r.stand_in)
    n_replaced = n_replaced + 1
    return 0


def replace_while_tracing(space, str name, function):
    """Register a function of the Python layer that a name refers to while traces need it."""
    enter_replacement(space, name, function)


def stand_in(dict space, str name):
    """The original and the stand-in of a name that may be replaced, as a pair; None without one."""
    cdef int k
    for k in range(<int> n_replaced):
        if replaced[k].space == <PyObject *> space and <object> replaced[k].name == name:
            return <object> replaced[k].original, <object> replaced[k].stand_in
    return None


def replaced_names():
    """All names that may be replaced, as pairs of namespace and name."""
    return [(<object> replaced[k].space, <object> replaced[k].name) for k in range(<int> n_replaced)
            if not is_left(k)]


def numpy_stand_ins():
    """All names that may be replaced, as (namespace, name, original, stand-in)."""
    return [(<object> replaced[k].space, <object> replaced[k].name, <object> replaced[k].original,
             <object> replaced[k].stand_in) for k in range(<int> n_replaced) if not is_left(k)]


# The NumPy that ad_core's own modules use: it always contains the stand-ins, which act as NumPy's
# functions where no trace runs.  So these modules do not depend on the names that a trace replaces.
cdef object own_numpy = types.ModuleType("numpy", np.__doc__)


def use_stand_ins(modules):
    """Let `np` of these modules, except this one, refer to the NumPy that contains all
    stand-ins."""
    cdef int k
    cdef dict spaces = {id(numpy_names): own_numpy}
    own_numpy.__dict__.update(numpy_names)
    for name in ("linalg", "fft"):
        inner = types.ModuleType(f"numpy.{name}")
        inner.__dict__.update(numpy_names[name].__dict__)
        setattr(own_numpy, name, inner)
        spaces[id(numpy_names[name].__dict__)] = inner
    for k in range(<int> n_replaced):
        space = spaces.get(id(<object> replaced[k].space))
        if space is not None:
            setattr(space, <object> replaced[k].name, <object> replaced[k].stand_in)
    for module in modules:
        if module.__name__ != __name__ and getattr(module, "np", None) is np:
            module.np = own_numpy
