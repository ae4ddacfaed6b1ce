# SPDX-License-Identifier: Apache-2.0
# Index arrays, which contain the node of each element of a traced array.  Index arrays of
# consecutive nodes are views of one shared ascending array (0, 1, 2, ...), so that NumPy's views of
# them show by pointer and strides that they are affine.  All other index arrays own their memory.

cdef enum:
    MAXDIMS = 64

# A shared array.  It is kept for ever.
cdef struct Ascending:
    uint32_t *data
    size_t room
    ad_shared_size written      # its first numbers, which are there
    PyObject *array
    Ascending *older            # a shorter one

cdef ad_shared_pointer newest = NULL


cdef Ascending *lengthen(size_t need) except NULL:
    """Write more of the newest ascending array, or begin one with room for twice as much: pages
    that were never written take no memory.  Returns the newest one, with `need` numbers or more."""
    global newest
    cdef size_t k, size = need + need // 4 + 1024
    cdef Ascending *at = <Ascending *> newest
    cdef Ascending *made = NULL
    if at == NULL or need > at.room:
        made = new_ascending(max(2 * size, <size_t> 1 << 20))
    ad_lock()
    at = <Ascending *> newest
    if made != NULL and (at == NULL or need > at.room):
        made.older = at
        newest = <void *> made
        at = made
        made = NULL
    for k in range(at.written, min(size, at.room)):
        at.data[k] = <uint32_t> k
    if min(size, at.room) > at.written:
        at.written = min(size, at.room)
    ad_unlock()
    if made != NULL:                # another thread was first
        Py_DECREF(<object> made.array)
        PyMem_Free(made)
    return at


cdef Ascending *new_ascending(size_t room) except NULL:
    cdef cnp.ndarray array = unpatched_empty(room, dtype=np.uint32)
    cdef Ascending *made = <Ascending *> PyMem_Malloc(sizeof(Ascending))
    if made == NULL:
        raise MemoryError()
    Py_INCREF(array)
    made.data = <uint32_t *> cnp.PyArray_DATA(array)
    made.room = room
    made.written = 0
    made.array = <PyObject *> array
    return made


cdef inline Ascending *with_numbers(size_t need) except NULL:
    """The newest ascending array, with `need` numbers or more."""
    cdef Ascending *at = <Ascending *> newest
    return at if at != NULL and need <= at.written else lengthen(need)


cdef cnp.ndarray consecutive(ad_node first, int ndim, cnp.npy_intp *shape):
    """A read-only index array of this shape with the elements first, first + 1, ..."""
    cdef size_t count = 1
    cdef int d
    for d in range(ndim):
        count *= <size_t> shape[d]
    cdef Ascending *at = with_numbers(first + count)
    cdef cnp.ndarray array = cnp.PyArray_New(
        cnp.ndarray, ndim, shape, cnp.NPY_UINT32, NULL, at.data + first, 0,
        cnp.NPY_ARRAY_C_CONTIGUOUS, None)   # read-only
    cnp.set_array_base(array, <object> at.array)
    return array


cdef bint is_consecutive(cnp.ndarray index):
    """Whether the array is a view of a shared ascending one, so that its nodes are in affine
    form."""
    cdef uint32_t *data = <uint32_t *> cnp.PyArray_DATA(index)
    cdef Ascending *at = <Ascending *> newest
    while at != NULL:
        if at.data <= data < at.data + at.room:
            return True
        at = at.older
    return False


def moved_axis(cnp.ndarray index not None, source, destination):
    """np.moveaxis of an index array."""
    cdef int ndim = cnp.PyArray_NDIM(index), k, here, there
    if type(source) is not int or type(destination) is not int or not (
            -ndim <= source < ndim and -ndim <= destination < ndim):
        return np.moveaxis(index, source, destination)
    here = source
    there = destination
    here += ndim if here < 0 else 0
    there += ndim if there < 0 else 0
    axes = [k for k in range(ndim) if k != here]
    axes.insert(there, here)
    return index.transpose(axes)


def expanded_index(cnp.ndarray index not None, axis):
    """np.expand_dims of an index array."""
    cdef int ndim = cnp.PyArray_NDIM(index), at, k
    if type(axis) is not int or not -ndim - 1 <= axis <= ndim:
        return np.expand_dims(index, axis)
    at = axis
    at += ndim + 1 if at < 0 else 0
    shape = list(shape_of(index))
    shape.insert(at, 1)
    return index.reshape(shape)     # as NumPy does, whose new axis has a stride


