"""Who may ask the routes that are answered before the door, over a real connection: the same as by the door."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from tests.security.cast import Cast, Stranger, scopes_of
from tests.security.estate import Estate, settings_in
from tests.security.rule import Rule
from tests.security.rules import RULES
from tidings.access.scope import ALL
from tidings.app.serve import served
from tidings.core.clock import Clock
from tidings.testing.clock import ManualClock


class Busy:
    """A real server, and what it answers."""

    def __init__(self, estate: Estate, http: httpx.AsyncClient) -> None:
        self.estate = estate
        self._http = http

    def routes(self) -> dict[str, Rule]:
        """Those that do not always go through the door, by method and path."""
        names = {f"{route.method} {route.path}" for route in self.estate.front.routes if route.is_busy}
        rules = {name: RULES[name] for name in (*sorted(names), "POST /v1/events")}
        return {name: rule for name, rule in rules.items() if isinstance(rule, Rule)}

    async def status(self, who: Cast | Stranger | str, name: str) -> int:
        method, _, path = name.partition(" ")
        rule = RULES[name]
        assert isinstance(rule, Rule)
        token = "" if who is Stranger.COOKIE else self.estate.tokens.of[who]
        headers = {"authorization": f"Bearer {token}"} if token else {}
        body = rule.sends(self.estate.things.at)
        answer = await self._http.request(method, self.estate.address(path), json=body, headers=headers)
        return answer.status_code


@pytest.fixture
async def busy(tmp_path: Path) -> AsyncIterator[Busy]:
    clock = ManualClock(Clock().now())
    async with (
        served(settings_in(tmp_path, port="0"), clock=clock) as server,
        httpx.AsyncClient(base_url=server.url) as http,
    ):
        estate = Estate(server.parts, f"sqlite:{tmp_path / 'tidings.db'}")
        await estate.settle()
        yield Busy(estate, http)
        estate.changes.close()


async def test_what_is_answered_before_the_door_is_answered_to_the_same_people(busy: Busy) -> None:
    wrong = []
    needs = {f"{route.method} {route.path}": route.needs for route in busy.estate.front.routes}

    for name, rule in busy.routes().items():
        scope = needs.get(name) or rule.needs
        allowed = {who for who in rule.may if scope in scopes_of(who)}
        # Twice: a token that is known already goes another way.
        for who in (*Stranger, *(one for one in ALL if one != scope), *Cast, *Cast):
            busy.estate.changes.since()
            status = await busy.status(who, name)
            told = {200, *rule.also} if who in allowed else {401} if isinstance(who, Stranger) else {403, 404}
            if status not in told or (who not in allowed and busy.estate.changes.since()):
                wrong.append(f"{name} answers {who} with {status}")

    assert len(busy.routes()) > 1
    assert not wrong, "\n".join(wrong)
