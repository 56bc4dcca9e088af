"""Kaizala's API, as far as Tidings answers it: of the programs written for it, only the base URL changes."""

from collections.abc import Mapping
from dataclasses import dataclass

from tidings.access.access import Access
from tidings.core.event import Event
from tidings.core.route import Route
from tidings.dialects.kaizala.api.accounts import AccountApi
from tidings.dialects.kaizala.api.groups import GroupApi
from tidings.dialects.kaizala.api.webhooks import WebhookApi
from tidings.outbox.subscribing import Subscribing
from tidings.store.history import History
from tidings.store.lanes import Lanes
from tidings.store.subscriptions import Subscriptions
from tidings.workspace.workspace import Workspace


@dataclass(frozen=True, slots=True, kw_only=True)
class KaizalaApi:
    """Signing in, groups, webhooks. `endpoint_url` is this server's public URL and ends in `/`."""

    access: Access
    workspace: Workspace
    subscribing: Subscribing
    subscriptions: Subscriptions
    lanes: Lanes
    history: History
    samples: Mapping[str, Event]
    endpoint_url: str

    def routes(self) -> list[Route]:
        accounts = AccountApi(access=self.access, endpoint_url=self.endpoint_url)
        groups = GroupApi(groups=self.workspace.groups, messages=self.workspace.messages)
        webhooks = WebhookApi(
            subscribing=self.subscribing,
            subscriptions=self.subscriptions,
            rights=self.workspace.rights,
            lanes=self.lanes,
            history=self.history,
            samples=self.samples,
        )
        return [*accounts.routes(), *groups.routes(), *webhooks.routes()]
