"""Pulled from another server: what callbacks lost comes in, once, and as they would have brought it."""

import asyncio
import random
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.journey.conftest import ADMIN, REAL, House
from tests.web.conversation import ask
from tidings.app.serve import served
from tidings.app.settings import load
from tidings.core.caller import TokenKind
from tidings.core.clock import HOUR, MINUTE, SECOND
from tidings.core.receipt import Receipt
from tidings.core.row import Cell
from tidings.core.vault import new_key
from tidings.dialects.kaizala.catalogue import EVENT_TYPES
from tidings.dialects.kaizala.pull import puller
from tidings.dialects.kaizala.rows.reader import KaizalaReader
from tidings.store.pulls import Pull
from tidings.tables.tables import Tables, open_tables
from tidings.testing.authority import Authority
from tidings.testing.clock import ManualClock
from tidings.testing.endpoint import Captured, Endpoint

FORM = {
    "id": "com.example.OrderForm",
    "name": "Order form",
    "questions": [
        {"title": "Outlet", "type": "SingleOption", "options": [{"title": "Harbour"}, {"title": "Market"}]},
        {"title": "Rice 1KG", "type": "Numeric"},
        {"title": "Extras", "type": "MultiOption", "options": [{"title": "Salt"}, {"title": "Oil"}]},
        {"title": "Place", "type": "Location"},
        {"title": "ResponseTime", "type": "DateTime", "isInvisible": True},
    ],
}
SURVEY = {"title": "Lunch", "questions": [{"title": "What?", "type": "Text"}], "acceptMultipleResponses": True}
POSTED = (
    ("Survey", SURVEY),
    ("Job", {"title": "Sweep", "assignedTo": [ADMIN], "dueDate": 24}),
    ("Poll", {"question": "Tea?", "choices": [{"title": "Yes"}, {"title": "No"}]}),
    ("LetsMeet", {"title": "Harbour", "startingTime": "2030-01-31T09:00:00Z", "duration": 30, "agenda": "Boats"}),
    ("Announcement", {"title": "Closed", "message": "On Monday"}),
)
SOURCE = "crew"
Rows = list[dict[str, Cell]]


class Far:
    """A server where things happen in a group, and an endpoint that hears of all of them."""

    def __init__(self, house: House, endpoint: Endpoint) -> None:
        self.house = house
        self.endpoint = endpoint
        self.group = self.first = self.meal = ""
        self.events = 0
        self.actions: dict[str, str] = {}

    async def open(self, *, token: str) -> "Far":
        await self.house.sign_in()
        self.group = await self.house.make_group()
        await self.house.call("POST /v1/actionPackages", FORM)
        webhook = {"objectId": self.group, "objectType": "Group", "eventTypes": list(EVENT_TYPES)}
        where = {"callBackUrl": self.endpoint.url, "callBackToken": token}
        await self.house.call("POST /v1/webhook", webhook | where)
        return self

    async def post(self, name: str, body: dict[str, Any]) -> None:
        """Post an action, a second after whatever was before."""
        sent = {"id": FORM["id"]} if name == "Form" else {"actionType": name}
        answer = await self._do(f"POST /v1/groups/{self.group}/actions", sent | {"actionBody": body})
        self.actions[name] = answer.get("actionId", "")

    async def respond(self, name: str, *answers: Any, response: str = "") -> str:  # noqa: ANN401 - of any type
        body: dict[str, Any] = {"isCompleted": answers[0]} if name == "Job" else {"answers": answers}
        again = {"responseId": response} if response else {}
        path = f"/v1/groups/{self.group}/actions/{self.actions[name]}/responses"
        return str((await self._do(f"POST {path}", {"actionBody": body} | again))["responseId"])

    async def add(self, *phones: str) -> None:
        await self._do(f"PUT /v1/groups/{self.group}/members", {"members": phones}, events=len(phones))

    async def remove(self, member: str) -> None:
        await self._do(f"DELETE /v1/groups/{self.group}/members/{member}")

    async def members(self) -> list[dict[str, Any]]:
        answer = await self.house.call(f"GET /v1/groups/{self.group}/members")
        return list(answer["members"])

    async def told(self) -> list[Captured]:
        """All callbacks so far."""
        # One more is the handshake. What waits for a beat, or for a second try, needs the clock to go on.
        await self.house.reaches(lambda: len(self.endpoint.requests) > self.events, by=100)
        return [request for request in self.endpoint.requests if request.method == "POST"]

    async def _do(self, line: str, body: Any = None, *, events: int = 1) -> dict[str, Any]:  # noqa: ANN401 - any JSON
        await self.house.clock.advance(SECOND)
        answer: dict[str, Any] = await self.house.call(line, body)
        self.events += events
        return answer


