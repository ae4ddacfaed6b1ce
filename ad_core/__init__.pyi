# SPDX-License-Identifier: Apache-2.0
from collections.abc import Callable, Sequence
from os import PathLike
from typing import Any, BinaryIO, Literal, NamedTuple, TypeAlias, overload

import numpy as np
from numpy.typing import NDArray

# Nested tuples, lists and dicts with arrays or numbers as leaves; None has no leaves.
_PyTree: TypeAlias = Any
_Array: TypeAlias = NDArray[np.float64]
_Arguments: TypeAlias = tuple[_PyTree, ...] | list[_PyTree]
_Argnums: TypeAlias = int | tuple[int, ...] | list[int]
_Mode: TypeAlias = Literal["fwd", "rev"]
_Function: TypeAlias = Callable[..., _PyTree]

__version__: str
__all__: list[str]

class TracedValueError(TypeError): ...
class EscapedTraceError(RuntimeError): ...
class TapeFullError(MemoryError): ...

class Explanation(NamedTuple):
    function: str
    mode: _Mode
    passes: int
    inputs: int
    outputs: int
    chunk: int
    size: dict[str, int]
    reason: str

class Node(NamedTuple):
    index: int
    name: str
    op: str
    formula: str
    operands: tuple[int, ...]
    partials: tuple[float, ...]
    children: tuple[int, ...]
    value: float

class Tape:
    @property
    def inputs(self) -> tuple[int, ...]: ...
    @property
    def outputs(self) -> tuple[int, ...]: ...
    @property
    def value(self) -> _PyTree: ...
    @property
    def size(self) -> dict[str, int]: ...
    @property
    def nodes(self) -> tuple[Node, ...]: ...
    def tangents(self, *direction: _PyTree) -> _Array: ...
    def adjoints(self, cotangent: _PyTree) -> _Array: ...
    def jacobian(self, mode: _Mode | None = None) -> _PyTree: ...
    def table(
        self,
        tangent: _PyTree | None = None,
        cotangent: _PyTree | None = None,
        limit: int | None = 60,
    ) -> str: ...
    def dot(self) -> str: ...
    def draw(self, path: str | PathLike[str] | BinaryIO) -> None: ...

def trace(fun: _Function, *args: _PyTree) -> Tape: ...
def explain(
    fun: _Function,
    *args: _PyTree,
    argnums: _Argnums = 0,
    mode: _Mode | None = None,
    **kwargs: Any,
) -> Explanation: ...
@overload
def jvp(
    fun: _Function,
    primals: _Arguments,
    tangents: _Arguments,
    *,
    has_aux: Literal[False] = False,
) -> tuple[_PyTree, _PyTree]: ...
@overload
def jvp(
    fun: _Function,
    primals: _Arguments,
    tangents: _Arguments,
    *,
    has_aux: Literal[True],
) -> tuple[_PyTree, _PyTree, Any]: ...
@overload
def vjp(
    fun: _Function, *primals: _PyTree, has_aux: Literal[False] = False
) -> tuple[_PyTree, Callable[[_PyTree], tuple[_PyTree, ...]]]: ...
@overload
def vjp(
    fun: _Function, *primals: _PyTree, has_aux: Literal[True]
) -> tuple[_PyTree, Callable[[_PyTree], tuple[_PyTree, ...]], Any]: ...
def linearize(fun: _Function, *primals: _PyTree) -> tuple[_PyTree, _Function]: ...
@overload
def grad(
    fun: _Function, argnums: _Argnums = 0, *, has_aux: Literal[False] = False
) -> Callable[..., _PyTree]: ...
@overload
def grad(
    fun: _Function, argnums: _Argnums = 0, *, has_aux: Literal[True]
) -> Callable[..., tuple[_PyTree, Any]]: ...
@overload
def value_and_grad(
    fun: _Function, argnums: _Argnums = 0, *, has_aux: Literal[False] = False
) -> Callable[..., tuple[np.float64, _PyTree]]: ...
@overload
def value_and_grad(
    fun: _Function, argnums: _Argnums = 0, *, has_aux: Literal[True]
) -> Callable[..., tuple[tuple[np.float64, Any], _PyTree]]: ...
def jacobian(
    fun: _Function,
    argnums: _Argnums = 0,
    *,
    has_aux: bool = False,
    mode: _Mode | None = None,
    chunk_size: int | None = None,
) -> Callable[..., _PyTree]: ...
def value_and_jacobian(
    fun: _Function,
    argnums: _Argnums = 0,
    *,
    has_aux: bool = False,
    mode: _Mode | None = None,
    chunk_size: int | None = None,
) -> Callable[..., tuple[_PyTree, _PyTree]]: ...
def jacfwd(
    fun: _Function,
    argnums: _Argnums = 0,
    *,
    has_aux: bool = False,
    chunk_size: int | None = None,
) -> Callable[..., _PyTree]: ...
def jacrev(
    fun: _Function,
    argnums: _Argnums = 0,
    *,
    has_aux: bool = False,
    chunk_size: int | None = None,
) -> Callable[..., _PyTree]: ...
def hessian(
    fun: _Function, argnums: _Argnums = 0, *, has_aux: bool = False
) -> Callable[..., _PyTree]: ...
def hvp(fun: _Function, primals: _Arguments, tangents: _Arguments) -> _PyTree: ...
def stop_gradient(x: _PyTree) -> _PyTree: ...
def check_grads(
    f: _Function,
    args: _Arguments,
    order: int = 2,
    modes: _Mode | Sequence[_Mode] = ("fwd", "rev"),
    *,
    atol: float | None = None,
    rtol: float | None = None,
    eps: float = 1e-4,
) -> None: ...
