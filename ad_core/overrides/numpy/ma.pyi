# SPDX-License-Identifier: Apache-2.0
# For stubtest: this module makes classes or their attributes at run time.
from typing import Any

__all__ = ["TracedMasked", "call_ufunc", "data_of", "knows", "mask_of", "plain_mask", "refuse"]

TracedMasked: Any
call_ufunc: Any
data_of: Any
knows: Any
mask_of: Any
plain_mask: Any
refuse: Any

def __getattr__(name: str) -> Any: ...
