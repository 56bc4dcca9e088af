"""A door with a few routes of its own, served on loopback, and callers who have tokens."""

from collections.abc import AsyncIterator
from ipaddress import ip_network
from typing import Annotated

import msgspec
import pytest

from tests.web.callers import CALLERS
from tests.web.desk import Desk
from tidings.core.caller import Caller
from tidings.core.clock import Clock
from tidings.core.errors import Conflict, InvalidToken, Throttled, Unavailable
from tidings.core.route import Call, Parameter, Route
from tidings.store.database import Database
from tidings.store.open import open_database
from tidings.testing.clock import ManualClock
from tidings.web.door import Door, opened
from tidings.web.login import Login, caller_of
from tidings.web.peer import Proxies
from tidings.web.server import Server


class Order(msgspec.Struct):
    """What to echo."""

    text: str
    times: Annotated[int, msgspec.Meta(ge=1, le=3)] = 1


async def authenticate(token: str) -> Caller:
    if token in CALLERS:
        return CALLERS[token]
    raise InvalidToken("Invalid token.")


@pytest.fixture
async def database(sqlite_url: str) -> AsyncIterator[Database]:
    """An empty store. One engine is enough here: that they behave alike is what tests/store and tests/inbox show."""
    database = await open_database(sqlite_url, clock=Clock())
    await database.migrate()
    yield database
    await database.close()


@pytest.fixture
def login() -> Login:
    """Who is known by which token: nobody from memory, so that each is asked for."""
    return Login(known=lambda _: None, authenticate=authenticate)


async def _echo(call: Call) -> dict[str, str]:
    return {"text": call.body.text * call.body.times, "who": caller_of(call).connector, "path": call.path["id"]}


async def _loose(call: Call) -> dict[str, str]:
    return {"text": call.body.text, "showDetails": call.query.get("showDetails", ""), "limit": call.query["limit"]}


async def _address(call: Call) -> dict[str, str]:
    return {"address": call.address, "limit": call.query.get("limit", ""), "language": call.headers["accept-language"]}


async def _fail(call: Call) -> None:
    reasons = {
        "conflict": Conflict("there is one already", details={"id": "7"}),
        "throttled": Throttled("wait", retry_after=7),
        "unavailable": Unavailable("the disk is full"),
        "bug": ZeroDivisionError("a secret"),
    }
    raise reasons[call.path["how"]]


ROUTES = (
    Route(
        method="POST",
        path="/v1/groups/{id}/echo",
        name="echo",
        summary="Say it again",
        handler=_echo,
        needs="publish",
        body=Order,
        answers=dict[str, str],
    ),
    Route(
        method="POST",
        path="/v1/groups/{id}/loose",
        name="loose",
        summary="Say it again, however it is said",
        handler=_loose,
        needs="publish",
        body=Order,
        answers=dict[str, str],
        parameters=(Parameter(name="limit", meaning="How many", is_required=True, schema={"type": "integer"}),),
        is_lenient=True,
    ),
    Route(
        method="GET",
        path="/v1/address",
        name="address",
        summary="Tell where the caller is",
        handler=_address,
        needs=None,
        answers=dict[str, str],
        parameters=(
            Parameter(name="limit", meaning="How many", schema={"type": "integer", "minimum": 1, "maximum": 9}),
            Parameter(name="share", meaning="How much", schema={"type": "number"}),
            Parameter(name="all", meaning="Whether all", schema={"type": "boolean"}),
            Parameter(name="accept-language", meaning="Which", place="header", is_required=True),
        ),
    ),
    Route(
        method="GET",
        path="/v1/fail/{how}",
        name="fail",
        summary="Go wrong",
        handler=_fail,
        needs=None,
        answers=None,
        errors=(Conflict, Throttled),
    ),
)


@pytest.fixture
async def port(login: Login) -> AsyncIterator[int]:
    """Where the door listens."""
    door = Door(routes=ROUTES, pages=(), login=login, proxies=Proxies([ip_network("127.0.0.1")]))
    async with Server(opened(door), clock=Clock()).listening("127.0.0.1", 0) as port:
        yield port


@pytest.fixture
def desk(database: Database, manual_clock: ManualClock) -> Desk:
    return Desk(database, manual_clock)
