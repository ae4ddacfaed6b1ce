# SPDX-License-Identifier: Apache-2.0
# Conversions of traced arrays to plain arrays and to object arrays, and back.

cdef object as_plain_array(TracedArray x, object dtype, object copy=None):
    """The array that NumPy gets from code that does not know traced arrays: plain truth values and
    counts, recorded as guards; plain floats if no element depends on an input; else an object array
    of traced scalars, which is read-only unless a copy was requested."""
    if ad_current == NULL and ended_constants(x):
        return ended_values(x) if dtype is None else ended_values(x).astype(dtype)
    global ad_objects_made
    refuse_snapshot()
    cdef cnp.ndarray index = x.indices()
    if x.truth or x.count:
        return discrete_values(x) if dtype is None else discrete_values(x).astype(dtype)
    if only_constants(x):
        return values_of(x) if dtype is None else values_of(x).astype(dtype)
    if dtype is not None and np.dtype(dtype) != object:
        # a conversion to integers is a step function, as int(x) is
        values = truncated_values(x) if np.dtype(dtype).kind in "iu" else (
            piecewise_constant_values(x))
        if values is not None:
            return values.astype(dtype)
        refuse_conversion(f"conversion to an array of {np.dtype(dtype)}", x)
    if called_from("scipy."):           # its compiled code may read such an array as numbers
        refuse_conversion("conversion to a plain array", x)
    if not x.truth:
        note_as_object(x.trace, index)
    ad_objects_made = True
    objects = unpatched_empty(index.size, dtype=object)
    for k, node in enumerate(index.ravel()):
        objects[k] = element_at(x, node)
    objects = like_index(index, objects.reshape(shape_of(index)))
    objects.flags.writeable = copy is True      # x would not see what is stored into the copy
    return objects


cdef object array_of_objects(cnp.ndarray objects, str what="an object array"):
    """An object array of numbers and traced scalars as a traced (or a plain) array."""
    cdef Trace trace = trace_of(tuple(objects.ravel()))
    cdef ad_node node
    if trace is None:
        for item in objects.ravel():
            if not isinstance(item, (int, float, np.number, np.bool_)):
                raise DtypeError(f"{what} holds {type(item).__name__}, which is not a real number"
                                 f"{user_line()}; ad_core computes with real float64 numbers")
        return objects.astype(np.float64)
    cdef cnp.ndarray index = unpatched_empty(objects.size, dtype=np.uint32)
    for k, item in enumerate(objects.ravel()):
        index[k] = nodes_of(trace, item)
    return owning_array(trace, index.reshape(shape_of(objects)), False)
