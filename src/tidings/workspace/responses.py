"""Responses: what people, and programs, answer to actions, kept together with the event that tells of it."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from tidings.core.caller import Caller
from tidings.core.clock import Clock
from tidings.core.errors import Conflict, Forbidden, Invalid
from tidings.core.event import NOBODY, Actor, Event, Subject
from tidings.outbox.publisher import Draft, Publisher
from tidings.store.actions import action_responded
from tidings.store.database import Database
from tidings.store.responses import GivenResponse, Response, response_given, response_updated
from tidings.store.responses import Responses as KeptResponses
from tidings.workspace.actions import Subjects
from tidings.workspace.admission import Admission
from tidings.workspace.answers import filled_in, holds_files, read_answers, read_location
from tidings.workspace.data import Media as ToldMedia
from tidings.workspace.form import Form, form_of, is_over
from tidings.workspace.media import Media
from tidings.workspace.rights import Rights

_ANSWERS = "actionBody.answers"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewResponse:
    """A response as it was sent: `is_completed` of a job, otherwise answers in the order of the questions.

    `response_id` names a former response of the same person, which this one replaces. `location` is where they were.
    """

    answers: Sequence[Any] = ()
    is_completed: bool | None = None
    location: Any = None
    response_id: str = ""


class Responses:
    """Whoever may see an action may respond to it: once, unless it accepts more, and again to replace a response."""

    def __init__(
        self,
        database: Database,
        *,
        publisher: Publisher,
        rights: Rights,
        subjects: Subjects,
        media: Media,
        clock: Clock,
    ) -> None:
        self._kept = KeptResponses(database)
        self._admission = Admission(database, rights=rights)
        self._publisher = publisher
        self._subjects = subjects
        self._media = media
        self._clock = clock

    async def respond(self, caller: Caller, group: str, *, action: str, new: NewResponse) -> str:
        """Give or replace a response; its id, which is also the event's.

        Raises NotFound; Invalid, naming the answer; Forbidden for a job of others, and for programs where people are
        asked; Conflict if the action is closed, or the caller has responded already and does not say to what.
        """
        admitted = await self._admission.to(caller, group, action=action)
        form = form_of(admitted.action)
        at = self._clock.now()
        _must_be_open(form, at=at)
        _must_be_asked(form, caller)
        given = GivenResponse(
            id=new.response_id or str(uuid.uuid4()),
            action=form.action.id,
            group_id=form.action.group_id,
            responder=caller.person.id,
            connector=caller.connector,
            answers=msgspec.json.encode(await self._answers(form, new, at=at)).decode(),
            at=at,
        )
        is_only_one = caller.person.id != "" and not form.accepts_multiple
        kept = response_updated(given) if new.response_id else response_given(given, is_only_one=is_only_one)
        counted = action_responded(form.action.id, at=at, is_first=not new.response_id, otherwise=_closed())
        subjects = await self._subjects.of(admitted.action, is_beneath=admitted.is_beneath)
        event = _event(form, given, by=caller.person, subjects=subjects, is_update=bool(new.response_id))
        try:
            # The action first: it is what responses at the same time wait for, whatever else they hold.
            await self._publisher.publish_one(Draft(event=event, also=(counted, kept)))
        except Conflict as error:
            if is_only_one and not new.response_id:
                await self._point_to_former(given, error)
            raise
        return given.id

    async def _point_to_former(self, given: GivenResponse, error: Conflict) -> None:
        former = await self._kept.only_one(given.action, responder=given.responder)
        if former:
            raise Conflict(
                f"you have responded already; send responseId {former} to change that response",
                details={"responseId": former},
            ) from error

    async def _answers(self, form: Form, new: NewResponse, *, at: int) -> list[Any]:
        if form.is_job:
            if new.is_completed is None:
                raise Invalid("actionBody.isCompleted: say true or false; that is what a job asks")
            return [new.is_completed]
        answers = read_answers(form.questions, new.answers, field=_ANSWERS)
        if not form.is_for_programs and answers[0] is None:
            raise Invalid(f"{_ANSWERS}[0]: choose one of {', '.join(form.questions[0].options)[:1000]}")
        for place, (question, answer) in enumerate(zip(form.questions, answers, strict=True)):
            if answer is not None and holds_files(question):
                files = await self._media.files(answer, field=f"{_ANSWERS}[{place}]")
                answers[place] = [ToldMedia(media_url=file.url, media_file_name=file.name) for file in files]
        location = None
        if new.location is not None:
            location = read_location(new.location, field="actionBody.responseLocation")
        return filled_in(form.questions, answers, at=at, location=location)


def _event(form: Form, given: GivenResponse, *, by: Actor, subjects: tuple[Subject, ...], is_update: bool) -> Event:
    response = Response(
        id=given.id,
        action=given.action,
        responder=by.id,
        phone=by.phone,
        name=by.name,
        picture=by.picture,
        is_bot=by.is_bot,
        answers=given.answers,
        updates=int(is_update),
        created_at=given.at,
        changed_at=given.at,
    )
    return Event(
        type=form.event_type,
        subjects=subjects,
        data=msgspec.json.encode(form.told(response)),
        at=given.at,
        actor=NOBODY if form.is_anonymous else by,
        wire_id=given.id,
    )


def _must_be_open(form: Form, *, at: int) -> None:
    if form.action.is_closed:
        raise _closed()
    if is_over(form.action, at=at):
        raise Conflict("the action's time is over; ask its author for more")


def _must_be_asked(form: Form, caller: Caller) -> None:
    person = caller.person.id
    if form.is_job and (not person or person not in form.assignees):
        raise Forbidden("only those who the job is assigned to may respond to it")
    if not person and not form.is_for_programs:
        raise Forbidden("this token speaks for no person; respond with a user's token")


def _closed() -> Conflict:
    return Conflict("the action is closed; it takes no more responses")
