# SPDX-License-Identifier: Apache-2.0
# The programs of the paths that one method of a function takes, for arguments of one kind.
#
# Two paths agree up to the first guard that differs.  So if a program shows which guard changed
# first at a point, the paths that come into question are those that branch off there: each Call has
# them in `branches`.  From the root, the search takes one run of a program for each step, and every
# path is found again on the way on which it was entered.

cdef enum:
    MOST_STEPS = 64             # programs that are run at a point before the search ends
    MISSES = 8                  # calls in a row on new paths, after which a function is swept

MOST_TRIED_PATHS = MOST_STEPS
MOST_MISSES = MISSES

# Arguments that are part of a recording, and whose values are compared quickly here.
cdef frozenset QUICK_KINDS = frozenset((int, bool, str, bytes, type(None), types.FunctionType))


cdef object arguments_kind(int method, tuple args):
    """A key of arguments for which the same programs are used: shapes of float arrays, types of
    numbers, values of others.  None if such a key would need more time than the usual search."""
    cdef list parts = [method]
    cdef cnp.ndarray array
    for x in args:
        kind = type(x)
        if kind is float or kind is np_float64:
            parts.append(None)
        elif kind is np_ndarray:
            array = <cnp.ndarray> x
            if (array.descr.type_num != cnp.NPY_DOUBLE or not cnp.PyArray_ISNOTSWAPPED(array)
                    or not cnp.PyArray_CHKFLAGS(array, cnp.NPY_ARRAY_CARRAY_RO)):
                return None
            parts.append(shape_of(array))
        elif kind in QUICK_KINDS:
            parts.append((kind, x))
        else:
            return None
    return tuple(parts)


@cython.final
cdef class Paths:
    """The Calls of one method for arguments of one kind, which are bare arrays and numbers.
    Threads read and write the attributes in critical sections."""

    cdef Call root
    cdef Call last                  # the one that was used last
    cdef tuple inputs               # places of the inputs among the arguments; None: all
    cdef Py_ssize_t misses          # calls in a row whose path was new
    cdef object known               # what Python knows of these paths, for _sweep()

    cdef object search(self, tuple args, object out, Call tried, Py_ssize_t missed):
        """(results, Call) at a single point on a known path.  None if no path is found, or if the
        arguments do not fit.  `tried` is a Call whose guard `missed` did not fit."""
        cdef Call call, last
        cdef tuple inputs
        cdef Py_ssize_t missed_by_last, changed
        cdef int step
        with cython.critical_section(self):
            inputs, last, call = self.inputs, self.last, self.root
        if inputs is not None:
            args = tuple([args[k] for k in inputs])
        missed_by_last = missed
        if last is not tried:
            results = last.single(args, outs_of(last.pack, out), &missed_by_last)
            if results is not NotImplemented:
                return results, last
        for step in range(MOST_STEPS):
            if call is None:
                break
            if call is tried:
                changed = missed
            elif call is last:
                changed = missed_by_last
            else:
                results = call.single(args, outs_of(call.pack, out), &changed)
                if results is not NotImplemented:
                    return results, call
            if changed < 0:
                break
            call = <Call> call.branches.get(changed)
        return None
