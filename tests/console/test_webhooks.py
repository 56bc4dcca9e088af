"""Webhooks in the console: listed, tried, paused, ended and explained, by whoever may."""

import json
import re
from collections.abc import AsyncIterator
from html import unescape
from pathlib import Path

import msgspec
import pytest

from tests.console.house import ConsoleHouse
from tests.console.webhook_house import (
    AMOUNT,
    HOSTILE,
    ORDERS,
    Attempts,
    audited,
    form_for,
    group_of,
    happened,
    opened_house,
    subscribed,
)
from tidings.console.rights import Role
from tidings.console.webhook_trial import checks
from tidings.console.webhook_words import snippets
from tidings.core.clock import DAY, MINUTE
from tidings.core.event import ANY, Event, Subject
from tidings.core.filter import compile_filter
from tidings.core.identifier import outside
from tidings.core.pattern import compile_types
from tidings.core.signature import new_key_pair, new_secret, sign
from tidings.core.subscription import State, Subscription
from tidings.core.vault import Drawer, Vault, new_key
from tidings.outbox.terms import Terms
from tidings.store.database import Kept, Owed, Publication, Statement, Value
from tidings.testing.endpoint import Endpoint


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[ConsoleHouse]:
    async with opened_house(tmp_path) as house:
        yield house


async def test_a_webhook_whose_key_is_missing_is_shown_as_held_with_the_key(house: ConsoleHouse) -> None:
    operator = await house.person(Role.OPERATOR)
    stranger = Vault([new_key()])
    async with Endpoint() as endpoint:
        webhook = await subscribed(house, endpoint.url)
        [was] = await house.parts.database.read(_Secrets, "sealed_in_subscription", after=webhook.number - 1, most=1)
        others: dict[str, Value] = {"token": None, "headers": "", "basic_auth": None, "client_certificate": None}
        values = others | {f"was_{column}": "" for column in others} | {"id": webhook.number}
        secrets: dict[str, Value] = {
            "secrets": stranger.seal("[]", Drawer.SUBSCRIPTION_SECRETS),
            "was_secrets": was.secrets,
        }
        database = house.parts.database
        await database.write(Statement("reseal_subscription", values | secrets))
        [version] = await database.read(int, "subscriptions_version")
        event = Event(type="order.created", subjects=(ORDERS,), data=b"{}", at=1, source="test")
        [kept] = await database.keep([Publication(event=event, owed=[Owed(webhook.number)])], version=version, owner=0)
        assert isinstance(kept, Kept)
        identifier = outside(kept.id, webhook.number)

        page = unescape((await operator.get(f"/console/webhooks/{webhook.id}")).text)
        edit = await operator.get(f"/console/webhooks/{webhook.id}/edit")
        listed = (await operator.get("/console/deliveries?state=held")).text
        waiting = (await operator.get("/console/deliveries?state=pending")).text
        one = unescape((await operator.get(f"/console/deliveries/{identifier}")).text)

    assert (identifier in listed, identifier in waiting) == (True, False)
    assert "Held, because this was sealed with the key" in one
    assert f"Events are held: this was sealed with the key {stranger.sealing_key}, which is not in" in page
    assert edit.status_code == 200


class _Secrets(msgspec.Struct):
    secrets: str


async def test_a_webhook_is_paused_resumed_tested_rotated_and_ended(house: ConsoleHouse) -> None:
    operator = await house.person(Role.OPERATOR)
    attempts = Attempts(house)
    async with Endpoint() as endpoint:
        webhook = await subscribed(house, endpoint.url)
        here = f"/console/webhooks/{webhook.id}"

        await operator.post(f"{here}/pause")
        await happened(house)
        paused = await operator.get(here)
        await operator.post(f"{here}/resume")
        await attempts.reach(1)
        tested = await operator.post(f"{here}/test")
        await attempts.reach(2)
        resumed = await operator.get(here)
        rotated = await operator.post(f"{here}/rotate", {"overlap": "1h"})
        await operator.post(f"{here}/end")
        ended = await operator.get(here)

    assert "it was disabled by its owner" in paused.text
    assert "Resume" in paused.text
    assert tested.status_code == 303
    assert len(endpoint.requests) == 2
    assert "100 % of those that are finished" in resumed.text
    assert "signs along for 1h" in rotated.text
    assert "End this webhook" not in ended.text
    actions = sorted(action for actor, action, about in await audited(house) if about == webhook.id and actor)
    assert actions == [
        "webhook.ended",
        "webhook.paused",
        "webhook.resumed",
        "webhook.rotated",
        "webhook.tested",
    ]


