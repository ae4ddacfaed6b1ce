# SPDX-License-Identifier: Apache-2.0
# Leaves of nested arguments, and the arrays that a caller gives for results, with their checks.

cdef tuple leaves_within(tuple args, object nesting):
    """The leaves of arguments that are nested like this, or None if they are not."""
    cdef Py_ssize_t k
    cdef list leaves = []
    if nesting is None or len(<tuple> nesting) != len(args):
        return None
    for k in range(len(args)):
        argument, of = args[k], (<tuple> nesting)[k]
        if of is None:
            leaves.append(argument)
        elif type(argument) is (<tuple> of)[0] and len(argument) == (<tuple> of)[1]:
            leaves.extend(argument)
        else:
            return None
    return tuple(leaves)


cdef tuple outs_of(object pack, object out):
    """The arrays of an out argument, one for each result."""
    if out is None:
        return None
    if pack is None:
        return (out,)
    return tuple(hooks.flatten(out)[0])


cdef int check_out(object out, tuple shape, object name) except -1:
    if is_traced(out):
        raise TracedValueError(f"out of {name} is a traced value{user_line()}; pass a plain array "
                               f"that was made outside of the traced function")
    if type(out) is not np_ndarray:
        raise TypeError(f"out of {name} must be a NumPy array of shape {shape}, got "
                        f"{type(out).__name__}")
    if out.dtype != np.float64 or not out.dtype.isnative:
        raise TypeError(f"out of {name} must be float64, got {out.dtype}")
    if out.shape != shape:
        raise ValueError(f"out of {name} must have shape {shape}, got {out.shape}")
    if not out.flags.writeable:
        raise ValueError(f"out of {name} is read-only; pass a writable array")
    if not out.flags.aligned:
        raise ValueError(f"out of {name} is not aligned in memory; pass np.empty({shape})")
    if not out.flags.c_contiguous:
        raise ValueError(f"out of {name} must be C-contiguous; write into np.empty({shape}) and "
                         "copy it where it belongs")
    return 0


cdef struct extent:
    size_t low, high            # addresses between which the bytes of an array lie


cdef inline extent extent_of(cnp.ndarray x) noexcept:
    cdef extent e
    cdef int d
    cdef cnp.npy_intp reach
    e.low = e.high = <size_t> cnp.PyArray_DATA(x)
    if cnp.PyArray_SIZE(x) == 0:
        return e
    e.high += <size_t> cnp.PyArray_ITEMSIZE(x)
    for d in range(cnp.PyArray_NDIM(x)):
        reach = (cnp.PyArray_DIM(x, d) - 1) * cnp.PyArray_STRIDE(x, d)
        if reach > 0:
            e.high += <size_t> reach
        else:
            e.low -= <size_t> -reach
    return e


def refuse_overlaps(outs, arrays, name):
    """Raise ValueError if C-contiguous arrays for results share memory with one another or with
    arguments (arrays, Gathered, or objects without memory)."""
    cdef extent e
    cdef list rows = []
    cdef Py_ssize_t k
    for k in range(len(outs)):
        e = extent_of(<cnp.ndarray?> outs[k])
        if e.high > e.low:
            rows.append((e.low, e.high, k))
    if len(rows) > 1:
        rows.sort()
        for k in range(1, len(rows)):
            if rows[k][0] < rows[k - 1][1]:
                j, i = sorted((rows[k - 1][2], rows[k][2]))
                raise ValueError(f"out of {name}: arrays {j} and {i} share memory; "
                                 "pass separate arrays")
    for x in arrays:
        for part in (x.values, x.index) if type(x) is Gathered else (x,):
            if not issubclass(type(part), np_ndarray):
                continue
            e = extent_of(<cnp.ndarray> part)
            k = len(rows) - 1
            while k >= 0 and rows[k][0] >= e.high:
                k -= 1                  # the last that begins before its end
            while k >= 0 and rows[k][1] > e.low:
                if np.shares_memory(outs[rows[k][2]], part):
                    raise ValueError(f"out of {name} shares memory with an argument; pass another "
                                     "array")
                k -= 1


def check_out_array(out, tuple shape, name):
    """Raise an error if a method can not write a result of this shape into out."""
    check_out(out, shape, name)
