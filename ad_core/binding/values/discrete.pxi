# SPDX-License-Identifier: Apache-2.0
# Truth values and counts: traced values whose NumPy type is bool, or an integer that is computed
# from bools.  Operations on them have NumPy's results and types.  Where control flow depends on
# them (an index, a length) they become plain numbers, recorded as guards.  Both are called discrete
# below: their values are integers, so that they have no derivative.

cdef enum:                      # kinds of operands, which may be combined with |
    AS_TRUTH = 1
    AS_COUNT = 2                # int64
    AS_SMALL = 4                # an integer of another size, whose sums overflow at other values
    AS_LARGE = 8                # an integer that float64 can not represent
    AS_FLOAT = 16

cdef object dtype_count = np.dtype(np.int64)
cdef double LARGEST_EXACT = 2.0**53   # float64 represents all integers up to here
cdef dict BITWISE = {f"bitwise_{name}": f"logical_{name}" for name in ("and", "or", "xor")}
cdef set exact_ops = set()      # rows that are exact for integers
cdef unsigned char[256] scalar_rows     # by row: 1 if two counts give a count, 2 for a test
cdef dict discrete_types = {}   # (row, kinds) -> dtype.char of NumPy's result, "" if NumPy raises


cdef inline bint is_discrete(object x):
    """Whether x is a traced truth value or count, or an array of such."""
    if type(x) is TracedScalar:
        return (<TracedScalar> x).truth | (<TracedScalar> x).count
    return type(x) is TracedArray and ((<TracedArray> x).truth | (<TracedArray> x).count)


cdef inline bint stays_discrete(unsigned op, bint counts):
    """Whether the row gives NumPy's result for two truth values or counts, of which at least one
    is a count if counts is True."""
    return scalar_rows[op] == 2 or (scalar_rows[op] == 1 and counts)


cdef object new_count(Trace trace, ad_node node, unsigned op):
    cdef TracedScalar x = <TracedScalar> new_scalar(trace, node)
    x.count = scalar_rows[op] == 1
    return x


cdef int kind_of(object x) except -1:
    """The kind of an operand, one of the numbers above."""
    if is_discrete(x):
        return AS_TRUTH if x.dtype == dtype_bool else AS_COUNT
    if is_traced(x) or PyFloat_Check(x):
        return AS_FLOAT
    dtype = getattr(x, "dtype", None)
    if dtype is None:
        dtype = (x if isinstance(x, (bool, int)) else unpatched_asarray(x)).__class__
        if dtype is bool:
            return AS_TRUTH
        if dtype is not np.ndarray:
            return AS_COUNT if -LARGEST_EXACT < x < LARGEST_EXACT else AS_LARGE
        x = unpatched_asarray(x)
        dtype = x.dtype
    if dtype == dtype_bool:
        return AS_TRUTH
    if dtype.kind not in "iu":
        return AS_FLOAT
    if np.size(x) and not (-LARGEST_EXACT < np.min(x) and np.max(x) < LARGEST_EXACT):
        return AS_LARGE
    return AS_COUNT if dtype == dtype_count else AS_SMALL


cdef object of_kinds(object x, int kinds):
    """A new traced array, marked as one of values of these kinds."""
    if kinds == AS_TRUTH:
        (<TracedArray> x).truth = True
    elif kinds and kinds & (AS_FLOAT | AS_LARGE) == 0:
        (<TracedArray> x).count = True
    return x


def common_type(values, bint calculates=False):
    """The dtype of the array that NumPy makes of these values: truth values, counts or floats; None
    for integers of other types.  calculates: the dtype in which NumPy calculates with them."""
    cdef int kinds = 0
    for x in values:
        kinds |= kind_of(x)
        if kinds & AS_FLOAT:
            return dtype_float
    if kinds & AS_LARGE or (calculates and kinds & AS_SMALL):
        return None
    return dtype_bool if kinds == AS_TRUTH else dtype_count


cdef object typed(unsigned op, tuple operands):
    """elementwise(), with NumPy's result types if all operands are truth values and integers."""
    cdef int kinds = 0
    cdef bint discrete = False
    for x in operands:
        if is_discrete(x):
            discrete = True
        elif is_traced(x) or PyFloat_Check(x):
            return elementwise(op, operands)
    if not discrete or ad_op_rows[op].is_test or any(map(is_complex, operands)):
        return elementwise(op, operands)
    for x in operands:
        kinds |= kind_of(x)
    if kinds & AS_FLOAT:
        return elementwise(op, operands)
    return discrete_operation(op, operands, kinds)


cdef object discrete_operation(unsigned op, tuple operands, int kinds):
    """An operation whose operands all are truth values and integers.  The result is a traced truth
    value or count if the row computes it exactly, else NumPy's result for the plain values."""
    ufunc = getattr(np, ad_op_rows[op].ufunc.decode(), None)
    if not isinstance(ufunc, np.ufunc):
        return elementwise(op, operands)
    kind = "" if kinds & (AS_SMALL | AS_LARGE) else discrete_type(op, ufunc, len(operands), kinds)
    if kind == "?" and op in exact_ops:
        if op == op_add or op == op_multiply:
            op = op_logical_or if op == op_add else op_logical_and
        return marked(elementwise(op, operands), dtype_bool)
    if kind == dtype_count.char and (op in exact_ops or divides_exactly(op, operands)):
        return marked(elementwise(op, operands), dtype_count)
    if kind in "efd" and kind != "":
        return elementwise(op, operands)
    return plain_call(ufunc, "__call__", operands, {})


