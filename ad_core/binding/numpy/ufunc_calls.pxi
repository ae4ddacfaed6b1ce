# SPDX-License-Identifier: Apache-2.0
# Calls of NumPy's ufuncs on traced values.  NumPy's protocol __array_ufunc__ takes several times as
# long as the operation on a scalar, most of it within NumPy: it looks at each argument's class and
# makes tuples.  So the ufuncs that have a row get an entry point of ours, which looks at the types
# of the arguments.  It calls NumPy's, which has the protocol, for everything but one or two
# operands of well-known types, one of which is traced.

cdef extern from *:
    """
    static vectorcallfunc ad_numpy_ufunc;       /* the entry point of all ufuncs of NumPy */
    static PyTypeObject *ad_traced[2];
    static PyObject *(*ad_ufunc_of_traced)(PyObject *, PyObject **, Py_ssize_t);

    #define AD_IS_TRACED(x) (Py_TYPE(x) == ad_traced[0] || Py_TYPE(x) == ad_traced[1])

    static PyObject *ad_call_ufunc(PyObject *ufunc, PyObject *const *args, size_t flags,
                                   PyObject *names)
    {
        Py_ssize_t n = PyVectorcall_NARGS(flags);
        if (names == NULL && (n == 1 || n == 2) &&
            (AD_IS_TRACED(args[0]) || AD_IS_TRACED(args[n - 1]))) {
            PyObject *made = ad_ufunc_of_traced(ufunc, (PyObject **)args, n);
            if (made != Py_NotImplemented) return made;
            Py_DECREF(made);
        }
        return ad_numpy_ufunc(ufunc, args, flags, names);
    }

    /* Returns whether the ufunc has our entry point.  It has not if NumPy calls ufuncs in another
       way. */
    static int ad_enter_ufunc(PyObject *ufunc)
    {
        PyTypeObject *type = Py_TYPE(ufunc);
        vectorcallfunc *entry;
        if (!PyType_HasFeature(type, Py_TPFLAGS_HAVE_VECTORCALL)) return 0;
        entry = (vectorcallfunc *)((char *)ufunc + type->tp_vectorcall_offset);
        if (*entry == ad_call_ufunc) return 1;
        if (*entry == NULL || (ad_numpy_ufunc != NULL && *entry != ad_numpy_ufunc)) return 0;
        ad_numpy_ufunc = *entry;
        *entry = ad_call_ufunc;
        return 1;
    }
    static void ad_set_traced(PyTypeObject *scalar, PyTypeObject *array,
                              PyObject *(*function)(PyObject *, PyObject **, Py_ssize_t))
    {
        ad_traced[0] = scalar;
        ad_traced[1] = array;
        ad_ufunc_of_traced = function;
    }
    """
    int ad_enter_ufunc(object ufunc)
    void ad_set_traced(type scalar, type array,
                       object (*call)(object, PyObject **, Py_ssize_t))


cdef inline bint is_known_operand(object x):
    """Whether x is a traced float, or a number or an array that is not foreign."""
    kind = type(x)
    if kind is TracedScalar or kind is TracedArray:
        return not is_discrete(x)
    return kind is float or kind is int or kind is np_ndarray or kind is np_float64


cdef object ufunc_of_traced(object ufunc, PyObject **args, Py_ssize_t n):
    """ufunc(*args) of one or two operands, one of which is traced; NotImplemented for calls that
    are left to NumPy's protocol."""
    cdef PyObject *found
    cdef unsigned op
    if ad_current == NULL or not is_known_operand(<object> args[0]):
        return NotImplemented
    found = ad_dict_get(<PyObject *> ufunc_ops, <PyObject *> ufunc)
    if found == NULL:
        return NotImplemented
    op = <object> found
    if ad_op_rows[op].arity != n:
        return NotImplemented
    if n == 1:
        result = unary(op, <object> args[0], ufunc)
    elif is_known_operand(<object> args[1]):
        result = binary(op, <object> args[0], <object> args[1], ufunc)
    else:
        return NotImplemented
    return compare_result(result) if ad_op_rows[op].is_test else result


cdef int enter_ufuncs() except -1:
    """Give all ufuncs that have a row our entry point."""
    ad_set_traced(TracedScalar, TracedArray, ufunc_of_traced)
    for ufunc in ufunc_ops:
        ad_enter_ufunc(ufunc)
    return 0
