# SPDX-License-Identifier: Apache-2.0
# For stubtest: this module makes classes or their attributes at run time.
from typing import Any

__all__ = []

def __getattr__(name: str) -> Any: ...
