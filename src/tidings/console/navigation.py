"""Navigation: the areas of the console, in the order in which they are shown."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from tidings.console.rights import Right

ROOT = "/console"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A line of the navigation. `path` is below `/console`; `icon` one of templates/icons.html."""

    label: str
    path: str
    icon: str = ""
    needs: Right = Right.LOOK
    under: "tuple[Entry, ...]" = ()
    is_current: bool = False

    @property
    def address(self) -> str:
        return f"{ROOT}{self.path}"


AREAS = (
    Entry(label="Home", path="/", icon="home"),
    Entry(label="Groups", path="/groups", icon="groups", needs=Right.BE_ONESELF),
    Entry(label="Webhooks", path="/webhooks", icon="webhooks", needs=Right.BE_ONESELF),
    Entry(label="Events", path="/events", icon="events"),
    Entry(label="Deliveries", path="/deliveries", icon="deliveries"),
    Entry(label="Inspector", path="/inspector", icon="inspector"),
    Entry(label="Sources", path="/sources", icon="sources"),
    Entry(label="Tables", path="/tables", icon="tables"),
    Entry(label="Dashboards", path="/dashboards", icon="dashboards"),
    Entry(label="Reports", path="/reports", icon="reports", needs=Right.BE_ONESELF),
    Entry(label="Connect", path="/connect", icon="connect"),
    Entry(
        label="Settings",
        path="/settings",
        icon="settings",
        needs=Right.BE_ONESELF,
        under=(
            Entry(label="People and roles", path="/settings/people"),
            Entry(label="Connectors and tokens", path="/settings/connectors"),
            Entry(label="Your sessions", path="/settings/sessions", needs=Right.BE_ONESELF),
            Entry(label="Audit log", path="/settings/audit"),
            Entry(label="Retention", path="/settings/retention"),
        ),
    ),
)


def entries_for(path: str, *, may: Callable[[Right], bool], has: Callable[[str], bool]) -> Sequence[Entry]:
    """What somebody may go to, of what there is; an area of several places leads to the first of them."""
    found = []
    for entry in AREAS:
        under = tuple(
            replace(one, is_current=_is_in(path, one)) for one in entry.under if may(one.needs) and has(one.path)
        )
        if may(entry.needs) and (under or has(entry.path)):
            first = under[0].path if under else entry.path
            found.append(replace(entry, path=first, under=under, is_current=_is_in(path, entry)))
    return found


def _is_in(path: str, entry: Entry) -> bool:
    place = path.removeprefix(ROOT).rstrip("/")
    return place == entry.path.rstrip("/") or (entry.path != "/" and place.startswith(f"{entry.path}/"))
