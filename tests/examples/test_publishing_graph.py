"""Reports get into OneDrive, whatever Graph answers on the way, and phones hear of it through Twilio."""

import asyncio
import itertools
from base64 import b64decode
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from examples.publishing.destinations.graph import SMALL, UNIT, Graph
from examples.publishing.destinations.sms import Sms
from examples.publishing.failure import Later, Misconfigured, Refused
from tests.examples.far_drive import DRIVE, FarDrive, answered, failed
from tests.examples.paper import NAME, paper
from tidings.testing.authority import Authority
from tidings.testing.endpoint import RESETS, Answer, Captured, Endpoint

ACCOUNT = "AC" + "0a" * 16
FOLDER = "Reports/Sales & more"


@pytest.fixture
async def endpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Endpoint]:
    """Speaks HTTPS, with a certificate that we trust."""
    authority = Authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.ca_file))
    async with Endpoint(tls=authority.issue("127.0.0.1").server_context()) as endpoint:
        yield endpoint


@pytest.fixture
def drive(endpoint: Endpoint) -> FarDrive:
    drive = FarDrive(endpoint)
    drive.folders |= {"Reports", FOLDER}
    return drive


def graph(endpoint: Endpoint, **changed: Any) -> Graph:  # noqa: ANN401 - any field of it
    url = endpoint.url.rstrip("/")
    fields: dict[str, Any] = {"tenant": "contoso", "client": "client", "secret": "hush", "drive": DRIVE}
    return Graph(**fields | {"folder": FOLDER, "authority": url, "graph": url, "units": 1} | changed)


async def publish(to: Graph | Sms, folder: Path, content: bytes = b"rows") -> str:
    return await asyncio.to_thread(to.publish, paper(folder, content))


async def test_a_small_file_is_put_in_one_request_and_replaces_what_was_there(
    endpoint: Endpoint, drive: FarDrive, tmp_path: Path
) -> None:
    to = graph(endpoint)

    places = [await publish(to, tmp_path, content) for content in (b"old", b"new")]

    assert drive.files == {f"{FOLDER}/{NAME}": b"new"}
    assert places == [f"https://contoso.example.com/{FOLDER}/{NAME}"] * 2
    put = f"PUT /v1.0/{DRIVE}/root:/{FOLDER}/{NAME}:/content"
    assert drive.steps() == ["POST /contoso/oauth2/v2.0/token", put, put]


async def test_folders_that_are_lacking_are_made(endpoint: Endpoint, drive: FarDrive, tmp_path: Path) -> None:
    drive.folders = {"", "Reports"}

    await publish(graph(endpoint), tmp_path)

    assert list(drive.files) == [f"{FOLDER}/{NAME}"]


async def test_a_large_file_goes_in_ranges_and_goes_on_where_a_broken_one_began(
    endpoint: Endpoint, drive: FarDrive, tmp_path: Path
) -> None:
    content = bytes(itertools.islice(itertools.cycle(range(251)), SMALL + 3 * UNIT + 7))
    fails = iter([failed(503, "serviceNotAvailable"), failed(429, "activityLimitReached", **{"retry-after": "0"})])
    drive.folders = {"", "Reports"}
    drive.troubles = [lambda request: next(fails) if is_range(request, "2621440-") else None] * 2

    await publish(graph(endpoint, units=8), tmp_path, content)

    assert drive.files == {f"{FOLDER}/{NAME}": content}
    size = len(content)
    assert (next(fails, None), "GET /upload/0" in drive.steps()) == (None, True)
    assert drive.ranges == [f"bytes 0-2621439/{size}", f"bytes 2621440-{size - 1}/{size}"]


def is_range(request: Captured, begins: str) -> bool:
    return f"bytes {begins}" in (request.header("content-range") or "")


