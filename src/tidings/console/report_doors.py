"""Report doors: who looks at templates and tasks, and who makes them."""

from typing import TYPE_CHECKING

from tidings.console.report_visitor import author_of
from tidings.console.rights import Right
from tidings.console.visit import Visit
from tidings.core.report import ReportAuthor, ReportRole, is_at_least
from tidings.reports.roles import must_be

if TYPE_CHECKING:
    from tidings.reports.opening import Reports


async def looking(visit: Visit, reports: "Reports") -> ReportAuthor:
    """Whoever sees how reports are made: authors, and whoever may look at everything here. Raises Forbidden."""
    author = await author_of(visit, reports)
    if not visit.may(Right.LOOK):
        must_be(author, ReportRole.AUTHOR)
    return author


async def making(visit: Visit, reports: "Reports") -> ReportAuthor:
    """Whoever makes templates and tasks. Raises Forbidden."""
    author = await author_of(visit, reports)
    must_be(author, ReportRole.AUTHOR)
    return author


def may_make(author: ReportAuthor) -> bool:
    """Whether they make templates and tasks, and not only look at them."""
    return is_at_least(author.role, ReportRole.AUTHOR)


def put_off(tasks: int) -> str:
    """What is said, after saving, of tasks that wait because of it."""
    if not tasks:
        return ""
    many = "1 task that uses it waits" if tasks == 1 else f"{tasks:,} tasks that use it wait"
    return f" {many} for approval now."
