"""Which events Kaizala tells of, and at which objects."""

import pytest

from tidings.core.errors import Invalid
from tidings.dialects.kaizala.catalogue import EVENT_TYPES, HEARD_AT, KINDS, Kind, check_types, spelled

DOCUMENTED = [
    "ActionCreated",
    "ActionResponse",
    "SurveyCreated",
    "JobCreated",
    "SurveyResponse",
    "JobResponse",
    "TextMessageCreated",
    "AttachmentCreated",
    "Announcement",
    "MemberAdded",
    "MemberRemoved",
    "GroupAdded",
    "GroupRemoved",
]


def test_there_are_thirteen_documented_events_and_four_of_polls_and_meetings() -> None:
    assert set(EVENT_TYPES) == {*DOCUMENTED, "PollCreated", "PollResponse", "LetsMeetCreated", "LetsMeetResponse"}
    assert len(EVENT_TYPES) == 17


def test_a_group_hears_everything() -> None:
    check_types("Group", EVENT_TYPES)


@pytest.mark.parametrize("kind", [Kind.ACTION, Kind.ACTION_PACKAGE])
@pytest.mark.parametrize("name", EVENT_TYPES)
def test_at_an_action_and_a_package_only_what_happens_to_actions_is_heard(kind: Kind, name: str) -> None:
    if name in HEARD_AT[kind]:
        check_types(kind, [name])
    else:
        with pytest.raises(Invalid, match=rf"eventTypes\[0\]: {name} does not occur at {kind}; use objectType Group"):
            check_types(kind, [name])


def test_custom_actions_are_heard_at_all_three_levels_surveys_jobs_polls_and_meetings_at_two() -> None:
    def types(*kinds: str) -> set[str]:
        return {kind + what for kind in kinds for what in ("Created", "Response")}

    assert HEARD_AT["ActionPackage"] == ("ActionCreated", "ActionResponse")
    assert set(HEARD_AT["Action"]) == types("Action", "Survey", "Job", "Poll", "LetsMeet")


@pytest.mark.parametrize("name", ["*", "Action.*", "order.created", "JobDone", ""])
def test_at_kaizalas_objects_no_other_name_and_no_wildcard_is_an_event(name: str) -> None:
    with pytest.raises(Invalid, match=r"eventTypes\[1\]: .* is not an event of a Group; use ActionCreated"):
        check_types("Group", ["MemberAdded", name])


def test_kaizalas_events_do_not_occur_at_other_objects() -> None:
    check_types("Application", ["order.*", "*"])
    with pytest.raises(Invalid, match="ActionResponse does not occur at Application; use objectType Group or Action"):
        check_types("Application", ["order.*", "ActionResponse"])


@pytest.mark.parametrize("name", [*KINDS, *EVENT_TYPES])
def test_names_are_known_in_any_case(name: str) -> None:
    assert spelled(name.upper()) == spelled(name.lower()) == name


def test_other_names_stay_as_they_are() -> None:
    assert spelled("Order.Created") == "Order.Created"
