# SPDX-License-Identifier: Apache-2.0
# The methods that a Tape and a Function share.  Each of them calls a program directly.

cdef class Evaluator:
    """The base class of Tape and Function.  Their _build(name, argnums) makes the Call of a method,
    and _spread(name, arguments) flattens arguments that are not bare arrays."""

    # Threads read and write the lists, and count, in critical sections.
    cdef list calls                     # the Call of each method for argnums=0, or None
    cdef list nestings                  # how its arguments are nested (_set_call)
    cdef bint adaptive                  # calls for which these do not fit go to _adapt
    cdef bint joins                     # arguments or results are complex, of two arrays each
    cdef dict kinds                     # arguments_kind(method, arguments) -> Paths or stand-in
    cdef public bint _many_new          # many calls in a row had arguments of new kinds
    cdef readonly Py_ssize_t _clock     # counts the calls that one Call handled

    def __cinit__(self):
        self.calls = [None] * METHODS
        self.kinds = {}
        self.nestings = [None] * METHODS

    def _set_adaptive(self):
        """Let _adapt(...) handle all calls for which the Calls given to _set_call do not fit."""
        self.adaptive = True

    def _set_joins(self, bint joins):
        """Note whether arguments or results are complex."""
        self.joins = joins

    def _set_call(self, str name, tuple args, tuple inputs, Call call not None, root, known):
        """Let calls of a method with arguments of this kind, for argnums=0, be handled by a Call
        and those that branch off from the Call `root`.  inputs: the places of the inputs among the
        arguments, or None if all are.  After many new paths in a row, calls that no program fits
        go to _sweep(name, args, known)."""
        cdef int method = METHOD_NAMES.index(name)
        cdef Paths paths
        if inputs is None:
            self.set_usual(method, call)
        kind = arguments_kind(method, args)
        if kind is None:
            return
        found = self.kinds.get(kind)
        if type(found) is not Paths:
            paths = Paths.__new__(Paths)
            paths.last = call       # another thread finds it as soon as it is in the dictionary
            self.kinds[kind] = paths
        else:
            paths = <Paths> found
        with cython.critical_section(paths):
            paths.inputs = inputs
            paths.last = call
            paths.root = root
            paths.known = known
            paths.misses = 0

    def _kind(self, str name, tuple args):
        """What a call shares with others of its kind (arguments_kind), or None."""
        return arguments_kind(METHOD_NAMES.index(name), args)

    def _set_stand_in(self, str name, tuple args, stand_in not None):
        """Let single points with arguments of this kind, which are all inputs, be handled by the
        stand-in for a Call, unless there are Calls for them."""
        kind = self._kind(name, args)
        if kind is not None and type(self.kinds.get(kind)) is not Paths:
            self.kinds[kind] = stand_in

    cdef int set_usual(self, int method, Call call) except -1:
        with cython.critical_section(self):
            self.calls[method] = call
        return 0

    def _tick(self):
        """The time after one more call."""
        return tick(self)

    def _note_new_path(self, str name, tuple args):
        """Count a call for which the function was recorded because it took a new path."""
        paths = self.kinds.get(self._kind(name, args))
        if type(paths) is Paths:
            with cython.critical_section(paths):
                (<Paths> paths).misses += 1

    def _set_nested_call(self, str name, call, list numbers, nesting):
        """Set the Call of a method for argnums=0, or its stand-in, for nested arguments.  numbers
        says for each leaf whether it is a number.  nesting: for each argument that is a list or a
        tuple of leaves, its class and their number, and None for one that is a leaf; None if the
        Call is only for leaves."""
        if type(call) is Call:
            (<Call> call).set_numbers(numbers)
        k = METHOD_NAMES.index(name)
        with cython.critical_section(self):
            self.calls[k] = call
            self.nestings[k] = nesting

    def _takes_one_array(self):
        """Whether a tuple of one element is the tuple of arguments, because the only argument can
        not be a tuple."""
        return False

    def _forget_calls(self):
        """Let _build make the Call of each method again."""
        cdef int k
        with cython.critical_section(self):
            for k in range(METHODS):
                self.calls[k] = None
        self.kinds.clear()

    cdef object evaluate(self, int method, tuple args, object argnums, object out,
                         object workers, object progress, object batch_dims, dict kwargs):
        cdef object found
        cdef bint usual = type(argnums) is int and argnums == 0
        with cython.critical_section(self):
            found = self.calls[method]
        if PyDict_Size(kwargs) > 0:
            return self._adapt(METHOD_NAMES[method], args, argnums, out, workers, progress,
                               batch_dims, kwargs)
        if self.adaptive:
            if usual and workers is None and progress is None and batch_dims is None:
                results = self.on_known_path(method, args, out, found)
                if results is not NotImplemented:
                    return results
            return self._adapt(METHOD_NAMES[method], args, argnums, out, workers, progress,
                               batch_dims)
        if innermost() is not None and traced_within(args) != 0:
            results = self._within_trace(METHOD_NAMES[method], args, argnums, out, batch_dims)
            if results is not NotImplemented:
                return results
        if found is None or not usual:
            found = self._build(METHOD_NAMES[method], argnums)
            if usual and type(found) is Call:
                self.set_usual(method, <Call> found)
        if not found.bare:
            args = self._spread(METHOD_NAMES[method], args)
        if batch_dims is not None:
            self._check_batch_dims(METHOD_NAMES[method], args, batch_dims, found.in_shapes)
        if self.joins and out is not None:
            self._check_out(METHOD_NAMES[method], argnums)
        outs = outs_of(found.pack, out)
        try:
            if type(found) is Call:
                return (<Call> found).evaluate(args, outs, workers, progress)
            return found.evaluate(args, outs, workers, progress)
        except MemoryError as error:
            self._no_memory(METHOD_NAMES[method], error)

    cdef object on_known_path(self, int method, tuple args, object out, object last):
        """The results at a single point for argnums=0; NotImplemented if no known path fits."""
        cdef Call call = <Call> last if type(last) is Call else None
        cdef Py_ssize_t missed = -1
        if last is not None:
            results = self.at_point(last, method, args, out, &missed)
            if results is not NotImplemented:
                if call is not None:
                    call.last_used = tick(self)
                return results
        return self.on_other_path(method, args, out, call, missed) if self.kinds else NotImplemented

    cdef object on_other_path(self, int method, tuple args, object out, Call tried,
                              Py_ssize_t missed):
        """The same if the Call `tried` of the last call, whose guard `missed`, does not fit."""
        cdef Paths paths
        cdef Call call
        cdef Py_ssize_t misses
        kind = arguments_kind(method, args)
        known_kind = self.kinds.get(kind)
        if known_kind is None and self._many_new and kind is not None and out is None:
            return self._sweep_new(METHOD_NAMES[method], args, kind)
        if type(known_kind) is not Paths:
            stands_in = known_kind is not None and out is None
            return known_kind.at_point(args) if stands_in else NotImplemented
        paths = <Paths> known_kind
        found = paths.search(args, out, tried, missed)
        if found is not None:
            results, call = <tuple> found
            call.last_used = tick(self)
            with cython.critical_section(paths):
                paths.misses = 0
                paths.last = call
                inputs = paths.inputs
            if inputs is None:
                self.set_usual(method, call)
            return results
        if out is None:
            with cython.critical_section(paths):
                misses, known = paths.misses, paths.known
            if misses >= MISSES:
                return self._sweep(METHOD_NAMES[method], args, known)
        return NotImplemented

    cdef object at_point(self, object found, int method, tuple args, object out,
                         Py_ssize_t *missed):
        """The results of the Call, or of its stand-in, that the last call used; NotImplemented if
        the arguments are not like those of that call, or not on its path."""
        cdef Call call
        if type(found) is not Call:
            leaves = self.leaves(found, method, args) if out is None else None
            return NotImplemented if leaves is None else found.at_point(leaves)
        call = <Call> found
        leaves = args if call.bare else self.leaves(found, method, args)
        if leaves is None:
            return NotImplemented
        return call.single(<tuple> leaves, outs_of(call.pack, out), missed)

    cdef tuple leaves(self, object found, int method, tuple args):
        """The leaves of arguments that are nested as those of the Call, or of its stand-in; None if
        they are not."""
        nesting = None
        with cython.critical_section(self):
            if self.calls[method] is found:     # else another thread has replaced both
                nesting = self.nestings[method]
        return leaves_within(args, nesting)

    def __call__(self, *args, out=None, workers=None, progress=None, batch_dims=None, **kwargs):
        """The function's value at new arguments.  Further leading axes are a batch.

        args: as the function takes them: float arrays, numbers, nested containers.  A Tape takes
            the recorded shapes, with any batch axes before them, which broadcast against one
            another.  A Function takes any shapes, whose first ``batch_dims`` axes are a batch (of
            size 1 if an argument is the same for all points).
        out: C-contiguous float64 arrays for the results, each of shape batch + result shape.  A
            single result is a bare array, several are nested as the result is.  Complex results are
            not written to arrays.  None: new arrays.
        workers: the number of threads for a batch, including the calling one; None: all cores.
        progress: an object with ``update(n)``, which is called with the number of points that were
            done since its last call.
        Further keywords are arguments of a Function's fun.  As in the one-shot transforms they are
            not differentiated: they are part of the recording, and the same for all points.  A
            Tape takes none, since it keeps those of its recording.
        batch_dims: for a Tape only a check: the number of batch axes that there must be.

        Returns the value, of shape batch + result shape; a float64 if that is ().  Raises
        ValueError for wrong shapes, TypeError for arguments that are not floats, BranchChanged
        (a Tape) if a comparison has another outcome than when it was recorded, and MemoryError.

        Cost: the first call makes the program.  Each call then executes its operations once for
        each point, on all cores from a few thousand points on.  Ctrl-C ends a batch between blocks
        of points.

        >>> import numpy as np, ad_core
        >>> tape = ad_core.trace(lambda a, x: a * np.sum(x**2), 1.0, np.ones(2))
        >>> tape(2.0, np.array([3.0, 4.0]))
        np.float64(50.0)
        >>> tape(np.array([1.0, 2.0]), np.array([[3.0, 4.0], [0.0, 1.0]]))
        array([25.,  2.])
        """
        return self.evaluate(VALUE, args, 0, out, workers, progress, batch_dims, kwargs)

    def jacobian(self, *args, argnums=0, out=None, workers=None, progress=None,
                 batch_dims=None, bint sparse=False, bint holomorphic=False, **kwargs):
        """The Jacobian at new arguments, of shape batch + result shape + argument shape.

        args, out, workers, progress, batch_dims, errors: as in a call of the tape or function.
        argnums: the argument by which to differentiate, or a tuple of several; the result then is
            a tuple.  For nested arguments and results it has the result's structure, whose leaves
            have the argument's structure.  TypeError and ValueError name a wrong argnums.

        sparse: return a scipy.sparse.csr_array of shape (K, D), for one array by one array, with
            the entries that are not structurally zero.  Its index arrays are the same in every
            call; out is the data array.  For a batch, only the data are returned, of shape
            batch + (nnz,), in the order of :meth:`jacobian_sparsity`.  Raises ImportError without
            SciPy and MemoryError for more than 2^31 entries.  As long as a program does not pay, or
            if it would need more operations, the Jacobian is computed from products with sums of
            columns and rows (``explain(sparse=True)``).

        holomorphic: return the complex derivatives of complex results by complex arguments, as
            :func:`ad_core.jacobian` does.

        Without sparse, the Jacobian is dense, including zeros.  Cost: the operations that
        ``explain()`` shows, by the cheapest of several orders of accumulation, and the writing of 8
        bytes for each entry.  Entries that are zero or constant at every point are not computed.

        >>> import numpy as np, ad_core
        >>> tape = ad_core.trace(lambda x: np.array([x[0] * x[1], np.sin(x[1])]), np.ones(2))
        >>> tape.jacobian(np.array([2.0, 0.0]))
        array([[0., 2.],
               [0., 1.]])
        >>> X, J = np.zeros((1000, 2)), np.empty((1000, 2, 2))
        >>> tape.jacobian(X, out=J) is J
        True
        """
        return self.evaluate(jacobian_method(sparse, holomorphic), args, argnums, out, workers,
                             progress, batch_dims, kwargs)

    def value_and_jacobian(self, *args, argnums=0, out=None, workers=None, progress=None,
                           batch_dims=None, bint sparse=False, bint holomorphic=False, **kwargs):
        """(value, Jacobian) at new arguments, where operations that both need are executed once.

        Arguments and errors are those of :meth:`jacobian`; out is a pair.  Shapes: batch + result
        shape, and batch + result shape + argument shape; with sparse=True a matrix as from
        :meth:`jacobian`.  Cost: less than two calls, often that of the Jacobian.

        >>> import numpy as np, ad_core
        >>> tape = ad_core.trace(lambda x: np.exp(x), np.zeros(2))
        >>> value, J = tape.value_and_jacobian(np.array([[0.0, 1.0]]))
        >>> value.shape, J.shape
        ((1, 2), (1, 2, 2))
        """
        cdef int method = VALUE_AND_JACOBIAN
        if sparse or holomorphic:
            method = (SPARSE_VALUE_AND_JACOBIAN
                      if jacobian_method(sparse, holomorphic) == SPARSE_JACOBIAN
                      else HOLOMORPHIC_VALUE_AND_JACOBIAN)
        return self.evaluate(method, args, argnums, out, workers, progress, batch_dims, kwargs)

    def grad(self, *args, argnums=0, out=None, workers=None, progress=None,
             batch_dims=None, **kwargs):
        """The gradient of a function with one scalar result, of shape batch + argument shape.

        Arguments and errors are those of :meth:`jacobian`; TypeError for functions with other
        results.  Cost: at most a few times the value's operations (reverse accumulation), for any
        number of inputs.

        >>> import numpy as np, ad_core
        >>> tape = ad_core.trace(lambda x: np.sum(x**3), np.ones(3))
        >>> tape.grad(np.array([1.0, 2.0, 3.0]))
        array([ 3., 12., 27.])
        """
        return self.evaluate(GRAD, args, argnums, out, workers, progress, batch_dims, kwargs)

    def value_and_grad(self, *args, argnums=0, out=None, workers=None, progress=None,
                       batch_dims=None, **kwargs):
        """(value, gradient) of a function with one scalar result.

        Arguments, errors and cost are those of :meth:`grad`; out is a pair.  Shapes: batch, and
        batch + argument shape.

        >>> import numpy as np, ad_core
        >>> tape = ad_core.trace(lambda x: np.sum(x**2), np.ones(2))
        >>> tape.value_and_grad(np.array([[1.0, 2.0], [3.0, 4.0]]))
        (array([ 5., 25.]), array([[2., 4.],
               [6., 8.]]))
        """
        return self.evaluate(VALUE_AND_GRAD, args, argnums, out, workers, progress, batch_dims,
                             kwargs)

    def hessian(self, *args, argnums=0, out=None, workers=None, progress=None,
                batch_dims=None, bint sparse=False, **kwargs):
        """The Hessian of a function with one scalar result, of shape batch + argument shape twice.

        It is exactly symmetric.  Arguments and errors are those of :meth:`grad`, and sparse is that
        of :meth:`jacobian`; several argnums give nested tuples.  Cost: that of the Jacobian of the
        gradient by the cheapest order of accumulation, where mirror entries are computed once.

        >>> import numpy as np, ad_core
        >>> tape = ad_core.trace(lambda x: x[0] * x[0] * x[1], np.ones(2))
        >>> tape.hessian(np.array([3.0, 5.0]))
        array([[10.,  6.],
               [ 6.,  0.]])
        """
        return self.evaluate(SPARSE_HESSIAN if sparse else HESSIAN, args, argnums, out, workers,
                             progress, batch_dims, kwargs)

    def jvp(self, primals, tangents, *, argnums=None, out=None, workers=None,
            progress=None, batch_dims=None, **kwargs):
        """The Jacobian times tangents, without the value; shape batch + result shape.

        primals, tangents: an argument and its tangent, of the same shape.  Several arguments and
        their tangents are tuples, as in ad_core.jvp; a Tape takes tuples of one, too.  Both may
        have batch axes, which broadcast: many tangents at one point are a batch.  out, workers,
        progress, batch_dims, errors: as in a call of the tape or function.

        argnums: the argument that moves, or a tuple of several; the tangent is then that of this
        argument, or a tuple of these, and the others (data) have none.  None: all arguments.

        Cost: about twice the value's operations, for any number of inputs.

        >>> import numpy as np, ad_core
        >>> tape = ad_core.trace(lambda x: np.array([x[0] * x[1], x[1]]), np.ones(2))
        >>> tape.jvp(np.array([2.0, 3.0]), np.array([1.0, 0.0]))
        array([3., 0.])
        >>> tape.jvp(np.array([2.0, 3.0]), np.eye(2))
        array([[3., 0.],
               [2., 1.]])
        """
        if argnums is not None:
            return self._by_argnums("jvp", primals, tangents, argnums, out, workers, progress,
                                    batch_dims, kwargs)
        if type(primals) is tuple and len(primals) == 1 and self._takes_one_array():
            (primals,), (tangents,) = primals, tangents
        return self.evaluate(JVP, (primals, tangents), 0, out, workers, progress, batch_dims,
                             kwargs)

    def vjp(self, primals, cotangents, *, argnums=None, out=None, workers=None,
            progress=None, batch_dims=None, **kwargs):
        """Cotangents times the Jacobian, without the value; shape batch + argument shape.

        primals: the argument, or a tuple of arguments.  cotangents: of the result's shape and
        structure.  argnums: the argument that is differentiated by, or a tuple of several, in whose
        form the result is (None: all arguments).  Batch axes, out, errors: as in :meth:`jvp`.

        The result has the form of the primals: an array for an array, a tuple for a tuple (for a
        Tape, also for a tuple of one).  This agrees with ad_core.vjp, whose primals are positional
        arguments, that is a tuple, and whose pullback returns a tuple.

        Cost: a few times the value's operations, for any number of results.

        >>> import numpy as np, ad_core
        >>> tape = ad_core.trace(lambda x: np.array([x[0] * x[1], x[1]]), np.ones(2))
        >>> tape.vjp(np.array([2.0, 3.0]), np.array([1.0, 1.0]))
        array([3., 3.])
        >>> tape.vjp((np.array([2.0, 3.0]),), np.array([1.0, 1.0]))
        (array([3., 3.]),)
        """
        if argnums is not None:
            return self._by_argnums("vjp", primals, cotangents, argnums, out, workers, progress,
                                    batch_dims, kwargs)
        if type(primals) is tuple and len(primals) == 1 and self._takes_one_array():
            return (self.evaluate(VJP, (primals[0], cotangents), 0, out, workers, progress,
                                  batch_dims, kwargs),)
        return self.evaluate(VJP, (primals, cotangents), 0, out, workers, progress, batch_dims,
                             kwargs)

    def hvp(self, primals, tangents, *, argnums=None, out=None, workers=None,
            progress=None, batch_dims=None, **kwargs):
        """The Hessian of a function with one scalar result times tangents.

        Shape batch + argument shape.  primals, tangents, argnums (which the result follows too),
        batch axes, out, errors: as in :meth:`jvp`; TypeError for functions that are not scalar.
        Cost: a few times the gradient's operations; the Hessian is not formed.

        >>> import numpy as np, ad_core
        >>> tape = ad_core.trace(lambda x: np.sum(x**3), np.ones(2))
        >>> tape.hvp(np.array([1.0, 2.0]), np.array([1.0, 1.0]))
        array([ 6., 12.])
        """
        if argnums is not None:
            return self._by_argnums("hvp", primals, tangents, argnums, out, workers, progress,
                                    batch_dims, kwargs)
        if type(primals) is tuple and len(primals) == 1 and self._takes_one_array():
            (primals,), (tangents,) = primals, tangents
        return self.evaluate(HVP, (primals, tangents), 0, out, workers, progress, batch_dims,
                             kwargs)

    def ggnvp(self, primals, tangents, weights=None, *, out=None, workers=None, progress=None,
              batch_dims=None, **kwargs):
        """The Gauss-Newton matrix times tangents, J^T W J t; shape batch + argument shape.

        primals, tangents, batch axes, out, errors: as in :meth:`jvp`.  weights: the diagonal of
        W, of the result's structure and shapes (with batch axes); None: ones.  For the Hessian of a
        loss in the place of W, see :func:`ad_core.ggnvp`.

        Cost: a few times the value's operations; J is not formed.  Source: Schraudolph, Fast
        curvature matrix-vector products for second-order gradient descent, 2002.

        >>> import numpy as np, ad_core
        >>> tape = ad_core.trace(lambda x: np.array([x[0] * x[1], x[1]]), np.ones(2))
        >>> tape.ggnvp(np.array([2.0, 3.0]), np.array([1.0, 0.0]))
        array([9., 6.])
        >>> tape.ggnvp(np.array([2.0, 3.0]), np.array([1.0, 0.0]), np.array([10.0, 1.0]))
        array([90., 60.])
        """
        if weights is None:
            return self.evaluate(GGNVP, (primals, tangents), 0, out, workers, progress, batch_dims,
                                 kwargs)
        return self.evaluate(WEIGHTED_GGNVP, (primals, tangents, weights), 0, out, workers,
                             progress, batch_dims, kwargs)

    def lagrangian_hessian(self, primals, multipliers, *, argnums=0, out=None, workers=None,
                           progress=None, batch_dims=None, bint sparse=False, **kwargs):
        """The Hessian of multipliers @ result, sum_k multipliers[k] H_k, as one program.

        primals: the argument, or a tuple of several.  multipliers: of the result's structure and
        shapes.  For a function that returns (objective, constraints) they are (factor of the
        objective, multipliers of the constraints).  argnums: the argument by which to
        differentiate, or a tuple of several.  sparse, batch axes, out, errors: as in
        :meth:`hessian`.  The result is exactly symmetric and has the shape batch + argument shape
        twice.  Without any results of the function it is zero.

        Cost: that of the Hessian of one scalar function; no H_k is formed.  Source: Nocedal and
        Wright, Numerical Optimization, section 12.1.

        >>> import numpy as np, ad_core
        >>> problem = ad_core.trace(lambda x: (x[0] * x[1] ** 2, np.stack([x @ x])), np.ones(2))
        >>> problem.lagrangian_hessian(np.array([1.0, 2.0]), (0.5, np.array([10.0])))
        array([[20.,  2.],
               [ 2., 21.]])
        """
        return self.evaluate(SPARSE_LAGRANGIAN_HESSIAN if sparse else LAGRANGIAN_HESSIAN,
                             (primals, multipliers), argnums, out, workers, progress, batch_dims,
                             kwargs)


cdef inline Py_ssize_t tick(Evaluator self):
    """The time after one more call."""
    with cython.critical_section(self):
        self._clock += 1
        return self._clock
