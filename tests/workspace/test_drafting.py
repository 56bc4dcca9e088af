"""What is no action is refused; this asks nothing of an engine, so one is enough."""

from base64 import b64encode
from pathlib import Path

import pytest

from tests.workspace.board import ASKED, Board
from tests.workspace.house import ADA, CYD
from tidings.core.errors import Invalid
from tidings.store.actions import ActionType
from tidings.testing.clock import START
from tidings.workspace.bodies import Choice
from tidings.workspace.drafting import LONGEST_HOURS, LONGEST_MINUTES, MOST_ASSIGNEES
from tidings.workspace.properties import SentProperty
from tidings.workspace.proposal import (
    NewAction,
    NewAnnouncement,
    NewCustom,
    NewJob,
    NewMedia,
    NewMeet,
    NewPoll,
    NewSurvey,
)
from tidings.workspace.questions import Asked

NAMELESS = SentProperty(name="", value=1)


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    return f"sqlite:{tmp_path / 'tidings.db'}"


@pytest.mark.parametrize(
    ("new", "field"),
    [
        (NewAnnouncement(text=" "), "message"),
        (NewAnnouncement(text="x" * 4_001), "message"),
        (NewAnnouncement(text="x", title="x" * 401), "title"),
        (NewAnnouncement(text="x", resources=["x"]), "mediaResources"),
        (NewAnnouncement(text="x", resources=["x"] * 31), "mediaResources"),
        (NewMedia(type=ActionType.IMAGE, resources=[]), "mediaResource"),
        (NewMedia(type=ActionType.IMAGE, resources=["x"]), "mediaResource"),
        (NewMedia(type=ActionType.IMAGE, resources=[b64encode(b'{"x":' + b"[" * 9_000).decode()]), "mediaResource"),
        (NewJob(title=" ", assigned_to=[ADA.phone]), "title"),
        (NewJob(title="Doors", assigned_to=[]), "assignedTo"),
        (NewJob(title="Doors", assigned_to=["12"]), r"assignedTo\[0\]"),
        (NewJob(title="Doors", assigned_to=[ADA.phone, CYD.phone]), rf"assignedTo: \{CYD.phone}"),
        (NewJob(title="Doors", assigned_to=[ADA.phone] * (MOST_ASSIGNEES + 1)), "assignedTo"),
        (NewJob(title="Doors", assigned_to=[ADA.phone], due_in_hours=0), "dueDate"),
        (NewJob(title="Doors", assigned_to=[ADA.phone], due_in_hours=LONGEST_HOURS + 1), "dueDate"),
        (NewJob(title="Doors", assigned_to=[ADA.phone], due_in_hours=float("nan")), "dueDate"),
        (NewJob(title="Doors", assigned_to=[ADA.phone], text="x" * 4_001), "text"),
        (NewPoll(question="Where?", choices=[]), "choices"),
        (NewPoll(question="Where?", choices=[Choice(title="")]), r"choices\[0\]\.title"),
        (NewPoll(question="Where?", choices=[Choice(title="A", image="x")]), r"choices\[0\]\.image"),
        (NewPoll(question="", choices=[Choice(title="A")]), "question"),
        (NewPoll(question="Where?", choices=[Choice(title="A")], expires_in_hours=-1), "expiryInHours"),
        (NewMeet(title="", starting_at=START), "title"),
        (NewMeet(title="Call", starting_at=START, duration_minutes=0), "duration"),
        (NewMeet(title="Call", starting_at=START, duration_minutes=LONGEST_MINUTES + 1), "duration"),
        (NewMeet(title="Call", starting_at=START, agenda="x" * 4_001), "agenda"),
        (NewSurvey(title="", questions=ASKED), "title"),
        (NewSurvey(title="Orders", questions=[]), "questions"),
        (NewSurvey(title="Orders", questions=[Asked("Rice", "Sum")]), r"questions\[0\]\.type"),
        (NewSurvey(title="Orders", questions=ASKED, due_in_hours=0), "dueDate"),
        (NewSurvey(title="Orders", questions=ASKED, description="x" * 4_001), "description"),
        (NewSurvey(title="Orders", questions=ASKED, cover_image=f"https://{'x' * 2_048}"), "coverImage"),
        (NewCustom(package="com.example.new", questions=[Asked("Rice", "Sum")]), r"questions\[0\]\.type"),
        (NewCustom(package="com.example.new", questions=ASKED, valid_for_hours=0), "validity"),
        (NewCustom(package="com.example.new", questions=ASKED, properties=[NAMELESS]), r"properties\[0\]\.name"),
    ],
)
async def test_what_is_not_as_it_must_be_is_refused_by_field_and_nothing_is_kept(
    board: Board, new: NewAction, field: str
) -> None:
    with pytest.raises(Invalid, match=rf"^actionBody\.{field}"):
        await board.post(new)

    assert await board.house.events() == []
    assert await board.actions.newest(board.group.id, most=1) == []
    assert await board.packages.list() == []
