"""Rules of the console: who gets to the places that are open to whoever is signed in, and where workspace decides."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from tests.security.things import MARK, NOWHERE


class Visitor(StrEnum):
    """Whoever comes. The group and its webhooks are Asha's, the reports are the author's."""

    STRANGER = "nobody who is signed in"
    OUTSIDER = "somebody in no group, without a role"
    MEMBER = "a Member of the group"
    ADMIN = "Asha, an Admin of the group"
    READER = "a reader of the installation"
    OPERATOR = "an operator"
    OWNER = "an owner"
    VIEWER = "a viewer of reports"
    AUTHOR = "the author of the reports"
    OTHER_AUTHOR = "an author of other reports"
    PUBLISHER = "a publisher of reports"


EVERYBODY = frozenset(Visitor) - {Visitor.STRANGER}
READERS = frozenset({Visitor.READER, Visitor.OPERATOR, Visitor.OWNER})
OPERATORS = frozenset({Visitor.OPERATOR, Visitor.OWNER})
_PUBLISHERS = OPERATORS | {Visitor.PUBLISHER}
_AUTHORS = _PUBLISHERS | {Visitor.AUTHOR, Visitor.OTHER_AUTHOR}
_SEE_REPORTS = _AUTHORS | {Visitor.READER}
_CHANGE_REPORTS = _PUBLISHERS | {Visitor.AUTHOR}
_VIEWERS = _SEE_REPORTS | {Visitor.VIEWER}
_IN_GROUP = frozenset({Visitor.MEMBER, Visitor.ADMIN})


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Who may come, and, where more come than are shown what is here, to whom that is shown.

    In the values of `form` stand kinds of things in braces. What is used up is made anew for each who comes: `spends`.
    """

    may: frozenset[Visitor]
    shows: frozenset[Visitor] | None = None
    form: Mapping[str, str] = field(default_factory=dict)
    query: str = ""
    spends: tuple[str, ...] = ()
    also: tuple[int, ...] = ()


