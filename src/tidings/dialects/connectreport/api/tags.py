"""The calls about tags."""

from dataclasses import dataclass

from msgspec import UNSET

from tidings.access.scope import REPORTS_READ, REPORTS_WRITE
from tidings.core.errors import Conflict, Forbidden, Invalid
from tidings.core.route import Call, Route
from tidings.dialects.connectreport.api.calls import LIST, MOST_PER_PAGE, author_of
from tidings.dialects.connectreport.wire import tag
from tidings.dialects.connectreport.wire.shape import ToldTag
from tidings.reports.opening import Reports

_PATH = "/api/v1/tags"


@dataclass(frozen=True, slots=True, kw_only=True)
class TagApi:
    """What tasks are sorted by."""

    reports: Reports

    def routes(self) -> list[Route]:
        return [
            Route(
                method="GET",
                path=_PATH,
                name="listTags",
                summary="List tags",
                handler=self._list,
                needs=REPORTS_READ,
                answers=tag.ToldTags,
                parameters=LIST,
                tag="Tags",
            ),
            Route(
                method="POST",
                path=_PATH,
                name="createTag",
                summary="Make a tag",
                handler=self._create,
                needs=REPORTS_WRITE,
                body=tag.NewTag,
                answers=ToldTag,
                errors=(Invalid, Forbidden, Conflict),
                tag="Tags",
            ),
        ]

    async def _list(self, call: Call) -> tag.ToldTags:
        most = int(call.query.get("limit", MOST_PER_PAGE))
        found = await self.reports.tags.list(after=call.query.get("cursor", ""), most=most)
        told = [ToldTag(id=one.id, title=one.title) for one in found]
        return tag.ToldTags(tags=told, cursor=found[-1].title if len(found) == most else UNSET)

    async def _create(self, call: Call) -> ToldTag:
        asked: tag.NewTag = call.body
        made = await self.reports.tags.create(asked.title, author=author_of(call))
        return ToldTag(id=made.id, title=made.title)
