"""The portal: what a link leads to and what not, for how long, in whose page, and all without a cookie."""

import re
from collections.abc import AsyncIterator
from html import unescape
from pathlib import Path

import httpx
import pytest

from tests.console.house import ConsoleHouse, Visitor
from tests.console.webhook_house import ORDERS, Attempts, audited, group_of, happened, opened_house, subscribed
from tidings.app.settings import load
from tidings.console.rights import Role
from tidings.core.clock import HOUR, MINUTE
from tidings.core.errors import Invalid
from tidings.core.event import Subject
from tidings.core.identifier import outside
from tidings.core.subscription import State
from tidings.store.connectors import Connector, connector_added, connector_revoked
from tidings.testing.endpoint import Endpoint

SHOP_PAGE = "https://app.example.com"
NOWHERE = "http://127.0.0.1:9/"
EVERYTHING = ["make", "pause", "rotate", "test", "replay"]


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[ConsoleHouse]:
    async with opened_house(tmp_path, portal_origins=f"{SHOP_PAGE},https://other.example.org:8443") as house:
        shop = Connector(id="shop", name="Shop", secret="", scopes="", created_at=0)
        await house.parts.database.write(connector_added(shop))
        yield house


class Guest:
    """Somebody's browser that has followed a link: the token goes in a header, and no cookie is ever kept."""

    def __init__(self, http: httpx.AsyncClient, token: str) -> None:
        self._http = http
        self._headers = {"tidings-portal": token, "hx-request": "true"}

    async def get(self, path: str) -> httpx.Response:
        return self._checked(await self._http.get(f"/portal/{path}", headers=self._headers))

    async def post(self, path: str, form: dict[str, str | list[str]] | None = None) -> httpx.Response:
        return self._checked(await self._http.post(f"/portal/{path}", data=form or {}, headers=self._headers))

    def _checked(self, answer: httpx.Response) -> httpx.Response:
        assert "set-cookie" not in answer.headers
        assert (
            f"frame-ancestors {SHOP_PAGE} https://other.example.org:8443" in answer.headers["content-security-policy"]
        )
        assert answer.headers["cache-control"] == "no-store"
        return answer


async def link(operator: Visitor, **asked: str | list[str]) -> str:
    """The token of a new link."""
    answer = await operator.post("/console/webhooks/portal", asked)
    assert answer.status_code == 200, re.findall(r'class="error".*', answer.text)
    [token] = set(re.findall(r"/portal#([\w-]+)", unescape(answer.text)))
    return str(token)


async def guest(house: ConsoleHouse, **asked: str | list[str]) -> Guest:
    operator = await house.person(Role.OPERATOR)
    return Guest(house.stranger.http, await link(operator, **asked))


async def test_a_link_shows_the_webhooks_of_its_limits_and_no_others(house: ConsoleHouse) -> None:
    person = await house.person(Role.MEMBER)
    theirs = await subscribed(house, f"{NOWHERE}theirs")
    others = await subscribed(house, f"{NOWHERE}others", connector="elsewhere")
    other_object = await subscribed(house, f"{NOWHERE}object", subject=Subject("Application", "returns"))
    personal = await subscribed(house, f"{NOWHERE}personal", owner=person.person.id)
    all_of_them = [theirs, others, other_object, personal]

    for asked, expected in (
        ({"connector": "shop"}, [theirs, other_object, personal]),
        ({"connector": "shop", "objectType": "Application", "objectId": "orders"}, [theirs, personal]),
        ({"objectType": "Application", "objectId": "returns"}, [other_object]),
        ({"phone": person.person.phone}, [personal]),
    ):
        visitor = await guest(house, **asked, grants=EVERYTHING[1:])
        listed = await visitor.get("webhooks")
        assert set(re.findall(r'hx-get="/portal/webhooks/([0-9a-f-]{36})"', listed.text)) == {
            one.id for one in expected
        }
        for one in all_of_them:
            answer = await visitor.get(f"webhooks/{one.id}")
            assert answer.status_code == (200 if one in expected else 404), (asked, one.url)
            for act in ("pause", "resume", "rotate", "test", "replay"):
                if one not in expected:
                    assert (await visitor.post(f"webhooks/{one.id}/{act}")).status_code == 404
    again = await house.parts.subscriptions.get(others.id)
    assert again
    assert again == others


async def test_a_delivery_of_another_webhook_is_not_reached_through_ones_own(house: ConsoleHouse) -> None:
    attempts = Attempts(house)
    async with Endpoint() as endpoint:
        own = await subscribed(house, endpoint.url)
        other = await subscribed(house, f"{endpoint.url}other", connector="elsewhere")
        event = await happened(house, data=b'{"note":"<script>alert(1)</script>"}')
        await attempts.reach(2)
    visitor = await guest(house, connector="shop", grants="replay")

    mine = await visitor.get(f"webhooks/{own.id}/deliveries/{outside(event, own.number)}")
    theirs = await visitor.get(f"webhooks/{own.id}/deliveries/{outside(event, other.number)}")
    again = await visitor.post(f"webhooks/{own.id}/deliveries/{outside(event, other.number)}/retry")

    assert mine.status_code == 200
    assert "answered 200" in mine.text
    assert "<script>" not in mine.text
    assert "&lt;script&gt;" in mine.text
    assert theirs.status_code == 404
    assert again.status_code == 404