cdef tuple operands_of(object ufunc, unsigned op, tuple operands):
    """The operands of a ufunc's row.  They become floats if the ufunc is only defined for floats,
    as np.fabs, whose name is not that of its row."""
    return operands if ufunc.__name__ == ad_op_rows[op].ufunc.decode() else tuple(
        [numbers_of(x) for x in operands])


cdef bint divides_exactly(unsigned op, tuple operands):
    """Whether op is an integer division by plain integers that are not zero."""
    return (op == op_floor_divide or op == op_remainder) and not is_traced(operands[1]) and (
        bool(np.all(operands[1])))


cdef str discrete_type(unsigned op, object ufunc, int arity, int kinds):
    """The dtype.char of NumPy's result by NumPy's rules, "" if it has none."""
    found = discrete_types.get((op, kinds))
    if found is None:
        given = dtype_bool if kinds == AS_TRUTH else dtype_count
        try:
            found = ufunc.resolve_dtypes((given,) * arity + (None,) * ufunc.nout)[arity].char
        except TypeError:
            found = ""
        discrete_types[op, kinds] = found
    return found


def marked(x, dtype):
    """A new value x as one of this dtype, in which all its elements can be represented.  Traced
    values are only marked, plain ones are converted."""
    cdef TracedScalar s
    cdef TracedArray a
    dtype = np.dtype(dtype)
    if type(x) is TracedScalar:
        s = <TracedScalar> new_scalar((<TracedScalar> x).trace, (<TracedScalar> x).node)
        s.truth = dtype == dtype_bool
        s.count = dtype.kind in "iu"
        return s
    if type(x) is TracedArray:
        a = <TracedArray> view_of(<TracedArray> x, (<TracedArray> x).indices()[...])
        a.truth = dtype == dtype_bool
        a.count = dtype.kind in "iu"
        return a
    if isinstance(x, (list, tuple)):
        return type(x)([marked(part, dtype) for part in x])
    return unpatched_asarray(x).astype(dtype)[()]


def numbers_of(x):
    """Truth values and counts as floats; everything else as it is."""
    return marked(x, dtype_float) if is_discrete(x) else x


def discrete(x):
    """Whether x is a traced truth value or count, or an array of such."""
    return is_discrete(x)


DISCRETE, FLOATS = 1, 2         # bits of the result of traced_kinds()


def traced_kinds(args, dict kwargs):
    """The kinds of traced values in nested arguments: DISCRETE (truth values and counts), FLOATS
    (all others), both combined with |, or 0."""
    cdef int found = kinds_among(args)
    if kwargs:
        found |= kinds_among(kwargs.values())
    return found


def only_discrete(items):
    """Whether nested sequences contain traced values and all of them are truth values and
    counts."""
    return kinds_among(items) == 1


cdef int kinds_among(object items) except -1:
    cdef int found = 0
    for item in items:
        if type(item) is TracedArray:
            found |= 1 if (<TracedArray> item).truth | (<TracedArray> item).count else 2
        elif type(item) is TracedScalar:
            found |= 1 if (<TracedScalar> item).truth | (<TracedScalar> item).count else 2
        elif type(item) is hooks.complex_type:
            found |= 2
        elif isinstance(item, (list, tuple)):
            found |= kinds_among(item)
    return found


def discrete_values(x):
    """Traced truth values or counts as plain ones, recorded as guards."""
    if type(x) is TracedScalar:
        if (<TracedScalar> x).truth:
            return np.bool_(decide(x))
        return discrete_values(as_traced_array(x))[()]
    if (<TracedArray> x).truth:
        return decided(<TracedArray> x)
    values = values_of(x)
    if not only_constants(<TracedArray> x):
        elementwise(op_equal, (x, values), True, True)
    return values


def plain_values(items):
    """Nested sequences in which plain values replace traced truth values and counts."""
    if is_discrete(items):
        return discrete_values(items)
    if type(items) is list or type(items) is tuple:
        return type(items)([plain_values(item) for item in items])
    return items


def plain_call(function, method, operands, options):
    """NumPy's own function on plain truth values and counts.  A TypeError of NumPy gets the user's
    line and a remedy."""
    try:
        return getattr(function, method)(*plain_values(operands), **{
            name: plain_values(x) for name, x in options.items()})
    except TypeError as error:
        raise TypeError(
            f"{str(error).rstrip('.')}{user_line()}; truth values (the outcomes of comparisons) "
            f"and counts of them are not floats: convert them with .astype(float), or use &, |, ^ "
            f"and ~") from None


