# SPDX-License-Identifier: Apache-2.0
# cython: binding=False, freelist=0, freethreading_compatible=True
# Docstrings begin with the signature, for inspect.signature and notebooks; those of classes do so
# by hand.
# cython: embedsignature=True, embedsignature.format=clinic
"""The binding of the C core to Python.  It owns memory, checks arguments once, releases the GIL
and raises an exception for each failing status.  It contains no formulas.  Each of the files that
are included below holds one subject."""

cimport cython
cimport numpy as cnp
from cpython.dict cimport PyDict_Size
from cpython.exc cimport PyErr_CheckSignals, PyErr_Occurred, PyErr_SetInterrupt
from cpython.float cimport PyFloat_AS_DOUBLE
from cpython.long cimport PyLong_AsDouble, PyLong_AsLongLongAndOverflow
from cpython.mem cimport PyMem_Free, PyMem_Malloc, PyMem_Realloc
from cpython.object cimport Py_EQ, Py_GT, Py_LE, Py_LT, Py_NE, PyObject
from cpython.pycapsule cimport (
    PyCapsule_GetContext, PyCapsule_GetName, PyCapsule_GetPointer, PyCapsule_New,
    PyCapsule_SetContext, PyCapsule_SetDestructor)
from cpython.pythread cimport PyThread_get_thread_ident
from cpython.ref cimport Py_DECREF, Py_INCREF, Py_XDECREF
from cpython.tuple cimport PyTuple_GET_ITEM
from libc.math cimport NAN
from libc.string cimport memcpy, memset

import contextvars
import copyreg
import functools
import importlib
import importlib.machinery
import opcode
import operator
import os
import sys
import threading
import types
import warnings
import weakref

import numpy as np

from ad_core.errors import callers, integers, notes, remedies, warning
from ad_core.errors import (
    DtypeError,
    EscapedTraceError,
    NoDerivativeError,
    NotDifferentiable,
    TapeFullError,
    TracedAttributeError,
    TracedIndexError,
    TracedValueError,
)

cnp.import_array()

# The names that users meet, as _core.pyi declares them.
__all__ = ["AllowedRefusals", "CFunction", "Debugging", "Evaluator", "Gathered", "gather"]

cdef extern from *:
    """
    #if PY_VERSION_HEX < 0x030C0000
    #define ad_is_small_int(x) PyLong_CheckExact(x)
    #else
    #define ad_is_small_int(x) \\
        (PyLong_CheckExact(x) && PyUnstable_Long_IsCompact((PyLongObject *)(x)))
    #endif
    #ifdef _MSC_VER
    #define AD_THREAD_LOCAL __declspec(thread)
    #elif defined(__GLIBC__)  /* a fixed offset: a load instead of a call */
    #define AD_THREAD_LOCAL __attribute__((tls_model("initial-exec"))) _Thread_local
    #else
    #define AD_THREAD_LOCAL _Thread_local
    #endif
    static AD_THREAD_LOCAL void *ad_current;
    static AD_THREAD_LOCAL int ad_errors_suppressed, ad_allowances, ad_own_conversions;
    static AD_THREAD_LOCAL int ad_watching, ad_warnings_raise, ad_objects_made, ad_protocol_calls;
    static AD_THREAD_LOCAL long ad_points_left;
    #define set_current(trace) (ad_current = (trace))
    #define suppress_errors(change) (ad_errors_suppressed += (change))
    #define allow(change) (ad_allowances += (change))
    #define set_float_noted(x) (ad_float_noted = (x))
    #define ad_set_new(type, function) \\
        ((type)->tp_new = (newfunc)(void (*)(void))(function), PyType_Modified(type))

    /* When memory is exhausted, NumPy's indexing may fail without setting an exception, and the
       code that handles the exception would dereference a null pointer. */
    static PyObject *ad_get_item(PyObject *x, PyObject *key) {
        PyObject *found = PyObject_GetItem(x, key);
        if (found == NULL && !PyErr_Occurred()) PyErr_NoMemory();
        return found;
    }
    static int ad_set_item(PyObject *x, PyObject *key, PyObject *value) {
        int failed = PyObject_SetItem(x, key, value);
        if (failed && !PyErr_Occurred()) PyErr_NoMemory();
        return failed;
    }

    /* __array_ufunc__ as a method that receives its argument tuple unchanged.  NumPy calls it once
       for each elementary function, and unpacking the tuple would double the cost. */
    static PyMethodDef ad_ufunc_method = {
        "__array_ufunc__", NULL, METH_VARARGS | METH_KEYWORDS,
        "How NumPy's ufuncs act on a traced value."};
    static int ad_finish_type(PyTypeObject *type, void *function, int scalar) {
        ad_ufunc_method.ml_meth = (PyCFunction)(void (*)(void))function;
        PyObject *method = PyDescr_NewMethod(type, &ad_ufunc_method);
        int failed = method == NULL ||
                     PyDict_SetItemString(type->tp_dict, ad_ufunc_method.ml_name, method);
        Py_XDECREF(method);
        /* A traced scalar must not be a sequence for NumPy: storing it into a float array then
           raises the error of its __float__ instead of one about sequences. */
        if (scalar && type->tp_as_sequence != NULL) type->tp_as_sequence->sq_item = NULL;
        PyType_Modified(type);
        return failed ? -1 : 0;
    }
    """
    object ad_get_item(object x, object key)
    int ad_set_item(object x, object key, object value) except -1
    int ad_finish_type(type x, void *function, bint scalar) except -1
    void *ad_current  # the innermost Trace recording on this thread, borrowed
    void set_current(void *trace)
    # The number of NumPy's functions that run on this thread.  Errors of the operations that they
    # are made of do not count.
    int ad_errors_suppressed
    void suppress_errors(int change)
    # Of this thread too:
    int ad_allowances       # allow_refusals() contexts opened outside of all traces
    int ad_own_conversions  # running conversions of ad_core itself, which supports objects
    int ad_watching         # NumPy's error state is not the default one, or was changed in a trace
    int ad_warnings_raise   # a trace set a filter that turns warnings into errors
    int ad_objects_made     # whether NumPy has made an object of a traced number
    int ad_protocol_calls   # calls of ufuncs by the protocol since its outermost trace began
    long ad_points_left     # points before the interrupt of a test, see interrupt_at()
    void allow(int change)
    void set_float_noted(int x)
    void set_new "ad_set_new"(PyTypeObject *kind, void *function)
    bint ad_is_small_int(object x)

