# SPDX-License-Identifier: Apache-2.0
# Products of vectors and matrices, recorded as they are.  Stacks of matrices, and operands that are
# not arrays of floats, take the path in ad_core/overrides/numpy/products.py, which calls
# record_matmul().


cdef inline bint may_be_factor(object x):
    """Whether x is a vector or a matrix of floats, traced or plain."""
    cdef cnp.ndarray index
    if type(x) is TracedArray:
        if (<TracedArray> x).truth | (<TracedArray> x).count:
            return False
        index = (<TracedArray> x).index
    elif type(x) is np_ndarray and (<cnp.ndarray> x).descr.type_num == cnp.NPY_DOUBLE:
        index = <cnp.ndarray> x
    else:
        return False
    return 1 <= cnp.PyArray_NDIM(index) <= 2


cdef object affine_form(object x):
    """An operand with consecutive nodes, which is a recorded copy if its nodes are scattered."""
    if type(x) is not TracedArray:
        return x
    index = (<TracedArray> x).indices()
    if is_consecutive(index) or index.size == 0:
        return x
    return as_traced_array(elementwise(op_positive, (x,)))


cdef bint of_same_nodes(object left, object right) except -1:
    """Whether two operands are the same vector of scattered nodes, so that one copy serves both and
    the product is a sum of squares."""
    if left is right:
        return True
    if type(left) is not TracedArray or type(right) is not TracedArray or (
            left.ndim != 1 or left.shape != right.shape):
        return False
    if (<TracedArray> left).trace is not (<TracedArray> right).trace:
        return False
    index = (<TracedArray> left).indices()
    return not is_consecutive(index) and np.array_equal(index, (<TracedArray> right).indices())


cdef object product_of_two(object left, object right):
    """The matrix product of two vectors or matrices, one of which is traced, as one block run.
    None for operands that it can not multiply."""
    cdef Trace trace
    cdef cnp.ndarray a, b
    cdef int64_t extents[4]
    cdef int64_t left_stride[3]
    cdef int64_t right_stride[3]
    cdef cnp.npy_intp shape[2]
    cdef ad_node first = 0
    cdef int ndim = 0
    if ad_current == NULL or not may_be_factor(left) or not may_be_factor(right):
        return None
    if type(left) is not TracedArray and type(right) is not TracedArray:
        return None
    if is_constant(left) and is_constant(right):
        return None
    trace = trace_of((left, right))
    affine = affine_form(left)
    right = affine if of_same_nodes(left, right) else affine_form(right)
    left = affine
    b = affine_nodes(trace, right)
    a = affine_nodes(trace, left)       # after b, which may have merged its trace
    extents[0] = 1
    extents[1] = cnp.PyArray_DIM(a, 0) if cnp.PyArray_NDIM(a) == 2 else 1
    extents[2] = cnp.PyArray_DIM(a, cnp.PyArray_NDIM(a) - 1)
    extents[3] = cnp.PyArray_DIM(b, 1) if cnp.PyArray_NDIM(b) == 2 else 1
    if cnp.PyArray_DIM(b, 0) != extents[2] or extents[1] * extents[2] * extents[3] == 0:
        return None
    left_stride[0] = right_stride[0] = 0
    left_stride[1] = right_stride[2] = 0
    left_stride[2] = cnp.PyArray_STRIDE(a, cnp.PyArray_NDIM(a) - 1) // 4
    right_stride[1] = cnp.PyArray_STRIDE(b, 0) // 4
    if cnp.PyArray_NDIM(a) == 2:
        left_stride[1] = cnp.PyArray_STRIDE(a, 0) // 4
        shape[ndim] = extents[1]
        ndim += 1
    if cnp.PyArray_NDIM(b) == 2:
        right_stride[2] = cnp.PyArray_STRIDE(b, 1) // 4
        shape[ndim] = extents[3]
        ndim += 1
    check(ad_tape_matmul(trace.tape, extents, (<ad_node *> cnp.PyArray_DATA(a))[0], left_stride,
                         (<ad_node *> cnp.PyArray_DATA(b))[0], right_stride, &first))
    if ndim == 0:
        return scalar_or_number(trace, first, False)
    return new_array(trace, consecutive(first, ndim, shape), False)


def vector_product(left, right):
    """The matrix product of two vectors or matrices; None for all other operands."""
    return product_of_two(left, right)
