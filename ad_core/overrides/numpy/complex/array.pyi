# SPDX-License-Identifier: Apache-2.0
# For stubtest: this module makes classes or their attributes at run time.
from typing import Any

__all__ = [
    "TracedComplex",
    "involved",
    "made",
    "pair",
    "parts",
    "plain_if_constant",
    "refuse_conversion",
]

TracedComplex: Any
involved: Any
made: Any
pair: Any
parts: Any
plain_if_constant: Any
refuse_conversion: Any

def __getattr__(name: str) -> Any: ...