async def trusted(house: ConsoleHouse) -> Guest:
    """A guest who may do to the orders of the shop whatever a link may allow."""
    return await guest(
        house, connector="shop", objectType="Application", objectId="orders", grants=EVERYTHING, title="Customer"
    )


async def test_a_guest_makes_and_ends_a_webhook_on_what_the_link_is_about(house: ConsoleHouse) -> None:
    visitor = await trusted(house)

    refused = await visitor.post("webhooks/new", {"callBackUrl": "ftp://x", "moreTypes": "order.*"})
    made = await visitor.post("webhooks/new", {"callBackUrl": NOWHERE, "moreTypes": "order.*"})
    [webhook] = (await house.parts.subscriptions.of_subject(ORDERS, limit=9))[0]
    ended = await visitor.post(f"webhooks/{webhook.id}/end")

    assert refused.status_code == 422
    assert 'id="callBackUrl-error"' in refused.text
    assert "whsec_" in made.text
    assert (webhook.connector, webhook.subject) == ("shop", ORDERS)
    assert "has ended" in ended.text
    after = await house.parts.subscriptions.get(webhook.id)
    assert after
    assert after.state is State.ENDED
    record = [(actor, action) for actor, action, about in await audited(house) if about == webhook.id]
    assert {action for _, action in record} >= {"webhook.created", "webhook.ended"}
    assert all(actor.startswith("portal:") for actor, _ in record)


async def test_a_guest_does_to_a_webhook_what_the_link_allows(house: ConsoleHouse) -> None:
    attempts = Attempts(house)
    visitor = await trusted(house)
    async with Endpoint() as endpoint:
        await visitor.post("webhooks/new", {"callBackUrl": endpoint.url, "moreTypes": "order.*"})
        [webhook] = (await house.parts.subscriptions.of_subject(ORDERS, limit=9))[0]
        here = f"webhooks/{webhook.id}"
        paused = await visitor.post(f"{here}/pause")
        await happened(house)
        await visitor.post(f"{here}/resume")
        await attempts.reach(1)
        await visitor.post(f"{here}/test")
        await attempts.reach(2)
        [latest, *_] = (await house.parts.history.deliveries(webhook.number, limit=1))[0]
        retried = outside(latest.event, webhook.number)
        await visitor.post(f"{here}/deliveries/{retried}/retry")
        await attempts.reach(3)
        rotated = await visitor.post(f"{here}/rotate")
        replayed = await visitor.post(f"{here}/replay", {"since": "7d"})

    assert "is paused" in paused.text
    assert len(endpoint.requests) == 3
    assert "whsec_" in rotated.text
    assert "Nothing failed" in replayed.text
    record = [(actor, action) for actor, action, about in await audited(house) if about in {webhook.id, retried}]
    assert {action for _, action in record} >= {
        "webhook.paused",
        "webhook.resumed",
        "webhook.tested",
        "webhook.rotated",
        "delivery.retried",
    }
    assert all(actor.startswith("portal:") for actor, _ in record)


async def test_a_guest_does_nothing_that_the_link_does_not_allow(house: ConsoleHouse) -> None:
    webhook = await subscribed(house, NOWHERE)
    event = await happened(house)
    visitor = await guest(house, objectType="Application", objectId="orders", grants=[])

    page = await visitor.get(f"webhooks/{webhook.id}")
    for path in (
        "webhooks/new",
        *(f"webhooks/{webhook.id}/{act}" for act in ("pause", "resume", "rotate", "test", "replay", "end")),
        f"webhooks/{webhook.id}/deliveries/{outside(event, webhook.number)}/retry",
    ):
        assert (await visitor.post(path)).status_code == 403, path

    assert (await visitor.get("webhooks/new")).status_code == 403
    assert page.status_code == 200
    assert "hx-post" not in page.text
    assert await house.parts.subscriptions.get(webhook.id) == webhook


async def test_a_person_of_a_link_hears_only_what_they_may(house: ConsoleHouse) -> None:
    admin, other = await house.person(Role.MEMBER), await house.person(Role.MEMBER)
    group = await group_of(house, admin)
    asked: dict[str, str | list[str]] = {"objectType": "Group", "objectId": group.id, "grants": EVERYTHING}
    operator = await house.person(Role.OPERATOR)
    hers = Guest(house.stranger.http, await link(operator, **asked, phone=admin.person.phone))
    his = Guest(house.stranger.http, await link(operator, **asked, phone=other.person.phone))

    async with Endpoint() as endpoint:
        form: dict[str, str | list[str]] = {"callBackUrl": endpoint.url, "eventTypes": "MemberAdded"}
        made, refused = await hers.post("webhooks/new", form), await his.post("webhooks/new", form)

    assert made.status_code == 200
    assert "passed the handshake" in made.text
    assert refused.status_code == 404
    [webhook] = (await house.parts.subscriptions.of_subject(group, limit=9))[0]
    assert webhook.owner == admin.person.id


