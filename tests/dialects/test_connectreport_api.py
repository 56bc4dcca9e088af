"""ConnectReport's API on a whole installation: as its vendor's sample calls it, and what it refuses."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.dialects.installation import Installation
from tests.dialects.reporting import NOWHERE, PUBLISHER, client, made, template, until_there
from tidings.access.scope import ADMIN, REPORTS_READ, REPORTS_WRITE
from tidings.testing.endpoint import Endpoint

GUIDE = Path(__file__).parents[2] / "docs/connectreport.md"


@pytest.mark.timeout(300)
async def test_the_vendors_sample_runs_from_base_template_to_document(installation: Installation) -> None:
    base, viewer = await template(installation, is_base=True), await client(installation, REPORTS_READ)
    _, report = await made(await client(installation, *PUBLISHER), base)

    job = await viewer.get(f"/api/v1/reports/{report['id']}/render", {"format": "html"})
    done = await until_there(lambda: viewer.done(job["jobId"]))
    assert done["status"] == "complete", done
    data = done["result"]["data"]
    name = {"attachmentName": 'My "Report"\r\n.html'}
    document = await installation.http.get(f"/api/v1/{data['location']}", params=name, headers=viewer.headers)

    assert "North: 42" in document.text
    assert "sandbox" in document.headers["content-security-policy"]
    assert document.headers["content-disposition"].startswith('attachment; filename="My _Report___.html"; filename*=')
    # The link needs no token, and holds for this file alone.
    assert (await installation.http.get(data["url"])).content == document.content
    [file] = await viewer.files(report["id"])
    assert (await installation.http.get(file["url"])).text.splitlines() == ["region,amount", "North,42"]
    files = installation.parts.reports.files
    expired = files.signed(await files.get(file["id"]), lives_ms=-1)
    for wrong in (expired, data["url"][:-1] + "_", data["url"].replace("expires=1", "expires=2")):
        assert (await installation.http.get(wrong)).status_code == 403
    assert (await installation.http.get(f"/api/v1/{data['location']}")).status_code == 401


@pytest.mark.timeout(300)
async def test_a_run_is_told_before_and_after_in_connectreports_words(
    installation: Installation, endpoint: Endpoint
) -> None:
    base, admin = await template(installation, is_base=True), await client(installation, ADMIN)
    for trigger in ("preReportTask", "postReportTask"):
        await admin.post("/admin/api/v1/callbacks", {"url": endpoint.url, "trigger": trigger})

    task, report = await made(await client(installation, *PUBLISHER), base)
    before, after = sorted((json.loads(one.body) for one in await endpoint.received(2)), key=len)

    assert (list(before), before["trigger"]) == (["trigger", "reportTask"], "preReportTask")
    assert (after["status"], after["completedAt"]) == ("success", report["completedAt"])
    assert before["reportTask"] == after["reportTask"]
    assert (after["reportTask"]["id"], after["reportTask"]["reportTaskId"]) == (report["id"], task["id"])
    assert after["reportTask"]["frequency"] == "Once - now"


async def test_tasks_are_made_changed_found_and_removed_in_connectreports_spelling(installation: Installation) -> None:
    program, html = await client(installation, *PUBLISHER), await template(installation)
    tag = await program.post("/api/v1/tags", {"title": "sales"})
    asked = {
        "templateId": html,
        "title": "Weekly sales overview",
        "frequency": "weekly",
        "startOn": "2030-01-12T01:55:32.941+01:00",
        "timeZone": "Europe/Berlin",
        "tags": [tag["id"]],
        "meta": {"team": "north", "floor": 3},
        "timeout": "2m",
    }

    made = await program.post("/api/v1/report-tasks", asked)
    changed = await program.ask(
        "PUT", f"/api/v1/report-tasks/{made['id']}", json={"title": "Sales", "tags": [tag], "trigger": "month end"}
    )

    assert (made["frequency"], made["startOn"], made["tags"]) == ("Weekly", "2030-01-12T00:55:32.941Z", [tag])
    assert made["nextRuns"][:2] == ["2030-01-12T00:55:32.941Z", "2030-01-19T00:55:32.941Z"]
    assert (made["nextRunAt"], made["waiting"], made["timeout"]) == (made["startOn"], False, "2m")
    assert (changed["title"], changed["trigger"], changed["tags"]) == ("Sales", "month end", [tag])
    # What a trigger runs has no schedule any more.
    assert "nextRunAt" not in changed
    assert changed["startOn"] == made["startOn"]
    for query, number in (
        ({"meta": '{"team": "north"}'}, 1),
        ({"meta": '{"team": "north", "floor": 4}'}, 0),
        ({"templateId": html, "tagId": tag["id"]}, 1),
        ({"trigger": "another"}, 0),
    ):
        told = await program.get("/api/v1/report-tasks", query)
        assert (len(told["reportTasks"]), told["total"], told["pageNum"], told["perPage"]) == (number, number, 1, 20)
    assert (await program.get("/api/v1/report-tasks", {"pageNum": "2"}))["reportTasks"] == []
    assert await program.ask("DELETE", f"/api/v1/report-tasks/{made['id']}") == {}
    await program.get(f"/api/v1/report-tasks/{made['id']}", status=404)


async def test_a_task_that_cannot_be_is_refused_by_the_name_of_its_field(installation: Installation) -> None:
    program = await client(installation, *PUBLISHER)
    asked = {"templateId": await template(installation), "title": "Sales", "frequency": "Daily"}
    wrong: dict[str, Any] = {
        "frequency": "Sometimes",
        "templateId": NOWHERE,
        "timeZone": "Mars/Olympus",
        "priority": 11,
        "timeout": "soon",
        "startOn": "1960-01-01T00:00:00Z",
        "formats": ["docx"],
        "title": "",
        "tags": [NOWHERE],
        "filterCycleId": NOWHERE,
        "cron": 5,
    }

    for name, value in wrong.items():
        told = await program.post("/api/v1/report-tasks", asked | {name: value}, status=400)

        assert told["message"].startswith(name)
    both = {"at": "2026-01-01T00:00:00Z", "startOn": "2026-01-02T00:00:00Z"}
    await program.post("/api/v1/report-tasks", asked | both, status=400)


async def test_authors_wait_for_approval_and_viewers_write_nothing(installation: Installation) -> None:
    author, publisher = await client(installation, REPORTS_WRITE), await client(installation, *PUBLISHER)
    viewer, html = await client(installation, REPORTS_READ), await template(installation)
    asked = {"templateId": html, "title": "Sales", "frequency": "Daily", "trigger": "close", "formats": ["json"]}

    waiting = await author.post("/api/v1/report-tasks", asked)

    assert waiting["waiting"]
    await author.post(f"/api/v1/report-tasks/{waiting['id']}/approve", status=403)
    await viewer.post("/api/v1/report-tasks", asked, status=403)
    await viewer.get("/api/v1/templates", status=403)
    await author.post("/admin/api/v1/report-tasks/run-trigger", {"name": "close"}, status=403)
    approved = await publisher.post(f"/api/v1/report-tasks/{waiting['id']}/approve")
    assert not approved["waiting"]
    # As the vendor's own example has it: the token alone, without a scheme.
    ran = await installation.http.post(
        "/admin/api/v1/report-tasks/run-trigger",
        json={"name": "close"},
        headers={"Authorization": publisher.headers["X-API-KEY"]},
    )
    assert [one["reportTaskId"] for one in ran.json()["reports"]] == [waiting["id"]]
    await publisher.post("/admin/api/v1/report-tasks/run-trigger", {"name": "nobody"}, status=404)
    # It was not published yet, or not at all: viewers are told that there is none.
    [report] = await publisher.listed("reports", status="any")
    dry = await publisher.ask("POST", f"/api/v1/report-tasks/{waiting['id']}/run", params={"dryRun": "true"})
    assert dry["dryRun"]
    await viewer.get(f"/api/v1/reports/{dry['id']}", status=404)
    [file] = await until_there(lambda: publisher.files(dry["id"]))
    await publisher.ask("GET", f"/api/v1/{file['location']}")
    await viewer.get(f"/api/v1/{file['location']}", status=404)
    job = await publisher.post(f"/api/v1/reports/{dry['id']}/render")
    await viewer.get(f"/api/v1/jobs/{job['jobId']}", status=404)
    assert (await publisher.get(f"/api/v1/reports/{report['id']}"))["cause"] == "trigger"


async def test_templates_are_kept_in_versions_copied_and_carried_over(installation: Installation) -> None:
    program = await client(installation, *PUBLISHER)
    asked = {
        "title": "Sales",
        "html": "<p>{{ parameters.year }}</p>",
        "queries": [{"name": "q", "sql": "SELECT 1 AS one"}],
        "parameters": [{"name": "year", "kind": "number", "default": 2026}],
        "filterSets": {"North": [{"field": "one", "values": [1]}]},
    }

    made = await program.post("/api/v1/templates", asked)
    changed = await program.ask("PUT", f"/api/v1/templates/{made['id']}", json={"html": "<b>new</b>"})
    renamed = await program.ask("PUT", f"/api/v1/templates/{made['id']}", json={"title": "Takings"})
    copy = await program.post("/api/v1/template-imports", await program.get(f"/api/v1/templates/{made['id']}/export"))

    assert {name: made[name] for name in ("html", "filterSets")} == {
        name: asked[name] for name in ("html", "filterSets")
    }
    assert (changed["version"], changed["html"], changed["queries"][0]["sql"]) == (2, "<b>new</b>", "SELECT 1 AS one")
    assert (renamed["version"], renamed["title"]) == (2, "Takings")
    assert (copy["id"] != made["id"], copy["title"], copy["html"]) == (True, "Takings", "<b>new</b>")
    assert len(await program.listed("templates")) == 2
    cycle = await program.post(
        "/api/v1/filter-cycles", {"templateId": made["id"], "title": "Ones", "query": "q", "fields": ["one"]}
    )
    told = await program.get("/api/v1/filter-cycles", {"templateId": made["id"]})
    assert (told["filterCycles"], told["total"]) == ([cycle], 1)
    assert await program.get(f"/api/v1/filter-cycles/{cycle['id']}") == cycle
    await program.post(f"/api/v1/base-templates/{made['id']}/duplicate", status=404)
    base = await program.post("/api/v1/templates", asked | {"baseTemplate": True})
    assert base["id"] in {one["id"] for one in (await program.get("/api/v1/base-templates"))["baseTemplates"]}


async def test_callbacks_are_webhooks_on_a_task_a_tag_a_template_or_all(
    installation: Installation, endpoint: Endpoint
) -> None:
    admin, program = await client(installation, ADMIN), await client(installation, *PUBLISHER)
    tag = await program.post("/api/v1/tags", {"title": "sales"})
    path, url = "/admin/api/v1/callbacks", endpoint.url

    gate = await admin.post(
        path,
        {
            "url": url,
            "trigger": "preReportTask",
            "scope": {"kind": "tag", "id": tag["id"]},
            "mustAnswerWithin": "30s",
            "onNoAnswer": "skip",
        },
    )
    every = await admin.post(path, {"url": url, "trigger": "postReportTask", "format": "connectreport-extended"})

    assert (gate["signingSecret"][:6], gate["format"], gate["triggers"]) == (
        "whsec_",
        "connectreport",
        ["preReportTask"],
    )
    told = (await admin.get(path))["callbacks"]
    assert [one["id"] for one in told] == [every["id"], gate["id"]]
    assert (told[1]["mustAnswerWithin"], told[1]["onNoAnswer"]) == ("30s", "skip")
    assert (told[0]["scope"], told[1]["scope"]) == ({"kind": "all"}, {"kind": "tag", "id": tag["id"]})
    assert not any("signingSecret" in one for one in told)
    await program.get(path, status=403)
    assert await admin.ask("DELETE", f"{path}/{gate['id']}") == {}
    await admin.ask("DELETE", f"{path}/{gate['id']}", status=404)
    assert [one["id"] for one in (await admin.get(path))["callbacks"]] == [every["id"]]


async def test_a_callback_that_cannot_be_is_refused(installation: Installation, endpoint: Endpoint) -> None:
    admin, path = await client(installation, ADMIN), "/admin/api/v1/callbacks"

    for wrong, status in (
        ({"scope": {"kind": "task", "id": NOWHERE}}, 404),
        ({"scope": {"kind": "task"}}, 400),
        ({"scope": {"kind": "all", "id": NOWHERE}}, 400),
        ({"url": "https://10.0.0.1/"}, 400),
        ({"mustAnswerWithin": "30s", "trigger": "postReportTask"}, 400),
        ({"mustAnswerWithin": "30d"}, 400),
        ({"onNoAnswer": "fail"}, 400),
        ({"secret": "whsec_short"}, 400),
    ):
        await admin.post(path, {"url": endpoint.url, "trigger": "preReportTask"} | wrong, status=status)
    assert (await admin.get(path))["callbacks"] == []


async def test_of_data_connections_nothing_is_told_but_what_they_are(installation: Installation) -> None:
    admin, program = await client(installation, ADMIN), await client(installation, *PUBLISHER)
    path = "/admin/api/v1/connections"

    await admin.post(path, {"name": "shop", "url": "gopher://someone:secret@127.0.0.1/x"}, status=400)

    assert (await admin.get(path)) == {"connections": []}
    await program.get(path, status=403)
    await admin.ask("DELETE", f"{path}/shop", status=404)


async def test_what_is_not_there_is_not_found(installation: Installation) -> None:
    program = await client(installation, *PUBLISHER)

    for path in ("reports", "report-tasks", "templates", "filter-cycles", "jobs"):
        await program.get(f"/api/v1/{path}/{NOWHERE}", status=404)
    for path in ("reports", "templates"):
        await program.post(f"/api/v1/{path}/{NOWHERE}/render", status=404)
    await program.get(f"/api/v1/documents/pdf/{NOWHERE}", status=404)


async def test_the_guide_names_every_call_and_the_scope_that_it_needs(installation: Installation) -> None:
    rows = re.findall(r"^\| `(GET|POST|PUT|DELETE) (\S+)` \|(?: `([a-z.]+)` \|)?", GUIDE.read_text(), re.MULTILINE)
    described = (await installation.http.get("/openapi.json")).json()["paths"]

    served = {
        (method.upper(), path): " ".join(re.findall(r"scope `([a-z.]+)`", operation["description"]))
        for path, operations in described.items()
        if path.startswith(("/api/v1/", "/admin/api/", "/web-connector/"))
        for method, operation in operations.items()
    }
    assert {(method, path): scope or "tables.read" for method, path, scope in rows} == served
