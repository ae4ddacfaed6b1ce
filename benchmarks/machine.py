# SPDX-License-Identifier: Apache-2.0
"""The machine, the versions and the date of a measurement, for the tables."""

import os
import platform
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = (
    *("ad-core", "numpy", "scipy", "autograd", "jax", "jaxlib", "casadi", "heyoka", "torch"),
    "cyipopt",
    "distributed",
)
THREADS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "XLA_FLAGS",
    "JAX_PLATFORMS",
)


def cpu_model():
    """The processor's name, from Linux or else from Python."""
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def usable_cores():
    """The number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count()


def package_version(name):
    """A package's version, or None if it is not installed."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def describe():
    """Machine, system, versions, date and thread settings."""
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "cpu": cpu_model(),
        "cores": usable_cores(),
        "system": platform.platform(),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "packages": {name: package_version(name) for name in PACKAGES},
        "threads": {name: os.environ.get(name, "not set") for name in THREADS},
    }
