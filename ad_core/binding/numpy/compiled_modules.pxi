# SPDX-License-Identifier: Apache-2.0
# Compiled modules that call np.empty(...) rely on a plain array and may not check its type
# (NumPy's random generators do not).  While a trace replaces names of NumPy, the name `np` of such
# a module therefore refers to a copy of the namespace with NumPy's own functions.

cdef object plain_numpy = types.ModuleType("numpy", np.__doc__)
plain_numpy.__dict__.update(np.__dict__)
cdef ad_shared_size modules_seen = 0
cdef int running_all = 0        # open traces of all threads that replace every name
cdef tuple compiled_suffixes = tuple(importlib.machinery.EXTENSION_SUFFIXES)

# A name by which a compiled module refers to NumPy.  Both objects are kept for ever.
cdef struct Shielded:
    PyObject *space             # the module's namespace
    PyObject *alias

cdef Shielded *shielded = NULL
cdef ad_shared_int n_shielded = 0
cdef int room_shielded = 0


cdef int shield(dict space, str alias) except -1:
    """Let a compiled module's name refer to the copy with NumPy's own functions, while traces
    replace every name."""
    ad_lock()
    try:
        return shield_locked(space, alias)
    finally:
        ad_unlock()


cdef int shield_locked(dict space, str alias) except -1:
    global shielded, n_shielded, room_shielded
    cdef int k, room
    cdef void *moved
    for k in range(n_shielded):         # the alias is interned
        if (shielded[k].space == <PyObject *> space
                and shielded[k].alias == <PyObject *> alias):
            return 0
    if n_shielded == room_shielded:
        room = 2 * room_shielded + 16
        moved = PyMem_Realloc(shielded, room * sizeof(Shielded))
        if moved == NULL:
            raise MemoryError
        shielded = <Shielded *> moved
        room_shielded = room
    Py_INCREF(space)
    Py_INCREF(alias)
    shielded[n_shielded].space = <PyObject *> space
    shielded[n_shielded].alias = <PyObject *> alias
    n_shielded = n_shielded + 1
    if running_all > 0:
        space[alias] = plain_numpy
    return 0


cdef bint shield_compiled() except -1:
    """Find the compiled modules that were loaded since the last call; whether there were any."""
    global modules_seen
    cdef int before = n_shielded
    cdef size_t count
    if modules_seen == 0:
        importlib.import_module("numpy.random")     # not to load it during a trace
    count = len(sys_modules)
    for module in list(sys.modules.values()):
        names = getattr(module, "__dict__", None)
        if type(names) is not dict or not str(names.get("__file__")).endswith(compiled_suffixes):
            continue
        if names.get("__name__") == __name__:
            continue
        for alias in ("np", "numpy", "_np"):
            if names.get(alias) is np:
                shield(names, sys.intern(alias))
    enter_testing()
    modules_seen = count        # others may have been loaded meanwhile, also by other threads
    return n_shielded > before


cdef void point_shielded(object target) noexcept:
    """Let those names refer to NumPy or to the copy.  To replace the value of a key that a
    dictionary already has needs no memory, so this can not fail."""
    cdef int k
    for k in range(n_shielded):
        ad_dict_restore(shielded[k].space, shielded[k].alias, <PyObject *> target)


cdef bint numpys_own_wanted() except -1:
    """Whether NumPy's own function is wanted: no trace runs on this thread, or the caller is
    code of NumPy or SciPy, which relies on plain arrays."""
    cdef PyObject *names
    if ad_current == NULL:
        return True
    if <size_t> len(sys_modules) != modules_seen and shield_compiled():
        return True             # the caller may be one of the new compiled modules
    names = PyEval_GetGlobals()
    if names == NULL:
        return False
    name = (<dict> <object> names).get("__name__")
    if type(name) is not str:
        return False
    return (<str> name).startswith(("numpy.", "scipy.")) and not (
        <size_t> names in adapted_spaces or
        # these modules, which use no protocol for arrays, are treated as a user's
        (<str> name).startswith("numpy.polynomial."))


# The ids of namespaces whose names were exchanged (ad_core/adapting/): their code takes traced
# values.
cdef set adapted_spaces = set()


def note_adapted(space):
    """Note that the names of a module's namespace were exchanged."""
    adapted_spaces.add(<size_t> <PyObject *> space)


def forget_adapted():
    """Note that all exchanged names were restored."""
    global modules_known
    adapted_spaces.clear()
    modules_known = 0


# pandas computes with the arrays that it makes in compiled code, if a function needs it for plain
# numbers only.  So they are plain while such a function is traced, which its first recording finds.
cdef dict with_plain_frames = {}    # id of a function -> a weak reference to it


cdef bint gets_plain_frames(object fun) except -1:
    """Whether the arrays that pandas makes are plain while this function is traced."""
    if not with_plain_frames:
        return False
    found = with_plain_frames.get(id(fun))
    return found is not None and found() is fun


def give_plain_frames(fun):
    """Let the arrays that pandas makes be plain while this function is traced.  Returns whether
    this is new."""
    if gets_plain_frames(fun):
        return False
    try:
        with_plain_frames[id(fun)] = weakref.ref(
            fun, lambda _, key=id(fun): with_plain_frames.pop(key, None))
    except TypeError:           # objects of this class have no weak references
        return False
    return True


cdef dict sys_modules = sys.modules


# Functions of SciPy that call functions of the user run on traced values without an error (those
# that are written in Python), and would differentiate their own iterations.  So their names are
# exchanged before the first trace after they were loaded, and not when a recording fails.
cdef ad_shared_size modules_known = 0
cdef ad_shared_int solver_exchanges = 0


cdef int exchange_solvers() except -1:
    """Exchange names of solvers if modules were loaded since the last call."""
    global modules_known
    if <size_t> len(sys_modules) != modules_known:
        if hooks.modules_loaded is not None and hooks.modules_loaded():
            add_int(&solver_exchanges, 1)
        modules_known = len(sys_modules)
    return 0


cdef bint solvers_loaded_during(Trace trace) except -1:
    """Whether names of solvers were exchanged since a trace was opened, so that its function is to
    be recorded again."""
    exchange_solvers()
    if solver_exchanges == trace.of_solvers:
        return False
    trace.refusal = None
    trace.as_objects = None
    return True


def to_record_again(Trace trace not None):
    """The same."""
    return solvers_loaded_during(trace)