async def test_a_link_is_good_for_its_time_and_until_it_is_ended(house: ConsoleHouse) -> None:
    operator = await house.person(Role.OPERATOR)
    hour = Guest(house.stranger.http, await link(operator, connector="shop"))
    day = Guest(house.stranger.http, await link(operator, connector="shop", lives="24h"))

    async def statuses() -> list[int]:
        return [(await one.get("webhooks")).status_code for one in (hour, day)]

    assert await statuses() == [200, 200]
    await house.clock.jump(HOUR - MINUTE)
    assert await statuses() == [200, 200]
    await house.clock.jump(MINUTE)
    assert await statuses() == [403, 200]
    listed = await operator.get("/console/webhooks/portal")
    [end] = re.findall(r'action="(/console/webhooks/portal/\w+/end)"', listed.text)
    await operator.post(end)
    assert await statuses() == [403, 403]
    assert [action for _, action, _ in await audited(house)].count("portal.link_ended") == 1


async def test_a_link_of_a_revoked_connector_leads_nowhere(house: ConsoleHouse) -> None:
    visitor = await guest(house, connector="shop")
    before = await visitor.get("webhooks")

    await house.parts.database.write(connector_revoked("shop", at=house.clock.now()))

    assert before.status_code == 200
    assert (await visitor.get("webhooks")).status_code == 403


async def test_a_token_counts_in_the_header_alone(house: ConsoleHouse) -> None:
    operator = await house.person(Role.OPERATOR)
    token = await link(operator, connector="shop")
    http = house.stranger.http

    for path, headers in (
        ("/portal/webhooks", {}),
        (f"/portal/webhooks?token={token}", {}),
        ("/portal/webhooks", {"authorization": f"Bearer {token}"}),
        ("/portal/webhooks", {"cookie": f"tidings-portal={token}"}),
        ("/portal/webhooks", {"tidings-portal": token[:-1]}),
    ):
        assert (await http.get(path, headers=headers)).status_code == 403, (path, headers)
    # Nor does somebody who is signed in see more of it.
    assert (await operator.get("/portal/webhooks")).status_code == 403
    # A page of another origin asks before it sends such a header, and is told no.
    asked = {"origin": SHOP_PAGE, "access-control-request-method": "GET"}
    preflight = await http.options(
        "/portal/webhooks", headers=asked | {"access-control-request-headers": "tidings-portal"}
    )
    assert preflight.status_code == 400


async def test_the_frame_may_be_framed_by_the_named_origins_alone(house: ConsoleHouse, tmp_path: Path) -> None:
    frame = await house.stranger.http.get("/portal")
    policy = frame.headers["content-security-policy"]

    assert frame.status_code == 200
    assert f"frame-ancestors {SHOP_PAGE} https://other.example.org:8443" in policy
    assert "'none'" in policy.split(";")[0]
    assert "unsafe" not in policy
    assert "set-cookie" not in frame.headers
    assert "x-frame-options" not in frame.headers
    console = await house.stranger.http.get("/console/sign-in")
    assert "frame-ancestors 'none'" in console.headers["content-security-policy"]
    folder = tmp_path / "closed"
    folder.mkdir()
    async with opened_house(folder) as closed:
        alone = await closed.stranger.http.get("/portal")
        assert "frame-ancestors 'none'" in alone.headers["content-security-policy"]


@pytest.mark.parametrize(
    "origins", ["*", "app.example.com", "https://a.example.com/path", "https://a.example.com; script-src *", "'self'"]
)
def test_an_origin_is_scheme_host_and_port(origins: str, tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="TIDINGS_PORTAL_ORIGINS: write origins like"):
        load({}, folder=tmp_path, portal_origins=origins)


async def test_only_operators_make_links_and_never_one_without_limits(house: ConsoleHouse) -> None:
    reader, operator = await house.person(Role.READER), await house.person(Role.OPERATOR)

    refused = await reader.post("/console/webhooks/portal", {"connector": "shop"})
    boundless = await operator.post("/console/webhooks/portal", {"connector": ""})
    no_object = await operator.post("/console/webhooks/portal", {"connector": "shop", "grants": "make"})
    nobody = await operator.post("/console/webhooks/portal", {"phone": "+910000099999"})

    assert refused.status_code == 403
    assert [one.status_code for one in (boundless, no_object, nobody)] == [422, 422, 422]
    assert 'id="connector-error"' not in refused.text
    assert "a link never leads to all webhooks" in boundless.text
    assert "name the object" in no_object.text.lower()
    assert "Nobody here has this number" in nobody.text
