"""What is sent and answered about messages."""

from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from tidings.dialects.kaizala.wire.lenient import Flag, Wire
from tidings.dialects.kaizala.wire.subscriber import Failed, Phones
from tidings.workspace.messages import LONGEST_MESSAGE


class NewMessage(Wire, frozen=True, kw_only=True):
    """A text message for the group, and in a ConnectGroup for some of its subscribers by phone number, or for all.

    `replyToReferenceId` is the `referenceId` of what it answers.
    """

    message: Annotated[str, Meta(min_length=1, max_length=LONGEST_MESSAGE)]
    subscribers: Phones | None = None
    send_to_all_subscribers: Flag | None = None
    reply_to_reference_id: str | None = None


class MessageMade(Wire, frozen=True, kw_only=True):
    """What the message is called from now on; `failedResult` names those who do not get it, absent if all do."""

    reference_id: str
    failed_result: list[Failed] | UnsetType = UNSET
