"""Report choices: tasks, tags and templates as a form offers them, and what they are called."""

from collections.abc import Sequence

from tidings.console.offers import Offers
from tidings.core.errors import NotFound
from tidings.core.event import ANY, Subject

# Beyond these, the page of a task or template leads to the form with itself chosen.
_MOST = 200
_EVERY = {"ReportTask": "all tasks", "ReportTag": "tasks with any tag", "ReportTemplate": "tasks of all templates"}


class ReportChoices:
    """Reads definitions by name."""

    def __init__(self, offers: Offers) -> None:
        self._reports = offers.reports

    async def tasks(self, chosen: str = "") -> Sequence[tuple[str, str]]:
        """Ids and titles, the chosen one among them."""
        found, _ = await self._reports.tasks.list(skip=0, most=_MOST)
        named = [(one.id, one.title) for one in found]
        return await self._with_chosen(named, chosen=Subject("ReportTask", chosen))

    async def templates(self, chosen: str = "") -> Sequence[tuple[str, str]]:
        """Ids and titles, the chosen one among them."""
        found, _ = await self._reports.templates.list(is_base=False, skip=0, most=_MOST)
        named = [(one.id, one.title) for one in found]
        return await self._with_chosen(named, chosen=Subject("ReportTemplate", chosen))

    async def tags(self) -> Sequence[tuple[str, str]]:
        """Ids and titles."""
        return [(one.id, one.title) for one in await self._reports.tags.list()]

    async def names(self, subjects: Sequence[Subject]) -> dict[Subject, str]:
        """How subjects are called; by their id where they are gone."""
        return {one: await self._name(one) for one in dict.fromkeys(subjects)}

    async def must_exist(self, subject: Subject) -> None:
        """Raise NotFound unless it is there."""
        await self._title(subject)

    async def _with_chosen(self, found: Sequence[tuple[str, str]], *, chosen: Subject) -> Sequence[tuple[str, str]]:
        if not chosen.id or chosen.id in dict(found):
            return found
        return [*found, (chosen.id, await self._name(chosen))]

    async def _name(self, subject: Subject) -> str:
        if subject.id == ANY:
            return _EVERY[subject.kind]
        try:
            return await self._title(subject)
        except NotFound:
            return subject.id

    async def _title(self, subject: Subject) -> str:
        if subject.kind == "ReportTask":
            return (await self._reports.tasks.get(subject.id)).title
        if subject.kind == "ReportTag":
            return (await self._reports.tags.get(subject.id)).title
        return (await self._reports.templates.get(subject.id)).title
