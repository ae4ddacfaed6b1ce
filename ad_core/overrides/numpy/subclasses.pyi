# SPDX-License-Identifier: Apache-2.0
# For stubtest: this module makes classes or their attributes at run time.
from typing import Any

__all__ = [
    "KindOfArray",
    "TracedSubclass",
    "as_instance",
    "class_of_array",
    "is_instance",
    "made",
    "unwrapped",
]

KindOfArray: Any
TracedSubclass: Any
as_instance: Any
class_of_array: Any
is_instance: Any
made: Any
unwrapped: Any

def __getattr__(name: str) -> Any: ...
