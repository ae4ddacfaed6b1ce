# SPDX-License-Identifier: Apache-2.0
from collections.abc import Callable, Iterable, Sequence
from contextlib import ContextDecorator
from os import PathLike
from typing import Any, BinaryIO, Literal, NamedTuple, Protocol, Self, TypeAlias, TypeVar, overload

import numpy as np
from numpy.typing import NDArray

from ad_core import implicit as implicit

# Nested containers (tuples, lists, dicts, data classes, registered classes) with arrays or numbers
# as leaves; None has no leaves.
_PyTree: TypeAlias = Any
_T = TypeVar("_T")
_Array: TypeAlias = NDArray[np.float64]
_Arguments: TypeAlias = tuple[_PyTree, ...] | list[_PyTree]
_Argnums: TypeAlias = int | tuple[int, ...] | list[int]
_Mode: TypeAlias = Literal["fwd", "rev"]
_Matrix: TypeAlias = Literal["jacobian", "hessian"]
_File: TypeAlias = str | PathLike[str] | BinaryIO
_Function: TypeAlias = Callable[..., _PyTree]

_Method: TypeAlias = Literal[
    "value",
    "jacobian",
    "value_and_jacobian",
    "grad",
    "value_and_grad",
    "hessian",
    "jvp",
    "vjp",
    "hvp",
    "sparse_jacobian",
    "sparse_hessian",
    "ggnvp",
    "weighted_ggnvp",
    "lagrangian_hessian",
    "sparse_lagrangian_hessian",
    "holomorphic_jacobian",
    "holomorphic_value_and_jacobian",
]
# (operation, slots of the operands, place of an input or value of a constant)
_Instruction: TypeAlias = tuple[str, tuple[int, ...], int | float | None]

# A progress bar, such as tqdm.tqdm(total=N).
class _Progress(Protocol):
    def update(self, n: int, /) -> object: ...

__version__: str
__all__: list[str]

class BranchChanged(RuntimeError): ...
class NotDifferentiable(Exception): ...
class TracedValueError(NotDifferentiable, TypeError): ...
class TracedAttributeError(TracedValueError, AttributeError): ...
class TracedIndexError(TracedValueError, IndexError): ...
class NoDerivativeError(NotDifferentiable, NotImplementedError): ...
class DtypeError(NotDifferentiable, TypeError): ...
class EscapedTraceError(NotDifferentiable, RuntimeError): ...
class TapeFullError(MemoryError): ...

class Explanation(NamedTuple):
    function: str
    mode: str  # "fwd" or "rev"; the route of a sparse derivative
    passes: int
    inputs: int
    outputs: int
    chunk: int
    size: dict[str, int]
    reason: str

class CFunction:
    @property
    def name(self) -> str: ...
    @property
    def rows(self) -> NDArray[np.int32] | None: ...
    @property
    def columns(self) -> NDArray[np.int32] | None: ...
    @property
    def capsule(self) -> Any: ...
    @property
    def address(self) -> int: ...
    @property
    def self_address(self) -> int: ...
    @property
    def begin_address(self) -> int: ...
    @property
    def eval_address(self) -> int: ...
    @property
    def eval_many_address(self) -> int: ...
    @property
    def n_in(self) -> int: ...
    @property
    def n_out(self) -> int: ...
    @property
    def n_work(self) -> int: ...
    @property
    def lines(self) -> tuple[str, ...]: ...
    def work(self) -> _Array: ...

class Node(NamedTuple):
    index: int  # type: ignore[assignment]  # hides tuple's method
    name: str
    op: str
    formula: str
    operands: tuple[int, ...]
    partials: tuple[float, ...]
    children: tuple[int, ...]
    value: float

