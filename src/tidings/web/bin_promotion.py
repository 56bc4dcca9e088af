"""Bin promotion: a bin becomes a source, for the API and the page alike."""

from tidings.inbox.inbox import Inbox, address_of
from tidings.inbox.inspector import Inspector
from tidings.inbox.promotion import MOST_REFUSED, promote
from tidings.store.bins import Bin
from tidings.web.bin_shapes import Promoted, Promotion, RefusedRequest


class BinPromotion:
    """Makes sources of bins. `public_url` ends in a slash."""

    def __init__(self, inspector: Inspector, *, inbox: Inbox, public_url: str) -> None:
        self._inspector = inspector
        self._inbox = inbox
        self._public_url = public_url

    async def promote(self, bin_: Bin, order: Promotion, *, actor: str) -> Promoted:
        """As `tidings.inbox.promotion.promote`, which raises the same."""
        done = await promote(
            bin_,
            inspector=self._inspector,
            inbox=self._inbox,
            source=order.source,
            dialect=order.dialect,
            secret=order.secret,
            actor=actor,
        )
        return Promoted(
            source=done.source.name,
            url=address_of(done.source, base_url=self._public_url),
            secret=done.source.secret.reveal(),
            kept=done.kept,
            refused=len(done.refused),
            reasons=[RefusedRequest(number=one.number, why=one.why) for one in done.refused[:MOST_REFUSED]],
        )
