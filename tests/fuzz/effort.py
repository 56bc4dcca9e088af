"""Effort: how many examples a fuzz test tries; FUZZ=20 tries twenty times as many, new ones in every run."""

import os

from hypothesis import HealthCheck, settings

_TIMES = int(os.environ.get("FUZZ", "1"))


def tries(examples: int) -> settings:
    """So many examples, or times as many as FUZZ says."""
    return settings(
        max_examples=examples * _TIMES,
        derandomize=_TIMES == 1,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
