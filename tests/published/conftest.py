# SPDX-License-Identifier: Apache-2.0
"""What one package's functions need exchanged is not there for those of another."""

import pytest


@pytest.fixture(autouse=True)
def restored(names_are_restored):
    """Names are restored before and after each test."""
