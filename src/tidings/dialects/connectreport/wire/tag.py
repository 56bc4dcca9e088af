"""What is sent and answered about tags."""

from msgspec import UNSET, UnsetType

from tidings.dialects.connectreport.wire.shape import Title, ToldTag, Wire


class NewTag(Wire, frozen=True, kw_only=True):
    """A tag to be made."""

    title: Title


class ToldTags(Wire, frozen=True, kw_only=True):
    """Tags by title; `cursor` asks for the rest, absent if there is none."""

    tags: list[ToldTag]
    cursor: str | UnsetType = UNSET