def spread_index(cnp.ndarray index not None, shape, bint subok=False):
    """np.broadcast_to of an index array."""
    cdef cnp.npy_intp dims[MAXDIMS]
    cdef cnp.npy_intp strides[MAXDIMS]
    cdef int ndim = <int> len(shape) if type(shape) is tuple else -1
    cdef int own = cnp.PyArray_NDIM(index), d
    cdef bint fits = own <= ndim <= MAXDIMS
    for d in range(ndim):
        if not fits:
            break
        dims[d] = shape[d]
        strides[d] = 0
        if d >= ndim - own and cnp.PyArray_DIM(index, d - ndim + own) == dims[d]:
            strides[d] = cnp.PyArray_STRIDE(index, d - ndim + own)
        else:
            fits = dims[d] > 0 and (d < ndim - own or cnp.PyArray_DIM(index, d - ndim + own) == 1)
    if not fits:                # also of shapes that are not tuples
        return np.broadcast_to(index, shape)
    cdef cnp.ndarray spread = cnp.PyArray_New(
        cnp.ndarray, ndim, dims, cnp.NPY_UINT32, strides, cnp.PyArray_DATA(index), 0, 0, None)
    cnp.set_array_base(spread, index)
    return spread


cdef bint overlap(cnp.ndarray a, cnp.ndarray b):
    """Whether the memory of two arrays may overlap, as np.may_share_memory() says."""
    cdef char *start[2]
    cdef char *end[2]
    cdef cnp.npy_intp length
    cdef cnp.ndarray x
    cdef int k, d
    if cnp.PyArray_SIZE(a) == 0 or cnp.PyArray_SIZE(b) == 0:
        return False
    for k in range(2):
        x = a if k == 0 else b
        start[k] = cnp.PyArray_BYTES(x)
        end[k] = start[k] + cnp.PyArray_ITEMSIZE(x)
        for d in range(cnp.PyArray_NDIM(x)):
            length = (cnp.PyArray_DIM(x, d) - 1) * cnp.PyArray_STRIDE(x, d)
            if length < 0:
                start[k] += length
            else:
                end[k] += length
    return start[0] < end[1] and start[1] < end[0]


cdef inline tuple shape_of(cnp.ndarray index):
    return tuple([index.shape[d] for d in range(cnp.PyArray_NDIM(index))])


cdef cnp.ndarray shifted(cnp.ndarray index, ad_node offset):
    """A consecutive index array with `offset` added to all nodes, as a view with the same
    strides."""
    cdef ad_node first = (<uint32_t *> cnp.PyArray_DATA(index))[0] if index.size else 0
    cdef ad_node last = <ad_node> int(index.max()) if index.size else 0
    cdef Ascending *at = with_numbers(<size_t> last + offset + 1)
    cdef cnp.ndarray array = cnp.PyArray_New(
        cnp.ndarray, cnp.PyArray_NDIM(index), cnp.PyArray_DIMS(index), cnp.NPY_UINT32,
        cnp.PyArray_STRIDES(index), at.data + first + offset, 0, 0, None)
    cnp.set_array_base(array, <object> at.array)
    return array


cdef cnp.ndarray relaid(cnp.ndarray view, cnp.ndarray base, ad_node first):
    """A view of consecutive nodes as a view of `base`, which now has its own memory.  first: the
    first node that the array had before."""
    cdef ad_node start = (<uint32_t *> cnp.PyArray_DATA(view))[0] if view.size else first
    cdef cnp.ndarray array = cnp.PyArray_New(
        cnp.ndarray, cnp.PyArray_NDIM(view), cnp.PyArray_DIMS(view), cnp.NPY_UINT32,
        cnp.PyArray_STRIDES(view), <uint32_t *> cnp.PyArray_DATA(base) + (start - first), 0,
        cnp.NPY_ARRAY_WRITEABLE, None)
    cnp.set_array_base(array, base)
    return array


cdef cnp.ndarray filled(ad_node node, int ndim, cnp.npy_intp *shape):
    """A new index array whose elements are all the same node."""
    cdef cnp.ndarray array = cnp.PyArray_EMPTY(ndim, shape, cnp.NPY_UINT32, 0)
    cdef uint32_t *data = <uint32_t *> cnp.PyArray_DATA(array)
    cdef Py_ssize_t k
    for k in range(cnp.PyArray_SIZE(array)):
        data[k] = node
    return array


cdef inline Py_ssize_t element_place(object key, Py_ssize_t n):
    """The position of element `key` among n, where negative numbers count from the end.  The result
    is outside of [0, n) if key is out of bounds, even if it is too large for C."""
    cdef int overflow = 0
    cdef long long k = PyLong_AsLongLongAndOverflow(key, &overflow)
    if overflow != 0:
        return n
    return <Py_ssize_t> (k + n if k < 0 else k)


cdef object taken_at(cnp.ndarray index, object key):
    """index[key], with an understandable IndexError for numbers that are too large for C."""
    try:
        return ad_get_item(index, key)
    except (OverflowError, IndexError) as error:
        refused = integers.index_error(error, key, shape_of(index))
    raise refused


cdef int put_at(cnp.ndarray index, object key, object nodes) except -1:
    """index[key] = nodes, with the same errors."""
    try:
        return ad_set_item(index, key, nodes)
    except (OverflowError, IndexError) as error:
        refused = integers.index_error(error, key, shape_of(index))
    raise refused
