# SPDX-License-Identifier: Apache-2.0
# The types of the transforms, which depend on their options.  stubtest compares the signatures with
# those of first_order.py.
from collections.abc import Callable
from typing import Any, Concatenate, Literal, ParamSpec, TypeAlias, TypeVar, TypeVarTuple, overload

import numpy as np
from scipy.sparse import csr_array  # type: ignore  # without scipy-stubs it is Any

from ad_core._core import _Mode, _Shaped
from ad_core.recording.argnums import Argnums

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

_P = ParamSpec("_P")
# The argument by which grad differentiates.  The bound lets a lambda do anything with it.
_X = TypeVar("_X", bound=Any)
_Xs = TypeVarTuple("_Xs")
_Y = TypeVar("_Y")
_Aux = TypeVar("_Aux")
_Arguments: TypeAlias = tuple[Any, ...] | list[Any]

# For other modules of the package.
hooks: dict[str, Any]

def as_tuple(value: Any, what: str) -> tuple[Any, ...]: ...
@overload
def jvp(
    fun: Callable[..., _Y],
    primals: _Arguments,
    tangents: Any,
    *,
    argnums: Argnums | None = None,
    has_aux: Literal[False] = False,
) -> tuple[_Y, _Y]: ...
@overload
def jvp(
    fun: Callable[..., tuple[_Y, _Aux]],
    primals: _Arguments,
    tangents: Any,
    *,
    argnums: Argnums | None = None,
    has_aux: Literal[True],
) -> tuple[_Y, _Y, _Aux]: ...
@overload
def vjp(
    fun: Callable[..., _Y],
    *primals: *_Xs,
    argnums: None = None,
    has_aux: Literal[False] = False,
) -> tuple[_Y, Callable[[Any], tuple[*_Xs]]]: ...
@overload
def vjp(
    fun: Callable[..., _Y],
    *primals: Any,
    argnums: Argnums,
    has_aux: Literal[False] = False,
) -> tuple[_Y, Callable[[Any], _Shaped]]: ...
@overload
def vjp(
    fun: Callable[..., tuple[_Y, _Aux]],
    *primals: *_Xs,
    argnums: None = None,
    has_aux: Literal[True],
) -> tuple[_Y, Callable[[Any], tuple[*_Xs]], _Aux]: ...
@overload
def vjp(
    fun: Callable[..., tuple[_Y, _Aux]],
    *primals: Any,
    argnums: Argnums,
    has_aux: Literal[True],
) -> tuple[_Y, Callable[[Any], _Shaped], _Aux]: ...
def linearize(fun: Callable[..., _Y], *primals: *_Xs) -> tuple[_Y, Callable[[*_Xs], _Y]]: ...

# grad and value_and_grad: of NumPy's ufuncs; by argument 0; by others.
@overload
def grad(
    fun: np.ufunc,
    argnums: Argnums = 0,
    *,
    has_aux: Literal[False] = False,
    holomorphic: bool = False,
) -> Callable[..., _Shaped]: ...
@overload
def grad(  # type: ignore[overload-overlap]
    fun: Callable[Concatenate[_X, _P], Any],
    argnums: Literal[0] = 0,
    *,
    has_aux: Literal[False] = False,
    holomorphic: bool = False,
) -> Callable[Concatenate[_X, _P], _X]: ...
@overload
def grad(  # type: ignore[overload-overlap]
    fun: Callable[Concatenate[_X, _P], tuple[Any, _Aux]],
    argnums: Literal[0] = 0,
    *,
    has_aux: Literal[True],
    holomorphic: bool = False,
) -> Callable[Concatenate[_X, _P], tuple[_X, _Aux]]: ...
@overload
def grad(
    fun: Callable[_P, Any],
    argnums: Argnums,
    *,
    has_aux: Literal[False] = False,
    holomorphic: bool = False,
) -> Callable[_P, _Shaped]: ...
@overload
def grad(
    fun: Callable[_P, tuple[Any, _Aux]],
    argnums: Argnums,
    *,
    has_aux: Literal[True],
    holomorphic: bool = False,
) -> Callable[_P, tuple[_Shaped, _Aux]]: ...
@overload
def value_and_grad(
    fun: np.ufunc,
    argnums: Argnums = 0,
    *,
    has_aux: Literal[False] = False,
    holomorphic: bool = False,
) -> Callable[..., tuple[Any, _Shaped]]: ...
@overload
def value_and_grad(  # type: ignore[overload-overlap]
    fun: Callable[Concatenate[_X, _P], _Y],
    argnums: Literal[0] = 0,
    *,
    has_aux: Literal[False] = False,
    holomorphic: bool = False,
) -> Callable[Concatenate[_X, _P], tuple[_Y, _X]]: ...
@overload
def value_and_grad(  # type: ignore[overload-overlap]
    fun: Callable[Concatenate[_X, _P], tuple[_Y, _Aux]],
    argnums: Literal[0] = 0,
    *,
    has_aux: Literal[True],
    holomorphic: bool = False,
) -> Callable[Concatenate[_X, _P], tuple[tuple[_Y, _Aux], _X]]: ...
@overload
def value_and_grad(
    fun: Callable[_P, _Y],
    argnums: Argnums,
    *,
    has_aux: Literal[False] = False,
    holomorphic: bool = False,
) -> Callable[_P, tuple[_Y, _Shaped]]: ...
@overload
def value_and_grad(
    fun: Callable[_P, tuple[_Y, _Aux]],
    argnums: Argnums,
    *,
    has_aux: Literal[True],
    holomorphic: bool = False,
) -> Callable[_P, tuple[tuple[_Y, _Aux], _Shaped]]: ...

