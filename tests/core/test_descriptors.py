"""That no descriptor is left is told when one is missed, once an episode, however short that is."""

import errno

import pytest

from tests.descriptors import told, with_only
from tidings.core.alongside import alongside
from tidings.core.descriptors import Descriptors
from tidings.core.errors import Unavailable
from tidings.testing.clock import ManualClock

LOOK_MS = 2_000


async def test_what_is_missed_between_two_looks_is_told_once_and_then_that_there_are_some_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    clock, descriptors = ManualClock(), Descriptors()
    async with alongside(descriptors.watch(clock)):
        for _ in range(3):
            assert descriptors.missed(OSError(errno.EMFILE, "Too many open files"))
        assert told(caplog) == ["descriptors.exhausted"]
        for _ in range(3):
            await clock.advance(LOOK_MS)
        assert descriptors.missed(OSError(errno.ENFILE, "Too many open files in system"))

    assert told(caplog) == ["descriptors.exhausted", "descriptors.available", "descriptors.exhausted"]
    assert not descriptors.missed(ConnectionRefusedError(errno.ECONNREFUSED, "refused"))


async def test_an_episode_lasts_until_a_look_finds_one(caplog: pytest.LogCaptureFixture) -> None:
    clock, descriptors = ManualClock(), Descriptors()
    async with alongside(descriptors.watch(clock)):
        with with_only(0):
            with pytest.raises(Unavailable, match="all descriptors are in use"):
                descriptors.check()
            for _ in range(3):
                await clock.advance(LOOK_MS)
        descriptors.check()
        assert told(caplog) == ["descriptors.exhausted"]
        await clock.advance(LOOK_MS)

    assert told(caplog) == ["descriptors.exhausted", "descriptors.available"]
