"""Offering: the samples, as base templates of every installation."""

import contextlib
import uuid

from tidings.core.errors import Conflict
from tidings.core.report import Template
from tidings.reports.samples import SAMPLES
from tidings.store.database import Database
from tidings.store.report_templates import ReportTemplates, template_made

# So that all processes call a sample alike.
_SAMPLES = uuid.UUID("7d9b5c0a-51f4-4b0e-9a53-0f3f6f2f8f4e")


async def offer_samples(database: Database, *, at: int) -> None:
    """Make those that were never there; who removes one does not see it again."""
    kept = ReportTemplates(database)
    for sample in SAMPLES:
        identifier = str(uuid.uuid5(_SAMPLES, sample.title))
        if await kept.versions(identifier, most=1):
            continue
        template = Template(
            id=identifier,
            title=sample.title,
            version=1,
            is_base=True,
            meta={},
            made_by="tidings",
            made_at=at,
            saved_at=at,
        )
        with contextlib.suppress(Conflict):  # another process was faster
            await database.write(*template_made(template, sample.content))
