# SPDX-License-Identifier: Apache-2.0
"""Derivatives of plain NumPy functions, with JAX's names, argument order and results.

Every call records the function again, so the result takes account of everything that the function
closes over.  D is the total number of inputs, K the total number of outputs; a complex number
counts as two.
"""

from ad_core import _core
from ad_core.errors.integers import integer
from ad_core.recording import debugging
from ad_core.recording.argnums import is_single
from ad_core.recording.bisection import refuse_bisection
from ad_core.recording.complex_leaves import Complex
from ad_core.recording.record import check_mode, finish, record
from ad_core.recording.trees import flatten
from ad_core.transforms.derived import (
    Derived,
    Pullback,
    Pushforward,
    SparseDerived,
    input_seeds,
)

__all__ = [
    "grad",
    "hessian",
    "hvp",
    "jacfwd",
    "jacobian",
    "jacrev",
    "jvp",
    "linearize",
    "value_and_grad",
    "value_and_jacobian",
    "vjp",
]


def jvp(fun, primals, tangents, *, argnums=None, has_aux=False):
    """Compute the value and the directional derivative J t, in one forward pass.

    Parameters: fun; primals, a tuple of arguments; tangents, a tuple of the same
    structure and shapes.  argnums: the argument that moves, whose tangent then is not in a tuple,
    or a tuple of several; the others (data) have no tangents.  None: all.

    Returns ``(y, J t)`` (with has_aux ``(y, J t, aux)``), where J t has y's structure.  Tangents of
    complex arguments and results are complex.  Raises TypeError or ValueError that names a tangent
    which does not fit.  Cost: one recording and one tangent sweep.  Source: Bishop, Deep Learning,
    section 8.2.1 (forward mode).

    >>> import numpy as np, ad_core
    >>> y, t = ad_core.jvp(lambda x: x[0] * np.sin(x[1]), (np.array([2.0, 0.0]),),
    ...                    (np.array([0.0, 1.0]),))
    >>> float(y), float(t)
    (0.0, 2.0)
    """
    primals, tangents = as_tuple(primals, "primals"), _tangents(tangents, argnums)
    numbers = _numbers(fun, argnums, primals)
    if len(numbers) != len(tangents):
        raise ValueError(f"{len(numbers)} primals but {len(tangents)} tangents were given")
    recording = record(fun, primals, {}, numbers, has_aux)
    seeds = input_seeds(recording, tangents)
    tangent = recording.outputs.build(recording.product(seeds, forward=True))
    result = (recording.value(), tangent)
    return (*result, recording.aux) if has_aux else result


def vjp(fun, *primals, argnums=None, has_aux=False):
    """Compute the value, and return a pullback that maps a cotangent w to w^T J.

    Returns ``(y, pullback)`` (with has_aux ``(y, pullback, aux)``).  ``pullback(w)``
    takes a cotangent of y's structure and shapes and returns a tuple with one entry for each
    primal (a Tape's vjp, given a bare array, returns an array).  argnums: the primal to
    differentiate by, whose cotangent then is not in a tuple, or a tuple of several.  None: all.
    For complex arguments and results w^T J is without conjugates, as in JAX: the sum of
    Re(w dy) is that of Re(w^T J dx), so that w = 1 gives the gradient of the real part as in
    :func:`grad`.

    The pullback may be called any number of times, and keeps the recording alive.  It can be
    pickled: with the numbers of the recording, or if a tape file cannot hold these, with fun and
    the primals.  Raises ValueError for a cotangent that does not fit.
    Cost: one recording; one adjoint sweep for each call of the pullback.  Source: Bishop, Deep
    Learning, section 8.2.2 (reverse mode).

    >>> import numpy as np, ad_core
    >>> y, pullback = ad_core.vjp(lambda x, a: a * x ** 2, np.array([1.0, 2.0]), 3.0)
    >>> pullback(np.array([1.0, 1.0]))
    (array([ 6., 12.]), np.float64(5.0))
    """
    recording = record(fun, primals, {}, _numbers(fun, argnums, primals), has_aux)
    single = argnums is not None and is_single(argnums)
    pullback = Pullback(recording, single, _core.name_of(fun), (fun, primals, argnums, has_aux))
    result = (recording.value(), pullback)
    return (*result, recording.aux) if has_aux else result


