# SPDX-License-Identifier: Apache-2.0
"""What functions and number classes of Python itself do on traced values, where a module's names
for them were exchanged."""

from ad_core.overrides.python import caches, classes, cmath, math, numbers

__all__ = ["caches", "classes", "cmath", "math", "numbers"]
