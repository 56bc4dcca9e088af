"""Who sees a webhook of the console, and who may change it: as the workspace's rules have it."""

from tidings.console.offers import Offers
from tidings.console.visit import Visit
from tidings.console.webhook_subjects import acting
from tidings.core.errors import NotFound
from tidings.core.subscription import State, Subscription

_NOT_HERE = "there is no such webhook, or it is not yours; the list shows those that are"


class WebhookAccess:
    """Finds webhooks for visitors."""

    def __init__(self, offers: Offers) -> None:
        self._subscriptions = offers.subscriptions
        self._rights = offers.workspace.rights

    async def seen(self, visit: Visit) -> Subscription:
        """The webhook of the path. Raises NotFound unless the visitor may look at it, or change it with a form."""
        found = await self._subscriptions.get(visit.path["id"])
        if found is None:
            raise NotFound(_NOT_HERE)
        try:
            await self._rights.may_manage(visit.caller, found)
        except NotFound as error:
            raise NotFound(_NOT_HERE) from error
        return found

    async def changed(self, visit: Visit) -> Subscription:
        """As `seen`, for whoever is about to change it: it has not ended."""
        found = await self.seen(visit)
        if found.state is State.ENDED or not await self.may_change(visit, found):
            raise NotFound("this webhook has ended, or is not yours to change")
        return found

    async def may_change(self, visit: Visit, subscription: Subscription) -> bool:
        try:
            await self._rights.may_manage(acting(visit), subscription)
        except NotFound:
            return False
        return True
