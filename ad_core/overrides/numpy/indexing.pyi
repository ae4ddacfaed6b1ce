# SPDX-License-Identifier: Apache-2.0
# For stubtest: the classes of np.r_ and np.c_ are derived at run time.
from typing import Any

__all__ = []

def __getattr__(name: str) -> Any: ...
