# SPDX-License-Identifier: Apache-2.0
"""What one package's functions need exchanged is not there for those of another."""

import atexit
import os
import shutil
import tempfile

import pytest

# numba mixes up compiled code that several processes write to one folder at once, which ends in
# segmentation faults; so each process has a folder of its own.
os.environ["NUMBA_CACHE_DIR"] = tempfile.mkdtemp(prefix="numba-")
atexit.register(shutil.rmtree, os.environ["NUMBA_CACHE_DIR"], ignore_errors=True)


@pytest.fixture(autouse=True)
def restored(names_are_restored):
    """Names are restored before and after each test."""
