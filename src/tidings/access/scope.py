"""Scopes: what a token may be used for."""

from collections.abc import Iterable

from tidings.core.errors import Invalid

# Kaizala's own, in the order in which it lists what it grants; textmessage.write is ours, to match the others.
_KAIZALA = (
    "groupinfo.read", "groupinfo.write", "groupinfo.remove", "groupinfo.update",
    "groupmember.read", "groupmember.write", "groupmember.remove",
    "textmessage.read", "textmessage.write",
    "action.read", "action.write", "action.update",
    "profile.write", "media.read",
    "webhook.read", "webhook.write", "webhook.remove", "webhook.update",
)  # fmt: skip
ADMIN = "admin"  # hears and publishes everything
GRANTED = (*_KAIZALA, "publish", "events.read", "bin")
ALL = (*GRANTED, ADMIN)


def parse_scopes(names: Iterable[str]) -> tuple[str, ...]:
    """Scopes in their own order, each once. Raises Invalid for a name that is none."""
    wanted = set(names)
    unknown = sorted(wanted.difference(ALL))
    if unknown:
        raise Invalid(f"scope: there is no scope {unknown[0]!r}; use some of {', '.join(ALL)}")
    return tuple(scope for scope in ALL if scope in wanted)
