"""Hearing: an event fires a trigger, through a delivery of our own, and once however often it is told."""

from tests.reports.newsroom import CHIEF, Newsroom
from tidings.core.clock import MINUTE
from tidings.core.event import Event, Subject
from tidings.core.report import Cause
from tidings.egress.answer import Outcome
from tidings.egress.request import Request
from tidings.outbox.publisher import Draft

SHOP = Subject("Application", "shop")


async def publish(newsroom: Newsroom) -> int:
    event = Event(type="month.closed", subjects=(SHOP,), data=b"{}", at=newsroom.clock.now())
    return (await newsroom.parts.hub.publisher.publish_one(Draft(event=event))).id


async def test_an_event_fires_a_trigger_once(newsroom: Newsroom) -> None:
    task = await newsroom.task(trigger="monthly")
    triggers = newsroom.reports.triggers
    await triggers.hear("monthly", kind="Application", subject="shop", types=("month.closed",), author=CHIEF)
    await newsroom.reports.hearings.step()
    await newsroom.subscribe("month.closed", kind="Application", subject="shop")

    await publish(newsroom)
    courier = newsroom.parts.hub.courier
    assert courier is not None
    await newsroom.reaches(lambda: courier.delivered >= 2 and not courier.in_flight)

    [report] = await newsroom.reports_of(task)
    assert report.cause is Cause.TRIGGER
    assert len(newsroom.endpoint.requests) == 1


async def test_a_firing_that_is_told_again_counts_once_and_one_nobody_waits_for_ends_its_webhook(
    newsroom: Newsroom,
) -> None:
    task = await newsroom.task(trigger="monthly")
    triggers, hearings = newsroom.reports.triggers, newsroom.reports.hearings
    await triggers.hear("monthly", kind="Application", subject="shop", types=("*",), author=CHIEF)
    await hearings.step()
    hearing = await triggers.hearing("monthly")
    assert hearing is not None
    assert hearing.webhook is not None
    webhook = newsroom.parts.hub.directory.index.get(hearing.webhook)
    assert webhook is not None
    request = Request(url=webhook.url, lines=b"a: b\r\ntidings-event-id: e-1\r\n", timeout_ms=1)

    answers = [await hearings.carry(webhook, request) for _ in range(2)]
    await triggers.unhear("monthly", author=CHIEF)
    early = await hearings.carry(webhook, request)
    await newsroom.later(MINUTE)
    late = await hearings.carry(webhook, request)

    assert [one.outcome for one in (*answers, early, late)] == [
        Outcome.OK,
        Outcome.OK,
        Outcome.BROKEN,
        Outcome.GONE,
    ]
    assert len(await newsroom.reports_of(task)) == 1
    assert newsroom.parts.hub.directory.index.get(hearing.webhook) is None


async def test_triggers_that_hear_of_one_anothers_tasks_come_to_an_end(newsroom: Newsroom) -> None:
    first, second = await newsroom.task(trigger="one"), await newsroom.task(trigger="two")
    triggers = newsroom.reports.triggers
    for name, heard in (("one", second), ("two", first)):
        await triggers.hear(name, kind="ReportTask", subject=heard.id, types=("postReportTask",), author=CHIEF)
    await newsroom.reports.hearings.step()
    courier = newsroom.parts.hub.courier
    assert courier is not None

    await newsroom.run(first)
    await newsroom.reaches(lambda: courier.delivered >= 1 and not courier.in_flight)
    await newsroom.work()
    await newsroom.reaches(lambda: courier.delivered >= 2 and not courier.in_flight)
    await newsroom.work()

    assert [one.cause for one in await newsroom.reports_of(second)] == [Cause.TRIGGER]
    assert [one.cause for one in await newsroom.reports_of(first)] == [Cause.ASKED]
