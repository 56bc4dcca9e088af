"""Scopes: what a token may be used for."""

from collections.abc import Iterable, Mapping

from tidings.core.errors import Invalid

# Kaizala's own, in the order in which it lists what it grants.
_KAIZALA = (
    "groupinfo.read", "groupinfo.write", "groupinfo.remove", "groupinfo.update",
    "groupmember.read", "groupmember.write", "groupmember.remove",
    "textmessage.read",
    "action.read", "action.write", "action.update",
    "profile.write", "media.read",
    "webhook.read", "webhook.write", "webhook.remove", "webhook.update",
)  # fmt: skip
# Ours, to match: Kaizala's list of what it grants has no names for these.
_MATCHING = ("textmessage.write", "media.write", "reaction.read", "reaction.write", "tenant.read")
ADMIN = "admin"  # hears and publishes everything
TABLES_READ = "tables.read"  # reads the tables, whose rows are of all groups
REPORTS_READ = "reports.read"  # looks at reports, which are made of the tables
REPORTS_WRITE = "reports.write"  # makes templates and tasks, which wait for a publisher's approval
REPORTS_PUBLISH = "reports.publish"  # runs and approves tasks
_REPORTS = (REPORTS_READ, REPORTS_WRITE, REPORTS_PUBLISH)
# What no token has but those for which it was asked by name.
BY_NAME_ALONE = frozenset({ADMIN, TABLES_READ, *_REPORTS})
GRANTED = (*_KAIZALA, *_MATCHING, "publish", "events.read", "bin", TABLES_READ, *_REPORTS)
ALL = (*GRANTED, ADMIN)


def _of(*kinds: str) -> tuple[str, ...]:
    return tuple(scope for scope in (*_KAIZALA, *_MATCHING) if scope.partition(".")[0] in kinds)


# What Kaizala's portal lets people choose for a connector, by the names that stand there.
PERMISSIONS: Mapping[str, tuple[str, ...]] = {
    "Group Information": _of("groupinfo"),
    "Group Member List": _of("groupmember"),
    "Text Message": _of("textmessage"),
    "Action & Responses": _of("action"),
    "User Profile": _of("profile"),
    "Media": _of("media"),
    "Outgoing Webhooks": _of("webhook"),
    "Tenant Data": _of("tenant"),
    "Reactions": _of("reaction"),
}


def parse_scopes(names: Iterable[str]) -> tuple[str, ...]:
    """Scopes in their own order, each once. Raises Invalid for a name that is none."""
    wanted = set(names)
    unknown = sorted(wanted.difference(ALL))
    if unknown:
        raise Invalid(f"scope: there is no scope {unknown[0]!r}; use some of {', '.join(ALL)}")
    return tuple(scope for scope in ALL if scope in wanted)


def scopes_of(permission: str) -> tuple[str, ...]:
    """The scopes that a permission stands for, by its name in any case. Raises Invalid for a name that is none."""
    for name, scopes in PERMISSIONS.items():
        if name.lower() == permission.strip().lower():
            return scopes
    raise Invalid(f"permission: there is none called {permission!r}; use some of {', '.join(PERMISSIONS)}")


def permissions_in(scopes: Iterable[str]) -> tuple[str, ...]:
    """The permissions that are given whole with those scopes."""
    given = set(scopes)
    return tuple(name for name, needed in PERMISSIONS.items() if given.issuperset(needed))