def linearize(fun, *primals):
    """Compute the value y and return ``(y, f_jvp)``, where ``f_jvp(*tangents)`` is J t.

    Shapes and errors are as in :func:`jvp`.  The function is recorded once, so each tangent costs
    one sweep.  f_jvp can be pickled like the pullback of :func:`vjp`.

    >>> import numpy as np, ad_core
    >>> y, push = ad_core.linearize(np.sin, 0.0)
    >>> float(push(2.0)), float(push(3.0))
    (2.0, 3.0)
    """
    recording = record(fun, primals, {}, _numbers(fun, None, primals))
    return recording.value(), Pushforward(recording, _core.name_of(fun), (fun, primals))


def grad(fun, argnums=0, *, has_aux=False, holomorphic=False):
    """Return a function that computes the gradient of the scalar function fun.

    If argnums is an int, the result has that argument's structure; if it is a tuple, the result is
    a tuple.  With has_aux, fun returns ``(value, aux)`` and the result is ``(gradient, aux)``.
    The gradient by a complex argument x + i y is du/dx - i du/dy, as in JAX; the steepest descent
    is along the negative of its conjugate.  holomorphic: fun is a holomorphic function with a
    complex result, and its complex derivative is returned, as by :func:`jacobian`.

    The returned function raises TypeError if fun's result is not a scalar.  Cost: one recording
    and one adjoint sweep, for any D.  Source: Bishop, Deep Learning, section 8.2.2.

    >>> import numpy as np, ad_core
    >>> ad_core.grad(lambda x: np.sum(x ** 2))(np.array([1.0, 2.0, 3.0]))
    array([2., 4., 6.])
    >>> ad_core.grad(lambda z: np.abs(z) ** 2)(3.0 + 4.0j)
    np.complex128(6-8j)
    >>> ad_core.grad(np.square, holomorphic=True)(3.0 + 4.0j)
    np.complex128(6+8j)
    """
    _checked(fun, None, None)
    if has_aux or holomorphic:
        return Derived(_grad_with_aux, fun, "gradient", argnums, has_aux, holomorphic)
    return _core.gradient_function(fun, argnums, False)


def _grad_with_aux(fun, args, kwargs, argnums, has_aux=True, holomorphic=False):
    recording = record(fun, args, kwargs, argnums, has_aux)
    result = _gradient(recording, fun, False, holomorphic)
    return (result, recording.aux) if has_aux else result


def value_and_grad(fun, argnums=0, *, has_aux=False, holomorphic=False):
    """Return a function that computes ``(value, gradient)``, or with has_aux
    ``((value, aux), gradient)``.

    The arguments, errors and cost are those of :func:`grad`.

    >>> import numpy as np, ad_core
    >>> value, g = ad_core.value_and_grad(lambda p: p["a"] * p["b"])({"a": 2.0, "b": 5.0})
    >>> float(value), {name: float(x) for name, x in g.items()}
    (10.0, {'a': 5.0, 'b': 2.0})
    """
    _checked(fun, None, None)
    if has_aux or holomorphic:
        return Derived(
            _value_and_grad_with_aux, fun, "value_and_gradient", argnums, has_aux, holomorphic
        )
    return _core.gradient_function(fun, argnums, True)


def _value_and_grad_with_aux(fun, args, kwargs, argnums, has_aux=True, holomorphic=False):
    recording = record(fun, args, kwargs, argnums, has_aux)
    value, result = _gradient(recording, fun, True, holomorphic)
    return ((value, recording.aux) if has_aux else value), result