# The methods of a Tape and of a Function.
class _Evaluator:
    def __call__(
        self,
        *args: _PyTree,
        out: _PyTree = None,
        workers: int | None = None,
        progress: _Progress | None = None,
        batch_dims: int | None = None,
        **kwargs: Any,
    ) -> _PyTree: ...
    def jacobian(
        self,
        *args: _PyTree,
        argnums: _Argnums = 0,
        out: _PyTree = None,
        workers: int | None = None,
        progress: _Progress | None = None,
        batch_dims: int | None = None,
        sparse: bool = False,
        holomorphic: bool = False,
        **kwargs: Any,
    ) -> _PyTree: ...
    def value_and_jacobian(
        self,
        *args: _PyTree,
        argnums: _Argnums = 0,
        out: _PyTree = None,
        workers: int | None = None,
        progress: _Progress | None = None,
        batch_dims: int | None = None,
        sparse: bool = False,
        holomorphic: bool = False,
        **kwargs: Any,
    ) -> tuple[_PyTree, _PyTree]: ...
    def grad(
        self,
        *args: _PyTree,
        argnums: _Argnums = 0,
        out: _PyTree = None,
        workers: int | None = None,
        progress: _Progress | None = None,
        batch_dims: int | None = None,
        **kwargs: Any,
    ) -> _PyTree: ...
    def value_and_grad(
        self,
        *args: _PyTree,
        argnums: _Argnums = 0,
        out: _PyTree = None,
        workers: int | None = None,
        progress: _Progress | None = None,
        batch_dims: int | None = None,
        **kwargs: Any,
    ) -> tuple[np.float64 | _Array, _PyTree]: ...
    def hessian(
        self,
        *args: _PyTree,
        argnums: _Argnums = 0,
        out: _PyTree = None,
        workers: int | None = None,
        progress: _Progress | None = None,
        batch_dims: int | None = None,
        sparse: bool = False,
        **kwargs: Any,
    ) -> _PyTree: ...
    def jvp(
        self,
        primals: _PyTree,
        tangents: _PyTree,
        *,
        argnums: _Argnums | None = None,
        out: _PyTree = None,
        workers: int | None = None,
        progress: _Progress | None = None,
        batch_dims: int | None = None,
        **kwargs: Any,
    ) -> _PyTree: ...
    def vjp(
        self,
        primals: _PyTree,
        cotangents: _PyTree,
        *,
        argnums: _Argnums | None = None,
        out: _PyTree = None,
        workers: int | None = None,
        progress: _Progress | None = None,
        batch_dims: int | None = None,
        **kwargs: Any,
    ) -> _PyTree: ...
    def hvp(
        self,
        primals: _PyTree,
        tangents: _PyTree,
        *,
        argnums: _Argnums | None = None,
        out: _PyTree = None,
        workers: int | None = None,
        progress: _Progress | None = None,
        batch_dims: int | None = None,
        **kwargs: Any,
    ) -> _PyTree: ...
    def ggnvp(
        self,
        primals: _PyTree,
        tangents: _PyTree,
        weights: _PyTree = None,
        *,
        out: _PyTree = None,
        workers: int | None = None,
        progress: _Progress | None = None,
        batch_dims: int | None = None,
        **kwargs: Any,
    ) -> _PyTree: ...
    def lagrangian_hessian(
        self,
        primals: _PyTree,
        multipliers: _PyTree,
        *,
        argnums: _Argnums = 0,
        out: _PyTree = None,
        workers: int | None = None,
        progress: _Progress | None = None,
        batch_dims: int | None = None,
        sparse: bool = False,
        **kwargs: Any,
    ) -> _PyTree: ...

class Gathered:
    def __init__(self, values: _Array, index: Sequence[Any] | NDArray[np.integer[Any]]) -> None: ...
    @property
    def values(self) -> _Array: ...
    @property
    def index(self) -> NDArray[np.int32] | NDArray[np.int64]: ...
    @property
    def shape(self) -> tuple[int, ...]: ...
    @property
    def ndim(self) -> int: ...
    @property
    def dtype(self) -> np.dtype[np.float64]: ...
    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]: ...

class Function(_Evaluator):
    __wrapped__: _Function
    @property
    def __name__(self) -> str: ...
    @property
    def paths(self) -> int: ...
    def clear(self) -> None: ...
    @overload
    def __get__(self, instance: None, owner: Any = None) -> Self: ...
    @overload
    def __get__(self, instance: object, owner: Any = None) -> Function: ...
    def jacobian_sparsity(self, *args: _PyTree, argnums: _Argnums = 0, **kwargs: Any) -> Any: ...
    def hessian_sparsity(self, *args: _PyTree, argnums: _Argnums = 0, **kwargs: Any) -> Any: ...
    def spy(
        self,
        path: _File,
        *args: _PyTree,
        argnums: _Argnums = 0,
        what: _Matrix = "jacobian",
        **kwargs: Any,
    ) -> int: ...
    def explain(
        self,
        *args: _PyTree,
        argnums: _Argnums = 0,
        what: _Matrix = "jacobian",
        sparse: bool = False,
        **kwargs: Any,
    ) -> str: ...

