# SPDX-License-Identifier: Apache-2.0
# What reads and writes an array step by step: iteration sees what a loop has stored meanwhile,
# rows swapped by compiled code are swapped, and read-only arrays stay as they are.

cdef dict OPNAMES = {number: name for name, number in opcode.opmap.items()}


@cython.final
cdef class ArrayIterator:
    """The elements or rows of an array along its first axis, each read when it is asked for."""

    cdef TracedArray array
    cdef Py_ssize_t k

    def __iter__(self):
        return self

    def __next__(self):
        cdef TracedArray x = self.array
        cdef cnp.ndarray index
        cdef Py_ssize_t k = self.k
        if x is None or k >= cnp.PyArray_DIM(x.index, 0):
            self.array = None
            raise StopIteration
        self.k = k + 1
        if ad_current == NULL or cnp.PyArray_NDIM(x.index) != 1:
            return fetch(x, k)
        index = x.indices()
        return element_at(x, (<ad_node *> (
            cnp.PyArray_BYTES(index) + k * cnp.PyArray_STRIDE(index, 0)))[0])

    def __length_hint__(self):
        return 0 if self.array is None else cnp.PyArray_DIM(self.array.index, 0) - self.k

    def __reduce__(self):
        raise TypeError("an iterator of a traced array can not be pickled or copied; make a "
                        "list of it")


cdef object iterate(TracedArray x):
    cdef ArrayIterator it = ArrayIterator.__new__(ArrayIterator)
    it.array = x
    return it


cdef bint stored_already(TracedArray x, object key, object value) except -1:
    """Whether x[...] = value stores x into itself, which NumPy lets pass in a read-only array."""
    cdef cnp.ndarray index = x.indices(), other
    if key is not Ellipsis or type(value) is not TracedArray:
        return False
    other = (<TracedArray> value).indices()
    return (cnp.PyArray_DATA(index) == cnp.PyArray_DATA(other) and index.strides == other.strides
            and shape_of(index) == shape_of(other))


cdef int refuse_store(TracedArray x) except -1:
    raise ValueError(
        f"assignment destination is read-only{user_line()}: as in NumPy, what np.diagonal, "
        f"np.broadcast_to and kin return can not be written to; store into a copy of it (.copy()), "
        f"or into the array that it is a view of")


cdef bint asked_by_compiled_code() except -1:
    """Whether no line of Python stores this: the innermost frame that is not ours is at a call."""
    frame = sys._getframe()
    while frame.f_back is not None and frame.f_code.co_filename.startswith(FOREIGN[0]):
        frame = frame.f_back
    return not OPNAMES.get(frame.f_code.co_code[frame.f_lasti], "STORE_S").startswith("STORE_S")


cdef Py_ssize_t row_number(TracedArray x, TracedArray row) except -2:
    """Which row of x this view of it is; -1: none."""
    cdef cnp.ndarray index, part
    cdef Py_ssize_t stride, offset
    if row.whole is None or (row.whole is not x and row.whole is not x.whole):
        return -1
    index = x.indices()
    part = row.indices()
    stride = cnp.PyArray_STRIDE(index, 0)
    offset = cnp.PyArray_BYTES(part) - cnp.PyArray_BYTES(index)
    if stride == 0 or offset % stride or shape_of(part) != shape_of(index)[1:]:
        return -1
    offset //= stride
    return offset if 0 <= offset < cnp.PyArray_DIM(index, 0) else -1


cdef bint swapped_rows(TracedArray x, Py_ssize_t place, TracedArray row) except -1:
    """x[place] = row, if that is a part of `x[i], x[j] = x[j], x[i]` in compiled code: what
    Generator.shuffle does with any array that is not NumPy's own.  Its rows are views, of which
    the second would show what the first was overwritten with; so the first is kept."""
    cdef Py_ssize_t n = cnp.PyArray_DIM(x.index, 0), other = row_number(x, row)
    place += n if place < 0 else 0
    if other < 0 or not 0 <= place < n or not asked_by_compiled_code():
        x.half_swap = None
        return False
    if x.half_swap is not None and x.half_swap[0] == (other, place):
        kept = x.half_swap[1]
        x.half_swap = None
        x.writable()[place] = kept
        return True
    kept = x.writable()[place].copy()
    assign(x, place, row)
    x.half_swap = ((place, other), kept)
    return True


def store_row(TracedArray x not None, place, row):
    """x[place] = row as compiled code has it; whether it was a row of x."""
    return (type(place) is int and type(row) is TracedArray and x.ndim > 1
            and swapped_rows(x, place, <TracedArray> row))


# What goes through a copy of an array, which no later store changes, and what to write instead.
cdef dict SNAPSHOTS = {
    np.ndenumerate.__init__.__code__: (
        "np.ndenumerate", "its name was bound before the trace (from numpy import ndenumerate); "
        "call it as np.ndenumerate, or loop over np.ndindex(x.shape)"),
    np.lib.stride_tricks.as_strided.__code__: (
        "as_strided", "there is no memory behind it; use np.lib.stride_tricks."
        "sliding_window_view, slices, or an array of indices"),
}
cdef object unpatched_ndenumerate = np.ndenumerate


def ndenumerate(arr):
    if as_ever() or not (is_traced(arr) or type(arr) is hooks.complex_type):
        return unpatched_ndenumerate(arr)
    return ((place, arr[place]) for place in np.ndindex(arr.shape))


cdef int refuse_snapshot() except -1:
    """Functions of NumPy's that see an array as it is when they are called would miss stores."""
    found = SNAPSHOTS.get(sys._getframe().f_code)
    if found is not None:
        raise TracedValueError(f"{found[0]} of a traced array would go through a copy of it"
                               f"{user_line()}: {found[1]}")
    return 0


enter_replacement(numpy_names, "ndenumerate", ndenumerate)