def jacobian(fun, argnums=0, *, has_aux=False, mode=None, chunk_size=None, sparse=False,
             holomorphic=False):  # fmt: skip
    """Return a function that computes the Jacobian, of shape output shape + input shape.

    mode "fwd" takes D tangents, "rev" K adjoints, None the cheaper of the two (see
    :func:`explain`).  chunk_size is the number of tangents or adjoints in one sweep (None: as
    many as keep the sweep's memory near 32 MB, at most 32).  argnums and has_aux are as in
    :func:`grad`.  If inputs and outputs are nested, the result has the structure of the outputs,
    and each of its leaves has the structure of the inputs.  Cost: one recording, then D tangents
    or K adjoints.  Source: Bishop, Deep Learning, section 8.2.

    Complex numbers are as in JAX: the Jacobian of a real result by a complex argument has a
    gradient in each row (see :func:`grad`), that of a complex result by a real argument is complex.
    With holomorphic=True all arguments and results are complex and fun is complex differentiable:
    the Jacobian is df/dz = du/dx + i dv/dx.  If the equations of Cauchy and Riemann do not hold at
    the point, NoDerivativeError is raised; without holomorphic=True DtypeError, since the
    derivative is not one complex number.

    With sparse=True the Jacobian of one array by one array is a scipy.sparse.csr_array of shape
    (K, D), without the entries that are zero at every point of this path.  By mode, columns that
    have no row in common share a tangent, and rows that have no column in common share an adjoint.
    The index arrays stay the same from call to call as long as the sparsity pattern does.  Raises
    TypeError for nested arrays and traced arguments, MemoryError for more than 2^31 entries, and
    ImportError without SciPy.  Cost: one recording, its sparsity pattern, a colouring if the
    pattern is a new one, and one tangent or adjoint for each colour.  Source: Gebremedhin, Manne,
    Pothen, What color is your Jacobian? (2005).

    >>> import numpy as np, ad_core
    >>> ad_core.jacobian(lambda x: np.array([x[0] * x[1], x[1] ** 2]))(np.array([2.0, 3.0]))
    array([[3., 2.],
           [0., 6.]])
    >>> J = ad_core.jacobian(lambda x: np.diff(x**2), sparse=True)(np.arange(1000.0))
    >>> J.shape, J.nnz
    ((999, 1000), 1998)
    >>> ad_core.jacobian(lambda z: z**2, holomorphic=True)(1.0 + 2.0j)
    np.complex128(2+4j)
    """
    chunk_size = _checked(fun, mode, chunk_size)
    _check_sparse(sparse, holomorphic)
    if sparse:
        return SparseDerived(fun, "jacobian", argnums, has_aux, mode=mode, chunk_size=chunk_size)
    return _core.jacobian_function(fun, argnums, has_aux, mode, chunk_size, holomorphic)


def value_and_jacobian(fun, argnums=0, *, has_aux=False, mode=None, chunk_size=None,
                       sparse=False, holomorphic=False):  # fmt: skip
    """Return a function that computes ``(value, jacobian)``, or with has_aux
    ``((value, aux), jacobian)``.

    The arguments, errors and cost are those of :func:`jacobian`.

    >>> import numpy as np, ad_core
    >>> y, J = ad_core.value_and_jacobian(np.sin)(np.array([0.0]))
    >>> y, J
    (array([0.]), array([[1.]]))
    """
    chunk_size = _checked(fun, mode, chunk_size)
    _check_sparse(sparse, holomorphic)
    if sparse:
        options = {"with_value": True, "mode": mode, "chunk_size": chunk_size}
        return SparseDerived(fun, "value_and_jacobian", argnums, has_aux, **options)
    return Derived(
        _value_and_jacobian, fun, "value_and_jacobian", argnums, has_aux, mode, chunk_size,
        holomorphic,
    )  # fmt: skip