class Tape(_Evaluator):
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
    @property
    def isa(self) -> Literal["base", "avx2", "avx512"]: ...
    def jacobian_sparsity(self, argnums: _Argnums = 0) -> Any: ...
    def hessian_sparsity(self, argnums: _Argnums = 0) -> Any: ...
    def spy(
        self,
        path: _File,
        argnums: _Argnums = 0,
        what: _Matrix = "jacobian",
    ) -> int: ...
    def explain(
        self,
        argnums: _Argnums = 0,
        what: _Matrix = "jacobian",
        sparse: bool = False,
    ) -> str: ...
    def instructions(
        self, what: _Method = "value", argnums: _Argnums = 0
    ) -> tuple[list[_Instruction], list[int]]: ...
    def cfunction(
        self, what: _Method = "value", argnums: _Argnums = 0, sparse: bool = False
    ) -> CFunction: ...
    def to_c(
        self, name: str, *what: _Method, argnums: _Argnums = 0, sparse: bool = False
    ) -> str: ...
    def to_bytes(self) -> bytes: ...
    @classmethod
    def from_bytes(
        cls,
        data: bytes | bytearray | memoryview,
        max_work: float | None = None,
        max_memory: float | None = None,
    ) -> Self: ...
    def table(
        self,
        tangent: _PyTree | None = None,
        cotangent: _PyTree | None = None,
        limit: int | None = 60,
    ) -> str: ...
    def dot(self) -> str: ...
    def draw(self, path: _File) -> None: ...

class debug:
    nans: bool
    def __init__(self, *, nans: bool = False) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(self, *error: object) -> None: ...

class allow_refusals(ContextDecorator):
    def __init__(self) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(self, *error: object) -> None: ...

