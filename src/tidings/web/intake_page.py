"""The page of the intake: what OpenAPI says of `POST /v1/events`."""

from tidings.web.intake import LONGEST_KEY, SCOPE, Intake
from tidings.web.openapi import SECURITY, answer, refusals, schema_of
from tidings.web.page import Page
from tidings.web.refusal import ErrorBody
from tidings.web.submission import MOST_EVENTS, Published, Refused, Submission

_ONE = schema_of(Submission)
_SEVERAL = {"type": "array", "items": _ONE, "minItems": 1, "maxItems": MOST_EVENTS}
_RESULTS = {"type": "array", "items": {"anyOf": [schema_of(Published), schema_of(Refused)]}}
_OPERATION = {
    "description": (
        f"Needs the scope `{SCOPE}`. What is answered for is on disk. Of several events, each has its result,"
        " in order: 200 if all were kept, 207 if some were refused, 422 if none was kept. With an"
        " `Idempotency-Key` the same request can be sent again without publishing anything twice; with another"
        " body the key is refused. An `eventId` does the same for one event."
    ),
    "security": SECURITY,
    "parameters": [
        {
            "name": "Idempotency-Key",
            "in": "header",
            "description": "Makes a repetition of this request harmless",
            "schema": {"type": "string", "maxLength": LONGEST_KEY},
        }
    ],
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": {"oneOf": [_ONE, _SEVERAL]}},
            "application/x-ndjson": {"schema": {"type": "string"}},
        },
    },
    "responses": {
        "200": answer("All were kept", {"oneOf": [schema_of(Published), _RESULTS]}),
        "207": answer("Some were refused", _RESULTS),
        "422": answer("None was kept", {"oneOf": [schema_of(ErrorBody), _RESULTS]}),
        **refusals(400, 401, 403, 404, 408, 409, 413, 500, 503),
    },
}


def intake_page(intake: Intake) -> Page:
    """Publishing, for the door; the server may answer single events before it."""
    return Page(
        path="/v1/events",
        name="publishEvents",
        summary="Publish an event, or several as an array or NDJSON",
        endpoint=intake.publish,
        methods=("POST",),
        shapes=(Submission, Published, Refused),
        tag="Events",
        operation=_OPERATION,
    )
