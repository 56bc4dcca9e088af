"""The samples are there from the first start on, as base templates, until somebody removes them."""

from tidings.core.clock import Clock
from tidings.core.report import ReportAuthor, ReportRole
from tidings.reports.offering import offer_samples
from tidings.reports.samples import SAMPLES
from tidings.reports.templates import Templates
from tidings.store.open import open_database

_PUBLISHER = ReportAuthor(id="publisher", role=ReportRole.PUBLISHER)


async def test_samples_are_offered_once_and_what_was_removed_stays_away(database_url: str) -> None:
    clock = Clock()
    database = await open_database(database_url, clock=clock, serving=False)
    try:
        await database.migrate()
        templates = Templates(database, clock)
        await offer_samples(database, at=clock.now())
        offered, _ = await templates.list(is_base=True)
        await templates.remove(offered[0].id, author=_PUBLISHER)
        await offer_samples(database, at=clock.now())
        left, _ = await templates.list(is_base=True)
    finally:
        await database.close()

    assert {one.title for one in offered} == {sample.title for sample in SAMPLES}
    assert {one.id for one in left} == {one.id for one in offered[1:]}
