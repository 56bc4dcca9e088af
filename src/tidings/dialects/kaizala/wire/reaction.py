"""What is sent and answered about reactions; their instants are counted as .NET does, in ticks."""

from collections.abc import Sequence

from msgspec import UNSET, UnsetType

from tidings.core.errors import Invalid
from tidings.dialects.kaizala.wire.lenient import Wire
from tidings.store.cursor import read_cursor
from tidings.store.reactions import Reaction, ReactionCount, ReactionKind

# Ticks of 100 ns, since the year 1.
_TICKS_A_MS = 10_000
_TICKS_AT_EPOCH = 621_355_968_000_000_000


class NewReaction(Wire, frozen=True, kw_only=True):
    """A like, or a comment with its text, on what `referenceId` names; `sourceGroupId` is where that was posted."""

    reference_id: str
    reaction_type: ReactionKind
    source_group_id: str | None = None
    comment: str | None = None


class ReactionMade(Wire, frozen=True, kw_only=True):
    """What the reaction is called; a second like of the same person is the first."""

    reaction_id: str


class Counts(Wire, frozen=True, kw_only=True):
    """How many of each kind."""

    like: int
    comment: int


class CountTold(Wire, frozen=True, kw_only=True):
    """The reactions to one thing."""

    reference_id: str
    reactions_count_map: Counts


class Summary(Wire, frozen=True, kw_only=True):
    """How many reactions; `cursor` (ticks, of a group's summary only) asks for what changes from then on."""

    cursor: int | UnsetType = UNSET
    summary: list[CountTold]


class ReactionTold(Wire, frozen=True, kw_only=True):
    """One reaction; `lastModifiedTime` in ticks. `userId` is the connector's where a program reacted for nobody."""

    reaction_id: str
    user_id: str
    last_modified_time: int
    reaction_type: ReactionKind
    comment: str


class Details(Wire, frozen=True, kw_only=True):
    """Reactions, oldest first; `cursor` (ticks) asks for those that come after."""

    cursor: int
    reaction_details: list[ReactionTold]


def reaction_kind(text: str) -> ReactionKind | None:
    """The kind of that name in any case, None for an empty one. Raises Invalid."""
    kind = next((one for one in ReactionKind if one.lower() == text.lower()), None)
    if text and kind is None:
        raise Invalid(f"reactionType: expected {' or '.join(ReactionKind)}")
    return kind


def instant_of(cursor: str) -> int:
    """The instant, in epoch milliseconds, that a cursor stands for. Raises Invalid."""
    # To the nearest, because JavaScript rounds such large numbers.
    return (read_cursor(cursor, start=0) - _TICKS_AT_EPOCH + _TICKS_A_MS // 2) // _TICKS_A_MS


def ticks_of(instant: int) -> int:
    return max(instant * _TICKS_A_MS + _TICKS_AT_EPOCH, 0)


def count_told(count: ReactionCount) -> CountTold:
    return CountTold(reference_id=count.reference, reactions_count_map=Counts(like=count.likes, comment=count.comments))


def summary_of(counts: Sequence[ReactionCount], *, after: int) -> Summary:
    return Summary(
        cursor=ticks_of(counts[-1].changed_at if counts else after), summary=[count_told(one) for one in counts]
    )


def details_of(reactions: Sequence[Reaction], *, after: int) -> Details:
    return Details(
        cursor=ticks_of(reactions[-1].at if reactions else after), reaction_details=[_told(one) for one in reactions]
    )


def _told(reaction: Reaction) -> ReactionTold:
    return ReactionTold(
        reaction_id=reaction.id,
        user_id=reaction.person,
        last_modified_time=ticks_of(reaction.at),
        reaction_type=reaction.kind,
        comment=reaction.comment,
    )
