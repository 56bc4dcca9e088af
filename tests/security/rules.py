"""Rules of the HTTP API: one for each route and page, by method and path."""

from base64 import b64encode
from collections.abc import Mapping

from tests.security.cast import ALL_CASTS, IN_CHARGE, IN_GROUP, OF_PROGRAM, RULERS, USERS, Cast
from tests.security.report_rules import REPORTS
from tests.security.rule import Open, Rule
from tests.security.things import MARK, NOWHERE, ORDER, PICTURE, QUESTIONS, SURVEY, UPLOAD
from tidings.access.scope import TABLES_READ

_NUMBER = "+910000000077"
_ALL = Rule(may=ALL_CASTS)
_LOOKS = Rule(may=IN_GROUP)
_TOWN = {"group": "town"}
_PEOPLE = USERS | RULERS
_MANAGES = Rule(may=IN_CHARGE)

_SIGNING_IN: Mapping[str, Rule | Open] = {
    "POST /v1/generatePin": Open(
        because="whoever knows a number and a program may have a PIN sent, so often; the answer tells nothing",
        body={"mobileNumber": "+910000000099", "applicationId": "shop"},
        answers=frozenset({200}),
    ),
    "POST /v1/loginWithPinAndApplicationId": Open(
        because="the PIN",
        body={"mobileNumber": "+910000000001", "applicationId": "shop", "pin": "000000"},
        answers=frozenset({401}),
    ),
    "GET /v1/accessToken": Open(because="a refresh token and the program's secret", answers=frozenset({401})),
    "GET /api/Oauth/Authorize": Open(because="the PIN that it asks for", answers=frozenset({400})),
    "POST /api/Oauth/Authorize": Open(because="the PIN", answers=frozenset({400, 403})),
    "POST /api/oauth/token": Open(because="a code and the program's secret", answers=frozenset({400, 401})),
    "GET /v1/users/me": Rule(may=USERS),
}
_GROUPS: Mapping[str, Rule | Open] = {
    "POST /v1/groups": Rule(may=_PEOPLE | {Cast.GROUP, Cast.FOREIGN_GROUP}, body={"name": "New"}),
    "GET /v1/groups": Rule(may=ALL_CASTS, shows=IN_GROUP),
    "GET /v1/groups/{groupId}": _LOOKS,
    "GET /v1/tenant/findGroupsByQuery": Rule(may=RULERS, query="query=Harbour"),
    "GET /v1/groups/{groupId}/members": _LOOKS,
    "PUT /v1/groups/{groupId}/members": Rule(may=IN_CHARGE, body={"members": [_NUMBER]}),
    "DELETE /v1/groups/{groupId}/members/{memberId}": Rule(may=IN_CHARGE, spends=("member",)),
    "PUT /v1/groups/{groupId}/members/{memberId}": Rule(may=IN_CHARGE, body={"role": "Admin"}),
    "GET /v1/groups/{groupId}/subGroups": _LOOKS,
    "POST /v1/groups/{groupId}/subGroups": Rule(may=IN_CHARGE, body={"name": "North"}),
    "PUT /v1/groups/{groupId}/subGroups": Rule(
        may=IN_CHARGE, body=lambda at: {"subGroups": [at["sub_group"]]}, also=(409,)
    ),
    "DELETE /v1/groups/{groupId}/subGroups/{subGroupId}": Rule(may=IN_CHARGE, spends=("sub_group",)),
    "POST /v1/groups/{groupId}/messages": Rule(may=IN_GROUP, body={"message": "Hello"}),
    "PUT /v1/groups/{groupId}/subscribers/add": Rule(may=IN_CHARGE, body={"subscribers": [_NUMBER]}, at=_TOWN),
    "PUT /v1/groups/{groupId}/subscribers/remove": Rule(may=IN_CHARGE, body={"subscribers": [_NUMBER]}, at=_TOWN),
    "POST /v1/groups/{groupId}/subscribers": Rule(may=IN_CHARGE, body={"count": 50}, at=_TOWN),
    "GET /v1/groups/{groupId}/subscribers": Rule(may=IN_CHARGE, at=_TOWN),
    "POST /v1/bot": Rule(may=_PEOPLE, body={"Name": "Clerk"}),
    "GET /v1/bot": Rule(may=_PEOPLE, shows=RULERS | {Cast.ADMIN}),
    "POST /v1/groups/{groupId}/bot": Rule(may=IN_CHARGE, body=lambda at: {"BotUserId": at["bot"]}),
    "PUT /v1/bot/{botId}": Rule(may=RULERS | {Cast.ADMIN}, body={"Name": MARK}),
    "DELETE /v1/bot/{botId}": Rule(may=RULERS | {Cast.ADMIN}, spends=("bot",)),
    "GET /v1/bot/accessToken/{botId}": Rule(may=RULERS | {Cast.ADMIN}),
    "POST /v1/groups/{groupId}/reaction": Rule(
        may=IN_GROUP, body=lambda at: {"referenceId": at["message"], "reactionType": "Like"}
    ),
    "GET /v1/groups/{groupId}/reaction/summary": Rule(may=IN_GROUP),
    "GET /v1/groups/{groupId}/reaction/{referenceId}/summary": _LOOKS,
    "GET /v1/groups/{groupId}/reaction/{referenceId}": _LOOKS,
}
_ACTION = "/v1/groups/{groupId}/actions/{actionId}"
_ACTIONS: Mapping[str, Rule | Open] = {
    "POST /v1/media": Rule(may=ALL_CASTS, body=UPLOAD),
    "POST /v1/media/url": Rule(may=ALL_CASTS, body={"mediaUrl": f"{NOWHERE}plan.png"}, also=(400,)),
    "POST /v1/media/attachment": Rule(may=ALL_CASTS, body={"fileContent": b64encode(PICTURE).decode()}),
    "GET /media/{secret}/{name}": Open(because="the secret in the address", answers=frozenset({404})),
    # Whoever is here uses packages, by names that all see; the program that made one makes its next version.
    "POST /v1/actionPackages": Rule(
        may=RULERS | OF_PROGRAM, body=lambda at: {"id": at["package"], "questions": QUESTIONS}, refused=(409,)
    ),
    "GET /v1/actionPackages": _ALL,
    "GET /v1/actionPackages/{packageId}": _ALL,
    "POST /v1/groups/{groupId}/actions": Rule(may=IN_GROUP, body=SURVEY),
    f"PUT {_ACTION}": Rule(may=IN_CHARGE, body={"status": "Closed"}, spends=("action",)),
    f"PUT {_ACTION}/properties": Rule(may=IN_CHARGE, body={"actionProperties": []}),
    f"POST {_ACTION}/reminder": Rule(may=IN_CHARGE, body={}),
    f"GET {_ACTION}/reminder": _MANAGES,
    f"POST {_ACTION}/responses": Rule(
        may=IN_GROUP, body={"actionType": "Survey", "actionBody": {"answers": ["Yes"]}}, also=(409,)
    ),
    "GET /v1/groups/{groupId}/actions": _LOOKS,
    f"GET {_ACTION}": _LOOKS,
    "GET /v1/groups/{groupId}/responses": _MANAGES,
}


