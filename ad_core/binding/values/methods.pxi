# SPDX-License-Identifier: Apache-2.0
# The methods and attributes of traced values.  They are entered in the types, as methods of C or
# Python functions, since looking up a name that a type does not have costs more than most of them.
# The methods that only move elements are those of the index array.

cdef extern from *:
    """
    typedef PyObject *(*ad_method)(PyObject *, PyObject **, Py_ssize_t, PyObject *);

    static int ad_enter_method(PyTypeObject *type, const char *name, ad_method function)
    {
        PyMethodDef *method = PyMem_Calloc(1, sizeof *method);      /* kept for ever */
        PyObject *made;
        int failed;
        if (method == NULL) { PyErr_NoMemory(); return -1; }
        method->ml_name = name;
        method->ml_meth = (PyCFunction)(void (*)(void))function;
        method->ml_flags = METH_FASTCALL | METH_KEYWORDS;
        made = PyDescr_NewMethod(type, method);
        failed = made == NULL || PyDict_SetItemString(type->tp_dict, name, made);
        Py_XDECREF(made);
        PyType_Modified(type);
        return failed ? -1 : 0;
    }
    static int ad_enter_attribute(PyTypeObject *type, PyObject *name, PyObject *x)
    {
        int failed = PyDict_SetItem(type->tp_dict, name, x);
        PyType_Modified(type);
        return failed ? -1 : 0;
    }
    """
    ctypedef object (*ad_method)(object, PyObject **, Py_ssize_t, PyObject *)
    int ad_enter_method(type kind, const char *key, ad_method call) except -1
    int ad_enter_attribute(type kind, object key, object x) except -1
    object ad_vectorcall_method "PyObject_VectorcallMethod"(object key, PyObject **args, size_t n,
                                                            PyObject *names)

cdef enum:
    MOST_SETTINGS = 8           # arguments of a method that moves elements


cdef object moved_by_method(object self, str name, PyObject **args, Py_ssize_t n,
                            PyObject *names):
    """x.name(*args, **named) of an array method that moves elements."""
    cdef TracedArray x = <TracedArray> self
    cdef PyObject *given[MOST_SETTINGS + 1]
    cdef Py_ssize_t k, total = n + (0 if names == NULL else len(<tuple> names))
    if ad_current != NULL and total <= MOST_SETTINGS and not x.spaced and (
            cnp.PyArray_SIZE(x.index) != 0):
        index = x.indices()
        given[0] = <PyObject *> index
        for k in range(total):
            if not is_setting(<object> args[k]):
                break
            given[k + 1] = args[k]
        else:
            try:
                found = ad_vectorcall_method(name, given, <size_t> n + 1, names)
            except (OverflowError, TypeError, IndexError):
                found = None        # the general path explains the error
            if type(found) is np_ndarray:
                return view_of(x, <cnp.ndarray> found)
    positional = tuple([<object> args[k] for k in range(n)])
    named = {} if names == NULL else {
        name: <object> args[n + k] for k, name in enumerate(<tuple> names)}
    return hooks.array_methods[name](x, *positional, **named)


cdef object method_reshape(object self, PyObject **args, Py_ssize_t n, PyObject *names):
    return moved_by_method(self, "reshape", args, n, names)


cdef object method_ravel(object self, PyObject **args, Py_ssize_t n, PyObject *names):
    return moved_by_method(self, "ravel", args, n, names)


cdef object method_flatten(object self, PyObject **args, Py_ssize_t n, PyObject *names):
    return moved_by_method(self, "flatten", args, n, names)


cdef object method_transpose(object self, PyObject **args, Py_ssize_t n, PyObject *names):
    return moved_by_method(self, "transpose", args, n, names)


cdef object method_swapaxes(object self, PyObject **args, Py_ssize_t n, PyObject *names):
    return moved_by_method(self, "swapaxes", args, n, names)


cdef object method_squeeze(object self, PyObject **args, Py_ssize_t n, PyObject *names):
    return moved_by_method(self, "squeeze", args, n, names)


cdef object method_repeat(object self, PyObject **args, Py_ssize_t n, PyObject *names):
    return moved_by_method(self, "repeat", args, n, names)


cdef object method_copy(object self, PyObject **args, Py_ssize_t n, PyObject *names):
    return moved_by_method(self, "copy", args, n, names)


cdef int install_methods() except -1:
    """Enter the methods and attributes of the Python layer in both types."""
    for kind in (TracedArray, TracedScalar):
        for name, function in hooks.array_methods.items():
            if name not in kind.__dict__:
                ad_enter_attribute(kind, sys.intern(name), function)
        for name, function in hooks.array_attributes.items():
            if name not in kind.__dict__:
                ad_enter_attribute(kind, sys.intern(name), property(function))
    ad_enter_method(TracedArray, "reshape", method_reshape)
    ad_enter_method(TracedArray, "ravel", method_ravel)
    ad_enter_method(TracedArray, "flatten", method_flatten)
    ad_enter_method(TracedArray, "transpose", method_transpose)
    ad_enter_method(TracedArray, "swapaxes", method_swapaxes)
    ad_enter_method(TracedArray, "squeeze", method_squeeze)
    ad_enter_method(TracedArray, "repeat", method_repeat)
    ad_enter_method(TracedArray, "copy", method_copy)
    return 0
