"""Links to the portal: by which a subscriber looks after some webhooks for a while."""

from collections.abc import Sequence
from enum import StrEnum

import msgspec

from tidings.core.errors import NotFound
from tidings.core.event import Subject
from tidings.core.subscription import Subscription
from tidings.store.database import Database, Statement, Value
from tidings.store.event_row import json_text
from tidings.store.webhooks import Scope, Webhook, about, of_connector, of_owner


class Grant(StrEnum):
    """What a link allows besides looking."""

    MAKE = "make"  # make webhooks on the link's subject, and end them
    PAUSE = "pause"  # pause and resume
    ROTATE = "rotate"  # make a new signing secret
    TEST = "test"  # send a test event
    REPLAY = "replay"  # deliver again


class PortalLink(msgspec.Struct, frozen=True, kw_only=True):
    """What is not empty of `connector`, `owner` and `subject` limits the webhooks; at least one of them is not.

    `made_by` is a person's id.
    """

    id: str
    title: str
    connector: str = ""
    owner: str = ""
    subject: Subject | None = None
    grants: frozenset[Grant] = frozenset()
    made_by: str
    made_at: int
    expires_at: int

    @property
    def scope(self) -> Scope:
        """The webhooks that it leads to, found by the narrowest of its limits."""
        if self.subject is not None:
            by = about(self.subject)
        else:
            by = of_owner(self.owner) if self.owner else of_connector(self.connector)
        return Scope(statement=by.statement, values=by.values, also=self.leads_to)

    def leads_to(self, webhook: Webhook | Subscription) -> bool:
        """Whether a webhook is within its limits. Failure policy: a link without limits leads nowhere."""
        return (
            bool(self.connector or self.owner or self.subject)
            and self.connector in {"", webhook.connector}
            and self.owner in {"", webhook.owner}
            and self.subject in {None, webhook.subject}
        )


class _Row(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    title: str
    connector: str
    owner: str
    kind: str
    object: str
    grants: str
    made_by: str
    made_at: int
    expires_at: int


def portal_link_made(link: PortalLink, *, hash_: str) -> Statement:
    values: dict[str, Value] = {
        "id": link.id,
        "hash": hash_,
        "title": link.title,
        "connector": link.connector,
        "owner": link.owner,
        "kind": link.subject.kind if link.subject else "",
        "object": link.subject.id if link.subject else "",
        "grants": json_text(sorted(link.grants)),
        "made_by": link.made_by,
        "made_at": link.made_at,
        "expires_at": link.expires_at,
    }
    return Statement("portal_link_made", values)


def portal_link_ended(identifier: str) -> Statement:
    """Raises NotFound if there is none."""
    return Statement("portal_link_ended", {"id": identifier}, NotFound("there is no such link any more"))


def portal_links_swept(now: int) -> Statement:
    return Statement("portal_links_swept", {"now": now})


class PortalLinks:
    """Reads them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, hash_: str, *, now: int) -> PortalLink | None:
        """The link of a token by its hash, unless it has run out."""
        rows = await self._database.read(_Row, "portal_link", hash=hash_, now=now)
        return _link(rows[0]) if rows else None

    async def page(self, *, before: tuple[int, str] = (2**62, ""), most: int) -> Sequence[PortalLink]:
        """So many links, the newest first; go on with the last one's instant and id."""
        rows = await self._database.read(_Row, "portal_links", made_at=before[0], id=before[1], most=most)
        return [_link(row) for row in rows]


def _link(row: _Row) -> PortalLink:
    return PortalLink(
        id=row.id,
        title=row.title,
        connector=row.connector,
        owner=row.owner,
        subject=Subject(row.kind, row.object) if row.kind else None,
        grants=frozenset(map(Grant, msgspec.json.decode(row.grants, type=list[str]))),
        made_by=row.made_by,
        made_at=row.made_at,
        expires_at=row.expires_at,
    )
