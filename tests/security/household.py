"""A household: an estate with browsers of everybody who comes to its console."""

import contextlib
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

from tests.security.asking import Answer, ask
from tests.security.console_rules import Visitor
from tests.security.estate import Estate, opened_estate
from tidings.console.entrance import csrf_of
from tidings.console.rights import Role
from tidings.core.event import Actor
from tidings.core.report import ReportAuthor, ReportRole

_ORIGIN = "https://tidings.example.com"
_ROLES = {Visitor.READER: Role.READER, Visitor.OPERATOR: Role.OPERATOR, Visitor.OWNER: Role.OWNER}
_OF_REPORTS = {
    Visitor.VIEWER: ReportRole.VIEWER,
    Visitor.AUTHOR: ReportRole.AUTHOR,
    Visitor.OTHER_AUTHOR: ReportRole.AUTHOR,
    Visitor.PUBLISHER: ReportRole.PUBLISHER,
}


class Household:
    """Everybody is signed in but the stranger."""

    def __init__(self, estate: Estate) -> None:
        self.estate = estate
        self._sessions: dict[Visitor, str] = {Visitor.STRANGER: ""}

    async def gather(self) -> None:
        parts = self.estate.parts
        people = {Visitor.ADMIN: "+910000000001", Visitor.MEMBER: "+910000000002"}
        for number, visitor in enumerate(Visitor, start=10):
            if visitor is Visitor.STRANGER:
                continue
            phone = people.get(visitor, f"+9100000000{number}")
            if visitor not in people:
                await parts.access.create_person(phone, actor="test", name=visitor.name)
            person = await parts.access.person(phone)
            if visitor in _ROLES:
                await parts.entrance.give_role(person.id, _ROLES[visitor], actor="test")
            if visitor in _OF_REPORTS:
                await parts.reports.roles.give(person.id, _OF_REPORTS[visitor], actor="test")
            if visitor is Visitor.AUTHOR:
                await self._make_theirs(person)
            self._sessions[visitor] = await self._sign_in(phone)
        self.estate.things.makers["session"] = self._other_session
        self.estate.things.at["session"] = await self._other_session()

    async def visit(
        self,
        visitor: Visitor,
        method: str,
        path: str,
        *,
        form: Mapping[str, str] | None = None,
        csrf: str | None = None,
    ) -> Answer:
        """Come as a browser does that shows pages of ours."""
        token = self._sessions[visitor]
        headers = {"accept": "text/html", "origin": _ORIGIN, "sec-fetch-site": "same-origin"}
        if token:
            headers["cookie"] = f"__Host-tidings={token}"
        sent = None
        if method == "POST":
            proof = csrf_of(token) if csrf is None else csrf
            sent = {"csrf": proof, **(form or {})}
        return await ask(self.estate.front.application, method, f"/console{path}", headers=headers, form=sent)

    async def _sign_in(self, phone: str) -> str:
        entrance = self.estate.parts.entrance
        link = await entrance.link(actor="test", phone=phone)
        return (await entrance.follow(link, address="127.0.0.1", agent="a browser")).token

    async def _other_session(self) -> str:
        """One of Asha's in another browser."""
        session = await self.estate.parts.entrance.session(await self._sign_in("+910000000001"))
        assert session is not None
        return session.id

    async def _make_theirs(self, author: Actor) -> None:
        things = self.estate.things
        things.author = ReportAuthor(id=author.id, role=ReportRole.AUTHOR)
        for kind in ("template", "task", "cycle", "report", "published"):
            things.at[kind] = await things.fresh(kind)


@contextlib.asynccontextmanager
async def opened_household(folder: Path) -> AsyncIterator[Household]:
    async with opened_estate(folder) as estate:
        household = Household(estate)
        await household.gather()
        yield household
