"""The demo's work: what the crew asks, does and answers, one thing after another."""

from collections.abc import AsyncIterator
from itertools import cycle

from tidings.core.event import Actor, Subject
from tidings.demo.forms import ANNOUNCEMENT, DISHES, JOBS, ORDER_FORM, ORDERS, SURVEY
from tidings.demo.screen import Screen
from tidings.demo.stage import GROUP_NAME, KITCHEN, NEWCOMER, Stage
from tidings.outbox.terms import Terms
from tidings.store.actions import Action
from tidings.workspace.proposal import NewAction, NewCustom, NewJob
from tidings.workspace.responses import NewResponse


class Work:
    """Knows who does what next."""

    def __init__(self, stage: Stage, *, screen: Screen) -> None:
        self._stage = stage
        self._workspace = stage.parts.workspace
        self._screen = screen
        self._steps = self._script()
        self._dishes, self._jobs, self._orders = cycle(DISHES), cycle(JOBS), cycle(ORDERS)
        self._votes: dict[str, str] = {}

    async def step(self) -> None:
        """The next thing to be done."""
        await anext(self._steps)

    async def _script(self) -> AsyncIterator[None]:
        asha, ravi, meera = self._stage.crew.values()
        survey = await self._ask(asha)
        yield
        form = await self._send_form(asha)
        yield
        while True:
            job = await self._assign(asha, to=ravi)
            yield
            order = await self._order(ravi, form=form)
            yield
            await self._vote(meera, survey=survey)
            yield
            await self._vote(ravi, survey=survey)
            yield
            await self._finish(ravi, job=job)
            yield
            await self._order(meera, form=form)
            yield
            await self._announce(asha)
            yield
            await self._order(ravi, form=form, instead_of=order)
            yield
            await self._let_in()
            yield
            await self._vote(asha, survey=survey)
            yield
            await self._order(meera, form=form)
            yield
            await self._let_go()
            yield

    async def _ask(self, author: Actor) -> Action:
        self._screen.happened(author.name, f"asks in a survey: {SURVEY.questions[0].title}")
        survey = await self._post(author, SURVEY)
        await self._stage.connect(KITCHEN, to=Subject("Action", survey.id), terms=Terms(types=("SurveyResponse",)))
        self._screen.turned(f"{KITCHEN} subscribes to this one survey", is_good=True)
        return survey

    async def _send_form(self, author: Actor) -> Action:
        self._screen.happened(author.name, f"sends an order form to {GROUP_NAME}")
        return await self._post(author, NewCustom(package=ORDER_FORM.id))

    async def _assign(self, author: Actor, *, to: Actor) -> Action:
        title = next(self._jobs)
        self._screen.happened(author.name, f"gives {to.name} a job: {title}")
        return await self._post(author, NewJob(title=title, assigned_to=(to.phone,)))

    async def _announce(self, author: Actor) -> None:
        self._screen.happened(author.name, f"announces: {ANNOUNCEMENT.text}")
        await self._post(author, ANNOUNCEMENT)

    async def _order(self, person: Actor, *, form: Action, instead_of: str = "") -> str:
        outlet, *rest = next(self._orders)
        does = "changes an order, now it is" if instead_of else "fills in the order form"
        self._screen.happened(person.name, f"{does} for {outlet}")
        return await self._respond(person, form, new=NewResponse(answers=(outlet, *rest), response_id=instead_of))

    async def _vote(self, person: Actor, *, survey: Action) -> None:
        dish, former = next(self._dishes), self._votes.get(person.id, "")
        self._screen.happened(person.name, f"{'now wants' if former else 'votes for'} {dish}")
        vote = NewResponse(answers=(dish,), response_id=former)
        self._votes[person.id] = await self._respond(person, survey, new=vote)

    async def _finish(self, person: Actor, *, job: Action) -> None:
        self._screen.happened(person.name, f"has done the job: {job.title}")
        await self._respond(person, job, new=NewResponse(is_completed=True))

    async def _let_in(self) -> None:
        admin = self._stage.admin
        self._screen.happened(admin.person.name, f"adds {NEWCOMER.name} to {GROUP_NAME}")
        await self._workspace.groups.add_members(admin, self._stage.group, phones=[NEWCOMER.phone])

    async def _let_go(self) -> None:
        admin = self._stage.admin
        self._screen.happened(admin.person.name, f"removes {NEWCOMER.name} from {GROUP_NAME}")
        await self._workspace.groups.remove_member(admin, self._stage.group, person=NEWCOMER.id)

    async def _post(self, author: Actor, new: NewAction) -> Action:
        posted = await self._workspace.posting.post(self._stage.as_caller(author), self._stage.group, new=new)
        return posted.action

    async def _respond(self, person: Actor, action: Action, *, new: NewResponse) -> str:
        caller, group = self._stage.as_caller(person), self._stage.group
        return await self._workspace.responses.respond(caller, group, action=action.id, new=new)
