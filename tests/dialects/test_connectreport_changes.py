"""ConnectReport's API on a whole installation: what is changed after it was made, and how it was before."""

from typing import Any, get_args

from tests.dialects.installation import Installation
from tests.dialects.reporting import NOWHERE, PUBLISHER, Client, client, template, until_there
from tidings.access.scope import ADMIN, REPORTS_PUBLISH, REPORTS_READ, REPORTS_WRITE
from tidings.core.event import Event, Subject
from tidings.dialects.connectreport.wire.trigger import ObjectType
from tidings.dialects.kaizala.wire.webhook import OBJECT_TYPES
from tidings.outbox.publisher import Draft
from tidings.store.audit import Audit
from tidings.testing.endpoint import Endpoint

CYCLES, TRIGGERS = "/api/v1/filter-cycles", "/admin/api/v1/triggers"


async def task(program: Client, html: str, **more: object) -> Any:  # noqa: ANN401 - any JSON
    """A task that does not run by itself."""
    asked = {
        "templateId": html,
        "title": "Sales",
        "frequency": "Once",
        "at": "2100-01-01T00:00:00Z",
        "formats": ["csv"],
    }
    return await program.post("/api/v1/report-tasks", asked | more)


async def actions(installation: Installation) -> set[str]:
    """What was done, as the audit has it."""
    return {one.action for one in await Audit(installation.parts.database).entries()}


async def test_a_run_that_waits_is_cancelled_and_one_that_is_over_is_not(
    installation: Installation, endpoint: Endpoint
) -> None:
    program, admin = await client(installation, *PUBLISHER), await client(installation, ADMIN)
    endpoint.script(503)
    gate = {"url": endpoint.url, "trigger": "preReportTask", "mustAnswerWithin": "1h"}
    await admin.post("/admin/api/v1/callbacks", gate)
    made = await task(program, await template(installation))
    report = await program.post(f"/api/v1/report-tasks/{made['id']}/run")
    await endpoint.received(1)  # it has begun, and waits for an answer
    viewer = await client(installation, REPORTS_READ)
    await viewer.post(f"/api/v1/reports/{report['id']}/cancel", status=403)

    cancelled = await program.post(f"/api/v1/reports/{report['id']}/cancel")

    assert (cancelled["id"], cancelled["status"], cancelled["error"]) == (report["id"], "failure", "it was cancelled")
    assert "report.cancelled" in await actions(installation)
    await program.post(f"/api/v1/reports/{report['id']}/cancel", status=409)
    await program.post(f"/api/v1/reports/{NOWHERE}/cancel", status=404)


async def test_the_copy_of_a_task_is_paused_and_an_authors_waits_for_approval(installation: Installation) -> None:
    program, author = await client(installation, *PUBLISHER), await client(installation, REPORTS_WRITE)
    tag = await program.post("/api/v1/tags", {"title": "sales"})
    made = await task(program, await template(installation), tags=[tag["id"]], meta={"team": "north"}, trigger="close")

    copy = await program.post(f"/api/v1/report-tasks/{made['id']}/duplicate")
    of_author = await author.post(f"/api/v1/report-tasks/{made['id']}/duplicate")

    assert (copy["title"], copy["enabled"], copy["waiting"]) == ("Sales (copy)", False, False)
    for name in ("templateId", "frequency", "startOn", "formats", "tags", "meta", "trigger"):
        assert copy[name] == made[name], name
    assert (of_author["enabled"], of_author["waiting"]) == (False, True)
    assert len({one["id"] for one in (made, copy, of_author)}) == 3
    await program.post(f"/api/v1/report-tasks/{NOWHERE}/duplicate", status=404)


async def test_a_run_tells_the_version_of_its_filter_cycle(installation: Installation) -> None:
    program, html = await client(installation, *PUBLISHER), await template(installation)
    cycle = await program.post(CYCLES, {"templateId": html, "title": "Regions", "query": "sales", "fields": ["region"]})
    spread = await task(program, html, filterCycleId=cycle["id"])

    for version in (1, 2):
        await program.post(f"/api/v1/report-tasks/{spread['id']}/run")
        found = await until_there(lambda: successes(program, spread["id"], number=version))  # noqa: B023 - waited for here
        ran = [one for one in found if one["filterCycleVersion"] == version]
        # The window, and the report of its one region.
        assert {one["status"] for one in ran} == {"spread", "success"}
        assert {one["filterCycleId"] for one in found} == {cycle["id"]}
        await program.ask("PUT", f"{CYCLES}/{cycle['id']}", json={"values": {"region": ["North", "South"]}})


