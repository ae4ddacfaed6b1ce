# SPDX-License-Identifier: Apache-2.0
# Lists of traced values as arguments of NumPy's functions, as in `np.mean([x[0], x[1]])`.  NumPy's
# protocols look at the types of arguments, not at the elements of lists.  The functions that are
# replaced here therefore convert such lists to traced arrays while a trace runs.


@cython.final
cdef class TakesLists:
    """A function of NumPy whose arguments may be lists of traced values."""

    cdef object function
    cdef readonly object __wrapped__

    def __cinit__(self, function):
        self.function = self.__wrapped__ = function

    def __call__(self, *args, **kwargs):
        if not numpys_own_wanted():
            args = tuple([joined(x) if is_list_of_traced(x) else x for x in args])
            for name, x in kwargs.items():
                if is_list_of_traced(x):
                    kwargs[name] = joined(x)
        return self.function(*args, **kwargs)

    def __getattr__(self, name):
        return getattr(self.function, name)

    def __repr__(self):
        return repr(self.function)


cdef bint is_list_of_traced(object x) except -1:
    return (type(x) is list or type(x) is tuple) and any_traced(x)


def take_lists(function):
    """Let a function of NumPy take lists of traced values while its name is replaced."""
    enter_replacement(sys_modules[function.__module__].__dict__, function.__name__,
                      TakesLists(function))
