"""The form of a webhook in the console: made, refused at the field, tried on what happened, and changed."""

import re
from collections.abc import AsyncIterator
from html import unescape
from pathlib import Path

import pytest

from tests.console.house import ConsoleHouse
from tests.console.webhook_house import (
    AMOUNT,
    HOSTILE,
    ORDERS,
    audited,
    form_for,
    group_of,
    happened,
    opened_house,
    subscribed,
)
from tidings.console.rights import Role
from tidings.console.webhook_form import KEPT
from tidings.core.event import Subject
from tidings.core.subscription import Subscription
from tidings.outbox.terms import Terms
from tidings.store.connectors import Connector, connector_added
from tidings.testing.endpoint import Endpoint


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[ConsoleHouse]:
    async with opened_house(tmp_path) as house:
        yield house


async def test_the_form_offers_the_groups_of_that_name_and_the_events_of_a_group(house: ConsoleHouse) -> None:
    operator = await house.person(Role.OPERATOR)
    group = await group_of(house, operator)

    chosen = await operator.get("/console/webhooks/new?kind=Group&part=FIELD")
    blank = await operator.get(f"/console/webhooks/new?kind=Group&object={group.id}")

    assert "Field team" in chosen.text
    assert 'value="SurveyResponse"' in blank.text


async def test_a_webhook_is_made_with_its_secret_shown_once_and_the_handshake_told(house: ConsoleHouse) -> None:
    operator = await house.person(Role.OPERATOR)
    group = await group_of(house, operator)

    async with Endpoint() as endpoint:
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


async def secretive(house: ConsoleHouse) -> Subscription:
    """A webhook with a secret wherever it may have one."""
    url = "http://127.0.0.1:9/"
    terms = Terms(
        types=("order.*",),
        url=url,
        headers={"X-Key": "never shown"},
        basic_auth="me:secret",
        token="token",
        schedule="1s",
    )
    return await subscribed(house, url, terms=terms)


async def test_a_change_keeps_what_is_not_shown_again(house: ConsoleHouse) -> None:
    operator = await house.person(Role.OPERATOR)
    webhook = await secretive(house)

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
