"""What the receiver counts."""

import pytest

from tidings.bench.receiver import Open, Receiver, Tell
from tidings.bench.stamp import read_stamp, stamp


def body(number: int) -> bytes:
    return b'{"eventType":"bench.happened","data":{"text":"%b"}}' % stamp(number, sent_us=1)


@pytest.fixture
def receiver() -> Receiver:
    return Receiver(Open(events=3, fan_out=2))


def test_each_delivery_counts_once_and_its_repetitions_as_duplicates(receiver: Receiver) -> None:
    for path in (b"/0", b"/1", b"/1"):
        receiver.count(path, body(2))

    told = receiver.told(Tell())
    assert (told.arrived, told.duplicates, told.foreign) == (2, 1, 0)
    assert told.last_us > 0


def test_events_that_were_refused_do_not_count_though_they_arrive(receiver: Receiver) -> None:
    receiver.count(b"/0", body(0))
    receiver.count(b"/0", body(1))

    assert receiver.told(Tell(refused=[1])).arrived == 1


def test_what_is_none_of_the_run_is_told_apart(receiver: Receiver) -> None:
    for path, content in [(b"/0", b"{}"), (b"/x", body(0)), (b"/0", body(3))]:
        receiver.count(path, content)

    told = receiver.told(Tell())
    assert (told.arrived, told.foreign) == (0, 3)


def test_quantiles_of_nothing_are_zero_and_long_waits_stay_in_the_last_step(receiver: Receiver) -> None:
    assert receiver.told(Tell()).p99_ms == 0

    receiver.count(b"/0", body(0))

    assert receiver.told(Tell()).p50_ms == 10_000


def test_a_stamp_reads_back_out_of_a_callback() -> None:
    assert read_stamp(b'{"eventId":"a","data":{"text":"%bxyz"}}' % stamp(123, sent_us=456)) == (123, 456)


def test_a_stamp_may_be_looked_for_in_one_place_alone() -> None:
    receiver = Receiver(Open(events=3, fan_out=1, stamp="/a~1b/1"))

    for text in ('{"a/b":["","%s"]}', '{"a/b":["%s",""]}', '{"a/b":["%s"]}', '{"a":"%s"}', "%s", '{"a/b":7}'):
        receiver.count(b"/0", text.replace("%s", stamp(1, sent_us=1).decode()).encode())

    told = receiver.told(Tell())
    assert (told.arrived, told.duplicates, told.foreign) == (1, 0, 5)
