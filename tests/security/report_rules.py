"""Rules of the calls about reports, whose roles go by scopes."""

from collections.abc import Mapping

from tests.security.cast import ALL_CASTS, Cast
from tests.security.rule import Rule
from tests.security.things import MARK, NOWHERE
from tidings.access.scope import REPORTS_READ

_PUBLISHERS = frozenset({Cast.PROGRAM, Cast.FOREIGN_PROGRAM, Cast.RULER, Cast.FOREIGN_RULER})
# Authors look at everything and make their own; whoever made a thing changes it, and publishers change all.
_AUTHORS = _PUBLISHERS | {Cast.AUTHOR, Cast.FOREIGN_AUTHOR}
_CHANGES = _PUBLISHERS | {Cast.AUTHOR}
_ALL = Rule(may=ALL_CASTS)
_LOOKS = Rule(may=_AUTHORS)
_TASK = "/api/v1/report-tasks/{id}"
_TEMPLATE = "/api/v1/templates/{id}"
_NEW = {"title": "New", "html": "<p></p>"}
_TRIGGER = {"name": "month end", "objectType": "Application", "objectId": "shop", "eventTypes": ["month.closed"]}
_CALLBACK = {"url": NOWHERE, "trigger": "postReportTask"}

REPORTS: Mapping[str, Rule] = {
    "GET /api/v1/report-tasks": _ALL,
    "POST /api/v1/report-tasks": Rule(
        may=_AUTHORS, body=lambda at: {"templateId": at["template"], "title": "New", "frequency": "Weekly"}
    ),
    f"GET {_TASK}": _ALL,
    f"PUT {_TASK}": Rule(may=_CHANGES, body={"title": MARK}),
    f"DELETE {_TASK}": Rule(may=_CHANGES, spends=("task",)),
    f"POST {_TASK}/run": Rule(may=_CHANGES, query="dryRun=true"),
    f"POST {_TASK}/duplicate": _LOOKS,
    f"POST {_TASK}/approve": Rule(may=_PUBLISHERS, also=(409,)),
    "GET /api/v1/reports": Rule(may=ALL_CASTS, shows=_AUTHORS),
    "GET /api/v1/reports/{id}": _LOOKS,
    "GET /api/v1/reports/{id}/render": Rule(may=_AUTHORS, also=(409,)),
    "POST /api/v1/reports/{id}/render": Rule(may=_AUTHORS, also=(409,)),
    "POST /api/v1/reports/{id}/cancel": Rule(may=_CHANGES, also=(409,)),
    "GET /api/v1/jobs/{id}": _LOOKS,
    "GET /api/v1/documents/{format}/{name}": Rule(may=_AUTHORS, needs=REPORTS_READ),
    "GET /api/v1/templates": _LOOKS,
    "POST /api/v1/templates": Rule(may=_AUTHORS, body=_NEW),
    f"GET {_TEMPLATE}": _LOOKS,
    f"PUT {_TEMPLATE}": Rule(may=_CHANGES, body={"title": MARK}),
    f"DELETE {_TEMPLATE}": Rule(may=_CHANGES, spends=("template",)),
    f"GET {_TEMPLATE}/export": _LOOKS,
    "POST /api/v1/template-imports": Rule(may=_AUTHORS, body={}, also=(400,)),
    f"GET {_TEMPLATE}/duplicate": _LOOKS,
    "GET /api/v1/base-templates/{id}/duplicate": _LOOKS,
    f"GET {_TEMPLATE}/render": _LOOKS,
    f"POST {_TEMPLATE}/duplicate": _LOOKS,
    "POST /api/v1/base-templates/{id}/duplicate": _LOOKS,
    f"POST {_TEMPLATE}/render": _LOOKS,
    "GET /api/v1/base-templates": _LOOKS,
    "GET /api/v1/filter-cycles": _LOOKS,
    "POST /api/v1/filter-cycles": Rule(
        may=_AUTHORS,
        body=lambda at: {"templateId": at["template"], "title": "New", "query": "sales", "fields": ["region"]},
    ),
    "GET /api/v1/filter-cycles/{id}": _LOOKS,
    "PUT /api/v1/filter-cycles/{id}": Rule(may=_CHANGES, body={"title": MARK}),
    "DELETE /api/v1/filter-cycles/{id}": Rule(may=_CHANGES, spends=("cycle",)),
    "GET /api/v1/tags": _ALL,
    "POST /api/v1/tags": Rule(may=_AUTHORS, body={"title": "New"}, also=(409,)),
    "POST /admin/api/v1/report-tasks/run-trigger": Rule(may=_PUBLISHERS, body={"name": "stocktaking"}),
    "GET /admin/api/v1/triggers": Rule(may=_PUBLISHERS),
    "POST /admin/api/v1/triggers": Rule(may=_PUBLISHERS, body=_TRIGGER, also=(409,)),
    "DELETE /admin/api/v1/triggers/{name}": Rule(may=_PUBLISHERS, spends=("trigger",)),
    "GET /admin/api/v1/connections": _ALL,
    "POST /admin/api/v1/connections": Rule(may=ALL_CASTS, body={"name": "A", "url": "sqlite://"}, also=(400,)),
    "DELETE /admin/api/v1/connections/{name}": Rule(may=ALL_CASTS, spends=("connection",)),
    "GET /admin/api/v1/callbacks": _ALL,
    "POST /admin/api/v1/callbacks": Rule(may=ALL_CASTS, body=_CALLBACK),
    "DELETE /admin/api/v1/callbacks/{id}": Rule(may=ALL_CASTS, spends=("callback",)),
}