async def test_a_token_that_is_refused_is_renewed_once(endpoint: Endpoint, drive: FarDrive, tmp_path: Path) -> None:
    to = graph(endpoint)
    await publish(to, tmp_path)
    drive.tokens += 1  # what was given counts no more

    await publish(to, tmp_path, b"new")

    assert drive.files == {f"{FOLDER}/{NAME}": b"new"}
    assert drive.steps().count("POST /contoso/oauth2/v2.0/token") == 2

    endpoint.script(lambda request: failed(401, "Never") if b"grant_type" not in request.body else token())
    with pytest.raises(Later, match="Graph answered 401 Never"):
        await publish(to, tmp_path)


def token() -> Answer:
    return answered(200, {"expires_in": 3599, "access_token": "another"})


async def test_it_waits_for_as_long_as_it_is_told_to(endpoint: Endpoint, drive: FarDrive, tmp_path: Path) -> None:
    to = graph(endpoint)
    await publish(to, tmp_path)
    drive.troubles = [lambda _: failed(429, "activityLimitReached", **{"retry-after": "1"})]

    await publish(to, tmp_path, b"new")

    busy, good = endpoint.requests[-2:]
    assert good.received_at - busy.received_at >= 1_000
    drive.troubles = [lambda _: failed(503, "serviceNotAvailable", **{"retry-after": "3600"})]
    with pytest.raises(Later, match="503 serviceNotAvailable") as raised:
        await publish(to, tmp_path)
    assert raised.value.wait_s == 3_600


async def test_what_graph_will_never_take_is_refused_and_what_people_can_mend_comes_again(
    endpoint: Endpoint, drive: FarDrive, tmp_path: Path
) -> None:
    assert not drive.files
    with pytest.raises(Later, match="no token is given for client: invalid_client") as raised:
        await publish(graph(endpoint, secret="wrong"), tmp_path)
    assert "AADSTS" not in str(raised.value)
    to = graph(endpoint)
    await publish(to, tmp_path)
    for step, expected in (
        (failed(403, "accessDenied"), Later),
        (failed(400, "invalidRequest"), Refused),
        (failed(507, "quotaLimitReached"), Later),
        (answered(302, None, location="https://example.com/"), Refused),
        (RESETS, Later),
    ):
        endpoint.script(step)
        with pytest.raises(expected):
            await publish(to, tmp_path)


async def test_a_phone_is_told_by_twilios_message_call(endpoint: Endpoint, tmp_path: Path) -> None:
    endpoint.script(Answer(201, (), b'{"sid": "SM01", "status": "queued", "error_code": null}'))
    to = sms(endpoint, text="{title}: {places} {other}")

    assert await publish(to, tmp_path) == "SM01"

    [request] = endpoint.requests
    assert (request.method, request.target) == ("POST", f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json")
    assert b64decode(str(request.header("authorization")).removeprefix("Basic ")) == f"{ACCOUNT}:hush".encode()
    assert parse_qs(request.body.decode()) == {
        "To": ["+910000000001"],
        "From": ["+910000000002"],
        "Body": ["Weekly sales overview: https://contoso.example.com/weekly.xlsx {other}"],
    }
    await publish(sms(endpoint, sender="MG" + "0b" * 16), tmp_path)
    assert parse_qs(endpoint.requests[1].body.decode())["MessagingServiceSid"] == ["MG" + "0b" * 16]


async def test_a_number_that_is_none_is_refused_and_no_number_is_repeated(endpoint: Endpoint, tmp_path: Path) -> None:
    endpoint.script(answered(400, {"code": 21211, "message": "+910000000001 is not valid", "status": 400}))

    with pytest.raises(Refused) as raised:
        await publish(sms(endpoint), tmp_path)

    assert str(raised.value) == "Twilio answered 400 21211"
    with pytest.raises(Misconfigured):
        sms(endpoint, recipient="00910000000001")


def sms(endpoint: Endpoint, **changed: Any) -> Sms:  # noqa: ANN401 - any field of it
    fields = {"account": ACCOUNT, "sender": "+910000000002", "recipient": "+910000000001", "secret": "hush"}
    return Sms(**fields | {"twilio": endpoint.url} | changed)
