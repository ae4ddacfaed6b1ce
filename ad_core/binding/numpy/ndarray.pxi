# SPDX-License-Identifier: Apache-2.0
# A.dot(x) of a plain array A and a traced x.  NumPy's protocols do not cover this method, which
# would convert x to an object array and process it element by element.  The method of np.ndarray is
# therefore replaced by one that looks at its first argument.  For plain arguments it calls NumPy's.

cdef extern from *:
    """
    typedef PyObject *(*ad_fast_method)(PyObject *, PyObject *const *, Py_ssize_t, PyObject *);
    static ad_fast_method ad_numpy_dot;
    static PyObject *ad_traced_dot;             /* a function (self, b, out=None) */
    static PyTypeObject *ad_traced_types[2];

    static PyObject *ad_dot(PyObject *self, PyObject *const *args, Py_ssize_t n, PyObject *names)
    {
        PyObject *given[4];
        Py_ssize_t k, total = n + (names == NULL ? 0 : PyTuple_GET_SIZE(names));
        PyTypeObject *type = total > 0 ? Py_TYPE(args[0]) : NULL;
        if (total > 3 || (type != ad_traced_types[0] && type != ad_traced_types[1]))
            return ad_numpy_dot(self, args, n, names);
        given[0] = self;
        for (k = 0; k < total; k++) given[k + 1] = args[k];
        return PyObject_Vectorcall(ad_traced_dot, given, (size_t)(n + 1), names);
    }

    static PyMethodDef ad_dot_method = {
        "dot", (PyCFunction)(void (*)(void))ad_dot, METH_FASTCALL | METH_KEYWORDS, NULL};

    /* Returns whether the method was replaced.  It is not if NumPy's has another calling
       convention. */
    static int ad_replace_dot(PyTypeObject *ndarray, PyObject *function, PyTypeObject *array,
                              PyTypeObject *scalar)
    {
        PyObject *old = PyDict_GetItemString(ndarray->tp_dict, "dot"), *made;
        PyMethodDef *method;
        int failed;
        if (old == NULL || Py_TYPE(old) != &PyMethodDescr_Type) return 0;
        method = ((PyMethodDescrObject *)old)->d_method;
        if (method->ml_flags != (METH_FASTCALL | METH_KEYWORDS) ||
            method->ml_meth == ad_dot_method.ml_meth)
            return 0;
        ad_numpy_dot = (ad_fast_method)(void (*)(void))method->ml_meth;
        ad_traced_dot = Py_NewRef(function);
        ad_traced_types[0] = array;
        ad_traced_types[1] = scalar;
        ad_dot_method.ml_doc = method->ml_doc;
        made = PyDescr_NewMethod(ndarray, &ad_dot_method);
        if (made == NULL) return -1;
        failed = PyDict_SetItemString(ndarray->tp_dict, "dot", made);
        Py_DECREF(made);
        PyType_Modified(ndarray);
        return failed ? -1 : 1;
    }
    """
    int ad_replace_dot(type ndarray, object traced_dot, type of_arrays, type of_scalars) except -1


def dot_with_traced(self, b, out=None):
    """ndarray.dot of a plain array and traced values, by np.dot, which supports them."""
    if not operable(self):
        hooks.refuse_operand(self, "dot")
    return np.dot(self, b, out=out)


ad_replace_dot(np.ndarray, dot_with_traced, TracedArray, TracedScalar)
