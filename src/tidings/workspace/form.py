"""Form: what an action asks, by which rules it is answered, and how a response to it is told."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import chain, repeat
from typing import Any

import msgspec
from msgspec import UNSET

from tidings.core.errors import Invalid
from tidings.core.remembered import remembered
from tidings.store.actions import Action, ActionType
from tidings.store.responses import Response
from tidings.workspace import data
from tidings.workspace.actions import package_id, versioned_package_id
from tidings.workspace.bodies import AskingBody, JobBody, MeetBody, PollBody, Visibility, read_body
from tidings.workspace.questions import Question

_answers = msgspec.json.Decoder(list[Any])
_EVENTS = {
    ActionType.JOB: "JobResponse",
    ActionType.POLL: "PollResponse",
    ActionType.LETS_MEET: "LetsMeetResponse",
    ActionType.SURVEY: "SurveyResponse",
    ActionType.CUSTOM: "ActionResponse",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """An action seen as something to answer. Only a job has `assignees`: ids of people; its one answer is yes or no.

    `is_for_programs`: whoever has no person may answer too. `visibility` is who sees what others answered.
    """

    action: Action
    event_type: str
    questions: tuple[Question, ...] = ()
    assignees: tuple[str, ...] = ()
    text: str = ""
    is_anonymous: bool = False
    visibility: Visibility = Visibility.ALL
    accepts_multiple: bool = False
    is_for_programs: bool = False

    @property
    def is_job(self) -> bool:
        return self.action.type is ActionType.JOB

    def told(self, response: Response) -> data.Response | data.JobResponse:
        """A response as events and readers are told of it: without its responder if it is anonymous."""
        answers = _answers.decode(response.answers)
        return self._job_done(response, answers) if self.is_job else self._answered(response, answers)

    def _job_done(self, response: Response, answers: Iterable[Any]) -> data.JobResponse:
        assignee = data.Assignee(
            assignee=response.phone,
            assignee_name=response.name,
            assignee_profile_pic=response.picture,
            is_completed=next(iter(answers)),
        )
        return data.JobResponse(
            action_id=self.action.id,
            group_id=self.action.group_id,
            response_id=response.id,
            response_details=data.JobAnswer(response=assignee),
            title=self.action.title,
            text=self.text,
            **msgspec.structs.asdict(assignee),
        )

    def _answered(self, response: Response, answers: Iterable[Any]) -> data.Response:
        is_hidden = self.is_anonymous
        return data.Response(
            action_id=self.action.id,
            action_package_id=package_id(self.action),
            package_id=versioned_package_id(self.action),
            group_id=self.action.group_id,
            source_group_id=self.action.group_id,
            response_id=response.id,
            is_update_response=response.updates > 0,
            responder="" if is_hidden else response.phone,
            responder_id="" if is_hidden else response.responder,
            responder_name="" if is_hidden else response.name,
            responder_profile_pic="" if is_hidden else response.picture,
            is_anonymous=is_hidden,
            response_details=data.Answers(
                response_with_questions=[
                    told_question(question, UNSET if answer is None else answer)
                    for question, answer in zip(self.questions, chain(answers, repeat(None)), strict=False)
                ]
            ),
        )


def is_answered(action: Action) -> bool:
    """Whether an action asks anything."""
    return action.type in _EVENTS


def is_over(action: Action, *, at: int) -> bool:
    """Whether its time has passed."""
    return action.due_at is not None and action.due_at <= at


def form_of(action: Action) -> Form:
    """Raises Invalid for an action that asks nothing."""
    asked = _asked(action.type, action.body, title=action.title)
    return Form(action=action, event_type=_EVENTS.get(action.type, ""), **asked)


@remembered(128, longest=20_000)  # many respond to one action; what it asks is read once
def _asked(type_: ActionType, body: str, *, title: str) -> Mapping[str, Any]:
    match read_body(type_, body):
        case AskingBody() as asking:
            return {
                "questions": asking.questions,
                "is_anonymous": asking.is_anonymous,
                "accepts_multiple": asking.accepts_multiple,
                "visibility": asking.visibility,
                "is_for_programs": True,
            }
        case JobBody() as job:
            return {"assignees": job.assigned_to, "text": job.text}
        case MeetBody(is_sender_only=True) as meeting:
            return {"questions": meeting.asks(title), "visibility": Visibility.SENDER}
        case PollBody() | MeetBody() as poll:
            return {"questions": poll.asks(title)}
        case _:
            raise Invalid(
                f"an action of type {type_} asks nothing; respond to jobs, polls, meetings, surveys and custom ones"
            )


def told_question(question: Question, answer: Any = UNSET) -> data.Question:  # noqa: ANN401 - see data.Question
    """A question as events tell it."""
    return data.Question(
        is_invisible=question.is_invisible,
        title=question.title,
        type=question.type,
        options=[data.Option(title=title) for title in question.options],
        answer=answer,
    )
