# SPDX-License-Identifier: Apache-2.0
# Traced arrays.  A traced array has an index array, which contains the node of each element.
# Indexing, reshaping, joining and assignments work on the index array only and record nothing.

@cython.final
@cython.freelist(64)
@cython.c_api_binop_methods(True)
cdef class TracedArray:
    """An array of a function that is being traced.  It behaves as a float64 ndarray."""

    cdef Trace trace
    cdef cnp.ndarray index      # uint32: the node of every element
    cdef TracedArray base       # the array that this one is a view of; None if it is not a view
    cdef ad_node first          # if it is not a view: its first node, while they are consecutive
    cdef bint owned             # its index array has writable memory, its own or that of its base
    cdef unsigned char truth    # its elements are truth values
    cdef unsigned char count    # its elements are integers computed from truth values
    cdef bint read_only         # as NumPy's diagonals and broadcast arrays are
    cdef bint spaced            # the real or imaginary part of a complex array, not contiguous
    cdef object half_swap       # a row that compiled code is exchanging, see iterate.pxi
    cdef object __weakref__

    __array_priority__ = 1000.0

    def __init__(self, *args, **kwargs):
        raise TracedValueError(f"traced values are made by ad_core while it traces a function, not "
                               f"by hand{user_line()}; call np.array(...) for an array of numbers")

    @property
    def __class__(self):
        # isinstance(x, np.ndarray) is True in the user's code, as for a plain array
        return np.ndarray

    cdef cnp.ndarray indices(self):
        """The index array, brought up to date with stores through views and merges of traces."""
        if not is_innermost(self.trace) and not self.trace.usable():
            self.follow()
        if self.base is not None and self.base.owned and not self.owned:
            self.index = relaid(self.index, self.base.index, self.base.first)
            self.owned = True
        return self.index

    cdef int follow(self) except -1:
        """Move to the tape that this array's trace was merged into; EscapedTraceError if the array
        can not be used here."""
        cdef Trace trace = self.trace
        cdef ad_node offset
        if not trace.live or trace.thread != PyThread_get_thread_ident():
            if ad_current == NULL or not ended_constants(self):
                trace.refuse()
            return self.make_constants(ended_values(self))
        if self.base is not None:
            self.base.indices()
            if self.base.owned and not self.owned:
                # base.first is already a node of the new tape, the nodes of this view are not yet
                self.index = relaid(self.index, self.base.index,
                                    self.base.first - trace.moved(0))
                self.owned = True
        offset = trace.moved(0)
        self.trace = trace.root()
        if not self.owned:
            self.index = shifted(self.index, offset)
            self.first += offset
        elif self.base is None:
            np.add(self.index, np.uint32(offset), out=self.index)
            self.first += offset
        return 0

    cdef int make_constants(self, cnp.ndarray values) except -1:
        """Turn constants of an earlier trace (a cached table, an imported module) into constants of
        the present one."""
        self.trace = innermost().root()
        self.index = constant_nodes(self.trace, values).copy(order="K")
        self.base = None
        self.owned = True
        return 0

    cdef cnp.ndarray writable(self):
        """The index array in writable memory that all views share."""
        cdef cnp.ndarray index = self.indices()
        if self.owned:
            return index
        if self.base is not None:
            self.base.writable()
            return self.indices()
        self.index = index.copy(order="K")
        self.owned = True
        return self.index

    def __add__(left, right):
        return binary(op_add, left, right, None)

    def __sub__(left, right):
        return binary(op_subtract, left, right, None)

    def __mul__(left, right):
        return binary(op_multiply, left, right, None)

    def __truediv__(left, right):
        return binary(op_divide, left, right, None)

    def __floordiv__(left, right):
        return binary(op_floor_divide, left, right, None)

    def __mod__(left, right):
        return binary(op_remainder, left, right, None)

    def __divmod__(left, right):
        return divmod_results(left, right)

    def __pow__(left, right, modulus):
        if modulus is not None:
            return NotImplemented
        return power(left, right)

    def __matmul__(left, right):
        return operate_matmul(left, right)

    def __and__(left, right):
        return bits_binary(np.bitwise_and, op_logical_and, left, right)

    def __or__(left, right):
        return bits_binary(np.bitwise_or, op_logical_or, left, right)

    def __xor__(left, right):
        return bits_binary(np.bitwise_xor, op_logical_xor, left, right)

    def __lshift__(left, right):
        return bits_binary(np.left_shift, 0, left, right)

    def __rshift__(left, right):
        return bits_binary(np.right_shift, 0, left, right)

    def __invert__(self):
        return bits_inverted(self)

    def __neg__(self):
        return unary(op_negative, self, None)

    def __pos__(self):
        return unary(op_positive, self, None)

    def __abs__(self):
        return unary(op_absolute, self, None)

    def __iadd__(self, other):
        return operated_in_place(self, op_add, other)

    def __isub__(self, other):
        return operated_in_place(self, op_subtract, other)

    def __imul__(self, other):
        return operated_in_place(self, op_multiply, other)

    def __itruediv__(self, other):
        return operated_in_place(self, op_divide, other)

    def __ifloordiv__(self, other):
        return operated_in_place(self, op_floor_divide, other)

    def __imod__(self, other):
        return operated_in_place(self, op_remainder, other)

    def __ipow__(self, other, modulus):
        return operated_in_place(self, op_power, other)

    def __imatmul__(self, other):
        if not operable(other):
            return ufunc_call(np.matmul, "__call__", (self, other), {"out": (self,)})
        return in_place(self, operate_matmul(self, other))

    def __iand__(self, other):
        return in_place(self, bits_binary(np.bitwise_and, op_logical_and, self, other))

    def __ior__(self, other):
        return in_place(self, bits_binary(np.bitwise_or, op_logical_or, self, other))

    def __ixor__(self, other):
        return in_place(self, bits_binary(np.bitwise_xor, op_logical_xor, self, other))

    def __ilshift__(self, other):
        return in_place(self, bits_binary(np.left_shift, 0, self, other))

    def __irshift__(self, other):
        return in_place(self, bits_binary(np.right_shift, 0, self, other))

    def __richcmp__(self, other, int how):
        return compare(how, self, other)

    def __hash__(self):
        raise TypeError("unhashable type: 'TracedArray' (as ndarray is)")

    def __bool__(self):
        if cnp.PyArray_SIZE(self.index) != 1:
            raise ValueError("The truth value of an array with more than one element is "
                             "ambiguous. Use a.any() or a.all()")
        return decide(self.indices().reshape(()), self)

    def __len__(self):
        if cnp.PyArray_NDIM(self.index) == 0:
            raise TypeError("len() of unsized object")
        return cnp.PyArray_DIM(self.index, 0)

    def __iter__(self):
        if cnp.PyArray_NDIM(self.index) == 0:
            raise TypeError("iteration over a 0-d array")
        return iterate(self)

    def __contains__(self, item):
        return bool(np.any(self == item))

    def __float__(self):
        return refuse_conversion("float()", self)

    def __int__(self):
        return refuse_conversion("int()", self)

    def __index__(self):
        if self.truth or (self.count and cnp.PyArray_NDIM(self.index)):
            refuse_index("only integer scalar arrays can be converted to a scalar index")
        return refuse_conversion("an index or int()", self)

    def __complex__(self):
        return refuse_conversion("complex()", self)

    def __getitem__(self, key):
        cdef cnp.ndarray index = self.index
        cdef Py_ssize_t k, n
        if PyLong_CheckExact(key) and cnp.PyArray_NDIM(index) == 1:
            if ad_current == NULL:
                return fetch(self, key)
            index = self.indices()
            n = cnp.PyArray_DIM(index, 0)
            k = element_place(key, n)
            if not 0 <= k < n:
                raise IndexError(f"index {integers.shown(key)} is out of bounds for axis 0 with "
                                 f"size {n}")
            return element_at(self, (<ad_node *> (
                cnp.PyArray_BYTES(index) + k * cnp.PyArray_STRIDE(index, 0)))[0])
        return fetch(self, key)

    def __setitem__(self, key, value):
        cdef cnp.ndarray index
        cdef Py_ssize_t k, n
        if type(value) is TracedScalar and PyLong_CheckExact(key) and self.owned and (
                cnp.PyArray_NDIM(self.index) == 1 and (
                not (self.truth or self.count or self.read_only))):
            index = self.indices()
            n = cnp.PyArray_DIM(index, 0)
            k = element_place(key, n)
            if 0 <= k < n and (<TracedScalar> value).trace is self.trace:
                (<ad_node *> (cnp.PyArray_BYTES(index) + k * cnp.PyArray_STRIDE(index, 0)))[0] = (
                    <TracedScalar> value).node
                return
        elif type(value) is TracedArray and PyLong_CheckExact(key) and self.ndim > 1 and (
                swapped_rows(self, key, <TracedArray> value)):
            return
        assign(self, key, value)

    def __copy__(self):
        return copied(self)

    def __deepcopy__(self, memo):
        return copied(self)

    def __reduce__(self):
        refuse_pickling()

    def __array__(self, dtype=None, copy=None):
        frame = sys._getframe(0)
        if "__array__" in frame.f_code.co_names and is_float(dtype) and (
                callers.calls_method(frame, "__array__")):
            return self             # Python code has called it, which gets an array itself
        return as_plain_array(self, dtype, copy)

    def __array_function__(self, func, types, args, kwargs):
        return numpy_call(func, types, args, kwargs)

    def __getattr__(self, name):
        return method_of(self, name)

    def __dir__(self):
        return method_names()

    def __setattr__(self, name, value):
        set_attribute(self, name, value)

    def __repr__(self):
        return f"TracedArray({value_text(self)})"

    def __str__(self):
        return value_text(self)

    def __format__(self, spec):
        return value_text(self, spec)

    @property
    def shape(self):
        return shape_of(self.index)

    @shape.setter
    def shape(self, shape):
        cdef cnp.ndarray index = self.indices()
        cdef cnp.ndarray reshaped = index.reshape(shape)
        if reshaped.size > 0 and not np.may_share_memory(index, reshaped):
            raise AttributeError("incompatible shape for in-place modification; use reshape")
        self.index = reshaped

    @property
    def ndim(self):
        return cnp.PyArray_NDIM(self.index)

    @property
    def size(self):
        return cnp.PyArray_SIZE(self.index)

    @property
    def itemsize(self):
        return self.dtype.itemsize

    @property
    def nbytes(self):
        return self.size * self.itemsize

    @property
    def dtype(self):
        return dtype_bool if self.truth else dtype_count if self.count else dtype_float

    @property
    def T(self):
        return view_of(self, self.indices().T)


