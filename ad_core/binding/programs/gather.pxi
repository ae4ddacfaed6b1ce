# SPDX-License-Identifier: Apache-2.0
# Arguments of a batch whose rows are gathered from an array while the batch is evaluated.

@cython.final
cdef class Gathered:
    """Gathered(values, index)\n--\n\n
    ``values[index]`` as two arrays, returned by :func:`gather`.

    It is an argument for the methods of a Tape and a Function.  Everywhere else NumPy converts it
    to the array ``values[index]`` (``np.asarray``).  Its attributes are ``values``, ``index``, and
    the ``shape``, ``ndim`` and ``dtype`` of that array.

    >>> import numpy as np, ad_core
    >>> ad_core.gather(np.arange(6.0), [[0, 5], [1, 1]])
    gather(float64 (6,), int64 (2, 2)): shape (2, 2)
    """

    cdef readonly cnp.ndarray values    # rows without gaps
    cdef readonly cnp.ndarray index     # int32 or int64, without gaps
    cdef readonly tuple shape

    def __init__(self, values, index):
        self.values = rows_without_gaps(values)
        self.index = row_numbers(index)
        self.shape = shape_of(self.index) + shape_of(self.values)[1:]

    @property
    def ndim(self):
        return len(self.shape)

    @property
    def dtype(self):
        return self.values.dtype

    def __array__(self, dtype=None, copy=None):
        if copy is False:
            raise ValueError("the result of gather() can not be converted to an array without a "
                             "copy; leave out copy=False")
        return self.values[self.index].astype(self.dtype if dtype is None else dtype, copy=False)

    def __repr__(self):
        return (f"gather({self.values.dtype} {shape_of(self.values)}, {self.index.dtype} "
                f"{shape_of(self.index)}): shape {self.shape}")

    def __reduce__(self):
        return Gathered, (self.values, self.index)

    cdef object first_wrong(self):
        """(position, number) of the first number in the index that is out of range, or None."""
        count = self.values.shape[0]
        wrong = np.argwhere((self.index >= count) | (self.index < -count))
        if not len(wrong):
            return None
        at = tuple(wrong[0].tolist())
        return at, int(self.index[at])


cdef cnp.ndarray rows_without_gaps(object values):
    """Values as a float64 array in which each row is contiguous; the rows may be apart."""
    cdef cnp.ndarray x = <cnp.ndarray> values if type(values) is np_ndarray else (
        unpatched_asarray(values))
    cdef cnp.npy_intp step = sizeof(double)
    cdef int d
    refuse_foreign_input(values, "values of gather")
    if x.ndim == 0:
        raise ValueError("values of gather must have an axis to gather from, got a single number")
    if x.descr.type_num != cnp.NPY_DOUBLE or not cnp.PyArray_ISNOTSWAPPED(x):
        return float_input(x, "values of gather")
    for d in range(x.ndim - 1, 0, -1):
        if cnp.PyArray_STRIDES(x)[d] != step:
            return contiguous(x)
        step *= cnp.PyArray_DIMS(x)[d]
    return x


cdef cnp.ndarray row_numbers(object index):
    """Numbers of rows as a contiguous array of int32 or int64."""
    cdef cnp.ndarray x = <cnp.ndarray> index if type(index) is np_ndarray else (
        unpatched_asarray(index))
    kind, size = x.dtype.kind, x.dtype.itemsize
    if kind == "b":
        raise TypeError("index of gather must be integers, got a mask; pass np.flatnonzero(mask)")
    if kind not in "iu":
        raise TypeError(f"index of gather must be integers, got dtype {x.dtype}")
    if kind == "u" and size == 8 and x.size and x.max() > np.iinfo(np.int64).max:
        raise IndexError(f"index of gather contains {x.max()}, which is out of range for any array")
    wide = size > 4 or (kind == "u" and size == 4)
    return contiguous(x, np.int64 if wide else np.int32)


def gather(values, index):
    """``values[index]`` as an argument of a batch, whose rows are gathered during the evaluation.

    values: float64 of shape (rows, ...).  index: numbers of rows, integers of any shape; negative
        ones count from the end.  int32 is read as fast as int64 and takes half the memory.

    Returns a :class:`Gathered` of shape index.shape + values.shape[1:].  A Tape or a Function takes
    its first axes as batch axes, as for the array ``values[index]``.  That array is not formed: the
    numbers are read from ``values`` when each point is evaluated.  Finite-element and bundle
    adjustment codes, whose elements share their unknowns, save writing and reading them once more.
    ``values`` and ``index`` are not copied, so that both may be changed between calls.  If values
    is traced, the result is the traced array ``values[index]``.

    Raises TypeError unless values has real floats and index integers.  The evaluation raises
    IndexError if a number in the index is out of range.  Cost: none here; the evaluation reads the
    numbers from ``values``.

    >>> import numpy as np, ad_core
    >>> length = ad_core.trace(lambda ends: np.sqrt((ends[1] - ends[0]) ** 2), np.array([0.0, 1.0]))
    >>> x, springs = np.array([0.0, 1.0, 3.0]), np.array([[0, 1], [1, 2], [0, 2]])
    >>> length.value_and_jacobian(ad_core.gather(x, springs))
    (array([1., 2., 3.]), array([[-1.,  1.],
           [-1.,  1.],
           [-1.,  1.]]))
    """
    return values[index] if is_traced(values) else Gathered(values, index)
