# SPDX-License-Identifier: Apache-2.0
# The hooks by which the Python layer adds what is not elementwise: NumPy's functions, methods of
# arrays, complex and masked arrays, recordings of any arguments, threads.

@cython.final
cdef class Hooks:
    """What the Python layer is called for.  Each is entered once, by set_hooks()."""

    # NumPy's functions on traced values
    cdef object ufunc               # (ufunc, method, inputs, kwargs): what is no row of the table
    cdef object function            # (function, types, args, kwargs)
    cdef object matmul              # (a, b)
    cdef object round_              # (x, decimals)
    cdef dict array_methods         # name -> function(x, ...)
    cdef dict array_attributes      # name -> function(x)
    cdef dict array_setters         # name -> function(x, value)
    cdef object testing             # (public, private), modules of np.testing: what replaces names
    cdef object keep_error          # (function, args, kwargs, result, warnings_raise): keeps as a
    #                                 guard what NumPy raises, or that it gives a result
    # complex numbers
    cdef object complex_type        # the class of traced complex arrays
    cdef object complex_operation   # (ufunc, operands)
    cdef object complex_made        # (x, copy): what NumPy's creation functions would make of it
    # operands that have a meaning of their own, and masked arrays
    cdef object ask_ufunc           # (ufunc, method, inputs, kwargs)
    cdef object ask_function        # (function, types, args, kwargs)
    cdef object refuse_operand
    cdef object refuse_input
    cdef object masked_type         # the class of masked arrays of traced values
    cdef object masked_result       # what a result of that class is without its mask
    # recordings, for all but the plain case
    cdef object record              # (fun, args, kwargs, argnums, has_aux)
    cdef object finish              # (trace, x, inputs, root, y): of a trace begun here
    cdef object gradient            # (recording, fun): refuses what is no scalar function
    cdef object flatten             # nested containers -> (leaves, tree)
    # threads
    cdef object submit              # (function) -> object with result(), or None
    cdef object workers             # (workers) -> how many at most


cdef Hooks hooks = Hooks()


def set_hooks(*, ufunc, function, matmul, round_, array_methods, array_attributes, array_setters,
              testing, keep_error, complex_type, complex_operation, complex_made, ask_ufunc,
              ask_function, refuse_operand, refuse_input, masked_type, masked_result, record,
              finish, gradient, flatten, submit, workers):
    """Enter the Python layer: called once, when ad_core is imported."""
    hooks.ufunc = ufunc
    hooks.function = function
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
    hooks.masked_type = masked_type
    hooks.masked_result = masked_result
    hooks.record = record
    hooks.finish = finish
    hooks.gradient = gradient
    hooks.flatten = flatten
    set_threads(submit, workers)


def set_threads(submit, workers):
    """How batches reach other threads; tests set their own."""
    hooks.submit = submit
    hooks.workers = workers
