# SPDX-License-Identifier: Apache-2.0
# The types of the compiled classes that users meet.  stubtest compares them with the extension.
from collections.abc import Sequence
from typing import Any, Literal, Protocol, Self, TypeAlias, final, overload

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array  # type: ignore  # without scipy-stubs it is Any
from typing_extensions import disjoint_base

from ad_core.recording.argnums import Argnums

__all__ = ["AllowedRefusals", "CFunction", "Debugging", "Evaluator", "Gathered", "gather"]

_Array: TypeAlias = NDArray[np.float64]
# What has the shape of an argument, a result or both: an array if these are arrays or numbers, and
# nested as they are if they are nested.  Its attributes are those of an array.
_Shaped: TypeAlias = _Array | Any
# A matrix at one point, and the entries of all matrices for a batch.
_Sparse: TypeAlias = csr_array | Any

_Mode: TypeAlias = Literal["fwd", "rev"]

# A progress bar, such as tqdm.tqdm(total=N).
class _Progress(Protocol):
    def update(self, n: int, /) -> object: ...

# The rest of the module is private.
def __getattr__(name: str) -> Any: ...

@disjoint_base
class Evaluator:
    def __call__(
        self,
        *args: Any,
        out: Any = None,
        workers: int | None = None,
        progress: _Progress | None = None,
        batch_dims: int | None = None,
        **kwargs: Any,
    ) -> _Shaped: ...
    @overload
    def jacobian(
        self,
        *args: Any,
        argnums: Argnums = 0,
        out: Any = None,
        workers: int | None = None,
        progress: _Progress | None = None,
        batch_dims: int | None = None,
        sparse: Literal[False] = False,
        holomorphic: bool = False,
        **kwargs: Any,
    ) -> _Shaped: ...
    @overload
    def jacobian(
        self,
        *args: Any,
        argnums: Argnums = 0,
        out: Any = None,
        workers: int | None = None,
        progress: _Progress | None = None,
        batch_dims: int | None = None,
        sparse: Literal[True],
        holomorphic: Literal[False] = False,
        **kwargs: Any,
    ) -> _Sparse: ...
    @overload
    def value_and_jacobian(
        self,
        *args: Any,
        argnums: Argnums = 0,
        out: Any = None,
        workers: int | None = None,
        progress: _Progress | None = None,
        batch_dims: int | None = None,
        sparse: Literal[False] = False,
        holomorphic: bool = False,
        **kwargs: Any,
    ) -> tuple[_Shaped, _Shaped]: ...
    @overload
    def value_and_jacobian(
        self,
        *args: Any,
        argnums: Argnums = 0,
        out: Any = None,
        workers: int | None = None,
        progress: _Progress | None = None,
        batch_dims: int | None = None,
        sparse: Literal[True],
        holomorphic: Literal[False] = False,
        **kwargs: Any,
    ) -> tuple[_Shaped, _Sparse]: ...
    def grad(
        self,
        *args: Any,
        argnums: Argnums = 0,
        out: Any = None,
        workers: int | None = None,
        progress: _Progress | None = None,
        batch_dims: int | None = None,
        **kwargs: Any,
    ) -> _Shaped: ...
    def value_and_grad(
        self,
        *args: Any,
        argnums: Argnums = 0,
        out: Any = None,
        workers: int | None = None,
        progress: _Progress | None = None,
        batch_dims: int | None = None,
        **kwargs: Any,
    ) -> tuple[_Shaped, _Shaped]: ...
    @overload
    def hessian(
        self,
        *args: Any,
        argnums: Argnums = 0,
        out: Any = None,
        workers: int | None = None,
        progress: _Progress | None = None,
        batch_dims: int | None = None,
        sparse: Literal[False] = False,
        **kwargs: Any,
    ) -> _Shaped: ...
    @overload
    def hessian(
        self,
        *args: Any,
        argnums: Argnums = 0,
        out: Any = None,
        workers: int | None = None,
        progress: _Progress | None = None,
        batch_dims: int | None = None,
        sparse: Literal[True],
        **kwargs: Any,
    ) -> _Sparse: ...
    def jvp(
        self,
        primals: Any,
        tangents: Any,
        *,
        argnums: Argnums | None = None,
        out: Any = None,
        workers: int | None = None,
        progress: _Progress | None = None,
        batch_dims: int | None = None,
        **kwargs: Any,
    ) -> _Shaped: ...
    def vjp(
        self,
        primals: Any,
        cotangents: Any,
        *,
        argnums: Argnums | None = None,
        out: Any = None,
        workers: int | None = None,
        progress: _Progress | None = None,
        batch_dims: int | None = None,
        **kwargs: Any,
    ) -> _Shaped: ...
    def hvp(
        self,
        primals: Any,
        tangents: Any,
        *,
        argnums: Argnums | None = None,
        out: Any = None,
        workers: int | None = None,
        progress: _Progress | None = None,
        batch_dims: int | None = None,
        **kwargs: Any,
    ) -> _Shaped: ...
    def ggnvp(
        self,
        primals: Any,
        tangents: Any,
        weights: Any = None,
        *,
        out: Any = None,
        workers: int | None = None,
        progress: _Progress | None = None,
        batch_dims: int | None = None,
        **kwargs: Any,
    ) -> _Shaped: ...
    @overload
    def lagrangian_hessian(
        self,
        primals: Any,
        multipliers: Any,
        *,
        argnums: Argnums = 0,
        out: Any = None,
        workers: int | None = None,
        progress: _Progress | None = None,
        batch_dims: int | None = None,
        sparse: Literal[False] = False,
        **kwargs: Any,
    ) -> _Shaped: ...
    @overload
    def lagrangian_hessian(
        self,
        primals: Any,
        multipliers: Any,
        *,
        argnums: Argnums = 0,
        out: Any = None,
        workers: int | None = None,
        progress: _Progress | None = None,
        batch_dims: int | None = None,
        sparse: Literal[True],
        **kwargs: Any,
    ) -> _Sparse: ...

@disjoint_base
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

@final
class Gathered:
    def __init__(self, values: _Array, index: Sequence[Any] | NDArray[np.integer]) -> None: ...
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

def gather(values: _Array, index: Sequence[Any] | NDArray[np.integer]) -> Gathered: ...

@disjoint_base
class Debugging:
    def __init__(self, *, nans: bool = False) -> None: ...
    @property
    def nans(self) -> bool: ...
    def __enter__(self) -> Self: ...
    def __exit__(self, kind: object, error: object, traceback: object) -> None: ...

@disjoint_base
class AllowedRefusals:
    def __init__(self) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(self, kind: object, error: object, traceback: object) -> None: ...
