# SPDX-License-Identifier: Apache-2.0
# Arguments of functions with rules: what ad_core/rules/ asks of each of them, once a call.  The
# answers are for the types that most arguments have; for all others the Python layer looks closer.


cdef enum:
    MOST_NESTED = 64                # containers within one another, so that the C stack suffices


cdef int traced_within(object x, int depth=0) except -2:
    """Whether a nested argument holds a traced value: 1 or 0; -1 if it has a part of a type that is
    not known here, or is nested too deeply (a list that contains itself)."""
    cdef int found, unknown = 0
    kind = type(x)
    if kind is TracedScalar or kind is TracedArray or kind is hooks.complex_type:
        return 1
    if x is None or kind is float or kind is int or kind is str or kind is bool or (
            kind is np_float64):
        return 0
    if kind is np_ndarray:
        return -1 if (<cnp.ndarray> x).descr.type_num == cnp.NPY_OBJECT else 0
    if depth == MOST_NESTED:
        return -1
    if kind is tuple or kind is list:
        for part in x:
            found = traced_within(part, depth + 1)
            if found == 1:
                return 1
            unknown |= found
        return unknown
    if kind is dict:
        for part in (<dict> x).values():
            found = traced_within(part, depth + 1)
            if found == 1:
                return 1
            unknown |= found
        return unknown
    return -1


def holds_traced(args):
    """Whether nested arguments hold a traced value; None if they have parts of other types than
    numbers, arrays, strings and containers."""
    cdef int found = traced_within(args)
    return None if found < 0 else found == 1


def any_traced_number(list leaves):
    """Whether one of the leaves is a traced value, real or complex."""
    for x in leaves:
        if type(x) is hooks.complex_type:
            return True
    return any_traced(leaves)


def are_leaves(items):
    """Whether items are numbers, arrays and strings only, none of them a container."""
    for x in items:
        kind = type(x)
        if not (kind is float or kind is TracedScalar or kind is TracedArray or kind is int or
                kind is np_ndarray or kind is np_float64 or kind is str or kind is bool):
            return False
    return True


def are_real(list leaves):
    """Whether all leaves are real traced values, floats or float64 arrays."""
    for x in leaves:
        kind = type(x)
        if not (kind is TracedScalar or kind is TracedArray or kind is float or kind is np_float64
                or (kind is np_ndarray and
                    (<cnp.ndarray> x).descr.type_num == cnp.NPY_DOUBLE)):
            return False
    return True


def are_numbers(list leaves):
    """Whether there are leaves and all of them are Python's floats or NumPy's."""
    for x in leaves:
        if not (type(x) is float or type(x) is np_float64):
            return False
    return len(leaves) > 0


cdef bint is_plain_of(object x, tuple shape):
    """Whether x is a plain float64 array with axes, in C order, of this shape."""
    if type(x) is not np_ndarray:
        return False
    cdef cnp.ndarray array = x
    return (len(shape) > 0 and array.descr.type_num == cnp.NPY_DOUBLE and shape_of(array) == shape
            and cnp.PyArray_CHKFLAGS(array, cnp.NPY_ARRAY_CARRAY_RO)
            and cnp.PyArray_ISNOTSWAPPED(array))


def row_of_point(list leaves, list shapes, cnp.npy_intp size):
    """Leaves as one float64 vector of this size, if each is a float, or a plain float64 array with
    axes in C order, of the given shape; None if there is another one."""
    cdef cnp.npy_intp k, at = 0
    cdef cnp.ndarray array
    if len(leaves) == 1 and is_plain_of(leaves[0], <tuple> shapes[0]):
        return leaves[0].reshape(-1)
    cdef cnp.ndarray row = cnp.PyArray_EMPTY(1, &size, cnp.NPY_DOUBLE, 0)
    cdef double *to = <double *> cnp.PyArray_DATA(row)
    for k in range(len(leaves)):
        x, shape = leaves[k], <tuple> shapes[k]
        if type(x) is float or type(x) is np_float64:
            if len(<tuple> shape) > 0:
                return None
            to[at] = PyFloat_AS_DOUBLE(x)
            at += 1
            continue
        if not is_plain_of(x, <tuple> shape):
            return None
        array = x
        memcpy(to + at, cnp.PyArray_DATA(array), <size_t> cnp.PyArray_SIZE(array) * sizeof(double))
        at += cnp.PyArray_SIZE(array)
    return row