_ALL = Place(may=EVERYBODY)
_LOOKS = Place(may=_IN_GROUP | READERS)
_DOES = _IN_GROUP | OPERATORS
_SEES_RULED = Place(may=READERS | {Visitor.ADMIN})
_RULES = OPERATORS | {Visitor.ADMIN}
_ONE, _POST, _ACTION = "/groups/{id}", "/groups/{id}/posts/{reference}", "/groups/{id}/actions/{action}"
_GROUPS: Mapping[str, Place] = {
    "GET /groups": Place(may=EVERYBODY, shows=_IN_GROUP | READERS),
    "GET /groups/new": _ALL,
    "POST /groups": Place(may=EVERYBODY, form={"name": "New"}),
    f"GET {_ONE}": _LOOKS,
    f"GET {_ONE}/live": _LOOKS,
    # Whoever operates the installation joins first, so that the others see who speaks.
    f"POST {_ONE}/posts": Place(may=_IN_GROUP, form={"text": "Hello"}),
    f"GET {_POST}": _LOOKS,
    f"POST {_POST}/like": Place(may=_IN_GROUP),
    f"POST {_POST}/comments": Place(may=_IN_GROUP, form={"comment": "Good"}),
    f"GET {_ONE}/new/{{kind}}": Place(may=_DOES),
    f"POST {_ONE}/new/{{kind}}": Place(may=_DOES, form={"title": "Which day?", "choices": "A\nB", "due": "24"}),
    f"GET {_ACTION}": _LOOKS,
    f"POST {_ACTION}/responses": Place(may=_DOES, form={"q0": "Yes"}),
    f"POST {_ACTION}/reminder": Place(may=_RULES),
    f"POST {_ACTION}/state": Place(may=_RULES, form={"state": "closed"}, spends=("action",)),
    f"GET {_ONE}/members": _LOOKS,
    f"POST {_ONE}/members": Place(may=_RULES, form={"members": "+910000000078"}),
    f"POST {_ONE}/members/{{person}}/role": Place(may=_RULES, form={"role": "Member"}),
    f"POST {_ONE}/members/{{person}}/remove": Place(may=_RULES, spends=("member",)),
    f"POST {_ONE}/leave": Place(may=_IN_GROUP, spends=("membership",)),
    f"GET {_ONE}/sub-groups": _LOOKS,
    f"POST {_ONE}/sub-groups": Place(may=_RULES, form={"name": "North"}),
    f"POST {_ONE}/sub-groups/{{child}}/remove": Place(may=_RULES, spends=("sub_group",)),
    f"GET {_ONE}/settings": _LOOKS,
    f"POST {_ONE}/settings": Place(may=_RULES, form={"name": MARK}),
}
_WEBHOOK = "/webhooks/{id}"
_WEBHOOKS: Mapping[str, Place] = {
    "GET /webhooks": Place(may=EVERYBODY, shows=READERS | {Visitor.ADMIN}),
    "GET /webhooks/new": _ALL,
    "POST /webhooks/new": Place(
        may=_RULES,
        form={"objectType": "Group", "objectId": "{group}", "callBackUrl": NOWHERE, "eventTypes": "MemberAdded"},
    ),
    "POST /webhooks/trial": Place(may=EVERYBODY),
    f"GET {_WEBHOOK}": _SEES_RULED,
    f"POST {_WEBHOOK}/trial": Place(may=_RULES),
    f"GET {_WEBHOOK}/why": _SEES_RULED,
    f"GET {_WEBHOOK}/edit": Place(may=_RULES),
    f"POST {_WEBHOOK}/edit": Place(may=_RULES),
    f"POST {_WEBHOOK}/pause": Place(may=_RULES),
    f"POST {_WEBHOOK}/resume": Place(may=_RULES),
    f"POST {_WEBHOOK}/rotate": Place(may=_RULES),
    f"POST {_WEBHOOK}/test": Place(may=_RULES),
    f"POST {_WEBHOOK}/end": Place(may=_RULES, spends=("webhook",)),
}
_RUN, _CALLBACK = "/reports/runs/{id}", "/reports/callbacks/{id}"
_SEES = Place(may=_SEE_REPORTS)
_MAKES, _CHANGES = Place(may=_AUTHORS), Place(may=_CHANGE_REPORTS)
_PUBLISHES = Place(may=_PUBLISHERS)
_RUNS: Mapping[str, Place] = {
    "GET /reports": _ALL,
    "GET /reports/runs": _SEES,
    f"GET {_RUN}": _SEES,
    f"POST {_RUN}/again": _CHANGES,
    f"POST {_RUN}/cancel": _CHANGES,
    f"POST {_RUN}/render": Place(may=_AUTHORS, form={"format": "csv"}),
    # A rendering of a template, which is of no run.
    f"GET {_RUN}/jobs/{{job}}": Place(may=_SEE_REPORTS, also=(404,)),
    f"GET {_RUN}/files/{{file}}": _SEES,
    # The navigation leads there whoever is signed in; who has no role is told so.
    "GET /reports/published": Place(may=EVERYBODY, shows=_VIEWERS),
    "GET /reports/published/{id}": Place(may=_VIEWERS),
    "GET /reports/callbacks": _PUBLISHES,
    "GET /reports/callbacks/new": _PUBLISHES,
    "POST /reports/callbacks/new": _PUBLISHES,
    f"GET {_CALLBACK}": _PUBLISHES,
    f"POST {_CALLBACK}/gate": _PUBLISHES,
    f"POST {_CALLBACK}/test": _PUBLISHES,
    f"POST {_CALLBACK}/end": Place(may=_PUBLISHERS, spends=("callback",)),
    "GET /reports/triggers": _SEES,
    "GET /reports/triggers/one": Place(may=_SEE_REPORTS, query="name=stocktaking"),
    "POST /reports/triggers/run": Place(may=_PUBLISHERS, form={"name": "stocktaking"}),
    "POST /reports/triggers/hear": Place(may=_PUBLISHERS, form={"name": "stocktaking"}),
    "POST /reports/triggers/unhear": Place(may=_PUBLISHERS, form={"name": "stocktaking"}, also=(404,)),
    "GET /reports/calendar": _SEES,
    "GET /reports/connections": Place(may=frozenset({Visitor.OWNER})),
    "POST /reports/connections": Place(may=frozenset({Visitor.OWNER})),
    "POST /reports/connections/{name}/test": Place(may=frozenset({Visitor.OWNER})),
    "POST /reports/connections/{name}/remove": Place(may=frozenset({Visitor.OWNER}), spends=("connection",)),
}
_TEMPLATE, _TASK, _CYCLE = "/reports/templates/{id}", "/reports/tasks/{id}", "/reports/cycles/{id}"
_MAKING: Mapping[str, Place] = {
    "GET /reports/templates": _SEES,
    "GET /reports/templates/new": _MAKES,
    "POST /reports/templates/new": Place(may=_AUTHORS, form={"title": "New"}),
    "POST /reports/templates/import": _MAKES,
    f"POST {_TEMPLATE}/duplicate": _MAKES,
    f"POST {_TEMPLATE}/remove": Place(may=_CHANGE_REPORTS, spends=("template",)),
    f"GET {_TEMPLATE}/export": _SEES,
    f"GET {_TEMPLATE}/versions": _SEES,
    f"GET {_TEMPLATE}/versions/{{version}}": _SEES,
    f"POST {_TEMPLATE}/versions/{{version}}": _CHANGES,
    "POST /reports/templates/shown": _MAKES,
    f"GET {_TEMPLATE}": _SEES,
    f"POST {_TEMPLATE}": Place(may=_CHANGE_REPORTS, form={"do": "save", "title": MARK, "html": "<p></p>"}),
    "GET /reports/tasks/new": _MAKES,
    "POST /reports/tasks/new": _MAKES,
    "POST /reports/tasks/coming": _MAKES,
    # Authors look at what others made, the form included; saving it is another matter.
    f"GET {_TASK}/edit": _MAKES,
    f"POST {_TASK}/edit": Place(
        may=_CHANGE_REPORTS,
        form={"do": "save", "title": MARK, "templateId": "{template}", "frequency": "Weekly", "formats": "csv"},
    ),
    "GET /reports/tasks": _SEES,
    "POST /reports/tasks/bulk": _MAKES,
    f"GET {_TASK}": _SEES,
    f"POST {_TASK}/approve": Place(may=_PUBLISHERS, spends=("task",)),
    f"POST {_TASK}/run": Place(may=_CHANGE_REPORTS, spends=("task",)),
    f"POST {_TASK}/pause": _CHANGES,
    f"POST {_TASK}/resume": _CHANGES,
    f"POST {_TASK}/duplicate": _MAKES,
    f"POST {_TASK}/remove": Place(may=_CHANGE_REPORTS, spends=("task",)),
    "GET /reports/cycles": _SEES,
    "GET /reports/cycles/new": _MAKES,
    "POST /reports/cycles/new": _MAKES,
    f"GET {_CYCLE}": _MAKES,
    f"POST {_CYCLE}": Place(
        may=_CHANGE_REPORTS, form={"do": "save", "title": "New", "query": "sales", "fields": "region"}
    ),
    f"GET {_CYCLE}/versions/{{version}}": _SEES,
    f"POST {_CYCLE}/remove": Place(may=_CHANGE_REPORTS, spends=("cycle",)),
    "GET /reports/tags": _SEES,
    "POST /reports/tags": Place(may=_AUTHORS, form={"title": "New"}),
    "POST /reports/tags/{id}/rename": Place(may=_PUBLISHERS, form={"renamed": "Other"}),
    "POST /reports/tags/{id}/remove": Place(may=_PUBLISHERS, spends=("tag",)),
}
# Open to whoever is signed in; in what belongs to others the workspace, or the roles of reports, decide.
OF_ONESELF: Mapping[str, Place] = {
    "GET /": Place(may=EVERYBODY, shows=READERS),
    "GET /components": _ALL,
    "GET /components/chart.json": _ALL,
    "GET /components/chart.svg": _ALL,
    "GET /settings/sessions": _ALL,
    "POST /settings/sessions/others/end": _ALL,
    "POST /settings/sessions/{id}/end": Place(may=frozenset({Visitor.ADMIN}), spends=("session",)),
    **_GROUPS,
    **_WEBHOOKS,
    **_RUNS,
    **_MAKING,
}
# Open to anybody, and why.
OPEN: Mapping[str, str] = {
    "GET /sign-in": "somebody who wants to sign in is nobody yet",
    "POST /sign-in": "the PIN",
    "POST /sign-out": "it ends the session that is sent, and nothing else",
    "GET /first/{token}": "the link, which is good once",
    "POST /first/{token}": "the link, which is good once",
    "POST /theme": "a cookie with the colour of the pages",
}
