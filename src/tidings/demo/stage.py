"""The demo's stage: people in a group, an application, and the webhooks that listen to them."""

from collections.abc import Mapping
from dataclasses import dataclass

from tidings.app.compose import Parts
from tidings.core.caller import Caller, TokenKind
from tidings.core.event import Actor, Event, Subject
from tidings.core.subscription import Subscription
from tidings.demo.receiver import BROKEN, SLOW, Receivers
from tidings.outbox.notices import SYSTEM
from tidings.outbox.terms import Terms
from tidings.workspace.groups import NewGroup

GROUP_NAME = "Site crew"
BIN = "demo"
NEWCOMER = Actor(id="7b9e4d15-2f60-4a83-9c1b-d84e05f6a713", phone="+910000000009", name="Noor Khan")
# What the audit calls whoever set this up.
_US = "demo"
# The operational events that the screen has words for.
TOLD = ("circuit.opened", "circuit.closed", "delivery.failed", "webhook.disabled", "webhook.enabled")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Everything is in place. `admin` acts with the token that is shown; `crew` are the members by id."""

    parts: Parts
    group: str
    admin: Caller
    token: str
    crew: Mapping[str, Actor]
    webhooks: Mapping[str, Subscription]


async def set_up(parts: Parts, receivers: Receivers, *, receivers_url: str) -> Stage:
    """Put the people of the samples into the group of the samples, and a webhook at each receiver."""
    samples = parts.found.samples
    crew = {sample.actor.id: sample.actor for sample in samples.values() if sample.actor.id}
    people = [*crew.values(), NEWCOMER]
    for person in people:
        await parts.access.create_person(
            person.phone, actor=_US, name=person.name, picture=person.picture, identifier=person.id
        )
    token = await _sign_in(parts, phone=samples["Announcement"].actor.phone)
    admin = await parts.access.authenticate(token)
    group, shop = _place(samples["TextMessageCreated"]), _place(samples["order.created"])
    members = [person.phone for person in crew.values()]
    await parts.workspace.groups.create(admin, NewGroup(name=GROUP_NAME, id=group.id, members=members))
    receivers.manners |= {"crm": SLOW, "archive": BROKEN}
    webhooks = {}
    for name, (subject, terms) in _orders(receivers_url, group=group, shop=shop).items():
        webhooks[name], receivers.secrets[name] = await parts.subscribing.create(
            subject, terms, connector=admin.connector, owner=admin.person.id
        )
    await parts.inspector.make(BIN, connector=admin.connector)
    await parts.subscribing.create(
        group,
        Terms(types=("TextMessageCreated",), url=f"{parts.settings.base_url}bin/{BIN}"),
        connector=admin.connector,
        owner=admin.person.id,
    )
    return Stage(parts=parts, group=group.id, admin=admin, token=token, crew=crew, webhooks=webhooks)


async def _sign_in(parts: Parts, *, phone: str) -> str:
    connector = await parts.access.create_connector("Demo", actor=_US, identifier="demo")
    refresh = await parts.access.create_refresh_token(connector.id, actor=_US, kind=TokenKind.USER, phone=phone)
    access = await parts.access.access_token(
        application_id=connector.id, application_secret=connector.secret, refresh_token=refresh.token
    )
    return access.token


def _place(sample: Event) -> Subject:
    return sample.subjects[0]


def _orders(url: str, *, group: Subject, shop: Subject) -> dict[str, tuple[Subject, Terms]]:
    """Who listens to what. `archive` is short of patience, so that giving up and holding are seen within seconds."""
    told_in_group = (
        "TextMessageCreated",
        "MemberAdded",
        "MemberRemoved",
        "Announcement",
        "JobCreated",
        "SurveyResponse",
    )
    return {
        "dashboard": (group, Terms(types=told_in_group, url=f"{url}dashboard")),
        "crm": (group, Terms(types=("TextMessageCreated", "MemberAdded"), url=f"{url}crm")),
        "archive": (group, Terms(types=("TextMessageCreated",), url=f"{url}archive", schedule="1s,1s")),
        "billing": (shop, Terms(types=("order.*",), url=f"{url}billing")),
        "pager": (SYSTEM, Terms(types=TOLD, url=f"{url}pager")),
    }