async def successes(program: Client, task: str, *, number: int) -> list[Any]:
    """All runs of a task, as soon as so many have succeeded."""
    found = await program.listed("reports", reportTaskId=task, status="any")
    return found if [one["status"] for one in found].count("success") == number else []


async def test_a_filter_cycle_is_changed_and_its_versions_are_still_to_be_looked_at(installation: Installation) -> None:
    program, html = await client(installation, *PUBLISHER), await template(installation)
    cycle = await program.post(CYCLES, {"templateId": html, "title": "Regions", "query": "sales", "fields": ["region"]})
    path = f"{CYCLES}/{cycle['id']}"
    chosen = await task(program, html, filterCycleId=cycle["id"])

    titled = await program.ask("PUT", path, json={"title": "All regions"})
    changed = await program.ask("PUT", path, json={"values": {"region": ["North", "South"]}})

    assert (cycle["version"], titled["version"], changed["version"]) == (1, 1, 2)
    assert (changed["title"], changed["fields"]) == ("All regions", ["region"])
    assert await program.get(path) == changed
    before = await program.get(path, {"version": "1"})
    assert (before["version"], before["values"], before["fields"]) == (1, {}, ["region"])
    for version, status in (("3", 404), ("0", 400)):
        await program.get(path, {"version": version}, status=status)
    await program.ask("PUT", path, json={"query": "nowhere"}, status=400)
    # What was run by is there, when the filter cycle itself is not.
    await program.ask("DELETE", path, status=409)
    await program.ask("DELETE", f"/api/v1/report-tasks/{chosen['id']}")
    await program.ask("DELETE", path)
    await program.get(path, status=404)
    assert (await program.get(path, {"version": "2"}))["values"] == changed["values"]
    assert {"report_cycle.created", "report_cycle.changed", "report_cycle.removed"} <= await actions(installation)


async def test_an_earlier_version_of_a_template_is_still_to_be_looked_at(installation: Installation) -> None:
    program, html = await client(installation, *PUBLISHER), await template(installation)
    path = f"/api/v1/templates/{html}"
    before = await program.get(path)

    after = await program.ask("PUT", path, json={"html": "<p>new</p>"})

    assert (before["version"], after["version"]) == (1, 2)
    assert (await program.get(path, {"version": "1"}))["html"] == before["html"]
    await program.get(path, {"version": "3"}, status=404)


async def test_an_event_fires_a_trigger_from_when_it_is_said_until_it_is_taken_back(installation: Installation) -> None:
    program = await client(installation, REPORTS_PUBLISH)
    maker = await client(installation, *PUBLISHER)
    made = await task(maker, await template(installation), trigger="month/end")
    asked = {"name": "month/end", "objectType": "Application", "objectId": "shop", "eventTypes": ["month.*"]}

    told = await program.post(TRIGGERS, asked)

    hears = {"objectType": "Application", "objectId": "shop", "eventTypes": ["month.*"], "active": False}
    assert told == {"name": "month/end", "tasks": 1, "hears": hears}
    await program.post(TRIGGERS, asked, status=409)
    refused: tuple[dict[str, object], ...] = ({"objectType": "Shop"}, {"eventTypes": []}, {"eventTypes": ["*.closed"]})
    for wrong in refused:
        await program.post(TRIGGERS, asked | wrong, status=400)
    await maker.post(TRIGGERS, asked | {"objectType": "ReportTask", "objectId": "*", "eventTypes": ["*"]}, status=400)
    await until_there(lambda: active(program))
    event = Event(type="month.closed", subjects=(Subject("Application", "shop"),), data=b"{}", at=1_760_000_000_000)
    await installation.parts.hub.publisher.publish_one(Draft(event=event))
    [report] = await until_there(lambda: maker.listed("reports", reportTaskId=made["id"], status="any"))
    assert report["cause"] == "trigger"
    assert await program.ask("DELETE", f"{TRIGGERS}/month%2Fend") == {}
    # Its task has it still, so that it is there, and can be run.
    assert (await program.get(TRIGGERS))["triggers"] == [{"name": "month/end", "tasks": 1}]
    await program.ask("DELETE", f"{TRIGGERS}/month%2Fend", status=404)
    await (await client(installation, REPORTS_WRITE)).get(TRIGGERS, status=403)
    assert {"report_trigger.hears", "report_trigger.unhears"} <= await actions(installation)


async def active(program: Client) -> bool:
    """Whether events of the one trigger are heard."""
    [found] = (await program.get(TRIGGERS))["triggers"]
    return bool(found["hears"]["active"])


def test_a_trigger_hears_what_webhooks_are_registered_on() -> None:
    assert get_args(ObjectType) == OBJECT_TYPES
