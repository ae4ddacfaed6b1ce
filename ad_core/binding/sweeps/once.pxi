# SPDX-License-Identifier: Apache-2.0
# One-shot Jacobians and gradients: a recording and its sweep in one call of the core.

@cython.final
cdef class JacobianFunction:
    """The function of fun's arguments that jacobian(fun) returns and that grad(fun) and
    value_and_grad(fun) call.

    It is an object and not a closure, because the creation of a closure takes nearly as long as the
    call of a small function."""

    cdef readonly object __wrapped__            # fun
    cdef readonly object recorded_size          # tape_size() of a first recording, or None
    cdef object argnums, has_aux, mode, chunk_size, holomorphic
    cdef object forward                         # True, False, or None for the cheaper mode
    cdef size_t chunk                           # seeds of a sweep; 0: automatic
    cdef bint scalar                            # returns the gradient,
    cdef bint with_value                        # and before it the value
    cdef Py_ssize_t k                           # the argument of the simplest case; -1: excluded
    cdef dict __dict__                          # attributes that a user sets, as on a function

    def __call__(self, *args, **kwargs):
        return self.evaluate(args, kwargs, None)

    def with_path(self, tuple args not None):
        """(the result, what identifies the path that was recorded)."""
        paths = []
        result = self.evaluate(args, {}, paths)
        return result, paths[0]

    cdef object evaluate(self, tuple args, dict kwargs, list paths):
        """The result; the path that was recorded is appended to `paths` unless that is None."""
        if 0 <= self.k < len(args) and not debugging:
            x = args[self.k]
            if (type(x) is np.ndarray and in_c_order(<cnp.ndarray> x) and
                    not cnp.PyArray_ISCOMPLEX(<cnp.ndarray> x)) or type(x) is float or (
                    type(x) is np.float64):
                return jacobian_once(self, args, kwargs, paths)
        return self.of_any(args, kwargs, paths)

    cdef object of_any(self, tuple args, dict kwargs, list paths):
        """The same for any arguments."""
        recording = hooks.record(self.__wrapped__, args, kwargs, self.argnums, self.has_aux)
        if paths is not None:
            paths.append(path_of(recording.trace))
        result = self.of_recording(recording)
        return (result, recording.aux) if self.has_aux else result

    cdef object of_recording(self, object recording):
        if self.scalar:
            return hooks.gradient(recording, self.__wrapped__, self.with_value)
        return recording.jacobian(self.mode, self.chunk_size, self.holomorphic)

    @property
    def __name__(self):
        if not self.scalar:
            return "jacobian"
        return "value_and_gradient" if self.with_value else "gradient"

    def __repr__(self):
        return f"<{self.__name__.replace('_', ' ')} of {name_of(self.__wrapped__)}>"

    def __get__(self, instance, owner):
        """The method of an object, if the function was made in the body of a class."""
        return self if instance is None else types.MethodType(self, instance)

    def __reduce__(self):
        """The function that was differentiated, if it can be pickled, and what was asked for."""
        if is_found_by_name(self, self.__wrapped__):
            return found_by_name, (self.__wrapped__.__module__, self.__wrapped__.__qualname__)
        if self.scalar:
            return gradient_function, (self.__wrapped__, self.argnums, self.with_value)
        return jacobian_function, (self.__wrapped__, self.argnums, self.has_aux, self.mode,
                                   self.chunk_size, self.holomorphic)


def found_by_name(module, name):
    """The object of a qualified name in a module, which is imported."""
    found = importlib.import_module(module)
    for part in name.split("."):
        found = getattr(found, part)
    return found


def is_found_by_name(derived, fun):
    """Whether a function derived from fun has its place, as that of a decorator has."""
    found = sys.modules.get(getattr(fun, "__module__", None))
    for part in getattr(fun, "__qualname__", "").split("."):
        found = getattr(found, part, None)
    return found is derived


def jacobian_function(fun, argnums, has_aux, mode, chunk_size, bint holomorphic=False):
    """The function that jacobian() returns, for arguments that have been checked."""
    cdef JacobianFunction f = JacobianFunction.__new__(JacobianFunction)
    f.__wrapped__ = fun
    f.argnums = argnums
    f.has_aux = has_aux
    f.mode = mode
    f.chunk_size = chunk_size
    f.holomorphic = holomorphic
    f.forward = None if mode is None else mode == "fwd"
    f.chunk = 0 if chunk_size is None else chunk_size
    f.k = -1
    if PyLong_CheckExact(argnums) and not (has_aux or holomorphic) and 0 <= argnums < 1 << 30:
        f.k = argnums
    return f


