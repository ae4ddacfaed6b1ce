# SPDX-License-Identifier: Apache-2.0
# The functions of the Python layer that the binding calls for everything that is not elementwise:
# NumPy's functions, methods of arrays, complex and masked arrays, recordings of any arguments,
# threads.

@cython.final
cdef class Hooks:
    """The functions of the Python layer that the binding calls.  set_hooks() sets them once."""

    # NumPy's functions on traced values
    cdef object ufunc               # (ufunc, method, inputs, kwargs): all but rows of the table
    cdef object function            # (function, types, args, kwargs): all but the common case
    cdef object implementation      # (function): what an Implementation holds, or None
    cdef object explained           # (error, function, args, kwargs): an error to raise instead
    cdef object in_numpy_layout     # (function, args, kwargs, result)
    cdef object matmul              # (a, b)
    cdef object round_              # (x, decimals)
    cdef dict array_methods         # name -> function(x, ...)
    cdef dict array_attributes      # name -> function(x)
    cdef dict array_setters         # name -> function(x, value)
    cdef object testing             # (public, private), modules of np.testing: its replacements
    cdef object keep_error          # (function, args, kwargs, result, warnings_raise): records a
    #                                 guard for the error that NumPy raises, or for its success
    # complex numbers
    cdef object complex_type        # the class of traced complex arrays
    cdef object complex_operation   # (ufunc, operands)
    cdef object complex_made        # (x, copy): the result of NumPy's creation functions for x
    # operands of classes that give their values another meaning (foreign.pxi), and masked arrays
    cdef object ask_ufunc           # (ufunc, method, inputs, kwargs): calls their methods
    cdef object ask_function        # (function, types, args, kwargs): the same
    cdef object refuse_operand      # (x, name): raises for an operand
    cdef object refuse_input        # (x, name): raises for an argument of a transform
    cdef object masked              # (np.ma): its replacements
    cdef object masked_type         # the class of masked arrays of traced values
    cdef object masked_result       # (y, name): a result of that class without its mask
    cdef object kind_of_array       # the class of classes of traced arrays that are derived from
    #                                 np.ndarray
    # recordings, in all cases but the simplest one
    cdef object record              # (fun, args, kwargs, argnums, has_aux)
    cdef object finish              # (trace, x, inputs, root, y): of a trace that began here
    cdef object gradient            # (recording, fun): raises for functions that are not scalar
    cdef object flatten             # nested containers -> (leaves, tree)
    cdef object refuse_bisection    # (trace, inputs): raises if the recording bisects
    cdef object adapt_after         # (error, fun, refusal, as_objects): names exchanged, or None
    cdef object modules_loaded      # (): exchanges names of solvers; whether there were any
    # threads
    cdef object submit              # (function) -> object with result(), or None
    cdef object workers             # (workers) -> the largest number of threads


cdef Hooks hooks = Hooks()


def set_hooks(*, ufunc, function, implementation, explained, in_numpy_layout, matmul, round_,
              array_methods, array_attributes, array_setters, testing, keep_error, complex_type,
              complex_operation, complex_made, ask_ufunc, ask_function, refuse_operand,
              refuse_input, masked, masked_type, masked_result, kind_of_array, record, finish,
              gradient, flatten, refuse_bisection, adapt_after, modules_loaded, submit,
              workers):
    """Set the functions of the Python layer; called once, when ad_core is imported."""
    hooks.ufunc = ufunc
    hooks.function = function
    hooks.implementation = implementation
    hooks.explained = explained
    hooks.in_numpy_layout = in_numpy_layout
    hooks.matmul = matmul
    hooks.round_ = round_
    hooks.array_methods = array_methods
    hooks.array_attributes = array_attributes
    hooks.array_setters = array_setters
    hooks.testing = testing
    hooks.keep_error = keep_error
    hooks.complex_type = complex_type
    hooks.complex_operation = complex_operation
    hooks.complex_made = complex_made
    hooks.ask_ufunc = ask_ufunc
    hooks.ask_function = ask_function
    hooks.refuse_operand = refuse_operand
    hooks.refuse_input = refuse_input
    hooks.masked = masked
    hooks.masked_type = masked_type
    hooks.masked_result = masked_result
    hooks.kind_of_array = kind_of_array
    hooks.record = record
    hooks.finish = finish
    hooks.gradient = gradient
    hooks.flatten = flatten
    hooks.refuse_bisection = refuse_bisection
    hooks.adapt_after = adapt_after
    hooks.modules_loaded = modules_loaded
    set_threads(submit, workers)
    install_methods()


def set_threads(submit, workers):
    """Set the functions that start batches on other threads; tests set their own."""
    hooks.submit = submit
    hooks.workers = workers
