# SPDX-License-Identifier: Apache-2.0
# Traced scalars.  A traced scalar is one node.  Its operators are C slots of the type, because the
# call of a ufunc would take several times as long as the operation.

@cython.final
@cython.no_gc
@cython.freelist(512)
@cython.c_api_binop_methods(True)
cdef class TracedScalar:
    """One number of a function that is being traced.  It behaves as an np.float64."""

    cdef Trace trace
    cdef ad_node node
    cdef unsigned char truth    # its value is a truth value (the outcome of a comparison)
    cdef unsigned char count    # its value is an integer computed from truth values

    __array_priority__ = 1000.0

    def __init__(self, *args, **kwargs):
        raise TracedValueError(f"traced values are made by ad_core while it traces a function, not "
                               f"by hand{user_line()}; call np.array(...) for an array of numbers")

    @property
    def __class__(self):
        # isinstance(x, float) is True in the user's code, as for a plain number
        if called_from_pandas():
            return TracedScalar
        return np.bool_ if self.truth else np.int64 if self.count else np.float64

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

    def __richcmp__(self, other, int how):
        return compare(how, self, other)

    def __hash__(self):
        return hash_of(self)

    def __bool__(self):
        return decide(self)

    def __float__(self):
        return refuse_conversion("float()", self)

    def __int__(self):
        return refuse_conversion("int()", self)

    def __index__(self):
        if self.truth:
            refuse_index("'numpy.bool' object cannot be interpreted as an integer")
        return refuse_conversion("an index or int()", self)

    def __complex__(self):
        return refuse_conversion("complex()", self)

    def as_integer_ratio(self):
        """Called by the modules statistics and fractions."""
        return refuse_conversion("as_integer_ratio()", self)

    def __round__(self, digits=None):
        return traced_round(self, digits)

    def __trunc__(self):
        return unary(op_trunc, self, None)

    def __floor__(self):
        return unary(op_floor, self, None)

    def __ceil__(self):
        return unary(op_ceil, self, None)

    def __getitem__(self, key):
        if key is Ellipsis or (type(key) is tuple and not key):
            return self
        return as_traced_array(self)[key]

    def __copy__(self):
        return self

    def copy(self, order="C"):
        return self

    def __deepcopy__(self, memo):
        return self

    def __reduce__(self):
        refuse_pickling()

    def __array_function__(self, func, types, args, kwargs):
        return numpy_call(func, types, args, kwargs)

    def __getattr__(self, name):
        global ad_objects_made
        if name == "__array__":
            ad_objects_made = True
            if self.truth or self.count:
                return scalar_as_array(self)
        return method_of(self, name)

    def __dir__(self):
        return method_names()

    def __repr__(self):
        return f"TracedScalar({value_text(self)})"

    def __str__(self):
        return value_text(self)

    def __format__(self, spec):
        return value_text(self, spec)

    @property
    def shape(self):
        return ()

    @property
    def ndim(self):
        return 0

    @property
    def size(self):
        return 1

    @property
    def dtype(self):
        return dtype_bool if self.truth else dtype_count if self.count else dtype_float

    @property
    def T(self):
        return self


cdef inline object new_scalar(Trace trace, ad_node node):
    cdef TracedScalar x = TracedScalar.__new__(TracedScalar)
    x.trace = trace
    x.node = node
    if debugging:
        trace.note_place()
    return x


cdef object scalar_or_number(Trace trace, ad_node node, bint truth, bint count=False):
    """The node as a traced scalar, or as a NumPy scalar if it is a constant."""
    if ad_is_constant(trace.tape, node):
        value = trace.tape.value[node]
        return np.bool_(value != 0) if truth else (np.intp if count else np.float64)(value)
    cdef TracedScalar x = <TracedScalar> new_scalar(trace, node)
    x.truth = truth
    x.count = count
    return x


cdef int move_to_root(TracedScalar x) except -1:
    """Let x refer to the tape that its trace was merged into; EscapedTraceError if x can not be
    used here."""
    if not x.trace.live or x.trace.thread != PyThread_get_thread_ident():
        x.trace.refuse()
    x.node = x.trace.moved(x.node)
    x.trace = x.trace.root()
    return 0