cdef object new_array(Trace trace, cnp.ndarray index, bint truth):
    """An array of new consecutive nodes."""
    cdef TracedArray x = TracedArray.__new__(TracedArray)
    x.trace = trace
    x.index = index
    x.truth = truth
    x.first = (<ad_node *> cnp.PyArray_DATA(index))[0] if cnp.PyArray_SIZE(index) else 0
    if debugging:
        trace.note_place()
    return x


cdef object owning_array(Trace trace, cnp.ndarray index, bint truth):
    """An array with its own index array."""
    cdef TracedArray x = TracedArray.__new__(TracedArray)
    x.trace = trace
    x.index = index
    x.truth = truth
    x.owned = True
    if debugging:
        trace.note_place()
    return x


cdef object view_of(TracedArray x, cnp.ndarray index):
    """The traced array for an index array that was derived from that of x: a view of x if both
    share memory."""
    cdef TracedArray y = TracedArray.__new__(TracedArray)
    y.trace = x.trace
    y.index = index
    y.truth = x.truth
    y.count = x.count
    y.read_only = x.read_only
    y.spaced = x.spaced
    if x.owned:
        y.owned = True
        y.base = x.base if x.base is not None else x
        if not overlap(index, x.index):
            y.base = None      # NumPy made a copy
            y.read_only = y.spaced = False
    elif is_consecutive(index):
        y.base = x.base if x.base is not None else x
    else:
        y.owned = True          # NumPy made a copy
        y.read_only = y.spaced = False
    return y


