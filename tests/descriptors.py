"""A process that has few descriptors left, for a moment."""

import gc
import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager

import pytest


@contextmanager
def with_only(most: int) -> Iterator[None]:
    """So many more are left to us, and no other."""
    gc.collect()  # so that none comes free meanwhile
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    free = [os.dup(0) for _ in range(most + 1)]
    for one in free:
        os.close(one)
    resource.setrlimit(resource.RLIMIT_NOFILE, (free[-1], limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What was logged of descriptors."""
    return [one.getMessage().split()[0] for one in caplog.records if one.name == "tidings.core.descriptors"]
