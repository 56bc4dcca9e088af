"""An action of a group: what it asks, answering it, and what was answered."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from starlette.responses import Response

from tidings.console.group_answers import Cell, Summary, cell_of, fields_of, sent_in, summarise
from tidings.console.group_here import GroupHere, Here
from tidings.console.group_wording import at_answer
from tidings.console.offers import Offers
from tidings.console.page import Pages
from tidings.console.place import Place
from tidings.console.rights import Right
from tidings.console.visit import Visit
from tidings.core.errors import Invalid, NotFound, Unavailable, UnsupportedMedia
from tidings.store.actions import ActionType
from tidings.store.actions import Place as Spot
from tidings.store.responses import Response as KeptResponse
from tidings.store.responses import Responses as KeptResponses
from tidings.workspace.actions import package_id
from tidings.workspace.amending import Change
from tidings.workspace.answers import holds_files
from tidings.workspace.bodies import Visibility
from tidings.workspace.form import Form, form_of, is_answered
from tidings.workspace.media import resource_of
from tidings.workspace.reading import Answered, Seen, Status
from tidings.workspace.responses import NewResponse

_ROOM = 1 << 20
# Responses that are read to be summed up; a dashboard counts all of them.
_MOST_SUMMED = 500
_A_PAGE = 50
# One's own, where many are allowed: who has given more finds the others in the table.
_MOST_OWN = 20
# Guesses: names that are read at a glance are fewer, and so are reminders.
_MOST_SILENT = 100
_MOST_REMINDERS = 3
_answers = msgspec.json.Decoder(list[Any])


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """A response as a line of the table; without a name if it is anonymous."""

    name: str
    at: int
    updates: int
    cells: Sequence[Cell]


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """What was answered; `is_all` says whether others' answers are in it, `is_whole` whether all are summed up."""

    given: Sequence[Given]
    cursor: str
    summaries: Sequence[Summary] = ()
    is_whole: bool = True


class GroupAnswering:
    """Whoever is in the group sees what it asks, and answers as themselves; who sees the answers, its author said."""

    def __init__(self, offers: Offers, pages: Pages) -> None:
        self._workspace = offers.workspace
        self._showing = offers.showing
        self._kept = KeptResponses(offers.database)
        self._here = GroupHere(offers)
        self._pages = pages

    def places(self) -> Sequence[Place]:
        path, most = "/groups/{id}/actions/{action}", self._workspace.media.most_bytes + _ROOM
        own = Right.BE_ONESELF
        return [
            Place(path=path, does=self._show, needs=own),
            Place(path=f"{path}/responses", does=self._respond, needs=own, method="POST", largest=most),
            Place(path=f"{path}/state", does=self._change, needs=own, method="POST"),
            Place(path=f"{path}/reminder", does=self._remind, needs=own, method="POST"),
        ]

    async def _show(self, visit: Visit, *, error: Invalid | None = None) -> Response:
        here = await self._here.of(visit)
        cursor = visit.query.get("cursor", "")
        seen = await self._seen(visit, here, cursor=cursor)
        form = form_of(seen.action) if is_answered(seen.action) else None
        own = await self._own(visit, seen) if form and here.is_member else []
        changed = next((one for one in own if one.id == _named(visit)), None)
        if form and not form.accepts_multiple and own:
            changed = own[0]
        results = _results(form, seen, is_first=not cursor) if form else None
        may_change = here.may_manage or seen.action.author == visit.person.id
        post = await self._workspace.posts.post(visit.caller, here.id, reference=seen.action.reference)
        return visit.page(
            "groups/action.html",
            block="results",
            error=error,
            here=here,
            seen=seen,
            form=form,
            own=own,
            changed=changed,
            fields=fields_of(form.questions, _answers.decode(changed.answers) if changed else []) if form else [],
            results=results,
            is_first=not cursor,
            dashboard=await self._dashboard(visit, seen) if form else "",
            sees_all=form is not None and _sees_all(visit, here, form=form),
            may_answer=form is not None and _may_answer(visit, here, form=form, status=seen.status),
            may_change=may_change,
            talk=post.talk,
            **(await self._reminding(visit, here, seen=seen) if form and may_change else {}),
            done=_answers.decode(changed.answers)[0] if changed and form and form.is_job else None,
        )

    async def _respond(self, visit: Visit) -> Response:
        here = await self._here.of(visit)
        seen = await self._workspace.reading.action(
            visit.member, here.id, action=visit.path["action"], has_responses=False, most=1
        )
        form = form_of(seen.action)
        former = await self._former(visit, form)
        try:
            new = await self._new_response(visit, form, former=former)
            await self._workspace.responses.respond(visit.member, here.id, action=seen.action.id, new=new)
        except Invalid as error:
            return await self._show(visit, error=at_answer(error))
        said = "Your answer has been changed." if former else "Your answer has been sent."
        return visit.go(f"{here.path}/actions/{seen.action.id}", said=said)

    async def _change(self, visit: Visit) -> Response:
        here = await self._here.of(visit)
        is_closed = visit.form.text("state") == "closed"
        change = Change(is_closed=is_closed)
        record = self._here.record(visit, "action.closed" if is_closed else "action.opened", about=visit.path["action"])
        action = await self._workspace.amending.change(
            visit.caller, here.id, action=visit.path["action"], change=change, also=record
        )
        said = "It takes no more answers." if is_closed else "It takes answers again."
        return visit.go(f"{here.path}/actions/{action.id}", said=said)

    async def _remind(self, visit: Visit) -> Response:
        here = await self._here.of(visit)
        identifier, amending = visit.path["action"], self._workspace.amending
        address = f"{here.path}/actions/{identifier}"
        if not await amending.silent(visit.caller, here.id, action=identifier, most=1):
            return visit.go(address, said="Everybody has answered meanwhile; nobody was reminded.")
        record = self._here.record(visit, "action.reminded", about=identifier)
        await amending.remind(visit.caller, here.id, action=identifier, also=record)
        return visit.go(address, said="Whoever has not answered is reminded.")

    async def _reminding(self, visit: Visit, here: Here, *, seen: Seen) -> dict[str, Any]:
        """Who has not answered, and when they were reminded of late."""
        amending, action = self._workspace.amending, seen.action.id
        silent = await amending.silent(visit.caller, here.id, action=action, most=_MOST_SILENT + 1)
        return {
            "silent": silent[:_MOST_SILENT],
            "is_more_silent": len(silent) > _MOST_SILENT,
            "reminders": await amending.reminders(visit.caller, here.id, action=action, most=_MOST_REMINDERS),
        }

    async def _seen(self, visit: Visit, here: Here, *, cursor: str) -> Seen:
        return await self._workspace.reading.action(
            visit.caller,
            here.id,
            action=visit.path["action"],
            has_responses=True,
            most=_A_PAGE if cursor else _MOST_SUMMED,
            cursor=cursor,
        )

    async def _own(self, visit: Visit, seen: Seen) -> list[KeptResponse]:
        return await self._kept.of_action(seen.action.id, most=_MOST_OWN, responder=visit.person.id)

    async def _former(self, visit: Visit, form: Form) -> KeptResponse | None:
        """The response that is to be replaced: the one that the form names, or the only one that is allowed."""
        own = await self._kept.of_action(form.action.id, most=_MOST_OWN, responder=visit.person.id)
        if not form.accepts_multiple:
            return own[0] if own else None
        named = _named(visit)
        found = next((one for one in own if one.id == named), None)
        if named and found is None:
            raise NotFound("there is no such answer of yours; load the page again")
        return found

    async def _new_response(self, visit: Visit, form: Form, *, former: KeptResponse | None) -> NewResponse:
        response_id = former.id if former else ""
        if form.is_job:
            done = visit.form.text("done")
            return NewResponse(is_completed=done == "yes" if done else None, response_id=response_id)
        before = _answers.decode(former.answers) if former else []
        answers = []
        for place, question in enumerate(form.questions):
            if holds_files(question) and not question.is_invisible:
                had = before[place] if place < len(before) and before[place] else []
                answers.append(await self._files(visit, f"answer-{place}", had=had))
            else:
                answers.append(sent_in(visit.form, number=place, question=question))
        return NewResponse(answers=answers, response_id=response_id)

    async def _files(self, visit: Visit, name: str, *, had: Sequence[dict[str, str]]) -> list[str]:
        """The mediaResources of what was chosen; if nothing was, those of before, unless they are to go."""
        chosen = visit.form.files(name)
        try:
            resources = [await self._workspace.media.add(visit.member, [one]) for one in chosen]
        except (Invalid, UnsupportedMedia) as error:
            raise Invalid(f"{name}: {error.message}") from error
        if resources or visit.form.is_on(f"{name}-none"):
            return resources
        return [resource for one in had if (resource := resource_of(one.get("mediaUrl", "")))]

    async def _dashboard(self, visit: Visit, seen: Seen) -> str:
        """The address of the dashboard of all its answers, if there is one, and the visitor may look at it."""
        if not (self._pages.has("/dashboards/{name}") and visit.may(Right.LOOK)):
            return ""
        told = f"the survey {seen.action.id}" if seen.action.type is ActionType.SURVEY else package_id(seen.action)
        try:
            boards = await self._showing.boards()
        except Unavailable:
            return ""
        name = next((one.name for one in boards.values() if one.title == f"Responses to {told}."), "")
        return f"/console/dashboards/{name}" if name else ""