def number_inputs(Trace trace not None, list numbers):
    """Record floats as consecutive inputs.  Returns (traced scalars, nodes, the trace that these
    are numbered on); None if the list is empty or holds anything else than floats."""
    cdef Trace root = trace.root()
    cdef ad_node first
    cdef size_t k, n = <size_t> len(numbers)
    if not are_numbers(numbers):
        return None
    check(ad_tape_inputs(root.tape, n, &first))
    if trace.level > 0:
        root.note_inputs(first, n)
    for k in range(n):
        root.tape.value[first + k] = PyFloat_AS_DOUBLE(numbers[k])
    scalars = [new_scalar(root, first + <ad_node> k) for k in range(n)]
    return scalars, consecutive_row(first, n), root


def copied_leaves(list leaves, bint as_numbers):
    """(leaves, places of the traced ones) with a copy of each plain array, if all leaves are
    numbers, arrays of numbers in C order, or traced floats; else None.

    as_numbers: strings and None do not count as numbers."""
    cdef list copies = []
    cdef list places = []
    cdef Py_ssize_t k, n = len(leaves)
    for k in range(n):
        x = leaves[k]
        kind = type(x)
        if kind is TracedScalar or kind is TracedArray:
            if is_discrete(x) or not (
                    kind is TracedScalar or in_c_order((<TracedArray> x).indices())):
                return None
            places.append(k)
        elif kind is np_ndarray:
            if (<cnp.ndarray> x).descr.kind not in (c"f", c"i", c"u", c"b"):
                return None
            x = x.copy()
        elif kind is int:
            if not -LARGEST_EXACT < x < LARGEST_EXACT:      # it may be too large for an array
                return None
        elif not (kind is float or kind is bool or kind is np_float64 or (
                not as_numbers and kind is str)):
            return None
        copies.append(x)
    return copies, places


def real_arrays(found):
    """The results of a function as a list, if they are float64 numbers and arrays; else None."""
    if type(found) is not tuple and type(found) is not list:
        found = (found,)
    for y in found:
        if not (type(y) is float or type(y) is np_float64 or (
                type(y) is np_ndarray and (<cnp.ndarray> y).descr.type_num == cnp.NPY_DOUBLE)):
            return None
    return [y if type(y) is np_ndarray else unpatched_asarray(y) for y in found]


def end_to_end(arrays):
    """Float64 arrays end to end, each in C order, and a 1, as one flat array."""
    cdef cnp.npy_intp size = 1, at = 0
    cdef cnp.ndarray dense, joined_numbers
    for x in arrays:
        size += cnp.PyArray_SIZE(<cnp.ndarray?> x)
    joined_numbers = cnp.PyArray_EMPTY(1, &size, cnp.NPY_DOUBLE, 0)
    for x in arrays:
        dense = contiguous(x, dtype_float)
        memcpy(<double *> cnp.PyArray_DATA(joined_numbers) + at, cnp.PyArray_DATA(dense),
               cnp.PyArray_SIZE(dense) * sizeof(double))
        at += cnp.PyArray_SIZE(dense)
    (<double *> cnp.PyArray_DATA(joined_numbers))[at] = 1
    return joined_numbers


def shaped_parts(TracedArray row not None, list shapes):
    """The arrays of these shapes that lie end to end in a flat traced array of new nodes."""
    cdef cnp.ndarray index = row.indices()
    cdef cnp.npy_intp dims[MAXDIMS]
    cdef size_t count
    cdef ad_node first = (<ad_node *> cnp.PyArray_DATA(index))[0]
    cdef int d, ndim
    cdef list parts = []
    for shape in shapes:
        ndim = <int> len(<tuple?> shape)
        count = 1
        for d in range(ndim):
            dims[d] = (<tuple> shape)[d]
            count *= <size_t> dims[d]
        parts.append(view_of(row, consecutive(first, ndim, dims)))
        first += <ad_node> count
    return parts