cdef inline object element_at(TracedArray x, ad_node node):
    cdef TracedScalar s
    if ad_is_constant(x.trace.tape, node):
        return scalar_or_number(x.trace, node, x.truth, x.count)
    s = <TracedScalar> new_scalar(x.trace, node)
    s.truth = x.truth
    s.count = x.count
    return s


cdef object fetch(TracedArray x, object key):
    """x[key] for any key that NumPy accepts."""
    if ad_current == NULL and ended_constants(x):
        return ended_values(x)[key]
    found = taken_at(x.indices(), plain_key(key))
    if isinstance(found, np.ndarray):
        return view_of(x, found)
    return element_at(x, <ad_node> int(found))


cdef object plain_key(object key):
    """An index expression in which traced truth values and counts are plain, recorded as guards."""
    if type(key) is tuple:
        return tuple([plain_key(part) for part in key])
    if is_discrete(key):
        return discrete_values(key)
    if is_traced(key):
        raise TracedIndexError(
            f"a traced value can not be an index{user_line()}: an element's position has no "
            f"derivative; index with plain integers or with a comparison")
    return key


cdef object assign(TracedArray x, object key, object value):
    """x[key] = value in place, which all views of x see; returns x."""
    value = fitting(x, value)
    cdef cnp.ndarray index = x.indices()
    if x.read_only and not stored_already(x, key, value):
        refuse_store(x)
    cdef Trace trace = unify(x.trace, trace_of((value,)) if is_traced(value) else x.trace)
    nodes = nodes_of(trace, value)
    index = x.writable()
    put_at(index, plain_key(key), nodes)
    return x