def _sees_all(visit: Visit, here: Here, *, form: Form) -> bool:
    """Whether others' answers too, as `Reading` decides."""
    if here.may_manage or visit.may(Right.LOOK):
        return True
    is_author = form.action.author == visit.person.id
    return form.visibility in (Visibility.ALL, Visibility.MEMBERS_AND_SUBSCRIBERS) or (
        is_author and form.visibility is not Visibility.ADMIN
    )


def _may_answer(visit: Visit, here: Here, *, form: Form, status: Status) -> bool:
    is_asked = not form.is_job or visit.person.id in form.assignees
    return here.is_member and status is Status.ACTIVE and is_asked


def _named(visit: Visit) -> str:
    return visit.form.text("response") or visit.query.get("response", "")


def _results(form: Form, seen: Seen, *, is_first: bool) -> Results:
    """The first page sums up what follows it too, up to a limit."""
    found = seen.responses or ()
    shown = found[:_A_PAGE]
    cursor = seen.cursor
    if len(found) > len(shown):
        cursor = Spot(shown[-1].response.created_at, shown[-1].response.id).cursor
    summaries: Sequence[Summary] = ()
    if is_first and form.action.type is not ActionType.JOB:
        summaries = summarise(form.questions, [_answers.decode(one.response.answers) for one in found])
    return Results(
        given=[_given(form, one) for one in shown], cursor=cursor, summaries=summaries, is_whole=not seen.cursor
    )


def _given(form: Form, answered: Answered) -> Given:
    one = answered.response
    answers = _answers.decode(one.answers)
    cells: list[Cell] = []
    if form.is_job:
        cells = [Cell(text="Done" if answers and answers[0] else "Not done")]
    else:
        padded = [*answers, *[None] * (len(form.questions) - len(answers))]
        cells = [
            cell_of(question, answer)
            for question, answer in zip(form.questions, padded, strict=False)
            if not question.is_invisible
        ]
    name = "" if form.is_anonymous else one.name or one.phone
    return Given(name=name, at=one.changed_at, updates=one.updates, cells=cells)