async def test_why_an_event_did_not_arrive_is_answered_by_the_rules(house: ConsoleHouse) -> None:
    operator = await house.person(Role.OPERATOR)
    attempts = Attempts(house)
    async with Endpoint() as endpoint:
        webhook = await subscribed(
            house,
            endpoint.url,
            terms=Terms(types=("order.*",), url=endpoint.url, filters=json.loads(AMOUNT)),
        )
        got = await happened(house, data=b'{"amount":11}')
        small = await happened(house, data=b'{"amount":1}')
        other = await happened(house, type_="refund.made")
        elsewhere = await happened(house, subject=Subject("Application", "elsewhere"))
        await attempts.reach(1)

        async def why(event: int) -> str:
            answer = await operator.get(f"/console/webhooks/{webhook.id}/why?event={outside(event)}")
            assert answer.status_code == 200
            return unescape(answer.text)

        assert "It got this event." in await why(got)
        assert "filters[0] does not hold: data.amount is greater than 10" in await why(small)
        assert "does not listen to refund.made" in await why(other)
        assert "not about Application orders" in await why(elsewhere)
        unknown = await operator.get(f"/console/webhooks/{webhook.id}/why?event=nonsense")
        # The identifiers of events are of the machine's clock, which the house's is now ahead of.
        await house.clock.jump(MINUTE)
        webhook = await subscribed(house, endpoint.url)
        assert "came before the webhook was made" in await why(got)
        assert unknown.status_code == 404
        assert "there is no such event" in unknown.text.lower()


def test_all_rules_hold_exactly_when_an_event_goes_out() -> None:
    about, at = Subject("Application", "orders"), 10 * DAY
    cases = [
        (state, subject, types, filters, expires_at, only_in, itself)
        for state in (State.ACTIVE, State.ENDED)
        for subject in (about, Subject("Application", ANY), Subject("Group", "g"))
        for types in ("order.*", "refund.*")
        for filters in ([], [{"path": "data.n", "op": "eq", "value": 1}], [{"path": "data.n", "op": "eq", "value": 2}])
        for expires_at in (at, at + 1)
        for only_in in (None, frozenset({"g"}), frozenset({"h"}))
        for itself in (False, True)
    ]

    for state, subject, types, filters, expires_at, only_in, itself in cases:
        webhook = Subscription(
            id="w",
            subject=subject,
            types=compile_types([types]),
            url="https://example.com/",
            format="standard",
            filters=compile_filter(filters),
            state=state,
            expires_at=expires_at,
            only_in=only_in,
        )
        subjects = (about, Subject("Group", "g"), *([Subject("Webhook", "w")] if itself else []))
        event = Event(type="order.created", subjects=subjects, data=b'{"n":1}', at=at, source="" if itself else "shop")

        assert all(check.holds for check in checks(webhook, event)) is webhook.wants(event, event.document), webhook


async def test_a_reader_sees_webhooks_without_their_token_and_changes_none(house: ConsoleHouse) -> None:
    reader = await house.person(Role.READER)
    webhook = await subscribed(
        house,
        "http://127.0.0.1:9/",
        terms=Terms(types=("order.*",), url="http://127.0.0.1:9/", token="callback-token"),
    )

    page = await reader.get(f"/console/webhooks/{webhook.id}")

    assert page.status_code == 200
    assert "callback-token" not in page.text
    assert "/pause" not in page.text
    for act in ("pause", "resume", "rotate", "test", "end", "edit", "trial"):
        answer = await reader.post(f"/console/webhooks/{webhook.id}/{act}", {"moreTypes": "*"})
        assert answer.status_code == 404, act
    assert (await reader.get(f"/console/webhooks/{webhook.id}/edit")).status_code == 404
    again = await house.parts.subscriptions.get(webhook.id)
    assert again
    assert again.state is State.ACTIVE