def _value_and_jacobian(fun, args, kwargs, argnums, has_aux, mode, chunk_size, holomorphic=False):
    recording = record(fun, args, kwargs, argnums, has_aux)
    value = recording.value()
    result = recording.jacobian(mode, chunk_size, holomorphic)
    return ((value, recording.aux) if has_aux else value), result


def jacfwd(fun, argnums=0, *, has_aux=False, chunk_size=None, holomorphic=False):
    """Return a function that computes the :func:`jacobian` by D tangents (columns), for any K.

    >>> import numpy as np, ad_core
    >>> ad_core.jacfwd(lambda t: np.array([t, t ** 2, t ** 3]))(2.0)
    array([ 1.,  4., 12.])
    """
    return jacobian(
        fun, argnums, has_aux=has_aux, mode="fwd", chunk_size=chunk_size, holomorphic=holomorphic
    )


def jacrev(fun, argnums=0, *, has_aux=False, chunk_size=None, holomorphic=False):
    """Return a function that computes the :func:`jacobian` by K adjoints (rows), for any D.

    >>> import numpy as np, ad_core
    >>> ad_core.jacrev(lambda x: np.sum(x ** 2))(np.array([1.0, 2.0]))
    array([2., 4.])
    """
    return jacobian(
        fun, argnums, has_aux=has_aux, mode="rev", chunk_size=chunk_size, holomorphic=holomorphic
    )


def hessian(fun, argnums=0, *, has_aux=False, sparse=False, holomorphic=False):
    """Return a function that computes the second derivatives of fun, forward over reverse.

    The result has shape output shape + input shape + input shape.  Cost: a recording of the
    function and its adjoint sweep (a few times the function's nodes), then D tangents.
    Source: Griewank and Walther, Evaluating Derivatives, section 5.4.

    The Hessian by complex arguments is defined for holomorphic functions alone (holomorphic=True);
    :func:`hvp` takes real functions of complex arguments.

    With sparse=True the Hessian of a function of one array with one scalar result is a
    scipy.sparse.csr_array (D, D) with both triangles, symmetric to the bit.  Errors are as in
    :func:`jacobian`.  Cost: recordings of function and gradient, and one tangent for each colour
    of a star or acyclic colouring.  Source: Gebremedhin et al., New acyclic and star coloring
    algorithms (2007).

    >>> import numpy as np, ad_core
    >>> ad_core.hessian(lambda x: x[0] ** 2 * x[1])(np.array([3.0, 5.0]))
    array([[10.,  6.],
           [ 6.,  0.]])
    >>> ad_core.hessian(lambda x: np.sum(x[1:] * x[:-1]), sparse=True)(np.ones(1000)).nnz
    1998
    """
    _check_sparse(sparse, holomorphic)
    if sparse:
        _checked(fun, None, None)
        return SparseDerived(fun, "hessian", argnums, has_aux, hessian=True)
    options = {"has_aux": has_aux, "holomorphic": holomorphic}
    return jacfwd(jacrev(fun, argnums, **options), argnums, **options)


