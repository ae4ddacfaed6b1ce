# SPDX-License-Identifier: Apache-2.0
# Access to an array in steps.  Iteration returns the elements as they are when it reaches them,
# exchanges of rows by compiled code have the right result, and stores into read-only arrays raise.

cdef dict OPNAMES = {number: name for name, number in opcode.opmap.items()}


@cython.final
cdef class ArrayIterator:
    """An iterator over an array's first axis, which reads each element or row when it is
    reached."""

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
        raise TypeError("an iterator of a traced array can not be pickled or copied; make a list "
                        "of the array instead")


cdef object iterate(TracedArray x):
    cdef ArrayIterator it = ArrayIterator.__new__(ArrayIterator)
    it.array = x
    return it


cdef bint stored_already(TracedArray x, object key, object value) except -1:
    """Whether x[...] = value stores x into itself, which NumPy allows for read-only arrays."""
    cdef cnp.ndarray index = x.indices(), other
    if key is not Ellipsis or type(value) is not TracedArray:
        return False
    other = (<TracedArray> value).indices()
    return (cnp.PyArray_DATA(index) == cnp.PyArray_DATA(other) and index.strides == other.strides
            and shape_of(index) == shape_of(other))


cdef int refuse_store(TracedArray x) except -1:
    raise ValueError(
        f"assignment destination is read-only{user_line()}: as in NumPy, the views that "
        f"np.diagonal, np.broadcast_to and similar functions return can not be written to; store "
        f"into a copy (.copy()), or into the array that the view was made of")


cdef bint called_from_compiled_code() except -1:
    """Whether compiled code stores this.  If so, the innermost frame outside of ad_core is at a
    call and not at a store."""
    frame = sys._getframe()
    while frame.f_back is not None and frame.f_code.co_filename.startswith(LIBRARY_FOLDERS[0]):
        frame = frame.f_back
    return not OPNAMES.get(frame.f_code.co_code[frame.f_lasti], "STORE_S").startswith("STORE_S")


cdef Py_ssize_t row_number(TracedArray x, TracedArray row) except -2:
    """The number of the row of x that `row` is a view of; -1 if it is none."""
    cdef cnp.ndarray index, part
    cdef Py_ssize_t stride, offset
    if row.base is None or (row.base is not x and row.base is not x.base):
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
    """x[place] = row, if that is a part of `x[i], x[j] = x[j], x[i]` in compiled code; returns
    whether it was.  Generator.shuffle does this with all arrays but NumPy's own.  The rows are
    views, so that the second store would read a row that the first one has overwritten.  A copy of
    that row is therefore kept."""
    cdef Py_ssize_t n = cnp.PyArray_DIM(x.index, 0), other = row_number(x, row)
    place += n if place < 0 else 0
    if other < 0 or not 0 <= place < n or not called_from_compiled_code():
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
    """x[place] = row by compiled code, if row is a row of x; returns whether it is."""
    return (type(place) is int and type(row) is TracedArray and x.ndim > 1
            and swapped_rows(x, place, <TracedArray> row))


# Functions that read a copy of an array, which later stores do not change: name and remedy.
cdef dict SNAPSHOTS = {
    np.ndenumerate.__init__.__code__: (
        "np.ndenumerate", "its name was bound before the trace (from numpy import ndenumerate); "
        "call it as np.ndenumerate, or loop over np.ndindex(x.shape)"),
    np.lib.stride_tricks.as_strided.__code__: (
        "as_strided", "a traced array has no memory of numbers; use np.lib.stride_tricks."
        "sliding_window_view, slices, or an array of indices"),
}
cdef object unpatched_ndenumerate = np.ndenumerate


def ndenumerate(arr):
    if numpys_own_wanted() or not (is_traced(arr) or type(arr) is hooks.complex_type):
        return unpatched_ndenumerate(arr)
    return ((place, arr[place]) for place in np.ndindex(arr.shape))


cdef int refuse_snapshot() except -1:
    """Raise an error for functions of NumPy that would read a copy of a traced array, because they
    would not see later stores."""
    found = SNAPSHOTS.get(sys._getframe().f_code)
    if found is not None:
        raise TracedValueError(f"{found[0]} of a traced array would read a copy of it"
                               f"{user_line()}: {found[1]}")
    return 0


enter_replacement(numpy_names, "ndenumerate", ndenumerate)