async def test_a_member_has_the_webhooks_of_the_groups_they_administer_and_no_others(house: ConsoleHouse) -> None:
    admin, other = await house.person(Role.MEMBER), await house.person(Role.MEMBER)
    group = await group_of(house, admin, name=HOSTILE)
    async with Endpoint() as endpoint:
        made = await admin.post(
            "/console/webhooks/new", form_for(group, endpoint.url, eventTypes=["TextMessageCreated"])
        )
        strange = await other.post(
            "/console/webhooks/new", form_for(group, endpoint.url, eventTypes=["TextMessageCreated"])
        )
        beyond = await admin.post("/console/webhooks/new", form_for(ORDERS, endpoint.url, moreTypes="*"))
    hidden = await subscribed(house, "http://127.0.0.1:9/")
    event = await happened(house)
    [webhook] = (await house.parts.subscriptions.of_subject(group, limit=9))[0]

    assert made.status_code == 200
    assert strange.status_code == 404
    assert beyond.status_code == 403
    assert webhook.owner == admin.person.id
    mine, theirs = await admin.get("/console/webhooks"), await other.get("/console/webhooks")
    assert webhook.id in mine.text
    assert hidden.id not in mine.text
    assert "<b>Pune" not in mine.text
    assert "No webhooks yet" in theirs.text
    assert (await other.get(f"/console/webhooks/{webhook.id}")).status_code == 404
    assert (await admin.get(f"/console/webhooks/{hidden.id}")).status_code == 404
    # Nor is anybody told whether an event of others exists.
    assert (await admin.get(f"/console/webhooks/{webhook.id}/why?event={outside(event)}")).status_code == 404
    assert (await admin.post("/console/webhooks/trial", form_for(ORDERS, "") | {"moreTypes": "*"})).status_code != 200


async def test_the_list_is_filtered_and_goes_on(house: ConsoleHouse) -> None:
    reader = await house.person(Role.READER)
    webhooks = [await subscribed(house, f"http://127.0.0.1:9/{number}") for number in range(27)]
    paused = webhooks[3]
    await house.parts.subscribing.change(paused, Terms(), active=False)
    await house.parts.subscribing.end(webhooks[4])

    async def shown(query: str) -> list[str]:
        text = (await reader.get(f"/console/webhooks{query}", htmx=True)).text
        assert "<html" not in text
        return re.findall(r'scope="row"><a href="/console/webhooks/([0-9a-f-]+)"', text)

    first = await reader.get("/console/webhooks")
    [older] = re.findall(r'rel="next" href="([^"]+)"', first.text)

    assert len(await shown("")) == 25
    assert await shown(unescape(older).removeprefix("/console/webhooks")) == [webhooks[0].id]
    assert await shown("?state=disabled") == [paused.id]
    assert await shown("?state=ended") == [webhooks[4].id]
    assert await shown("?url=9/26") == [webhooks[26].id]
    assert len(await shown("?kind=Application&object=orders")) == 25
    assert await shown("?kind=Group") == []
    assert "No webhook fits" in (await reader.get("/console/webhooks?state=nonsense&url=zzz")).text


def test_the_python_that_verifies_does() -> None:
    shared, pair = new_secret(), new_key_pair()
    for secret, told, wrong in (
        (shared, shared.text, new_secret().text),
        (pair, pair.public_text, new_key_pair().public_text),
    ):
        webhook = Subscription(
            id="w",
            subject=ORDERS,
            types=compile_types(["*"]),
            url="https://example.com/it's",
            format="standard",
            secrets=(secret,),
            expires_at=1,
        )
        code = next(one.text for one in snippets(webhook) if one.name == "Python")
        names: dict[str, object] = {}
        exec(f"{code}\nimport time\nnow = int(time.time())", names)  # noqa: S102 - the snippet itself is on trial
        now, verify = names["now"], names["verify"]
        assert isinstance(now, int)
        assert callable(verify)
        body = b'{"n": 1}'
        headers = {
            "webhook-id": "m",
            "webhook-timestamp": str(now),
            "webhook-signature": sign([secret], "m", timestamp=now, body=body),
        }

        verify(told, headers, body)
        for case in ((told, headers, body + b" "), (wrong, headers, body)):
            with pytest.raises(Exception):  # noqa: B017, PT011 - whatever the library raises
                verify(*case)
        with pytest.raises(ValueError, match="too old"):
            verify(told, headers | {"webhook-timestamp": str(now - 600)}, body)
