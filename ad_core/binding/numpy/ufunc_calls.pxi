# SPDX-License-Identifier: Apache-2.0
# Calls of NumPy's ufuncs on traced values.  NumPy's protocol __array_ufunc__ takes several times as
# long as the operation on a scalar, most of it within NumPy: it looks at each argument's class and
# makes tuples.  So the ufuncs that have a row get an entry point of ours once a few of them have
# been called, until the last trace ends.  It looks at the types of the arguments, and calls NumPy's
# entry point, which has the protocol, for everything but one or two operands of well-known types,
# one of which is traced, and for lists and objects that hold traced values (lists.pxi).

cdef enum:
    CALLS_BEFORE = 8            # calls by the protocol that take as long as to replace all of them

cdef extern from *:
    """
    static vectorcallfunc ad_numpy_ufunc;       /* the entry point of all ufuncs of NumPy */
    static PyTypeObject *ad_traced[2];
    static PyObject *(*ad_ufunc_of_traced)(PyObject *, PyObject **, Py_ssize_t);
    typedef PyObject *(*ad_objects_call)(PyObject *, PyObject **, Py_ssize_t, PyObject *);
    static AD_SHARED(ad_objects_call) ad_ufunc_of_objects;

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
        const ad_objects_call of_objects = ad_ufunc_of_objects;
        if (of_objects != NULL) {
            PyObject *made = of_objects(ufunc, (PyObject **)args, n, names);
            if (made != Py_NotImplemented) return made;
            Py_DECREF(made);
        }
        return ad_numpy_ufunc(ufunc, args, flags, names);
    }

    static vectorcallfunc *ad_ufunc_entry[256];       /* of each ufunc of NumPy */
    static int ad_ufunc_entries;

    /* Note the entry point of a ufunc, unless NumPy calls ufuncs in another way.  The ufunc must
       exist for ever. */
    static void ad_note_ufunc(PyObject *ufunc)
    {
        PyTypeObject *type = Py_TYPE(ufunc);
        vectorcallfunc *entry;
        if (!PyType_HasFeature(type, Py_TPFLAGS_HAVE_VECTORCALL) || ad_ufunc_entries == 256) return;
        entry = (vectorcallfunc *)((char *)ufunc + type->tp_vectorcall_offset);
        if (*entry == NULL || (ad_numpy_ufunc != NULL && *entry != ad_numpy_ufunc)) return;
        ad_numpy_ufunc = *entry;
        ad_ufunc_entry[ad_ufunc_entries++] = entry;
    }

    /* Other threads read it while they call the ufunc. */
    #ifdef Py_GIL_DISABLED
    #define AD_SET_ENTRY(at, to) \
        atomic_store_explicit((_Atomic(vectorcallfunc) *)(at), to, memory_order_release)
    #else
    #define AD_SET_ENTRY(at, to) (*(at) = (to))
    #endif

    /* Let all of them have our entry point, or NumPy's.  Those that other code has replaced since
       stay as they are. */
    static void ad_exchange_ufuncs(int ours)
    {
        const vectorcallfunc from = ours ? ad_numpy_ufunc : ad_call_ufunc;
        const vectorcallfunc to = ours ? ad_call_ufunc : ad_numpy_ufunc;
        for (int k = 0; k < ad_ufunc_entries; k++) {
            if (*ad_ufunc_entry[k] == from) AD_SET_ENTRY(ad_ufunc_entry[k], to);
        }
    }

    static int ad_ufuncs_are_exchanged(void)
    {
        return ad_ufunc_entries > 0 && *ad_ufunc_entry[0] == ad_call_ufunc;
    }

    static void ad_set_traced(PyTypeObject *scalar, PyTypeObject *array,
                              PyObject *(*function)(PyObject *, PyObject **, Py_ssize_t))
    {
        ad_traced[0] = scalar;
        ad_traced[1] = array;
        ad_ufunc_of_traced = function;
    }

    static void ad_take_objects(PyObject *(*function)(PyObject *, PyObject **, Py_ssize_t,
                                                      PyObject *))
    {
        ad_ufunc_of_objects = function;
    }
    """
    void ad_note_ufunc(object ufunc)
    void ad_exchange_ufuncs(bint ours) noexcept
    int ad_ufuncs_are_exchanged() noexcept
    void ad_set_traced(type scalar, type array,
                       object (*call)(object, PyObject **, Py_ssize_t))
    void ad_take_objects(object (*call)(object, PyObject **, Py_ssize_t, PyObject *)) noexcept


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


cdef inline bint is_no_object(object x):
    """Whether x certainly needs no conversion by numbers_taken()."""
    kind = type(x)
    if kind is np_ndarray:
        return (<cnp.ndarray> x).descr.kind != c"O"
    return kind is TracedArray or kind is TracedScalar or kind is float or kind is int or (
        kind is np_float64)


cdef object ufunc_of_objects(object ufunc, PyObject **args, Py_ssize_t n, PyObject *names):
    """ufunc(*args, **named) with lists, arrays of objects and other objects that hold traced
    numbers as traced arrays; NotImplemented if there are none."""
    cdef Py_ssize_t k
    cdef bint found = False
    if ad_current == NULL:
        return NotImplemented
    for k in range(n):
        if not is_no_object(<object> args[k]):
            break
    else:
        return NotImplemented
    if n > ufunc.nin or (names != NULL and "out" in <tuple> names) or numpys_own_wanted():
        return NotImplemented       # the result may be an array of objects
    given = []
    for k in range(n):
        x = <object> args[k]
        if is_of_pandas(type(x)):   # its method calls the ufunc on its array, and labels the result
            return NotImplemented
        y = x if is_no_object(x) else numbers_taken(x)
        found = found or type(y) is not type(x)
        given.append(y)
    if not found or not any_traced(given) or not all_operable(given):
        return NotImplemented
    named = {} if names == NULL else {
        name: <object> args[n + k] for k, name in enumerate(<tuple> names)}
    return ufunc(*given, **named)


cdef inline void count_ufunc_call() noexcept:
    """Count a call by the protocol.  Some of them let the ufuncs have our entry point."""
    global ad_protocol_calls
    ad_protocol_calls += 1
    if ad_protocol_calls == CALLS_BEFORE:
        ad_lock()
        ad_exchange_ufuncs(True)
        ad_unlock()


cdef inline void restore_ufuncs() noexcept:
    """Let the ufuncs have NumPy's entry point again, when the last trace has ended.  The caller
    holds the lock."""
    if ad_ufuncs_are_exchanged():
        ad_exchange_ufuncs(False)


cdef int note_ufuncs() except -1:
    """Note the entry points of all ufuncs of NumPy."""
    ad_set_traced(TracedScalar, TracedArray, ufunc_of_traced)
    for ufunc in {id(x): x for x in numpy_names.values() if isinstance(x, np.ufunc)}.values():
        ad_note_ufunc(ufunc)
    return 0