# Jacobians and Hessians: of NumPy's ufuncs; dense, dense with aux, sparse, sparse with aux.
@overload
def jacobian(
    fun: np.ufunc,
    argnums: Argnums = 0,
    *,
    has_aux: Literal[False] = False,
    mode: _Mode | None = None,
    chunk_size: int | None = None,
    sparse: Literal[False] = False,
    holomorphic: bool = False,
) -> Callable[..., _Shaped]: ...
@overload
def jacobian(
    fun: Callable[_P, Any],
    argnums: Argnums = 0,
    *,
    has_aux: Literal[False] = False,
    mode: _Mode | None = None,
    chunk_size: int | None = None,
    sparse: Literal[False] = False,
    holomorphic: bool = False,
) -> Callable[_P, _Shaped]: ...
@overload
def jacobian(
    fun: Callable[_P, tuple[Any, _Aux]],
    argnums: Argnums = 0,
    *,
    has_aux: Literal[True],
    mode: _Mode | None = None,
    chunk_size: int | None = None,
    sparse: Literal[False] = False,
    holomorphic: bool = False,
) -> Callable[_P, tuple[_Shaped, _Aux]]: ...
@overload
def jacobian(
    fun: Callable[_P, Any],
    argnums: Argnums = 0,
    *,
    has_aux: Literal[False] = False,
    mode: _Mode | None = None,
    chunk_size: int | None = None,
    sparse: Literal[True],
    holomorphic: Literal[False] = False,
) -> Callable[_P, csr_array]: ...
@overload
def jacobian(
    fun: Callable[_P, tuple[Any, _Aux]],
    argnums: Argnums = 0,
    *,
    has_aux: Literal[True],
    mode: _Mode | None = None,
    chunk_size: int | None = None,
    sparse: Literal[True],
    holomorphic: Literal[False] = False,
) -> Callable[_P, tuple[csr_array, _Aux]]: ...
@overload
def value_and_jacobian(
    fun: np.ufunc,
    argnums: Argnums = 0,
    *,
    has_aux: Literal[False] = False,
    mode: _Mode | None = None,
    chunk_size: int | None = None,
    sparse: Literal[False] = False,
    holomorphic: bool = False,
) -> Callable[..., tuple[Any, _Shaped]]: ...
@overload
def value_and_jacobian(
    fun: Callable[_P, _Y],
    argnums: Argnums = 0,
    *,
    has_aux: Literal[False] = False,
    mode: _Mode | None = None,
    chunk_size: int | None = None,
    sparse: Literal[False] = False,
    holomorphic: bool = False,
) -> Callable[_P, tuple[_Y, _Shaped]]: ...
@overload
def value_and_jacobian(
    fun: Callable[_P, tuple[_Y, _Aux]],
    argnums: Argnums = 0,
    *,
    has_aux: Literal[True],
    mode: _Mode | None = None,
    chunk_size: int | None = None,
    sparse: Literal[False] = False,
    holomorphic: bool = False,
) -> Callable[_P, tuple[tuple[_Y, _Aux], _Shaped]]: ...
@overload
def value_and_jacobian(
    fun: Callable[_P, _Y],
    argnums: Argnums = 0,
    *,
    has_aux: Literal[False] = False,
    mode: _Mode | None = None,
    chunk_size: int | None = None,
    sparse: Literal[True],
    holomorphic: Literal[False] = False,
) -> Callable[_P, tuple[_Y, csr_array]]: ...
@overload
def value_and_jacobian(
    fun: Callable[_P, tuple[_Y, _Aux]],
    argnums: Argnums = 0,
    *,
    has_aux: Literal[True],
    mode: _Mode | None = None,
    chunk_size: int | None = None,
    sparse: Literal[True],
    holomorphic: Literal[False] = False,
) -> Callable[_P, tuple[tuple[_Y, _Aux], csr_array]]: ...
@overload
def jacfwd(
    fun: np.ufunc,
    argnums: Argnums = 0,
    *,
    has_aux: Literal[False] = False,
    chunk_size: int | None = None,
    holomorphic: bool = False,
) -> Callable[..., _Shaped]: ...
@overload
def jacfwd(
    fun: Callable[_P, Any],
    argnums: Argnums = 0,
    *,
    has_aux: Literal[False] = False,
    chunk_size: int | None = None,
    holomorphic: bool = False,
) -> Callable[_P, _Shaped]: ...
@overload
def jacfwd(
    fun: Callable[_P, tuple[Any, _Aux]],
    argnums: Argnums = 0,
    *,
    has_aux: Literal[True],
    chunk_size: int | None = None,
    holomorphic: bool = False,
) -> Callable[_P, tuple[_Shaped, _Aux]]: ...
@overload
def jacrev(
    fun: np.ufunc,
    argnums: Argnums = 0,
    *,
    has_aux: Literal[False] = False,
    chunk_size: int | None = None,
    holomorphic: bool = False,
) -> Callable[..., _Shaped]: ...
@overload
def jacrev(
    fun: Callable[_P, Any],
    argnums: Argnums = 0,
    *,
    has_aux: Literal[False] = False,
    chunk_size: int | None = None,
    holomorphic: bool = False,
) -> Callable[_P, _Shaped]: ...
@overload
def jacrev(
    fun: Callable[_P, tuple[Any, _Aux]],
    argnums: Argnums = 0,
    *,
    has_aux: Literal[True],
    chunk_size: int | None = None,
    holomorphic: bool = False,
) -> Callable[_P, tuple[_Shaped, _Aux]]: ...
@overload
def hessian(
    fun: np.ufunc,
    argnums: Argnums = 0,
    *,
    has_aux: Literal[False] = False,
    sparse: Literal[False] = False,
    holomorphic: bool = False,
) -> Callable[..., _Shaped]: ...
@overload
def hessian(
    fun: Callable[_P, Any],
    argnums: Argnums = 0,
    *,
    has_aux: Literal[False] = False,
    sparse: Literal[False] = False,
    holomorphic: bool = False,
) -> Callable[_P, _Shaped]: ...
@overload
def hessian(
    fun: Callable[_P, tuple[Any, _Aux]],
    argnums: Argnums = 0,
    *,
    has_aux: Literal[True],
    sparse: Literal[False] = False,
    holomorphic: bool = False,
) -> Callable[_P, tuple[_Shaped, _Aux]]: ...
@overload
def hessian(
    fun: Callable[_P, Any],
    argnums: Argnums = 0,
    *,
    has_aux: Literal[False] = False,
    sparse: Literal[True],
    holomorphic: Literal[False] = False,
) -> Callable[_P, csr_array]: ...
@overload
def hessian(
    fun: Callable[_P, tuple[Any, _Aux]],
    argnums: Argnums = 0,
    *,
    has_aux: Literal[True],
    sparse: Literal[True],
    holomorphic: Literal[False] = False,
) -> Callable[_P, tuple[csr_array, _Aux]]: ...
def hvp(
    fun: Callable[..., Any],
    primals: _Arguments,
    tangents: Any,
    *,
    argnums: Argnums | None = None,
) -> _Shaped: ...
