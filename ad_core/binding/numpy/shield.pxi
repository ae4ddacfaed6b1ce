# SPDX-License-Identifier: Apache-2.0
# Compiled code that calls np.empty(...) counts on a plain array and may not even look
# (NumPy's own random generators do not).  It is given NumPy as it is without traces.

cdef object plain_numpy = types.ModuleType("numpy", np.__doc__)
plain_numpy.__dict__.update(np.__dict__)
cdef size_t modules_seen = 0
cdef int running_all = 0        # traces open in all threads that need every name of NumPy's
cdef tuple compiled_suffixes = tuple(importlib.machinery.EXTENSION_SUFFIXES)

# Where a compiled module calls NumPy by a name of its own.  Both live as long as we do.
cdef struct Shielded:
    PyObject *space             # the module's namespace
    PyObject *alias

cdef Shielded *shielded = NULL
cdef int n_shielded = 0
cdef int room_shielded = 0


cdef int shield(dict space, str alias) except -1:
    """Point a compiled module's name to the plain NumPy, while traces need NumPy's names."""
    global shielded, n_shielded, room_shielded
    cdef int k, room
    cdef void *moved
    for k in range(n_shielded):
        if shielded[k].space == <PyObject *> space and <object> shielded[k].alias == alias:
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
    n_shielded += 1
    if running_all > 0:
        space[alias] = plain_numpy
    return 0


cdef bint shield_compiled() except -1:
    """Look for compiled modules loaded since the last look; whether there were any."""
    global modules_seen
    cdef int before = n_shielded
    if modules_seen == 0:
        importlib.import_module("numpy.random")     # loaded later, it would be met in mid-trace
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
    modules_seen = len(sys.modules)
    return n_shielded > before


cdef void point_shielded(object target) noexcept:
    """Point those names to NumPy or to the plain one.  Setting what a dictionary has already needs
    no memory, so that nothing can fail."""
    cdef int k
    for k in range(n_shielded):
        ad_dict_restore(shielded[k].space, shielded[k].alias, <PyObject *> target)


cdef bint as_ever() except -1:
    """Whether NumPy's own function is wanted: no trace runs on this thread, or the caller is
    code of NumPy or SciPy, which counts on getting plain arrays."""
    cdef PyObject *names
    cdef PyObject *name
    if ad_current == NULL:
        return True
    if <size_t> len(sys_modules) != modules_seen and shield_compiled():
        return True             # the call may be one of theirs
    names = PyEval_GetGlobals()
    if names == NULL:
        return False
    name = PyDict_GetItem(<object> names, "__name__")
    if name == NULL or type(<object> name) is not str:
        return False
    return (<str> <object> name).startswith(("numpy.", "scipy."))


cdef dict sys_modules = sys.modules
