"""The demo's stage: people in a group, an application, and the webhooks that listen to them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from tidings.access.scope import TABLES_READ
from tidings.app.parts import Parts
from tidings.console.rights import Role
from tidings.core.calendar import HOURLY
from tidings.core.caller import Caller, TokenKind
from tidings.core.clock import MINUTE
from tidings.core.event import Actor, Event, Subject
from tidings.core.pattern import EVERY
from tidings.core.report import ReportAuthor, ReportFormat, ReportRole, TaskDraft
from tidings.core.subscription import Subscription
from tidings.demo.forms import ORDER_FORM
from tidings.demo.receiver import BROKEN, SLOW, Receivers
from tidings.outbox.notices import SYSTEM
from tidings.outbox.terms import Terms
from tidings.reports.samples import SAMPLES
from tidings.workspace.groups import NewGroup

GROUP_NAME = "Site crew"
BIN = "demo"
# Hears one survey, as soon as that is there.
KITCHEN = "kitchen"
# The source whose callbacks are laid into tables, and the webhook that leads there.
SOURCE = "demo"
TABLES = "tables"
NEWCOMER = Actor(id="7b9e4d15-2f60-4a83-9c1b-d84e05f6a713", phone="+910000000009", name="Noor Khan")
# Those of the samples are two, and orders are given by more.
_MEERA = Actor(id="1f7c5a90-8d24-4be6-b3a1-60d9e27c4f58", phone="+910000000003", name="Meera Iyer")
# What the audit calls whoever set this up.
_US = "demo"
# The operational events that the screen has words for.
TOLD = ("circuit.opened", "circuit.closed", "delivery.failed", "webhook.disabled", "webhook.enabled")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Everything is in place.

    `admin` acts with the token that is shown; `tables_key` reads the tables, and nothing else; `view_token` shows what
    the bin caught; `console` is the token of a link that lets its first reader into the console, as an owner. `crew`
    are the members by id, `webhooks` those that lead to `receivers` and into the tables, by name.
    """

    parts: Parts
    receivers: Receivers
    receivers_url: str
    group: str
    admin: Caller
    token: str
    tables_key: str
    view_token: str
    console: str
    crew: Mapping[str, Actor]
    webhooks: dict[str, Subscription] = field(default_factory=dict)

    def as_caller(self, person: Actor) -> Caller:
        """That person, by way of the same program."""
        return replace(self.admin, person=person)

    async def connect(self, name: str, *, to: Subject, terms: Terms) -> None:
        """Make a webhook; it leads to the receiver of that name if the terms do not say where to."""
        self.webhooks[name], self.receivers.secrets[name] = await self.parts.subscribing.create(
            to,
            replace(terms, url=terms.url or f"{self.receivers_url}{name}"),
            connector=self.admin.connector,
            owner=self.admin.person.id,
        )


async def set_up(parts: Parts, receivers: Receivers, *, receivers_url: str) -> Stage:
    """Put the people of the samples into the group of the samples, and a webhook at each receiver."""
    samples = parts.found.samples
    crew = {sample.actor.id: sample.actor for sample in samples.values() if sample.actor.id} | {_MEERA.id: _MEERA}
    for person in (*crew.values(), NEWCOMER):
        await parts.access.create_person(
            person.phone, actor=_US, name=person.name, picture=person.picture, identifier=person.id
        )
    token, tables_key = await _sign_in(parts, phone=samples["Announcement"].actor.phone)
    admin = await parts.access.authenticate(token)
    group, shop = _place(samples["TextMessageCreated"]), _place(samples["order.created"])
    members = [person.phone for person in crew.values()]
    await parts.workspace.groups.create(admin, NewGroup(name=GROUP_NAME, id=group.id, members=members))
    await parts.workspace.packages.create(admin, ORDER_FORM)
    stage = Stage(
        parts=parts,
        receivers=receivers,
        receivers_url=receivers_url,
        group=group.id,
        admin=admin,
        token=token,
        tables_key=tables_key,
        view_token=(await parts.inspector.make(BIN, connector=admin.connector)).view_token,
        console=await _own(parts, admin.person),
        crew=crew,
    )
    receivers.manners |= {"crm": SLOW, "archive": BROKEN}
    for name, (subject, terms) in _orders(group=group, shop=shop).items():
        await stage.connect(name, to=subject, terms=terms)
    await _catch(stage, group)
    await _report(parts)
    return stage


async def _sign_in(parts: Parts, *, phone: str) -> tuple[str, str]:
    """Tokens of a program: one of a person, for a day, and one that reads the tables."""
    connector = await parts.access.create_connector("Demo", actor=_US, identifier="demo")
    refresh = await parts.access.create_refresh_token(connector.id, actor=_US, kind=TokenKind.USER, phone=phone)
    access = await parts.access.access_token(
        application_id=connector.id, application_secret=connector.secret, refresh_token=refresh.token
    )
    return access.token, await parts.access.create_key(connector.id, actor=_US, scopes=(TABLES_READ,))


async def _own(parts: Parts, person: Actor) -> str:
    await parts.entrance.give_role(person.id, Role.OWNER, actor=_US)
    return await parts.entrance.link(actor=_US, phone=person.phone)


def _place(sample: Event) -> Subject:
    return sample.subjects[0]


def _orders(*, group: Subject, shop: Subject) -> dict[str, tuple[Subject, Terms]]:
    """Who listens to what. `archive` is short of patience, so that giving up and holding are seen within seconds."""
    package = Subject("ActionPackage", ORDER_FORM.id)
    return {
        "dashboard": (group, Terms(types=(EVERY,))),
        "crm": (group, Terms(types=("TextMessageCreated", "MemberAdded"))),
        "archive": (group, Terms(types=("TextMessageCreated",), schedule="1s,1s")),
        "warehouse": (package, Terms(types=("ActionCreated", "ActionResponse"))),
        "billing": (shop, Terms(types=("order.*",))),
        "pager": (SYSTEM, Terms(types=TOLD)),
    }


async def _catch(stage: Stage, group: Subject) -> None:
    """Let our own server receive what happens in the group, too: into tables, and into a bin."""
    parts = stage.parts
    source = await parts.inbox.create_source(SOURCE, dialect="kaizala", actor=_US)
    url = f"{parts.settings.base_url}receive/{SOURCE}"
    await stage.connect(TABLES, to=group, terms=Terms(types=(EVERY,), url=url, token=source.secret.reveal()))
    await parts.subscribing.create(
        group,
        Terms(types=("TextMessageCreated",), url=f"{parts.settings.base_url}bin/{BIN}"),
        connector=stage.admin.connector,
        owner=stage.admin.person.id,
    )


async def _report(parts: Parts) -> None:
    """An overview of what happens, a minute from now and then every hour."""
    author = ReportAuthor(id=_US, role=ReportRole.PUBLISHER)
    overview = SAMPLES[0]
    template = await parts.reports.templates.create(overview.title, overview.content, author=author)
    draft = TaskDraft(
        title="What happens on the site",
        template=template.id,
        frequency=HOURLY,
        start_on=parts.clock.now() + MINUTE,
        formats=(ReportFormat.HTML, ReportFormat.XLSX),
    )
    await parts.reports.tasks.create(draft, author=author)
