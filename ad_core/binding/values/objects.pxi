# SPDX-License-Identifier: Apache-2.0
# Traced arrays as plain ones and as arrays of objects, and back.

cdef object as_plain_array(TracedArray x, object dtype, object copy=None):
    """What NumPy gets that does not know traced arrays: truth values and counts as plain ones,
    kept as guards; floats if nothing depends on an input, else an object array of traced
    scalars, read-only unless a copy was asked for."""
    if ad_current == NULL and ended_constants(x):
        return ended_values(x) if dtype is None else ended_values(x).astype(dtype)
    refuse_snapshot()
    cdef cnp.ndarray index = x.indices()
    if x.truth or x.count:
        return whole_values(x) if dtype is None else whole_values(x).astype(dtype)
    if only_constants(x):
        return values_of(x) if dtype is None else values_of(x).astype(dtype)
    if dtype is not None and np.dtype(dtype) != object:
        values = settled(x)
        if values is not None:
            return values.astype(dtype)
        refuse_conversion(f"conversion to an array of {np.dtype(dtype)}", x)
    if not x.truth:
        hand_out(x.trace, index)
    objects = unpatched_empty(index.size, dtype=object)
    for k, node in enumerate(index.ravel()):
        objects[k] = element_at(x, node)
    objects = like_index(index, objects.reshape(shape_of(index)))
    objects.flags.writeable = copy is True      # a store into a copy would be lost to x
    return objects


cdef object array_of_objects(cnp.ndarray objects, str what="an object array"):
    """An object array of numbers and traced scalars as a traced (or a plain) array."""
    cdef Trace trace = trace_of(tuple(objects.ravel()))
    cdef ad_node node
    if trace is None:
        for item in objects.ravel():
            if not isinstance(item, (int, float, np.number, np.bool_)):
                raise DtypeError(f"{what} holds {type(item).__name__}, which is no real number"
                                 f"{user_line()}; ad_core computes with real float64 numbers")
        return objects.astype(np.float64)
    cdef cnp.ndarray index = unpatched_empty(objects.size, dtype=np.uint32)
    for k, item in enumerate(objects.ravel()):
        index[k] = nodes_of(trace, item)
    return owning_array(trace, index.reshape(shape_of(objects)), False)
