"""A report that a callback tells of is published by the rules for its tags, once, whatever happens on the way."""

import asyncio
import contextlib
import json
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs

import httpx
import pytest
from standardwebhooks import Webhook

from examples.publishing.destinations.sms import Sms
from examples.publishing.failure import Later, Misconfigured
from examples.publishing.ledger import Ledger
from examples.publishing.publisher import Publisher
from examples.publishing.receiver import Desk, Server
from examples.publishing.reports import Reports
from examples.publishing.rules import Rule, Target, load
from tests.examples.far_reports import BROKEN, KEY, OTHER, SALES, SKIPPED, FarReports
from tidings.core.clock import HOUR, Clock
from tidings.testing.endpoint import Answer, Endpoint

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ENVIRONMENT = {"PUBLISHING_API_KEY": KEY, "PUBLISHING_SIGNING_SECRET": SECRET}
RULES = """
url = "{url}"
port = 0
ledger = "{folder}/publishing.db"
answer_within = {within}
rule = [
    {{tag = "sales", format = "xlsx", to = ["one", "two"]}},
    {{tag = "sales", format = "pdf", name = "{{title}}", to = ["two"]}},
]
[destination.one]
kind = "folder"
path = "{folder}/one"
[destination.two]
kind = "folder"
path = "{folder}/two"
"""
WORKBOOK = "Weekly sales 2026-01-31.xlsx"


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The handler beside a scripted API, and two folders of which the second is not mounted yet."""

    url: str
    folder: Path
    far: FarReports

    async def tell(self, report: str, *, at: int | None = None, **changed: object) -> int:
        """What a callback about that report is answered."""
        run = {"trigger": "postReportTask", "status": "success"}
        return await self.post(json.dumps(run | {"reportTask": {"id": report}} | changed), at=at)

    async def post(self, body: str, *, secret: str = SECRET, at: int | None = None) -> int:
        at = Clock().now() if at is None else at
        signature = Webhook(secret).sign("msg_1", datetime.fromtimestamp(at // 1000, tz=UTC), body)
        headers = {
            "webhook-id": "msg_1",
            "webhook-timestamp": str(at // 1000),
            "webhook-signature": f"v1,bm9uZQ== {signature}",
        }
        async with httpx.AsyncClient(trust_env=False) as http:
            return (await http.post(self.url, content=body, headers=headers)).status_code

    def published(self) -> list[str]:
        return sorted(str(path.relative_to(self.folder)) for path in self.folder.glob("[ot][nw][eo]/*"))


@contextlib.contextmanager
def handling(folder: Path, *, api: str, within: int = 10, environment: dict[str, str] = ENVIRONMENT) -> Iterator[str]:
    """The handler's address."""
    path = folder / "rules.toml"
    path.write_text(RULES.format(url=api, folder=folder, within=within))
    rules = load(path, environment)
    reports = Reports(url=rules.settings.url.rstrip("/"), key=rules.api_key)
    ledger = Ledger(Path(rules.settings.ledger))
    desk = Desk(Publisher(rules=rules.rules, targets=rules.targets, reports=reports, ledger=ledger))
    with Server(rules, desk) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()
            desk.close()


@pytest.fixture
async def api() -> AsyncIterator[Endpoint]:
    async with Endpoint() as endpoint:
        yield endpoint


@pytest.fixture
def site(api: Endpoint, tmp_path: Path) -> Iterator[Site]:
    (tmp_path / "one").mkdir()
    with handling(tmp_path, api=api.url) as url:
        yield Site(url=url, folder=tmp_path, far=FarReports(api))


async def test_a_report_is_rendered_and_published_by_its_tags_and_only_once(site: Site) -> None:
    (site.folder / "two").mkdir()

    assert [await site.tell(SALES) for _ in range(2)] == [200, 200]
    assert [await site.tell(report) for report in (OTHER, SKIPPED)] == [200, 200]

    assert site.published() == [f"one/{WORKBOOK}", f"two/{WORKBOOK}", "two/Weekly sales.pdf"]
    assert (site.folder / "one" / WORKBOOK).read_bytes() == b"xlsx of report-sales"
    assert site.far.renders == ["report-sales xlsx", "report-sales pdf"]


