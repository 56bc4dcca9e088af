"""Webhooks in the console: made, tried, changed and explained, by whoever may."""

import json
import re
from collections.abc import AsyncIterator
from html import unescape
from pathlib import Path

import pytest

from tests.console.house import ConsoleHouse
from tests.console.webhook_house import (
    ORDERS,
    Attempts,
    audited,
    group_of,
    happened,
    opened_house,
    subscribed,
)
from tidings.console.rights import Role
from tidings.console.webhook_form import KEPT
from tidings.console.webhook_trial import checks
from tidings.console.webhook_words import snippets
from tidings.core.clock import DAY, MINUTE
from tidings.core.event import ANY, Event, Subject
from tidings.core.filter import compile_filter
from tidings.core.identifier import outside
from tidings.core.pattern import compile_types
from tidings.core.signature import new_key_pair, new_secret, sign
from tidings.core.subscription import State, Subscription
from tidings.outbox.terms import Terms
from tidings.store.connectors import Connector, connector_added
from tidings.testing.endpoint import Endpoint

HOSTILE = "<script>alert(1)</script><b>Pune</b>"
AMOUNT = json.dumps([{"path": "data.amount", "op": "gt", "value": 10}])


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[ConsoleHouse]:
    async with opened_house(tmp_path) as house:
        yield house


def form_for(subject: Subject, url: str, **more: str | list[str]) -> dict[str, str | list[str]]:
    return {"objectType": subject.kind, "objectId": subject.id, "callBackUrl": url, **more}


async def test_a_webhook_is_made_with_its_secret_shown_once_and_the_handshake_told(house: ConsoleHouse) -> None:
    operator = await house.person(Role.OPERATOR)
    group = await group_of(house, operator)

    async with Endpoint() as endpoint:
        chosen = await operator.get("/console/webhooks/new?kind=Group&part=FIELD")
        blank = await operator.get(f"/console/webhooks/new?kind=Group&object={group.id}")
        made = await operator.post(
            "/console/webhooks/new",
            form_for(
                group,
                endpoint.url,
                eventTypes=["TextMessageCreated", "MemberAdded"],
                callBackHeaders="X-Key: first\nX-Other: second",
                timeout="20",
                rateLimit="0.5",
                order="key",
                orderKey="data.id",
                schedule="1s,1m",
                filters=AMOUNT,
                callBackToken="token",
            ),
        )

    assert "Field team" in chosen.text
    assert 'value="SurveyResponse"' in blank.text
    assert made.status_code == 200
    assert "passed the handshake" in made.text
    secret = re.search(r"whsec_[A-Za-z0-9+/=]+", unescape(made.text))
    assert secret
    [webhook] = (await house.parts.subscriptions.of_subject(group, limit=9))[0]
    assert webhook.secrets[0].text == secret[0]
    assert webhook.types.names == ("TextMessageCreated", "MemberAdded")
    assert dict(webhook.headers) == {"X-Key": "first", "X-Other": "second"}
    assert (webhook.timeout_ms, webhook.rate, webhook.order_key) == (20_000, 0.5, "data.id")
    assert (webhook.connector, webhook.owner) == ("the console", "")
    page = await operator.get(f"/console/webhooks/{webhook.id}")
    assert secret[0] not in unescape(page.text)
    assert "Only where data.amount is greater than 10." in page.text
    assert "At most one every 2 s." in page.text
    assert (operator.person.id, "webhook.created", webhook.id) in await audited(house)


async def test_a_refused_handshake_is_told_at_the_url_and_what_was_written_stays(house: ConsoleHouse) -> None:
    operator = await house.person(Role.OPERATOR)
    group = await group_of(house, operator)

    async with Endpoint(404, echo=False) as endpoint:
        refused = await operator.post(
            "/console/webhooks/new",
            form_for(group, endpoint.url, eventTypes=["MemberAdded"], callBackContext=HOSTILE),
        )

    assert refused.status_code == 422
    error = re.search(r'id="callBackUrl-error">(.*?)</p>', refused.text, re.DOTALL)
    assert error
    assert "did not pass the validation handshake" in error[1]
    assert "status 404" in error[1]
    assert f'value="{endpoint.url}"' in refused.text
    assert 'value="MemberAdded" checked' in refused.text
    assert "<script>alert" not in refused.text
    assert (await house.parts.subscriptions.of_subject(group, limit=9))[0] == []


