"""The demo's stage: people in a group, an application, and the webhooks that listen to them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from tidings.app.compose import Parts
from tidings.core.caller import Caller, TokenKind
from tidings.core.event import Actor, Event, Subject
from tidings.core.pattern import EVERY
from tidings.core.subscription import Subscription
from tidings.demo.forms import ORDER_FORM
from tidings.demo.receiver import BROKEN, SLOW, Receivers
from tidings.outbox.notices import SYSTEM
from tidings.outbox.terms import Terms
from tidings.workspace.groups import NewGroup

GROUP_NAME = "Site crew"
BIN = "demo"
# The source whose callbacks are laid into tables, and the webhook that leads there.
SOURCE = "demo"
TABLES = "tables"
# What the tokens of the demo may be used for beside what every token may.
TABLES_READ = "tables.read"
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

    `admin` acts with the token that is shown; `tables_key` reads the tables, and nothing else. `crew` are the members
    by id, `webhooks` those that lead to `receivers` and into the tables, by name.
    """

    parts: Parts
    receivers: Receivers
    receivers_url: str
    group: str
    admin: Caller
    token: str
    tables_key: str
    crew: Mapping[str, Actor]
    webhooks: dict[str, Subscription] = field(default_factory=dict)

    async def connect(self, name: str, *, to: Subject, terms: Terms) -> None:
        """Make a webhook that leads to the receiver of that name."""
        self.webhooks[name], self.receivers.secrets[name] = await self.parts.subscribing.create(
            to, terms, connector=self.admin.connector, owner=self.admin.person.id
        )