def trace(fun: _Function, *args: _PyTree, **kwargs: Any) -> Tape: ...
def compile(
    fun: _Function, *, max_paths: int = 64, max_bytes: int = ..., verify: int = 0
) -> Function: ...
def explain(
    fun: _Function,
    *args: _PyTree,
    argnums: _Argnums = 0,
    mode: _Mode | None = None,
    sparse: bool = False,
    **kwargs: Any,
) -> Explanation: ...
@overload
def jvp(
    fun: _Function,
    primals: _Arguments,
    tangents: _PyTree,
    *,
    argnums: _Argnums | None = None,
    has_aux: Literal[False] = False,
) -> tuple[_PyTree, _PyTree]: ...
@overload
def jvp(
    fun: _Function,
    primals: _Arguments,
    tangents: _PyTree,
    *,
    argnums: _Argnums | None = None,
    has_aux: Literal[True],
) -> tuple[_PyTree, _PyTree, Any]: ...
@overload
def vjp(
    fun: _Function,
    *primals: _PyTree,
    argnums: _Argnums | None = None,
    has_aux: Literal[False] = False,
) -> tuple[_PyTree, Callable[[_PyTree], Any]]: ...
@overload
def vjp(
    fun: _Function,
    *primals: _PyTree,
    argnums: _Argnums | None = None,
    has_aux: Literal[True],
) -> tuple[_PyTree, Callable[[_PyTree], Any], Any]: ...
def linearize(fun: _Function, *primals: _PyTree) -> tuple[_PyTree, _Function]: ...
@overload
def grad(
    fun: _Function,
    argnums: _Argnums = 0,
    *,
    has_aux: Literal[False] = False,
    holomorphic: bool = False,
) -> Callable[..., _PyTree]: ...
@overload
def grad(
    fun: _Function, argnums: _Argnums = 0, *, has_aux: Literal[True], holomorphic: bool = False
) -> Callable[..., tuple[_PyTree, Any]]: ...
@overload
def value_and_grad(
    fun: _Function,
    argnums: _Argnums = 0,
    *,
    has_aux: Literal[False] = False,
    holomorphic: Literal[False] = False,
) -> Callable[..., tuple[np.float64, _PyTree]]: ...
@overload
def value_and_grad(
    fun: _Function,
    argnums: _Argnums = 0,
    *,
    has_aux: Literal[True],
    holomorphic: Literal[False] = False,
) -> Callable[..., tuple[tuple[np.float64, Any], _PyTree]]: ...
@overload
def value_and_grad(
    fun: _Function, argnums: _Argnums = 0, *, has_aux: bool = False, holomorphic: Literal[True]
) -> Callable[..., tuple[Any, _PyTree]]: ...
def jacobian(
    fun: _Function,
    argnums: _Argnums = 0,
    *,
    has_aux: bool = False,
    mode: _Mode | None = None,
    chunk_size: int | None = None,
    sparse: bool = False,
    holomorphic: bool = False,
) -> Callable[..., _PyTree]: ...
def value_and_jacobian(
    fun: _Function,
    argnums: _Argnums = 0,
    *,
    has_aux: bool = False,
    mode: _Mode | None = None,
    chunk_size: int | None = None,
    sparse: bool = False,
    holomorphic: bool = False,
) -> Callable[..., tuple[_PyTree, _PyTree]]: ...
def jacfwd(
    fun: _Function,
    argnums: _Argnums = 0,
    *,
    has_aux: bool = False,
    chunk_size: int | None = None,
    holomorphic: bool = False,
) -> Callable[..., _PyTree]: ...
def jacrev(
    fun: _Function,
    argnums: _Argnums = 0,
    *,
    has_aux: bool = False,
    chunk_size: int | None = None,
    holomorphic: bool = False,
) -> Callable[..., _PyTree]: ...
def hessian(
    fun: _Function,
    argnums: _Argnums = 0,
    *,
    has_aux: bool = False,
    sparse: bool = False,
    holomorphic: bool = False,
) -> Callable[..., _PyTree]: ...
def hvp(
    fun: _Function,
    primals: _Arguments,
    tangents: _PyTree,
    *,
    argnums: _Argnums | None = None,
) -> _PyTree: ...
def jet(
    fun: _Function, primals: _Arguments, series: _Arguments, *, order: int | None = None
) -> tuple[_PyTree, _PyTree]: ...
def lagrangian_hessian(
    fun: _Function, primals: _Arguments, multipliers: _PyTree, *, argnums: _Argnums = 0
) -> _PyTree: ...
def adapt(*names: str) -> int: ...
def adapted() -> dict[str, list[str]]: ...
def restore() -> None: ...
def ggnvp(
    fun: _Function,
    primals: _Arguments,
    tangents: _Arguments,
    weights: _PyTree = None,
    *,
    loss: _Function | None = None,
) -> _PyTree: ...
def gather(values: _Array, index: Sequence[Any] | NDArray[np.integer[Any]]) -> Gathered: ...
def register_tree(
    cls: type[_T],
    flatten: Callable[[_T], tuple[Iterable[_PyTree], Any]],
    unflatten: Callable[[Any, list[_PyTree]], _T],
) -> type[_T]: ...
def get_include() -> str: ...
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

class custom_jvp:
    __wrapped__: _Function
    def __init__(self, fun: _Function, nondiff_argnums: tuple[int, ...] | int = ()) -> None: ...
    def __call__(self, *args: _PyTree, **kwargs: _PyTree) -> _PyTree: ...
    def __get__(self, instance: Any, owner: Any = None) -> _Function: ...
    def defjvp(self, jvp: _Function) -> _Function: ...
    def defjvps(self, *jvps: _Function | None) -> None: ...

class custom_vjp:
    __wrapped__: _Function
    def __init__(self, fun: _Function, nondiff_argnums: tuple[int, ...] | int = ()) -> None: ...
    def __call__(self, *args: _PyTree, **kwargs: _PyTree) -> _PyTree: ...
    def __get__(self, instance: Any, owner: Any = None) -> _Function: ...
    def defvjp(
        self, fwd: Callable[..., tuple[_PyTree, Any]], bwd: Callable[..., Sequence[_PyTree]]
    ) -> None: ...

def external(
    fun: _Function,
    jvp: _Function | None = None,
    vjp: _Function | None = None,
    jacobian: _Function | None = None,
    name: str | None = None,
) -> _Function: ...
def checkpoint(fun: _Function) -> _Function: ...