def _about_group(at: Mapping[str, str]) -> dict[str, object]:
    return {"objectId": at["group"], "objectType": "Group", "eventTypes": ["MemberAdded"], "callBackUrl": NOWHERE}


def _event(at: Mapping[str, str]) -> Mapping[str, object]:
    return ORDER | {"type": "TextMessageCreated", "subjects": [{"objectType": "Group", "objectId": at["group"]}]}


_WEBHOOK = "/v1/webhook/{webhookId}"
_WEBHOOKS: Mapping[str, Rule | Open] = {
    "POST /v1/webhook": Rule(may=IN_CHARGE, body=_about_group),
    "GET /v1/webhook": Rule(may=IN_CHARGE, query="objectId={group}&objectType=Group"),
    f"GET {_WEBHOOK}": _MANAGES,
    f"PUT {_WEBHOOK}": Rule(may=IN_CHARGE, body={"callBackContext": MARK}),
    f"DELETE {_WEBHOOK}": Rule(may=IN_CHARGE, spends=("webhook",)),
    f"POST {_WEBHOOK}/rotate": _MANAGES,
    f"POST {_WEBHOOK}/test": _MANAGES,
    f"GET {_WEBHOOK}/deliveries": _MANAGES,
    f"POST {_WEBHOOK}/replay": Rule(may=IN_CHARGE, body={"since": 1}),
    "GET /v1/deliveries/{id}": _MANAGES,
    "POST /v1/deliveries/{id}/retry": _MANAGES,
    "POST /v1/deliveries/{id}/skip": Rule(may=IN_CHARGE, also=(409,)),
    "POST /v1/events": Rule(may=IN_CHARGE, body=_event, needs="publish"),
    "GET /v1/events": Rule(may=ALL_CASTS, shows=OF_PROGRAM | RULERS),
    "GET /v1/events/{id}": Rule(may=OF_PROGRAM | RULERS),
    # Types are everybody's to read, and the program's to change that registered them.
    "POST /v1/eventTypes": Rule(may=ALL_CASTS, body={"name": "stock.counted"}, also=(409,)),
    "PUT /v1/eventTypes/{name}": Rule(may=OF_PROGRAM | RULERS, body={"description": MARK}),
    "GET /v1/eventTypes/{name}": _ALL,
    "GET /v1/eventTypes": _ALL,
    "POST /v1/connect/{tool}": Rule(may=ALL_CASTS, body={"overHttp": True}),
}
_OF_BIN = Rule(may=OF_PROGRAM, needs="bin")
_BIN = "/v1/bins/{name}"
_ONE = f"{_BIN}/requests/{{number}}"
_BINS: Mapping[str, Rule | Open] = {
    "POST /v1/bins": Rule(may=ALL_CASTS, body={}),
    "GET /v1/bins": Rule(may=ALL_CASTS, shows=OF_PROGRAM),
    f"GET {_BIN}": _OF_BIN,
    f"PUT {_BIN}": Rule(may=OF_PROGRAM, needs="bin", body={"reply": {"status": 200}}),
    f"DELETE {_BIN}": Rule(may=OF_PROGRAM, needs="bin", spends=("bin",)),
    f"POST {_BIN}/promote": Rule(may=ALL_CASTS, body={"source": "promoted", "dialect": "standard"}, also=(409,)),
    f"GET {_BIN}/requests": _OF_BIN,
    f"DELETE {_BIN}/requests": Rule(may=OF_PROGRAM, needs="bin", spends=("bin",)),
    f"GET {_ONE}": _OF_BIN,
    f"GET {_BIN}/difference": Rule(may=OF_PROGRAM, needs="bin", query="before=1&after=2"),
    f"POST {_ONE}/verdict": Rule(may=OF_PROGRAM, needs="bin", body={"scheme": "github", "secret": "a" * 32}),
    f"POST {_ONE}/preview": Rule(may=OF_PROGRAM, needs="bin", body={"dialect": "bare"}, also=(400,)),
    f"GET {_ONE}/raw": _OF_BIN,
    f"GET {_ONE}/curl": _OF_BIN,
    f"GET {_ONE}/python": _OF_BIN,
    f"GET {_BIN}/requests.har": _OF_BIN,
    f"GET {_BIN}/requests.ndjson": _OF_BIN,
    "* /bin/{name}": Open(
        because="its name: a bin catches whatever comes, and shows nothing", answers=frozenset({200})
    ),
    "* /bin/{name}/{rest:path}": Open(because="as above", answers=frozenset({200})),
}
_READS = Rule(may=ALL_CASTS, needs=TABLES_READ)
_FIELD = {"fieldDef": "messages.about"}
_TABLES: Mapping[str, Rule | Open] = {
    "GET /tables": _READS,
    "GET /tables/{file}": _READS,
    "GET /odata/v4/": _READS,
    "GET /odata/v4/{resource:path}": _READS,
    "GET /v1/dashboards": _READS,
    "GET /v1/dashboards/{name}": _READS,
    # Of no chart: drawing one takes a process of its own.
    "GET /v1/dashboards/{name}/{file}": Rule(may=ALL_CASTS, needs=TABLES_READ, also=(404,)),
    "POST /web-connector/{token}/getMetadata": Rule(may=ALL_CASTS, needs=TABLES_READ, body={}),
    "POST /web-connector/{token}/getTable": Rule(
        may=ALL_CASTS, needs=TABLES_READ, body={"options": {"fields": [_FIELD], "height": 9}}
    ),
    "POST /web-connector/{token}/getFieldValues": Rule(
        may=ALL_CASTS, needs=TABLES_READ, body={"options": {"field": _FIELD}}
    ),
    "GET /web-connector/{token}/loadVisualization": Rule(
        may=ALL_CASTS, needs=TABLES_READ, query="vizId=none", also=(500,)
    ),
}
_SIGNED = "a signature of the source's secret"
_PUBLIC = frozenset({200})
_FOR_ALL: Mapping[str, Rule | Open] = {
    "GET /receive/{source}": Open(because="it echoes handshakes, and tells nothing", answers=frozenset({200})),
    "POST /receive/{source}": Open(because=_SIGNED, answers=frozenset({401})),
    "GET /receive/{source}/{key:path}": Open(because="as above", answers=frozenset({200})),
    "POST /receive/{source}/{key:path}": Open(because=_SIGNED, answers=frozenset({401})),
    "GET /healthz": Open(because="it says that it is alive, and no more", answers=_PUBLIC),
    "GET /readyz": Open(because="it says whether it is ready, and what is in its way", answers=frozenset({200, 503})),
    "GET /metrics": Open(because="counts alone; a proxy closes it to the outside", answers=_PUBLIC),
    "GET /openapi.json": Open(because="the description of what is open source", answers=_PUBLIC),
    "GET /": Open(because="it leads to the console, whose door asks", answers=frozenset({200, 303, 307})),
    "GET /docs": Open(because="the description of what is open source", answers=_PUBLIC),
}
RULES: Mapping[str, Rule | Open] = {
    **_SIGNING_IN,
    **_GROUPS,
    **_ACTIONS,
    **_WEBHOOKS,
    **_BINS,
    **_TABLES,
    **_FOR_ALL,
    **REPORTS,
}
