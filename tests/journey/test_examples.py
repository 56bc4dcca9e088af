"""The examples, as processes beside `tidings serve`, and what they do when something goes wrong."""

import asyncio
import contextlib
import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from standardwebhooks import Webhook

from examples.announcer.announcer import Connector, Refused
from tests.cli.terminal import Terminal, eventually
from tests.journey.conftest import ADMIN, House
from tidings.core.caller import TokenKind
from tidings.core.clock import DAY, Clock

EXAMPLES = Path(__file__).parents[2] / "examples"
TOKEN = "sesame"
ORDER = {
    "id": "com.example.order",
    "actionBody": {
        "title": "Order of the week",
        "questions": [
            {"title": "Outlet", "type": "SingleOption", "options": [{"title": "North Stores"}, {"title": "Harbour"}]},
            {"title": "Rice, 5 kg", "type": "Numeric"},
            {"title": "Juice", "type": "Numeric"},
        ],
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A server, a group in it, and a person who speaks to it over HTTP."""

    terminal: Terminal
    base: str
    group: str
    api: httpx.Client

    def call(self, line: str, body: object = None) -> Any:  # noqa: ANN401 - any JSON
        method, path = line.split()
        answer = self.api.request(method, path, json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def refresh_token(self, *options: str) -> str:
        return self.terminal.says("token", "create", "--connector", "shop", *options)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    terminal = Terminal(
        folder=tmp_path,
        settings={
            "TIDINGS_EGRESS_HTTP": "on",
            "TIDINGS_EGRESS_ALLOW": "127.0.0.1/32",
            # All at once, and then one a second: what is next has to wait, but not for long.
            "TIDINGS_CALLS_PER_CONNECTOR": "60",
        },
    )
    with terminal.serving() as base, httpx.Client(base_url=base, trust_env=False) as api:
        terminal.says("connector", "create", "--name", "Shop", "--id", "shop", "--secret", "change-me")
        group = terminal.says("group", "create", "--name", "Outlets", "--admin", ADMIN)
        site = Site(terminal=terminal, base=base, group=group, api=api)
        headers = {"applicationId": "shop", "applicationSecret": "change-me"}
        told = api.get("v1/accessToken", headers=headers | {"refreshToken": site.refresh_token("--user", ADMIN)})
        api.headers["accessToken"] = told.json()["accessToken"]
        yield site


@contextlib.contextmanager
def running(name: str, folder: Path, **variables: str) -> Iterator[None]:
    """One of the examples; it has said that it is there. It logs into a file of its name."""
    environ = {"PATH": os.environ["PATH"]} | variables
    log = folder / f"{name}.log"
    with (
        log.open("w") as stderr,
        subprocess.Popen(
            [sys.executable, EXAMPLES / name / f"{name}.py"], cwd=folder, env=environ, stderr=stderr
        ) as process,
    ):
        try:
            eventually(log.read_text)
            yield
        finally:
            process.terminate()


@pytest.fixture
def receiver(tmp_path: Path, free_port: int) -> Iterator[str]:
    """The receiver's address."""
    with running("receiver", tmp_path, RECEIVER_TOKEN=TOKEN, RECEIVER_PORT=str(free_port)):
        yield f"http://127.0.0.1:{free_port}/"


def rows(folder: Path, query: str) -> list[tuple[Any, ...]]:
    with contextlib.closing(sqlite3.connect(folder / "receiver.db")) as database:
        return database.execute(query).fetchall()


def test_an_order_reserves_stock_and_a_changed_order_reserves_it_anew(
    site: Site, receiver: str, tmp_path: Path
) -> None:
    hook = {"objectId": site.group, "objectType": "Group", "eventTypes": ["ActionResponse"], "callBackUrl": receiver}
    made = site.call("POST v1/webhook", hook | {"callBackToken": TOKEN})
    (tmp_path / "webhook.json").write_text(json.dumps(made))
    action = site.call(f"POST v1/groups/{site.group}/actions", ORDER)["actionId"]
    respond = f"POST v1/groups/{site.group}/actions/{action}/responses"
    reserved = "SELECT article, quantity FROM reservation ORDER BY article"

    first = site.call(respond, order("Harbour", 2, 4))
    assert eventually(lambda: rows(tmp_path, reserved)) == [("Juice", 4.0), ("Rice, 5 kg", 2.0)]
    site.call(respond, order("Harbour", 7) | {"responseId": first["responseId"]})
    eventually(lambda: rows(tmp_path, reserved) == [("Rice, 5 kg", 7.0)])

    [(response, responder, kept)] = rows(tmp_path, "SELECT response_id, responder, answers FROM response")
    assert (response, responder) == (first["responseId"], ADMIN)
    assert json.loads(kept)["Outlet"] == ["Harbour"]


def order(*answers: object) -> dict[str, object]:
    return {"id": ORDER["id"], "actionBody": {"Answers": answers}}


@pytest.fixture
def secret(tmp_path: Path) -> str:
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    (tmp_path / "webhook.json").write_text(json.dumps({"signingSecret": secret}))
    return secret


def signed(secret: str, *, identifier: str = "msg_1", body: str = "{}", at: int | None = None) -> dict[str, str]:
    """The headers of a callback that is signed by the reference implementation."""
    at = Clock().now() if at is None else at
    signature = Webhook(secret).sign(identifier, datetime.fromtimestamp(at // 1000, tz=UTC), body)
    return {
        "webhook-id": identifier,
        "webhook-timestamp": str(at // 1000),
        "webhook-signature": signature,
        "kz-callback-token": TOKEN,
        "tidings-event-time": str(at),
    }


MESSAGE = '{"eventType": "TextMessageCreated", "data": {"text": "Hello"}}'


def test_a_delivery_that_comes_twice_is_kept_once(receiver: str, secret: str, tmp_path: Path) -> None:
    headers = signed(secret, body=MESSAGE)

    answers = [httpx.post(receiver, content=MESSAGE, headers=headers).status_code for _ in range(2)]

    assert answers == [200, 200]
    assert rows(tmp_path, "SELECT count(*) FROM callback") == [(1,)]


@pytest.mark.parametrize(
    "wrong",
    [
        {"kz-callback-token": "open"},
        {"webhook-signature": "v1,bm90aGluZw=="},
        {"webhook-id": "msg_2"},
        {"webhook-timestamp": "1700000000"},
    ],
    ids=lambda wrong: next(iter(wrong)),
)
def test_what_is_not_from_us_is_refused(receiver: str, secret: str, tmp_path: Path, wrong: dict[str, str]) -> None:
    answer = httpx.post(receiver, content=MESSAGE, headers=signed(secret, body=MESSAGE) | wrong)

    assert answer.status_code == 401
    assert rows(tmp_path, "SELECT count(*) FROM callback") == [(0,)]


def test_an_old_signature_is_refused(receiver: str, secret: str) -> None:
    headers = signed(secret, body=MESSAGE, at=Clock().now() - DAY)

    assert httpx.post(receiver, content=MESSAGE, headers=headers).status_code == 401


def test_what_cannot_be_understood_stops_nobody(receiver: str, secret: str, tmp_path: Path) -> None:
    broken = '{"eventType": "ActionResponse", "data": {}}'
    httpx.post(receiver, content=broken, headers=signed(secret, identifier="msg_1", body=broken))
    httpx.post(receiver, content=MESSAGE, headers=signed(secret, identifier="msg_2", body=MESSAGE))

    states = "SELECT webhook_id, state FROM callback ORDER BY webhook_id"
    assert eventually(lambda: (found := rows(tmp_path, states)) == [("msg_1", "failed"), ("msg_2", "done")] and found)


def test_what_is_put_into_the_folder_is_announced_however_long_the_server_makes_it_wait(
    site: Site, tmp_path: Path
) -> None:
    bin_ = site.call("POST v1/bins", {"name": "news"})
    hook = {"objectId": site.group, "objectType": "Group", "eventTypes": ["Announcement"], "callBackUrl": bin_["url"]}
    site.call("POST v1/webhook", hook)
    keep_connector(tmp_path, url=site.base, refresh_token=site.refresh_token("--group", site.group))
    news = tmp_path / "news"
    news.mkdir()
    (news / "broken.json").write_text("{")
    titles = ["Fire drill"]
    put(news, titles[0])

    def use_up() -> None:
        while site.api.get("v1/groups").status_code == 200:
            pass

    def is_refused() -> bool:
        # One call a second comes back: whoever is slow to ask finds some, and gets more to announce.
        use_up()
        if not list(news.glob("*.json")):
            titles.append(f"Parking {len(titles)}")
            put(news, titles[-1])
        return "refused status=429" in (tmp_path / "announcer.log").read_text()

    use_up()
    with running("announcer", tmp_path, ANNOUNCER_GROUP=site.group):
        eventually(is_refused)
        eventually(lambda: not list(news.glob("*.json")))

    assert {str(path.relative_to(news)) for path in news.glob("*/*")} == {
        "refused/broken.json", *(f"sent/{title}.json" for title in titles),
    }  # fmt: skip
    assert eventually(lambda: announced(site, len(titles))) == [(title, "Friday at ten.") for title in sorted(titles)]


def put(folder: Path, title: str) -> None:
    """Put news into the folder in one step, as whoever looks into it may do so at any moment."""
    new = folder / f"{title}.new"
    new.write_text(json.dumps({"title": title, "message": "Friday at ten."}))
    new.rename(new.with_suffix(".json"))


def announced(site: Site, count: int) -> list[tuple[str, str]] | None:
    """Titles and texts that are in the bin, once there are so many; none while there are too many calls."""
    answer = site.api.get("v1/bins/news/requests?after=1")
    found = [json.loads(one["body"])["data"] for one in answer.json().get("requests", ())]
    return sorted((data["title"], data["text"]) for data in found) if len(found) == count else None


def keep_connector(folder: Path, *, url: str, refresh_token: str) -> Path:
    path = folder / "connector.json"
    names = {"url": url, "applicationId": "shop", "applicationSecret": "change-me", "refreshToken": refresh_token}
    path.write_text(json.dumps(names))
    return path


async def connector_of(house: House, folder: Path) -> tuple[Connector, str]:
    """The announcer's side of the API, and a group of which it is admin."""
    await house.sign_in()
    group = await house.make_group()
    made = await house.parts.access.create_connector("Shop", actor="test", identifier="shop", secret="change-me")
    token = await house.parts.access.create_refresh_token(made.id, actor="test", kind=TokenKind.USER, phone=ADMIN)
    url = f"http://127.0.0.1:{house.parts.settings.port}/"
    return Connector(keep_connector(folder, url=url, refresh_token=token.token)), group


async def test_a_token_that_has_run_out_is_renewed_and_the_refresh_token_with_it(house: House, tmp_path: Path) -> None:
    connector, group = await connector_of(house, tmp_path)
    line, body = f"POST v1/groups/{group}/messages", {"message": "Good morning"}
    await asyncio.to_thread(connector.call, line, body)
    before = json.loads(connector.kept_in.read_text())["refreshToken"]

    await house.clock.jump(330 * DAY)

    assert (await asyncio.to_thread(connector.call, line, body))["referenceId"]
    assert json.loads(connector.kept_in.read_text())["refreshToken"] not in {"", before}


async def test_what_the_server_will_never_take_is_refused(house: House, tmp_path: Path) -> None:
    connector, _ = await connector_of(house, tmp_path)

    with pytest.raises(Refused, match="NotFound"):
        await asyncio.to_thread(connector.call, "POST v1/groups/nowhere/messages", {"message": "Hello"})
