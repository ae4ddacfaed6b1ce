# SPDX-License-Identifier: Apache-2.0
# Compiled code that calls np.empty(...) counts on a plain array and may not even look
# (NumPy's own random generators do not).  It is given NumPy as it is without traces.

cdef object plain_numpy = types.ModuleType("numpy", np.__doc__)
plain_numpy.__dict__.update(np.__dict__)
cdef size_t modules_seen = 0
cdef tuple compiled_suffixes = tuple(importlib.machinery.EXTENSION_SUFFIXES)


cdef bint shield_compiled() except -1:
    """Point `np` of extension modules loaded since the last look to the plain one; whether
    there were any."""
    global modules_seen
    cdef bint found = False
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
                names[alias] = plain_numpy
                found = True
    enter_testing()
    modules_seen = len(sys.modules)
    return found


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