cdef object nodes_of(Trace trace, object value):
    """The nodes of any value on this trace's tape, as an index array or a NumPy scalar."""
    cdef ad_node node
    if type(value) is TracedScalar:
        move_to_root(<TracedScalar> value)
        return np.uint32((<TracedScalar> value).node)
    if type(value) is TracedArray:
        return (<TracedArray> value).indices()
    if type(value) is hooks.complex_type:
        raise TracedValueError(
            f"a complex value can not be stored into a real array{user_line()}, which would drop "
            f"its imaginary part; make the array with dtype=complex, or store the .real")
    if value is None:       # which NumPy stores as NaN
        value = float("nan")
    value = operand_of(value, "an assigned value")
    if type(value) is float:
        check(ad_tape_constant(trace.tape, value, &node))
        return np.uint32(node)
    if type(value) is TracedArray:
        return (<TracedArray> value).indices()
    return constant_nodes(trace, value)


cdef object copied(TracedArray x, object order="K"):
    return of_same_type(x, owning_array(x.trace.root(), x.indices().copy(order=order), False))


cdef object of_same_type(TracedArray x, object made):
    """A new array, marked as one of truth values or counts if x is one."""
    (<TracedArray> made).truth = x.truth
    (<TracedArray> made).count = x.count
    return made


cdef object as_traced_array(object x):
    """A traced scalar as a 0-d traced array; arrays as they are."""
    cdef TracedArray y
    if type(x) is TracedArray:
        return x
    move_to_root(<TracedScalar> x)
    index = unpatched_array((<TracedScalar> x).node, dtype=np.uint32)
    y = <TracedArray> owning_array((<TracedScalar> x).trace, index, (<TracedScalar> x).truth)
    y.count = (<TracedScalar> x).count
    return y


cdef cnp.ndarray values_of(object x):
    """The present values of a traced array or scalar, copied."""
    cdef TracedArray array = <TracedArray> as_traced_array(x)
    cdef cnp.ndarray index = array.indices()
    cdef cnp.ndarray values
    if is_run(index):
        values = run_values(array.trace.tape, index)
    else:
        values = like_index(index, values_on(array.trace.tape, contiguous(index), 0))
    return values.astype(array.dtype) if array.truth or array.count else values


cdef bint only_constants(TracedArray x):
    """Whether no element depends on an input.  Consecutive nodes are all alike, others are checked
    one by one."""
    cdef cnp.ndarray index = x.indices()
    cdef Py_ssize_t k, n = 1 if is_consecutive(index) else cnp.PyArray_SIZE(index)
    cdef ad_node *node
    if cnp.PyArray_SIZE(index) == 0:
        return True
    index = contiguous(index) if n > 1 else index
    node = <ad_node *> cnp.PyArray_DATA(index)
    for k in range(n):
        if not ad_is_constant(x.trace.tape, node[k]):
            return False
    return True
