# SPDX-License-Identifier: Apache-2.0
"""Random programs as test parameters."""

import numpy as np
from hypothesis import HealthCheck, Phase, settings


def examples(count):
    """The same programs in every run."""
    return settings(
        max_examples=count, derandomize=True, database=None, deadline=None,
        phases=(Phase.generate, Phase.shrink), report_multiple_bugs=False,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    )  # fmt: skip


def copies(args):
    """Programs may write to their arguments."""
    return tuple(np.copy(x)[()] for x in args)
