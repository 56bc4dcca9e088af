"""Actions that ask something, put into the store as they are kept; and what answers and reads them."""

import itertools
from collections.abc import Sequence
from typing import Any

from tests.workspace.house import ADA, House, by
from tidings.core.caller import Caller
from tidings.core.clock import DAY
from tidings.core.event import Actor
from tidings.store.actions import Action, Actions, ActionType, action_posted
from tidings.store.groups import Group
from tidings.testing.clock import ManualClock
from tidings.workspace.actions import Subjects
from tidings.workspace.bodies import (
    Body,
    Choice,
    CustomBody,
    JobBody,
    MeetBody,
    PollBody,
    SurveyBody,
    Visibility,
    written,
)
from tidings.workspace.media import Media
from tidings.workspace.questions import RESPONSE_TIME, Question, QuestionType
from tidings.workspace.reading import Reading
from tidings.workspace.responses import NewResponse, Responses

ASKED = (
    Question(title="Site", type=QuestionType.TEXT),
    Question(title="Weather", type=QuestionType.SINGLE_OPTION, options=("Sun", "Rain")),
    Question(title="Photos", type=QuestionType.ATTACHMENT_LIST),
    Question(title="Place", type=QuestionType.LOCATION),
    Question(title=RESPONSE_TIME, type=QuestionType.DATE_TIME, is_invisible=True),
)


class Asking:
    """A group of Ada's, with actions by her; a day is given to answer them."""

    def __init__(self, house: House, *, group: Group, media: Media, clock: ManualClock) -> None:
        self.house = house
        self.group = group
        self.clock = clock
        self.media = media
        self.actions = Actions(house.database)
        self.responses = Responses(
            house.database,
            publisher=house.publisher,
            rights=house.rights,
            subjects=Subjects(house.tree),
            media=media,
            clock=clock,
        )
        self.reading = Reading(house.database, rights=house.rights, clock=clock)
        self._numbers = itertools.count(1)

    async def post(self, type_: ActionType, body: Body, **other: Any) -> Action:  # noqa: ANN401 - the fields of an Action
        """An action; `other` says what is special about it."""
        name, now = f"a{next(self._numbers)}", self.clock.now()
        fields: dict[str, Any] = {"group_id": self.group.id, "author": ADA.id, "title": "Harbour", "due_at": now + DAY}
        action = Action(
            **fields | {"id": name, "reference": f"ref-{name}", "created_at": now, "changed_at": now} | other,
            type=type_,
            body=written(body),
        )
        await self.house.database.write(action_posted(action))
        return action

    async def job(self, *assignees: Actor, **other: Any) -> Action:  # noqa: ANN401 - the fields of an Action
        ids = tuple(person.id for person in assignees)
        return await self.post(ActionType.JOB, JobBody(assigned_to=ids, text="All floors"), **other)

    async def survey(
        self,
        questions: Sequence[Question] = ASKED,
        *,
        is_anonymous: bool = False,
        accepts_multiple: bool = False,
        visibility: Visibility = Visibility.ALL,
        **other: Any,  # noqa: ANN401 - the fields of an Action
    ) -> Action:
        body = SurveyBody(
            questions=tuple(questions),
            is_anonymous=is_anonymous,
            accepts_multiple=accepts_multiple,
            visibility=visibility,
        )
        return await self.post(ActionType.SURVEY, body, **other)

    async def custom(self, *, version: int = 1, **other: Any) -> Action:  # noqa: ANN401 - the fields of an Action
        package = {"package": "com.example.inspection", "package_version": version}
        return await self.post(ActionType.CUSTOM, CustomBody(questions=ASKED), **package | other)

    async def poll(self) -> Action:
        choices = (Choice(title="Canteen"), Choice(title="Café", image="https://example.com/cafe.jpg"))
        return await self.post(ActionType.POLL, PollBody(choices=choices))

    async def meet(self, *, is_sender_only: bool = False) -> Action:
        body = MeetBody(starting_at=self.clock.now() + DAY, duration_minutes=30, is_sender_only=is_sender_only)
        return await self.post(ActionType.LETS_MEET, body)

    async def respond(self, person: Actor | Caller, action: Action, **new: Any) -> str:  # noqa: ANN401 - NewResponse's
        """The id of the response; `new` has the fields of a `NewResponse`."""
        caller = by(person) if isinstance(person, Actor) else person
        return await self.responses.respond(caller, action.group_id, action=action.id, new=NewResponse(**new))
