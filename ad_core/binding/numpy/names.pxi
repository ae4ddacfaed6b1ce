# SPDX-License-Identifier: Apache-2.0
# Names of NumPy's that stand for functions of ours while traces run; they are restored with the last
# trace that needs them.  A trace needs all of them, unless lookups.pxi finds that its function can
# look up a few of them at most: for a small function, replacing the others would take longer than
# its derivative.

cdef dict numpy_names = np.__dict__

cdef enum:
    MAXREPLACED = 128

# A name that is replaced; what it holds lives as long as we do.
cdef struct Replaced:
    PyObject *space             # the namespace, a dict
    PyObject *name
    PyObject *stand_in          # what stands there while a trace needs it
    PyObject *original          # and what otherwise
    int users                   # traces in all threads that need it

cdef Replaced replaced[MAXREPLACED]
cdef int n_replaced = 0
cdef int running = 0            # traces open in all threads,


# The names that a trace needs: a bit each.
cdef struct Names:
    uint64_t bits[2]           # MAXREPLACED of them
    bint all                    # all of them, those that are entered later too


cdef inline bint has_name(const Names *names, int k) noexcept:
    return names.all or (names.bits[k >> 6] >> (k & 63)) & 1


cdef int replace_name(int k) except -1:
    """Count one user more of a name; with the first, the stand-in is put in place."""
    cdef Replaced *r = &replaced[k]
    cdef PyObject *found
    if r.users == 0:
        found = ad_dict_get(r.space, r.name)
        if found != r.original and found != NULL:   # somebody else's: put back afterwards
            Py_INCREF(<object> found)
            r.original = found
        ad_dict_set(r.space, r.name, r.stand_in)
    r.users += 1
    return 0


cdef void restore_name(int k) noexcept:
    """Count one user less.  Setting what a dictionary has already needs no memory, so that nothing
    can fail."""
    cdef Replaced *r = &replaced[k]
    r.users -= 1
    if r.users == 0:
        ad_dict_restore(r.space, r.name, r.original)


cdef int replace_names(const Names *names) except -1:
    """A trace begins that needs these names: all are put in place, or none."""
    global running, running_all
    cdef int k = 0
    if <size_t> len(sys_modules) != modules_seen:
        shield_compiled()
    if names.all or names.bits[0] | names.bits[1]:
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
    running += 1
    if names.all:
        if running_all == 0:
            point_shielded(plain_numpy)
        running_all += 1
    return 0


cdef void restore_names(const Names *names) noexcept:
    """A trace ends that needed these names."""
    global running, running_all
    cdef int k
    running -= 1
    if names.all:
        running_all -= 1
        if running_all == 0:
            point_shielded(np)
    if names.all or names.bits[0] | names.bits[1]:
        for k in range(n_replaced):
            if has_name(names, k):
                restore_name(k)


cdef int enter_replacement(dict space, str name, object function) except -1:
    """Let function stand for a name of NumPy's while traces need it."""
    global n_replaced
    if n_replaced == MAXREPLACED:
        raise RuntimeError(f"at most {MAXREPLACED} names of NumPy's are replaced")
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
    n_replaced += 1
    return 0


def replace_while_tracing(space, str name, function):
    """Let the Python layer's function stand for one of NumPy's while traces need it."""
    enter_replacement(space, name, function)


def replaced_names():
    """The names that are replaced, as pairs of namespace and name."""
    return [(<object> replaced[k].space, <object> replaced[k].name) for k in range(n_replaced)]


# NumPy as our own modules call it: with the stand-ins in place, which do as NumPy's functions where
# no trace runs.  So nothing of ours depends on which names a trace has replaced.
cdef object own_numpy = types.ModuleType("numpy", np.__doc__)


def use_stand_ins(modules):
    """Point `np` of these modules, this one excepted, to NumPy with all stand-ins in place."""
    cdef int k
    cdef dict spaces = {id(numpy_names): own_numpy}
    own_numpy.__dict__.update(numpy_names)
    for name in ("linalg", "fft", "ma"):
        inner = types.ModuleType(f"numpy.{name}")
        inner.__dict__.update(numpy_names[name].__dict__)
        setattr(own_numpy, name, inner)
        spaces[id(numpy_names[name].__dict__)] = inner
    for k in range(n_replaced):
        space = spaces.get(id(<object> replaced[k].space))
        if space is not None:
            setattr(space, <object> replaced[k].name, <object> replaced[k].stand_in)
    for module in modules:
        if module.__name__ != __name__ and getattr(module, "np", None) is np:
            module.np = own_numpy