def hvp(fun, primals, tangents, *, argnums=None):
    """Compute the product H t of a scalar function's Hessian with a direction t.

    primals and tangents are tuples of the same structure.  The result has primals' structure; if
    there is one primal, it is not a tuple.  argnums, as in :func:`jvp`, are the arguments that the
    Hessian is by; tangents and result have their form.  By complex arguments the result is the
    directional derivative of the gradient that :func:`grad` returns.  Raises TypeError unless fun's
    result is a real scalar, and ValueError for tangents that do not fit.  Cost: one recording of
    the function, a tangent sweep and an adjoint sweep that also carries the tangents of the
    adjoints.  If fun calls
    functions known by rules alone (except solutions, inverses, determinants and Cholesky factors
    of matrices), and inside a trace, the gradient is recorded instead.  The Hessian is never formed
    (forward over reverse).  Source: Griewank and Walther, Evaluating Derivatives, section 5.4.

    >>> import numpy as np, ad_core
    >>> ad_core.hvp(lambda x: x[0] ** 2 * x[1], (np.array([3.0, 5.0]),), (np.array([1.0, 0.0]),))
    array([10.,  6.])
    """
    primals, tangents = as_tuple(primals, "primals"), _tangents(tangents, argnums)
    numbers = _numbers(fun, argnums, primals)
    result = None
    if not _core.any_traced_number(flatten([primals, tangents])[0]):
        recording = record(fun, primals, {}, numbers)
        if not recording.nested:
            _check_scalar(recording, fun, "hvp")
            result = recording.hvp(input_seeds(recording, tangents))
            if debugging.is_nonfinite(flatten(result)[0]):
                recording.gradient()
                result = None
    if result is None:
        result = jvp(grad(fun, numbers), primals, tangents, argnums=numbers)[1]
    return result[0] if (len(primals) == 1 if argnums is None else is_single(argnums)) else result


def _check_sparse(sparse, holomorphic):
    if sparse and holomorphic:
        raise TypeError(
            "sparse=True is for real arrays, and holomorphic=True for complex ones; leave one of "
            "them out"
        )


def _check_scalar(recording, fun, name, holomorphic=False):
    """Raise TypeError unless the result is one number."""
    shapes = recording.outputs.shapes
    if recording.outputs.tree.holds(Complex):
        if recording.outputs.tree.kind is Complex and holomorphic and shapes == [(), ()]:
            return
        remedy = "jacobian(holomorphic=True)" if holomorphic else "holomorphic=True if it is that"
        raise TypeError(
            f"{name} needs a function with a {'complex number' if holomorphic else 'real scalar'} "
            f"as its result, got complex numbers of shape {shapes[0]} from {_core.name_of(fun)}; "
            f"return its .real, .imag or np.abs(...), or use vjp, or {remedy}"
        )
    if shapes != [()]:
        got = f"an array of shape {shapes[0]}" if len(shapes) == 1 else f"{len(shapes)} arrays"
        raise TypeError(
            f"{name} needs a function with a scalar result, got {got} from "
            f"{_core.name_of(fun)}; use jacobian, or reduce the result (np.sum, x[0], ...)"
        )


def _gradient(recording, fun, with_value, holomorphic=False):
    _check_scalar(recording, fun, "grad", holomorphic)
    value = recording.value() if with_value else None
    found = recording.jacobian("rev", None, True) if holomorphic else recording.gradient()
    return (value, found) if with_value else found


hooks = {
    "record": record,
    "finish": finish,
    "gradient": _gradient,
    "refuse_bisection": refuse_bisection,
}


def as_tuple(value, what):
    if not isinstance(value, (tuple, list)):
        raise TypeError(
            f"{what} must be a tuple with one entry per argument, got {type(value).__name__}; "
            f"write ({what[:-1]},) for a single argument"
        )
    return tuple(value)


def _numbers(fun, argnums, primals):
    """argnums of a product as a tuple; None stands for all primals."""
    _checked(fun, None, None)
    if argnums is None:
        return tuple(range(len(primals)))
    return (argnums,) if is_single(argnums) else tuple(argnums)


def _tangents(tangents, argnums):
    """The tangents of the arguments argnums as a tuple."""
    if argnums is not None and is_single(argnums):
        return (tangents,)
    return as_tuple(tangents, "tangents")


def _checked(fun, mode, chunk_size):
    """Check fun, mode and chunk_size, and return chunk_size as an int or None."""
    if not callable(fun):
        raise TypeError(f"fun must be a function, got {type(fun).__name__}")
    if mode is not None:
        check_mode(mode)
    if chunk_size is None:
        return None
    return integer(chunk_size, "chunk_size", "a positive int or None", least=1)