async def test_what_failed_comes_again_and_goes_on_where_it_failed(site: Site) -> None:
    assert await site.tell(SALES) == 503
    (site.folder / "one" / WORKBOOK).unlink()
    (site.folder / "two").mkdir()

    assert await site.tell(SALES) == 200

    assert site.published() == [f"two/{WORKBOOK}", "two/Weekly sales.pdf"]


async def test_what_will_never_be_is_said_in_a_sentence_and_does_not_come_again(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    assert await site.tell(BROKEN) == 200
    assert await site.tell("report-unknown") == 200

    assert "reason=the report could not be rendered: it takes longer than five minutes" in caplog.text
    assert "report=report-unknown reason=the API answered 404" in caplog.text
    assert not [record for record in caplog.records if record.exc_info]


async def test_only_reports_that_were_made_are_asked_for(site: Site, api: Endpoint) -> None:
    assert await site.tell(SALES, trigger="preReportTask") == 200
    assert await site.tell(SALES, status="failure", error="Report task failed due to SQL") == 200

    assert not api.requests


async def test_what_is_not_signed_by_us_just_now_is_refused(site: Site, api: Endpoint) -> None:
    assert await site.post("{}", secret="whsec_" + "AAAA" * 8) == 401
    assert await site.tell(SALES, at=Clock().now() - HOUR) == 401
    assert [await site.post(body) for body in ("{}", "[]", "nothing", '{"reportTask": 1}')] == [400] * 4
    async with httpx.AsyncClient(trust_env=False, base_url=site.url) as http:
        assert (await http.post("/", content="{}")).status_code == 401
        assert (await http.get("/?validationToken=4711")).text == "4711"
        assert (await http.get("/?validationToken=<b>")).status_code == 404
        reader, writer = await asyncio.open_connection(http.base_url.host, http.base_url.port)
    writer.write(b"POST / HTTP/1.1\r\nhost: here\r\ncontent-length: 99999999\r\n\r\n")
    assert b" 413 " in await reader.readline()
    writer.close()

    assert not api.requests


async def test_it_answers_in_time_and_goes_on(api: Endpoint, tmp_path: Path) -> None:
    ready = asyncio.Event()
    far = FarReports(api, slow=ready)
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    with handling(tmp_path, api=api.url, within=0) as url:
        site = Site(url=url, folder=tmp_path, far=far)
        assert [await site.tell(SALES) for _ in range(2)] == [503, 503]
        ready.set()
        while len(site.published()) < 3:
            await Clock().sleep(0.01)
    with handling(tmp_path, api=api.url) as url:
        assert await Site(url=url, folder=tmp_path, far=far).tell(SALES) == 200

    assert site.published() == [f"one/{WORKBOOK}", f"two/{WORKBOOK}", "two/Weekly sales.pdf"]
    assert far.renders == ["report-sales xlsx", "report-sales pdf"]


async def test_until_it_has_the_secret_every_callback_comes_again(api: Endpoint, tmp_path: Path) -> None:
    with handling(tmp_path, api=api.url, environment={"PUBLISHING_API_KEY": KEY}) as url:
        assert await Site(url=url, folder=tmp_path, far=FarReports(api)).tell(SALES) == 503

    assert not api.requests


async def test_one_report_is_published_by_hand_wherever_it_was_before(site: Site) -> None:
    for name in ("one", "two"):
        (site.folder / name).mkdir(exist_ok=True)
    assert await site.tell(SALES) == 200
    (site.folder / "one" / WORKBOOK).unlink()

    good = await run("rules.toml", SALES, folder=site.folder, environment=ENVIRONMENT)
    bad = await run("rules.toml", folder=site.folder, environment={})

    assert good.returncode == 0, good.stderr
    assert f"one/{WORKBOOK}" in site.published()
    assert (bad.returncode, bad.stderr.splitlines()) == (
        1, ["the environment variable PUBLISHING_API_KEY must hold an access token of a viewer or more"]
    )  # fmt: skip


async def test_a_number_that_is_none_keeps_no_other_phone_from_being_told(api: Endpoint, tmp_path: Path) -> None:
    far, numbers = FarReports(api), ("+910000000001", "+910000000002", "+910000000003")
    async with Endpoint(Answer(400), Answer(503), Answer(201)) as twilio:
        phones = [
            Target(id=number, destination=Sms(account="AC" + "0a" * 16, sender="MG", recipient=number, secret="hush",
                                              twilio=twilio.url))
            for number in numbers
        ]  # fmt: skip
        publisher = Publisher(
            rules=[Rule(tag="sales", format="pdf", to=("phones",))],
            targets={"phones": phones},
            reports=Reports(url=api.url.rstrip("/"), key=KEY),
            ledger=Ledger(tmp_path / "publishing.db"),
        )
        with pytest.raises(Later, match="phones: Twilio answered 503"):
            await asyncio.to_thread(publisher.publish, SALES)
        await asyncio.to_thread(publisher.publish, SALES)

        told = [parse_qs(request.body.decode())["To"][0] for request in twilio.requests]
    assert told == [*numbers, numbers[1]]
    assert not far.renders  # nobody asked for a file


async def run(*arguments: str, folder: Path, environment: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    """`python -m publishing`, to its end."""
    return await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "publishing", *arguments],
        cwd=folder,
        env=environment | {"PYTHONPATH": str(SAMPLE.parents[1])},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


SAMPLE = Path(__file__).parents[2] / "examples" / "publishing" / "publishing.toml"
SECRETS = {f"PUBLISHING_{name}_SECRET": "hush" for name in ("ONEDRIVE", "PHONES", "CLOUD", "BUCKET", "TEAM")}


def test_the_rules_that_ship_are_good_and_each_phone_is_remembered_alone() -> None:
    rules = load(SAMPLE, ENVIRONMENT | SECRETS)

    assert [target.id for target in rules.targets["phones"]] == ["phones +910000000001", "phones +910000000002"]
    assert "hush" not in repr(rules)
    assert SECRET not in repr(rules)
    assert KEY not in repr(rules)


@pytest.mark.parametrize(
    ("before", "after", "sentence"),
    [
        ('"onedrive", "phones"', '"onedrive", "fax"', "publishes to fax, but there is no such destination"),
        ('format = "pdf"', 'format = "docx"', "rule 2: format must be one of csv, html"),
        ('kind = "folder"', 'kind = "fax"', "share: kind must be one of folder, graph, mail, s3, sms, webdav"),
        ('path = "/srv/reports"', 'pfad = "/srv"', "share: there is no pfad; there is path"),
        ('bucket = "reports"', "", "bucket: bucket must be said"),
        ('bucket = "reports"', "bucket = 3", "bucket: bucket is of the wrong type"),
        ("port = 9100", 'port = "9100"', "port is of the wrong type"),
        ('folder = "Sales"', 'secret = "hush"', "belongs into the environment, as PUBLISHING_CLOUD_SECRET"),
        ("users/sales@contoso.example.com/drive", "sales", "onedrive: drive must be as"),
        ("http://127.0.0.1", "http://10.0.0.1", "must begin with https://"),
        ("port = 9100", "port = ", "cannot be read"),
        ('recipients = ["+910000000001", "+910000000002"]', "", "phones: recipients must be a list"),
        ("[[rule]]", "[rule]", "cannot be read"),
        ("[destination.share]", "[destination.signing]", "call it something else"),
    ],
)
def test_rules_that_cannot_be_meant_are_refused(before: str, after: str, *, sentence: str, tmp_path: Path) -> None:
    path = tmp_path / "rules.toml"
    path.write_text(SAMPLE.read_text().replace(before, after, 1))

    with pytest.raises(Misconfigured) as raised:
        load(path, ENVIRONMENT | SECRETS)

    assert sentence in str(raised.value)


def test_a_secret_that_is_lacking_is_named() -> None:
    with pytest.raises(Misconfigured, match="PUBLISHING_ONEDRIVE_SECRET must hold its secret"):
        load(SAMPLE, ENVIRONMENT)
    with pytest.raises(Misconfigured, match="PUBLISHING_API_KEY must hold an access token"):
        load(SAMPLE, SECRETS)