cdef object bits_binary(object ufunc, unsigned op, object left, object right):
    """&, |, ^, << and >>.  The result is a traced truth value if both operands are truth values,
    else NumPy's result for the plain integers."""
    cdef int kinds
    if not operable(left) or not operable(right):
        return NotImplemented
    if ad_current == NULL:
        return ufunc(*plain_constants((left, right)))
    kinds = kind_of(left) | kind_of(right)
    if kinds & AS_FLOAT:
        raise TypeError(
            f"&, |, ^, << and >> of traced values need truth values (comparisons) or integers on "
            f"both sides, got {type(left).__name__} and {type(right).__name__}{user_line()}; write "
            f"(a > 0) & (b > 0)")
    if kinds == AS_TRUTH and op:
        return marked(elementwise(op, (left, right)), dtype_bool)
    return plain_call(ufunc, "__call__", (left, right), {})


def bits(ufunc, left, right):
    """np.bitwise_and, np.left_shift and similar functions of traced values."""
    op = BITWISE.get(ufunc.__name__)
    return bits_binary(ufunc, 0 if op is None else ufunc_ops[getattr(np, op)], left, right)


cdef object bits_inverted(object x):
    if ad_current == NULL:
        return ~plain_constants(x)
    if not is_discrete(x):
        raise TypeError(f"~ of a traced value needs a truth value (the outcome of a comparison)"
                        f"{user_line()}, got a float; write ~(a > 0)")
    if x.dtype == dtype_bool:
        return marked(elementwise(op_logical_not, (x,)), dtype_bool)
    return ~discrete_values(x)


cdef bint repeats(unsigned op, object left, object right):
    """Whether an integer repeats a list, as in `[0] * np.sum(mask)`."""
    return op == op_multiply and (
        (isinstance(left, (list, tuple)) and type(right) is TracedScalar and is_discrete(right)) or
        (isinstance(right, (list, tuple)) and type(left) is TracedScalar and is_discrete(left)))


cdef object in_place(TracedArray x, object result):
    """x op= y: the result is stored in x if NumPy allows the cast to x's type."""
    if result is NotImplemented:
        return result
    check_cast(x, result, "same_kind", "the result of an operation in place")
    return assign(x, Ellipsis, result)


def check_cast(x, values, casting, str what):
    """Raise TypeError for values that NumPy would not cast to the type of the truth values or
    counts x."""
    if not is_discrete(x) or casting == "unsafe":
        return
    given = values.dtype if hasattr(values, "dtype") else unpatched_asarray(values).dtype
    if not np.can_cast(given, x.dtype, casting):
        raise TypeError(
            f"Cannot cast {what} from {np.dtype(given)!r} to {x.dtype!r} with casting rule "
            f"{casting!r}{user_line()}; make an array of numbers first: x.astype(float)")


def cast_to(dtype, value):
    """A traced or plain value as NumPy casts it when it is stored into an array of this dtype."""
    dtype = np.dtype(dtype)
    kind = kind_of(value)
    if dtype.kind not in "biu" or kind == AS_TRUTH or (dtype != dtype_bool and kind == AS_COUNT):
        return value
    if isinstance(value, (list, tuple)) and any_traced(value):
        value = joined(value)
    value = value if is_traced(value) else unpatched_asarray(value)
    if dtype == dtype_bool:
        return value != 0
    if not np.isfinite(values_of(value) if is_traced(value) else value).all():
        raise ValueError(f"cannot convert float NaN or infinity to integer{user_line()}; store "
                         f"into an array of floats")
    return marked(np.trunc(value), dtype_count) if is_traced(value) else np.trunc(value)


cdef object fitting(TracedArray x, object value):
    """A value that is to be stored into x, cast to its type: truth values, counts or floats."""
    if not (x.truth or x.count) or ad_current == NULL:
        return value
    return cast_to(x.dtype, value)


cdef object converted_discrete(str what, object x):
    """float(x), int(x) and complex(x) of one truth value or count."""
    if x.size != 1:
        raise TypeError("only length-1 arrays can be converted to Python scalars")
    value = unpatched_asarray(discrete_values(x)).reshape(())[()]
    return float(value) if what == "float()" else complex(value) if what == "complex()" else (
        int(value))


cdef int refuse_index(str words) except -1:
    """Raise TypeError for a truth value as an integer: as NumPy's, it can not be an index of
    Python's lists nor a limit of ranges and slices."""
    raise TypeError(f"{words}{user_line()}; a truth value is not an integer: convert it to 0 or 1 "
                    f"with int(...), or write an if statement")


cdef object scalar_as_array(object x):
    """The method __array__ of a truth value or a count, which returns a plain array."""
    def __array__(dtype=None, copy=None):
        return unpatched_asarray(discrete_values(x), dtype=dtype)
    return __array__


cdef int fill_exact() except -1:
    for name in ("add", "subtract", "multiply", "negative", "positive", "absolute", "square",
                 "sign", "maximum", "minimum", "fmax", "fmin", "floor", "ceil", "trunc"):
        exact_ops.add(ufunc_ops[getattr(np, name)])
    for op in range(AD_OP_COUNT):
        scalar_rows[op] = 2 if ad_op_rows[op].is_test else 0
    scalar_rows[op_add] = scalar_rows[op_subtract] = scalar_rows[op_multiply] = 1
    return 0
