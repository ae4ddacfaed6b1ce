# SPDX-License-Identifier: Apache-2.0
"""All tests of this folder are about the exchange of names."""

import pytest


@pytest.fixture(autouse=True)
def restored(names_are_restored):
    """Restored before and after each test."""