class Near:
    """A server of our own that hears of some of it, and pulls."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.token = ""

    async def open(self) -> "Near":
        source = await self.house.parts.inbox.create_source(SOURCE, dialect="kaizala", actor="test")
        self.token = source.secret.reveal()
        return self

    async def hear(self, request: Captured) -> None:
        headers = {name: value for name, value in request.headers if name.startswith(("kz-", "tidings-"))}
        port = self.house.parts.settings.port
        answer = await ask(port, f"POST /receive/{SOURCE}", headers=headers, body=request.body)
        assert answer.status == 200

    async def follow(self, far: Far, *, every_ms: int = 5 * MINUTE) -> None:
        access = far.house.parts.access
        connector = await access.create_connector("Puller", actor="test")
        refresh = await access.create_refresh_token(connector.id, actor="test", kind=TokenKind.USER, phone=ADMIN)
        await self.house.parts.pulling.create(
            SOURCE,
            source=SOURCE,
            remote=far.house.parts.settings.base_url,
            application=connector.id,
            secret=connector.secret,
            refresh_token=refresh.token,
            group=far.group,
            every_ms=every_ms,
            actor="test",
        )

    async def pull(self) -> Pull:
        await self.settle()  # by a clock that is moved by hand, what came a moment ago may have waited for too long
        after = await self.house.parts.pulling.run_now(SOURCE)
        await self.settle()
        return after

    async def settle(self) -> None:
        """Wait until all that is kept is laid flat."""
        number = await self.house.parts.inbox.receipts.count()
        laying = self.house.parts.inbox.laying
        await self.house.reaches(lambda: laying.laid + laying.repeated >= number, by=10)
        assert laying.unreadable == 0

    async def rows(self) -> dict[str, Rows]:
        tables = await asyncio.to_thread(self.house.parts.open_tables)
        tables.refresh()
        return await asyncio.to_thread(lambda: {name: rows_of(tables, name) for name in tables.known()})


def rows_of(tables: Tables, name: str) -> Rows:
    rows = [{column: cell for column, cell in row.items() if cell is not None} for row in tables.rows(name)]
    return [{column: cell for column, cell in row.items() if column != "tidings_version"} for row in rows]


def settings_of(folder: Path, database: str, *, ca_file: str, roles: str) -> Any:  # noqa: ANN401 - Settings
    folder.mkdir()
    return load(
        {},
        folder=folder,
        database=database,
        port="0",
        secret_key=new_key(),
        egress_allow="127.0.0.1/32",
        egress_http="on",
        egress_ca=ca_file,
        roles=roles,
    )


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(REAL.now())


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture(params=["api,receive"])
async def near(
    request: pytest.FixtureRequest, database_url: str, tmp_path: Path, clock: ManualClock, authority: Authority
) -> AsyncIterator[Near]:
    url = database_url.replace(str(tmp_path), str(tmp_path / "near"))
    settings = settings_of(tmp_path / "near", url, ca_file=str(authority.ca_file), roles=request.param)
    async with served(settings, clock=clock) as server:
        yield await Near(House(server.parts, clock, tls=authority.issue("127.0.0.1").server_context())).open()


@pytest.fixture
async def far(near: Near, tmp_path: Path, clock: ManualClock, authority: Authority) -> AsyncIterator[Far]:
    tls = authority.issue("127.0.0.1").server_context()
    url = f"sqlite:{tmp_path / 'far' / 'tidings.db'}"
    settings = settings_of(tmp_path / "far", url, ca_file=str(authority.ca_file), roles="all")
    async with Endpoint(tls=tls) as endpoint, served(settings, clock=clock) as server:
        yield await Far(House(server.parts, clock, tls=tls), endpoint).open(token=near.token)


@pytest.fixture
def pure(tmp_path: Path) -> Iterator[Tables]:
    """Tables of somebody whom every callback reaches."""
    with open_tables(f"sqlite:{tmp_path / 'pure.db'}") as tables:
        yield tables


async def happen(far: Far) -> AsyncIterator[None]:
    """All that can be pulled, step by step."""
    await far.post("Form", {"title": "May"})
    yield
    for name, body in POSTED:
        await far.post(name, body)
        yield
    far.first = await far.respond("Form", "Market", 2, ["Salt", "Oil"], {"lt": 1.5, "lg": 2.5, "n": "Quay"})
    yield
    far.meal = await far.respond("Survey", "Rice")
    await far.respond("Survey", "Bread 🍞")
    await far.respond("Job", True)  # noqa: FBT003 - an answer
    await far.respond("Poll", "Yes")
    await far.respond("LetsMeet", "Maybe")
    yield
    for number in range(5):
        await far.respond("Form", "Harbour", number, [], None)
    yield
    await far.respond("Form", "Harbour", 3.5, ["Oil"], None, response=far.first)
    yield
    await far.house.clock.jump(2 * HOUR)  # an old survey by now
    await far.respond("Survey", "Rice, after all", response=far.meal)
    await far.respond("Survey", "Nothing")
    yield


@pytest.mark.parametrize("seed", range(3))
async def test_push_that_fails_at_random_and_pull_write_what_push_alone_would_have_written(
    near: Near, far: Far, pure: Tables, seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311 - no secret
    await near.follow(far)
    heard = 0

    async for _ in happen(far):
        told = await far.told()
        late = [one for one in told[heard:] if chance.random() < 0.4]
        heard = len(told)
        if chance.random() < 0.5:
            assert (await near.pull()).error == ""
        for request in late:
            await near.hear(request)
    assert (await near.pull()).error == ""

    for request in await far.told():
        headers = request.headers
        receipt = Receipt(source=SOURCE, at=far.house.clock.now(), headers=headers, body=request.body)
        pure.write(KaizalaReader().read(receipt).changes)
    expected = {name: rows_of(pure, name) for name in pure.known()}
    found = await near.rows()
    events = [one for one in found.pop("events") if one["type"] not in {"MemberAdded", "GroupAdded"}]
    assert [one for one in events if one not in expected["events"]] == []
    # A response that was replaced between two pulls was told of by its callback alone.
    missing = [one for one in expected.pop("events") if one not in events]
    assert {one.get("response_id") for one in missing} <= {far.first, far.meal}
    assert len(missing) <= 2
    for name, rows in expected.items():
        assert found[name] == rows, name
    # Who is in the group, and what it is called, was told by nobody.
    assert found.keys() - expected.keys() == {"member_changes", "members", "group_changes", "groups"}


async def test_a_response_that_is_changed_while_it_is_pulled_stands_as_it_was_said_last(
    near: Near, far: Far, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(puller, "_RESPONSES", 2)
    await far.post("Survey", SURVEY)
    responses = [await far.respond("Survey", f"first {number}") for number in range(7)]
    await near.follow(far)

    async def change() -> None:
        for number, response in enumerate(responses):
            await far.respond("Survey", f"second {number}", response=response)

    await asyncio.gather(near.house.parts.pulling.run_now(SOURCE), change())
    await near.pull()

    rows = (await near.rows())[f"responses_survey_{far.actions['Survey'][:8]}"]
    assert {row["response_id"]: row["what"] for row in rows} == {
        response: f"second {number}" for number, response in enumerate(responses)
    }


async def test_members_are_those_of_the_other_server_whatever_was_heard_of_them(near: Near, far: Far) -> None:
    await near.follow(far)
    await far.add("+910000000003", "+910000000004", "+910000000005")
    added = await far.told()
    await near.hear(added[0])
    by_phone = {one["mobileNumber"]: one for one in await far.members()}
    await far.remove(by_phone["+910000000004"]["id"])
    await far.house.call(f"PUT /v1/groups/{far.group}/members/{by_phone['+910000000005']['id']}", {"role": "Admin"})

    await near.pull()
    for request in added[1:]:
        await near.hear(request)  # late: one of them has left, and one is Admin by now
    await near.settle()
    await far.house.clock.advance(SECOND)
    await near.pull()

    told = [(one["id"], one["role"], one["mobileNumber"]) for one in await far.members()]
    rows = (await near.rows())["members"]
    assert [(row["member_id"], row["role"], row["member"]) for row in rows] == sorted(told)
    [group] = (await near.rows())["groups"]
    assert (group["group_id"], group["name"]) == (far.group, "Site crew")


@pytest.mark.parametrize("near", ["all"], indirect=True)
async def test_a_new_answer_to_an_old_survey_comes_in_by_itself_within_the_interval(near: Near, far: Far) -> None:
    await far.post("Survey", SURVEY | {"dueDate": 240})
    await near.follow(far, every_ms=MINUTE)
    await near.house.reaches(lambda: near.house.parts.inbox.laying.laid, by=500)
    await far.house.clock.jump(30 * HOUR)  # tokens have run out since, too
    await far.house.renew_token()

    response = await far.respond("Survey", "Soup")
    before = near.house.parts.pulling.pulled
    await near.house.reaches(lambda: near.house.parts.pulling.pulled > before, by=500)
    await near.settle()

    [row] = (await near.rows())[f"responses_survey_{far.actions['Survey'][:8]}"]
    assert (row["response_id"], row["what"]) == (response, "Soup")
    [pull] = await near.house.parts.pulling.pulls.list()
    assert (pull.error, pull.failures) == ("", 0)
