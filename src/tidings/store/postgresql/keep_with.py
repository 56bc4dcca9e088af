"""What is kept in one call with its events: messages and first responses, as arrays."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from tidings.store.database import Publication, Statement
from tidings.store.postgresql.session import Argument

# What becomes of the values of each statement; see the function `keep_with` of migration 0034_kept_with.
_PARAMETERS: Mapping[str, Mapping[str, str]] = {
    "message_posted": {
        "id": "message_ids",
        "group_id": "message_groups",
        "author": "message_authors",
        "text": "message_texts",
        "reply_to": "message_replies",
        "audience": "message_audiences",
        "at": "message_ats",
    },
    "action_responded": {"id": "counted_ids", "more": "counted_mores", "at": "counted_ats"},
    "response_given": {
        "id": "response_ids",
        "action": "response_actions",
        "group_id": "response_groups",
        "responder": "responders",
        "connector": "response_connectors",
        "sole": "soles",
        "answers": "answers",
        "at": "response_ats",
    },
}
# A response that replaces another is not among these: what it counts must go on with a statement of its own.
_WHOLE = ((), ("message_posted",), ("action_responded", "response_given"))


def with_arguments(publications: Sequence[Publication]) -> dict[str, Argument] | None:
    """What is kept with those events; None if that is not only messages and first responses."""
    stated: dict[str, list[Statement]] = defaultdict(list)
    for one in publications:
        if tuple(statement.name for statement in one.also) not in _WHOLE or (one.also and one.keys):
            return None
        for statement in one.also:
            stated[statement.name].append(statement)
    return {
        parameter: [one.values[value] for one in stated[name]]
        for name, parameters in _PARAMETERS.items()
        for value, parameter in parameters.items()
    }
