"""Gates: a run waits for who must answer, and what becomes of it if they do not."""

import asyncio

import pytest

from tests.reports.newsroom import Newsroom
from tidings.core.clock import MINUTE, SECOND
from tidings.core.errors import Invalid, NotFound
from tidings.core.report import Report, ReportState
from tidings.testing.endpoint import Answer


async def gated(newsroom: Newsroom, *, otherwise: str, answers: Answer) -> Report:
    """A run before which a webhook must answer within a minute, as it is when it was taken first."""
    newsroom.answers[0] = answers
    gate = await newsroom.subscribe("preReportTask")
    await newsroom.subscribe("postReportTask")
    await newsroom.reports.gates.set(gate.id, wait_ms=MINUTE, otherwise=otherwise)
    return await newsroom.run(await newsroom.task())


async def later(newsroom: Newsroom, report: Report, ms: int) -> Report:
    await newsroom.later(ms)
    await newsroom.work()
    return await newsroom.reports.history.get(report.id)


async def test_a_run_goes_on_when_who_must_answer_has(newsroom: Newsroom) -> None:
    may_answer = asyncio.Event()
    report = await gated(newsroom, otherwise="fail", answers=Answer(after=may_answer))

    await newsroom.reaches(lambda: newsroom.endpoint.requests)
    before = await later(newsroom, report, SECOND)
    may_answer.set()
    courier = newsroom.parts.hub.courier
    assert courier is not None
    await newsroom.reaches(lambda: not courier.in_flight and not courier.recorder.waiting)
    after = await later(newsroom, report, SECOND)

    assert (before.state, before.attempt) == (ReportState.QUEUED, 0)
    assert (after.state, after.attempt) == (ReportState.SUCCESS, 1)


@pytest.mark.parametrize(
    ("otherwise", "state", "status"),
    [
        ("run", ReportState.SUCCESS, "success"),
        ("skip", ReportState.SKIPPED, "success"),
        ("fail", ReportState.FAILURE, "failure"),
    ],
)
async def test_without_an_answer_in_time_it_is_as_was_chosen(
    newsroom: Newsroom, otherwise: str, state: ReportState, status: str
) -> None:
    report = await gated(newsroom, otherwise=otherwise, answers=Answer(503))

    await newsroom.reaches(lambda: newsroom.endpoint.requests)
    before = await later(newsroom, report, 30 * SECOND)
    after = await later(newsroom, report, 31 * SECOND)

    assert (before.state, after.state) == (ReportState.QUEUED, state)
    await newsroom.reaches(lambda: any(b'"status"' in one.body for one in newsroom.endpoint.requests))
    told = [one.body for one in newsroom.endpoint.requests if b'"status"' in one.body]
    assert f'"status":"{status}"'.encode() in told[0]


async def test_a_gate_is_checked_when_it_is_set(newsroom: Newsroom) -> None:
    webhook = await newsroom.subscribe()
    gates = newsroom.reports.gates

    with pytest.raises(Invalid, match="otherwise"):
        await gates.set(webhook.id, wait_ms=SECOND, otherwise="maybe")
    with pytest.raises(Invalid, match="waitMs"):
        await gates.set(webhook.id, wait_ms=0)
    with pytest.raises(NotFound):
        await gates.set("nobody", wait_ms=SECOND)
    await gates.set(webhook.id, wait_ms=SECOND, otherwise="skip")
    kept = await gates.get(webhook.id)
    await gates.remove(webhook.id)

    assert kept is not None
    assert (kept.wait_ms, kept.otherwise) == (SECOND, "skip")
    assert await gates.get(webhook.id) is None
