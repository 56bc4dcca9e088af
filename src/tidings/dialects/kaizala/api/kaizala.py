"""Kaizala's API, as far as Tidings answers it: of the programs written for it, only the base URL changes."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from tidings.access.access import Access
from tidings.core.event import Event
from tidings.core.route import Route
from tidings.dialects.kaizala.api.accounts import AccountApi
from tidings.dialects.kaizala.api.actions import ActionApi
from tidings.dialects.kaizala.api.bots import BotApi
from tidings.dialects.kaizala.api.groups import GroupApi
from tidings.dialects.kaizala.api.media import MediaApi
from tidings.dialects.kaizala.api.messages import MessageApi
from tidings.dialects.kaizala.api.packages import PackageApi
from tidings.dialects.kaizala.api.reactions import ReactionApi
from tidings.dialects.kaizala.api.reading import ReadingApi
from tidings.dialects.kaizala.api.responses import ResponseApi
from tidings.dialects.kaizala.api.sub_groups import SubGroupApi
from tidings.dialects.kaizala.api.subscribers import SubscriberApi
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
        """All of Kaizala's, lenient like its own."""
        return [replace(route, is_lenient=True) for route in self._chapters()]

    def _chapters(self) -> list[Route]:
        accounts = AccountApi(access=self.access, endpoint_url=self.endpoint_url)
        groups = GroupApi(groups=self.workspace.groups)
        sub_groups = SubGroupApi(groups=self.workspace.groups, sub_groups=self.workspace.sub_groups)
        media = MediaApi(media=self.workspace.media)
        messages = MessageApi(messages=self.workspace.messages)
        subscribers = SubscriberApi(subscribers=self.workspace.subscribers)
        bots = BotApi(bots=self.workspace.bots)
        reactions = ReactionApi(reactions=self.workspace.reactions)
        packages = PackageApi(packages=self.workspace.packages)
        actions = ActionApi(posting=self.workspace.posting, amending=self.workspace.amending)
        responses = ResponseApi(responses=self.workspace.responses)
        reading = ReadingApi(reading=self.workspace.reading)
        webhooks = WebhookApi(
            subscribing=self.subscribing,
            subscriptions=self.subscriptions,
            rights=self.workspace.rights,
            lanes=self.lanes,
            history=self.history,
            samples=self.samples,
        )
        return [
            *accounts.routes(),
            *groups.routes(),
            *sub_groups.routes(),
            *media.routes(),
            *messages.routes(),
            *subscribers.routes(),
            *bots.routes(),
            *reactions.routes(),
            *packages.routes(),
            *actions.routes(),
            *responses.routes(),
            *reading.routes(),
            *webhooks.routes(),
        ]
