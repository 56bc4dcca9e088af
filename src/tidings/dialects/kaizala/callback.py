"""The callback that Kaizala's receivers parse."""

import msgspec
from msgspec import UNSET, Raw, UnsetType

from tidings.core.event import ANY, Event, Subject
from tidings.core.subscription import Subscription


class Envelope(msgspec.Struct, frozen=True, kw_only=True, rename="camel", gc=False):
    """A callback's body: what the event schema documents, then what was captured on the wire beside it.

    The captured fields are `subscriptionId`, `isBotfromUser` (this spelling), `groupId` and `sourceGroupId`: in a
    webhook on a group its own group, and where it happened, which may be beneath. `context` is there only when the
    webhook has one. The last four repeat the data of MemberAdded and MemberRemoved, because a receiver that is still in
    use reads them here.
    """

    subscription_id: str
    object_id: str
    object_type: str
    event_type: str
    event_id: str
    data: Raw
    context: str | UnsetType = UNSET
    from_user: str
    from_user_id: str
    from_user_name: str
    from_user_profile_pic: str
    is_botfrom_user: bool
    group_id: str | UnsetType = UNSET
    source_group_id: str | UnsetType = UNSET
    type: str | UnsetType = UNSET
    member: str | UnsetType = UNSET
    member_name: str | UnsetType = UNSET
    profile_pic: str | UnsetType = UNSET


class _Repeated(msgspec.Struct, frozen=True, rename="camel", gc=False):
    type: str | UnsetType = UNSET
    member: str | UnsetType = UNSET
    member_name: str | UnsetType = UNSET
    member_profile_pic: str | UnsetType = UNSET


_NOTHING = _Repeated()
_MEMBER_EVENTS = frozenset({"MemberAdded", "MemberRemoved"})
_encode = msgspec.json.Encoder().encode
_repeated = msgspec.json.Decoder(_Repeated).decode
# What is not looked at stays as it was written, to the byte.
_fields = msgspec.json.Decoder(dict[str, Raw]).decode


class Kaizala:
    """Writes callbacks as the event schema has them ("Webhook response schema for registered events")."""

    name: str = "kaizala"
    content_type: str = "application/json"

    def write(self, event: Event, subscription: Subscription) -> bytes:
        """The object in the callback is the subscription's; under `*` it is the subject that was heard."""
        subject = subscription.subject
        if subject.id == ANY:
            subject = _heard(event, subject)
        source = _group(event)
        group = subject.id if subject.kind == "Group" else source
        data = _heard_in(group, event.data) if isinstance(group, str) and group != source else event.data
        actor = event.actor
        member = _member(event) if event.type in _MEMBER_EVENTS else _NOTHING
        return _encode(
            Envelope(
                subscription_id=subscription.id,
                object_id=subject.id,
                object_type=subject.kind,
                event_type=event.type,
                event_id=event.name,
                data=Raw(data),
                context=UNSET if subscription.context is None else subscription.context,
                from_user=actor.phone,
                from_user_id=actor.id,
                from_user_name=actor.name,
                from_user_profile_pic=actor.picture,
                is_botfrom_user=actor.is_bot,
                group_id=group,
                source_group_id=source,
                type=member.type,
                member=member.member,
                member_name=member.member_name,
                profile_pic=member.member_profile_pic,
            )
        )


def _heard(event: Event, wanted: Subject) -> Subject:
    return next((subject for subject in event.subjects if subject.kind == wanted.kind), wanted)


def _group(event: Event) -> str | UnsetType:
    for subject in event.subjects:
        if subject.kind == "Group":
            return subject.id
    return UNSET


def _heard_in(group: str, data: bytes) -> bytes:
    """The data with that group in place of the one that it names, if it names one."""
    fields = _fields(data)
    return _encode(fields | {"groupId": group}) if "groupId" in fields else data


def _member(event: Event) -> _Repeated:
    # Whoever publishes such an event may have put something else there; then there is nothing to repeat.
    try:
        return _repeated(event.data)
    except msgspec.ValidationError:
        return _NOTHING
