"""What is sent and answered about the subscribers of a ConnectGroup."""

from collections.abc import Mapping
from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from tidings.core.errors import TidingsError
from tidings.dialects.kaizala.wire.lenient import Number, Wire
from tidings.store.subscribers import Subscriber

# Phone numbers with country code; some programs send one text, with commas if there are several.
Phones = list[str] | str


class ChosenSubscribers(Wire, frozen=True, kw_only=True):
    """Phone numbers with country code, in a list or in one text with commas."""

    subscribers: Annotated[list[str], Meta(min_length=1)] | Annotated[str, Meta(min_length=1)]


class Added(Wire, frozen=True, kw_only=True):
    """Whether a number subscribes now, and if not, why."""

    is_added: bool
    error_reason: str | UnsetType = UNSET
    error_code: str | UnsetType = UNSET


class Removed(Wire, frozen=True, kw_only=True):
    """Whether a number was a subscriber's and is not any more, and if not, why."""

    is_removed: bool
    error_reason: str | UnsetType = UNSET
    error_code: str | UnsetType = UNSET


class AllAdded(Wire, frozen=True, kw_only=True):
    """By number as it was sent."""

    result: dict[str, Added]


class AllRemoved(Wire, frozen=True, kw_only=True):
    """By number as it was sent."""

    result: dict[str, Removed]


class Failed(Wire, frozen=True, kw_only=True):
    """A number that nothing was sent to, and why; `subscriberId` is empty, for only subscribers have one here."""

    subscriber: str
    subscriber_id: str = ""
    error_reason: str
    error_code: str


class PageWanted(Wire, frozen=True, kw_only=True):
    """Which subscribers to list: behind the cursor of an earlier answer, `count` of them, 50 if absent and at most."""

    cursor: str | None = None
    count: Number | None = None


class SubscriberTold(Wire, frozen=True, kw_only=True):
    """A subscriber; `isProvisioned` says whether that person has ever signed in."""

    id: str
    mobile_number: str
    name: str
    profile_pic: str
    is_provisioned: bool


class SubscribersTold(Wire, frozen=True, kw_only=True):
    """The subscribers of a group; `cursor` asks for the rest, absent if there is none."""

    subscribers: list[SubscriberTold]
    cursor: str | UnsetType = UNSET


def phones_of(said: Phones | None) -> list[str]:
    """The numbers that somebody sent, in either form."""
    if isinstance(said, str):
        said = said.split(",")
    return [phone for phone in map(str.strip, said or ()) if phone]


def failed_of(failed: Mapping[str, TidingsError]) -> list[Failed] | UnsetType:
    """`failedResult`: absent if there is none."""
    told = [Failed(subscriber=phone, error_reason=why.message, error_code=why.code) for phone, why in failed.items()]
    return told or UNSET


def added_of(outcomes: Mapping[str, TidingsError | None]) -> AllAdded:
    return AllAdded(result={phone: Added(is_added=why is None, **_reason(why)) for phone, why in outcomes.items()})


def removed_of(outcomes: Mapping[str, TidingsError | None]) -> AllRemoved:
    return AllRemoved(
        result={phone: Removed(is_removed=why is None, **_reason(why)) for phone, why in outcomes.items()}
    )


def subscriber_told(subscriber: Subscriber) -> SubscriberTold:
    return SubscriberTold(
        id=subscriber.id,
        mobile_number=subscriber.phone,
        name=subscriber.name,
        profile_pic=subscriber.picture,
        is_provisioned=subscriber.has_signed_in,
    )


def _reason(why: TidingsError | None) -> dict[str, str]:
    return {"error_reason": why.message, "error_code": why.code} if why else {}