@pytest.mark.parametrize(
    ("field", "sent", "says"),
    [
        ("eventTypes", {"eventTypes": []}, "name at least one event type"),
        ("callBackUrl", {"callBackUrl": "https://10.0.0.1/"}, "may not be called"),
        ("filters", {"filters": "[{]"}, "this is not json"),
        ("filters", {"filters": '[{"path": "data.a", "op": "is", "value": 1}]'}, "is not an operator"),
        ("callBackHeaders", {"callBackHeaders": "no colon"}, "line 1 has no colon"),
        ("callBackHeaders", {"callBackHeaders": "Authorization: x"}, "set by tidings itself"),
        ("schedule", {"schedule": "soon"}, "is not a duration"),
        ("rateLimit", {"rateLimit": "fast"}, "a number of deliveries a second"),
        ("timeout", {"timeout": "90"}, "between 1s and 60s"),
        ("validity", {"validity": "2001-01-01"}, "that day is over"),
        ("orderKey", {"order": "key"}, "is empty"),
    ],
)
async def test_what_is_wrong_is_said_at_its_field(
    house: ConsoleHouse, field: str, sent: dict[str, str | list[str]], says: str
) -> None:
    operator = await house.person(Role.OPERATOR)
    group = await group_of(house, operator)

    answer = await operator.post(
        "/console/webhooks/new",
        form_for(group, "https://example.com/") | {"eventTypes": ["MemberAdded"]} | sent,
    )

    assert answer.status_code == 422
    error = re.search(rf'id="{field}-error">(.*?)</p>', answer.text, re.DOTALL)
    assert error, answer.text[-3000:]
    assert says in unescape(error[1]).lower()


async def test_an_application_that_nobody_named_becomes_the_chosen_programs(house: ConsoleHouse) -> None:
    operator = await house.person(Role.OPERATOR)
    shop = Connector(id="shop", name="Shop", secret="", scopes="", created_at=0)
    await house.parts.database.write(connector_added(shop))

    blank = await operator.get("/console/webhooks/new?kind=Application&object=orders")
    unnamed = await operator.post("/console/webhooks/new", form_for(ORDERS, "http://127.0.0.1:9/", moreTypes="order.*"))
    made = await operator.post(
        "/console/webhooks/new",
        form_for(ORDERS, "http://127.0.0.1:9/", moreTypes="order.*, refund.made", connector="shop"),
    )

    assert "Published by" in blank.text
    assert "Choose the program" in unnamed.text
    assert "No handshake was asked for" in made.text
    [webhook] = (await house.parts.subscriptions.of_subject(ORDERS, limit=9))[0]
    assert webhook.types.names == ("order.*", "refund.made")
    listed = await operator.get("/console/webhooks/new?kind=Application")
    assert "published by shop" in listed.text


async def test_a_dry_run_says_of_recent_events_which_would_go_out_and_why_not(house: ConsoleHouse) -> None:
    operator = await house.person(Role.OPERATOR)
    webhook = await subscribed(house, "http://127.0.0.1:9/")
    await happened(house, data=b'{"amount":11}')
    await happened(house, data=b'{"amount":9}')
    await happened(house, type_="refund.made")
    await happened(house, subject=Subject("Application", "elsewhere"))
    asked = form_for(ORDERS, "") | {"moreTypes": "order.*", "filters": AMOUNT}

    new = await operator.post("/console/webhooks/trial", asked, htmx=True)
    changed = await operator.post(f"/console/webhooks/{webhook.id}/trial", asked, htmx=True)
    wrong = await operator.post("/console/webhooks/trial", asked | {"filters": "?"}, htmx=True)

    for answer in (new, changed):
        assert "<html" not in answer.text
        assert "1 of the last 3 events would go out." in answer.text
        assert "filters[0] does not hold: data.amount is greater than 10" in answer.text
        assert "does not listen to refund.made" in answer.text
    assert "this is not JSON" in wrong.text
    again = await house.parts.subscriptions.get(webhook.id)
    assert again
    assert again.filters is None


async def test_a_change_keeps_what_is_not_shown_again(house: ConsoleHouse) -> None:
    operator = await house.person(Role.OPERATOR)
    webhook = await subscribed(
        house,
        "http://127.0.0.1:9/",
        terms=Terms(
            types=("order.*",),
            url="http://127.0.0.1:9/",
            headers={"X-Key": "never shown"},
            basic_auth="me:secret",
            token="token",
            schedule="1s",
        ),
    )

    form = await operator.get(f"/console/webhooks/{webhook.id}/edit")
    saved = await operator.post(
        f"/console/webhooks/{webhook.id}/edit",
        {
            "typesShown": "on",
            "moreTypes": "order.*\nrefund.*",
            "callBackUrl": webhook.url,
            "callBackToken": "",
            "callBackHeaders": f"X-Key: {KEPT}\nX-New: value",
            "basicAuthUser": "me",
            "basicAuthPassword": "",
            "schedule": "",
            "timeout": "15",
            "filters": AMOUNT,
            "order": "",
            "validity": re.findall(r'name="validity" type="date" value="([^"]+)"', form.text)[0],
        },
    )

    assert "never shown" not in form.text
    assert "secret" not in re.findall(r'name="basicAuthPassword"[^>]*', form.text)[0].replace("password", "")
    assert saved.status_code == 303
    after = await house.parts.subscriptions.get(webhook.id)
    assert after
    assert after.types.names == ("order.*", "refund.*")
    assert dict(after.headers) == {"X-Key": "never shown", "X-New": "value"}
    assert after.basic_auth
    assert after.basic_auth.reveal() == "me:secret"
    assert (after.token, after.schedule, after.expires_at) == (None, None, webhook.expires_at)
    assert (operator.person.id, "webhook.changed", webhook.id) in await audited(house)


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