def gradient_function(fun, argnums, bint with_value):
    """The function that grad() and value_and_grad() call: the gradient of a scalar function by one
    adjoint sweep."""
    cdef JacobianFunction f = jacobian_function(fun, argnums, False, "rev", None)
    f.scalar = True
    f.with_value = with_value
    return f


cdef object jacobian_once(JacobianFunction self, tuple args, dict kwargs, list paths):
    """The simplest case: fun is differentiated by one float64 array or float, and returns one
    traced array or scalar.  `paths` is as in evaluate()."""
    cdef object fun = in_place_of(self.__wrapped__), forward = self.forward
    cdef Py_ssize_t k = self.k
    cdef Trace trace = Trace.__new__(Trace)
    cdef cnp.ndarray values = float_input(args[k], self)
    cdef size_t D = <size_t> cnp.PyArray_SIZE(values)
    cdef ad_node first, node
    cdef ad_function f
    cdef object y, traced, recording = None
    cdef bint again = False
    trace.fun = fun
    names_of(fun, args, kwargs, &trace.names)
    try:
        trace.open()
        traced = first_input(trace, args[k], values, &first)
        y = fun(traced) if len(args) == 1 and not kwargs else fun(
            *args[:k], traced, *args[k + 1:], **kwargs)
        again = solvers_loaded_during(trace)
        if not again:
            refuse_swallowed(trace)
            if trace.tape != NULL and has_comparisons(trace.tape):
                refuse_bisection(trace, consecutive_row(first, D))
        if again:
            pass
        elif trace.as_objects is not None or not plain_output(trace, y) or self.scalar and (
                type(y) is not TracedScalar or trace.tape.nodes >= TINY_SWEEP):
            recording = hooks.finish(trace, args[k], consecutive_row(first, D), trace, y)
    except Exception as error:
        again = adapt_after(error, fun, trace)
        if not again:
            explained = notes.explained(error, fun, trace.refusal)
            if explained is error:
                raise
            raise explained from error
    finally:
        trace.close()
    if again:
        return self.of_any(args, kwargs, paths)
    if paths is not None:
        paths.append(path_of(trace))
    if recording is not None:
        return self.of_recording(recording)
    if self.recorded_size is None:
        note_size(self, tape_size(trace))
    f.tape = trace.tape
    f.D = D
    inputs = consecutive_row(first, D)
    f.input = <ad_node *> cnp.PyArray_DATA(inputs)
    if type(y) is TracedScalar:
        node = (<TracedScalar> y).node
        f.K = 1
        f.output = &node
        shape = ()
    else:
        f.K = <size_t> cnp.PyArray_SIZE((<TracedArray> y).index)
        f.output = <ad_node *> cnp.PyArray_DATA((<TracedArray> y).index)
        shape = shape_of((<TracedArray> y).index)
    if forward is None:
        forward = cheapest_forward(D, f.K)
    result = swept_jacobian(&f, forward, self.chunk)
    if self.with_value:
        return np_float64(f.tape.value[node]), result.reshape(shape_of(values))[()]
    if len(shape) == 1 and cnp.PyArray_NDIM(values) == 1:
        return result
    return result.reshape(shape + shape_of(values))[()]


cdef int note_size(JacobianFunction self, object size) except -1:
    with cython.critical_section(self):
        if self.recorded_size is None:      # it is set once, so that readers need no lock
            self.recorded_size = size
    return 0


cdef object first_input(Trace trace, object x, cnp.ndarray values, ad_node *first):
    """The one input of a trace, and the number of its first node: x, a number or an array, whose
    values are given in C order."""
    cdef size_t n = <size_t> cnp.PyArray_SIZE(values)
    check(ad_tape_inputs(trace.tape, n, first))
    write_values(trace.tape, first[0], cnp.PyArray_DATA(values), n)
    if trace.level > 0:
        trace.note_inputs(first[0], n)
    if cnp.PyArray_NDIM(values) == 0 and type(x) is not np_ndarray:
        return new_scalar(trace, first[0])
    return new_array(trace, consecutive(first[0], cnp.PyArray_NDIM(values),
                                        cnp.PyArray_DIMS(values)), False)


cdef bint plain_output(Trace trace, object y) except -1:
    """Whether y is a value of this trace, with an index array without gaps, and its recording has
    no calls with undetermined results."""
    if trace.merged is not None or may_be_undetermined(trace.tape):
        return False
    if type(y) is TracedScalar:
        return (<TracedScalar> y).trace is trace
    if type(y) is not TracedArray or (<TracedArray> y).trace is not trace:
        return False
    return cnp.PyArray_IS_C_CONTIGUOUS((<TracedArray> y).indices())
