# SPDX-License-Identifier: Apache-2.0
# The order of the elements in memory.  An index array has the strides, in elements, that NumPy's
# array of numbers would have, so that NumPy's own indexing decides what is contiguous and what is a
# view.  A result that is not in C order is recorded with its axes transposed, the slowest first, so
# that its nodes follow one another in memory.


cdef inline cnp.npy_intp step(cnp.ndarray x, int d, int ndim) noexcept:
    """The stride of x along axis d of the ndim axes that it is broadcast to; 0 if x has one element
    along it."""
    cdef int own = cnp.PyArray_NDIM(x)
    d -= ndim - own
    if d < 0 or cnp.PyArray_DIM(x, d) == 1:
        return 0
    return abs(cnp.PyArray_STRIDE(x, d))


cdef bint has_smaller_strides(int axis, int other, int ndim, list arrays, bint *known):
    """Whether `axis` has smaller strides than `other` in an elementwise result of these arrays,
    although it has not in C order.  known: whether any of the arrays decides it."""
    cdef cnp.npy_intp mine, its
    cdef bint nearer = False
    known[0] = False
    for x in arrays:
        mine = step(<cnp.ndarray> x, axis, ndim)
        its = step(<cnp.ndarray> x, other, ndim)
        if mine == 0 or its == 0:
            continue
        if its <= mine:         # if the arrays disagree, the result is in C order
            nearer = False
        elif not known[0]:
            nearer = True
        known[0] = True
    return nearer


cdef tuple axes_by_stride(int ndim, list arrays):
    """The axes of the result of an elementwise operation on these arrays, the slowest first (order
    "K" of NumPy's iterator); None for C order."""
    cdef int nearest[MAXDIMS]
    cdef int k, m, place, axis
    cdef bint known, moved = False
    for k in range(ndim):
        nearest[k] = ndim - 1 - k
    for k in range(1, ndim):
        axis = nearest[k]
        place = k
        for m in range(k - 1, -1, -1):
            if has_smaller_strides(axis, nearest[m], ndim, arrays, &known):
                place = m
            elif known:
                break
        if place < k:
            moved = True
            for m in range(k, place, -1):
                nearest[m] = nearest[m - 1]
            nearest[place] = axis
    return tuple([nearest[ndim - 1 - k] for k in range(ndim)]) if moved else None


cdef inline bint in_c_order(cnp.ndarray x):
    return cnp.PyArray_NDIM(x) < 2 or cnp.PyArray_IS_C_CONTIGUOUS(x)


cdef tuple inverse(tuple axes):
    cdef list back = [0] * len(axes)
    for k, axis in enumerate(axes):
        back[axis] = k
    return tuple(back)


cdef object with_axes(object x, int ndim, tuple axes):
    """An operand with `ndim` axes in this order.  Numbers stay as they are."""
    cdef cnp.ndarray index
    if type(x) is TracedScalar or type(x) is float:
        return x
    index = (<TracedArray> x).indices() if type(x) is TracedArray else <cnp.ndarray> x
    if cnp.PyArray_NDIM(index) == 0:
        return x
    wide = index[(None,) * (ndim - cnp.PyArray_NDIM(index))] if (
        cnp.PyArray_NDIM(index) < ndim) else index
    wide = wide.transpose(axes)
    return view_of(<TracedArray> x, wide) if type(x) is TracedArray else wide


cdef object elementwise_transposed(unsigned op, list ready, int ndim, tuple axes, bint tested,
                                   bint holds):
    """elementwise() of operands whose result has its axes in this order in memory, the slowest
    first."""
    cdef TracedArray made
    transposed = tuple([with_axes(x, ndim, axes) for x in ready])
    result = elementwise(op, transposed, tested, holds, True)
    if tested:
        return None if holds else result.transpose(inverse(axes))
    made = <TracedArray> result
    return new_array(made.trace, made.index.transpose(inverse(axes)), made.truth)


cdef cnp.ndarray like_index(cnp.ndarray index, cnp.ndarray values):
    """Values in C order, laid out in memory as the index array is."""
    if in_c_order(index):
        return values
    made = unpatched_empty_like(index, dtype=values.dtype)
    made[...] = values
    return made


def in_order_of(TracedArray x not None, strides, Py_ssize_t size=8):
    """x, or a dense copy of it whose axes are in the order of these strides.  The strides are in
    bytes, of an array of elements of this size, or numbers below 8 that give only the order."""
    cdef cnp.ndarray index = x.indices()
    cdef Py_ssize_t unit = size // 4 * (2 if x.spaced else 1)
    if [step // unit for step in strides] == list((<object> index).strides):
        return x
    cdef int ndim = cnp.PyArray_NDIM(index)
    order = sorted(range(ndim), key=lambda d: -abs(strides[d]) if index.shape[d] != 1 else 0)
    wanted = [d for d in order if index.shape[d] != 1]
    axes = tuple([*[d for d in range(ndim) if index.shape[d] == 1], *wanted])
    if cnp.PyArray_IS_C_CONTIGUOUS(<cnp.ndarray> index.transpose(axes)):
        return x
    laid = contiguous(index.transpose(axes)).transpose(inverse(axes))
    return of_same_type(x, owning_array(x.trace, laid, False))


def all_in_c_order(item):
    """Whether all arrays in a nested container are in C order."""
    cdef object part
    if type(item) is TracedArray:
        return in_c_order((<TracedArray> item).indices())
    if type(item) is np_ndarray:
        return in_c_order(<cnp.ndarray> item)
    if type(item) is hooks.complex_type:
        return all_in_c_order(item.re)
    if type(item) is tuple or type(item) is list:
        for part in item:
            if not all_in_c_order(part):
                return False
    elif type(item) is dict:
        return all_in_c_order(list(item.values()))
    return True


def elementwise_strides(list operands):
    """Numbers in the order of the strides of an elementwise operation's result; None for C
    order."""
    cdef list arrays = [(<TracedArray> x).indices() if type(x) is TracedArray else x
                        for x in operands]
    cdef int ndim = max([cnp.PyArray_NDIM(<cnp.ndarray> x) for x in arrays])
    axes = axes_by_stride(ndim, arrays)
    if axes is None:
        return None
    strides = [0] * ndim
    for k, axis in enumerate(axes):
        strides[axis] = ndim - k
    return tuple(strides)


def uniform_like(TracedArray x not None, double value, order, shape):
    """An array of one value with the strides of NumPy's zeros_like(x, order=order, shape=shape)."""
    cdef Trace trace = innermost().root()
    cdef ad_node node
    cdef cnp.ndarray index = x.indices()
    check(ad_tape_constant(trace.tape, value, &node))
    made = unpatched_empty_like(index, dtype=np.uint32, order=order, subok=False, shape=shape)
    made.fill(node)
    return owning_array(trace, made, False)


cdef object ordered(object x, object order, bint copy=False):
    """The result of np.array with order=: the traced array itself if it has this order, else a
    copy."""
    cdef TracedArray array = <TracedArray> x
    cdef cnp.ndarray index = array.indices()
    wanted = order is not None and order not in ("K", "k", "A", "a")
    if copy or (array.spaced and wanted and index.size > 1):
        return copied(array, order or "K")
    found = unpatched_asarray(index, order=order)
    return x if found is index else of_same_type(array, owning_array(array.trace, found, False))


def has_axes(result):
    """Whether a result, or a part of it, has more than one axis, so that its order in memory can
    be observed."""
    if type(result) is TracedArray or type(result) is hooks.complex_type:
        return result.ndim > 1
    if type(result) is tuple or type(result) is list:
        for part in result:
            if has_axes(part):
                return True
    return False