cdef extern from "Python.h":
    bint PyFloat_Check(object x)
    bint PyFloat_CheckExact(object x)
    bint PyLong_CheckExact(object x)
    bint PyComplex_Check(object x)
    PyObject *PyEval_GetGlobals()
    int PyObject_GenericSetAttr(object x, object name, object value) except -1

    # declared without the reference counts that Cython would change for each argument
    PyObject *ad_dict_get "PyDict_GetItemWithError"(PyObject *space, PyObject *name)
    int ad_dict_set "PyDict_SetItem"(PyObject *space, PyObject *name, PyObject *x) except -1
    int ad_dict_restore "PyDict_SetItem"(PyObject *space, PyObject *name, PyObject *x) noexcept
    object ad_call "PyObject_Call"(PyObject *x, PyObject *args, PyObject *kwargs)
    ctypedef struct PyTypeObject:
        pass
    ctypedef struct PyFrameObject:
        pass
    ctypedef int (*Py_tracefunc)(PyObject *obj, PyFrameObject *frame, int what,
                                 PyObject *arg) except -1
    void PyEval_SetTrace(Py_tracefunc function, PyObject *obj)
    int PyTrace_CALL

    int PyContextVar_Get(object variable, object default, PyObject **value) except -1

cdef extern from "numpy/ufuncobject.h":
    ctypedef struct PyUFuncObject:
        int nin
        int nout
        int ntypes
        void **functions
        void **data
        const char *types

include "binding/threads.pxi"
include "binding/status.pxi"
include "binding/hooks.pxi"
include "binding/numpy/compiled_modules.pxi"
include "binding/numpy/names.pxi"
include "binding/numpy/lookups.pxi"
include "binding/numpy/creation.pxi"
include "binding/numpy/lists.pxi"
include "binding/numpy/float_errors.pxi"
include "binding/numpy/error_state.pxi"
include "binding/record/trace.pxi"
include "binding/test_hooks.pxi"
include "binding/record/refusals.pxi"
include "binding/values/index.pxi"
include "binding/values/layout.pxi"
include "binding/values/operate.pxi"
include "binding/values/discrete.pxi"
include "binding/values/foreign.pxi"
include "binding/values/scalar.pxi"
include "binding/values/array.pxi"
include "binding/values/objects.pxi"
include "binding/numpy/ndarray.pxi"
include "binding/values/iterate.pxi"
include "binding/values/guards.pxi"
include "binding/values/text.pxi"
include "binding/names/stand_ins.pxi"
include "binding/values/after_trace.pxi"
include "binding/values/blocks.pxi"
include "binding/values/products.pxi"
include "binding/values/methods.pxi"
include "binding/numpy/dispatch.pxi"
include "binding/numpy/ufunc_calls.pxi"
include "binding/sweeps/workspace.pxi"
include "binding/sweeps/sweeps.pxi"
include "binding/sweeps/once.pxi"
include "binding/sweeps/taylor.pxi"
include "binding/record/nested.pxi"
include "binding/record/lapack.pxi"
include "binding/record/ufunc_loops.pxi"
include "binding/record/called.pxi"
include "binding/record/rules.pxi"
include "binding/record/arguments.pxi"
include "binding/record/elementwise_rules.pxi"
include "binding/record/stacks.pxi"
include "binding/record/folds.pxi"
include "binding/record/nodes.pxi"
include "binding/record/replay.pxi"
include "binding/record/tape_file.pxi"
include "binding/record/comparisons.pxi"
include "binding/programs/graph.pxi"
include "binding/programs/program.pxi"
include "binding/programs/gather.pxi"
include "binding/programs/batch.pxi"
include "binding/programs/outs.pxi"
include "binding/programs/call.pxi"
include "binding/programs/methods.pxi"
include "binding/programs/paths.pxi"
include "binding/programs/evaluator.pxi"
include "binding/programs/cfunction.pxi"
include "binding/sparse/colour.pxi"
include "binding/sparse/pattern.pxi"
include "binding/solve/equations.pxi"
include "binding/solve/hybrid.pxi"
include "binding/ops.pxi"
