"""Publisher: takes a report to all places that the rules name for its tags, each of them once."""

import logging
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from .failure import Later, Refused
from .ledger import Ledger
from .publication import File, Publication, Report, safe_name
from .reports import Reports
from .rules import Rule, Target

log = logging.getLogger("publishing")


@dataclass(frozen=True, slots=True, kw_only=True)
class Publisher:
    """Every step that succeeded is noted, so that a report which comes again goes on where it failed."""

    rules: Sequence[Rule]
    targets: Mapping[str, Sequence[Target]]
    reports: Reports
    ledger: Ledger

    def publish(self, identifier: str) -> None:
        """Raises Later if something is still to be done, Refused if the report cannot be had at all."""
        report = self.reports.report(identifier)
        rules = [rule for rule in self.rules if rule.tag in report.tags]
        if not rules or not report.is_made:
            log.info("nothing to publish report=%s", report.id)
            return
        later: list[Later] = []
        with tempfile.TemporaryDirectory(prefix="publishing-") as folder:
            renders = self._renders(report, Path(folder))
            for rule in rules:
                try:
                    self._follow(rule, report, render=renders)
                except Later as error:
                    log.warning("comes again report=%s reason=%s", report.id, error)
                    later.append(error)
        if later:
            raise Later(" ".join(map(str, later)), wait_s=max(error.wait_s for error in later))

    def _follow(self, rule: Rule, report: Report, *, render: Callable[[str, str], File]) -> None:
        """One destination after the other; when one does not take it, those behind it have no turn."""
        places: tuple[str, ...] = ()
        for name in rule.to:
            publication = Publication(report=report, file=lambda: render(rule.format, rule.name), places=places)
            taken, later = [], None
            for target in self.targets[name]:
                key = f"{target.id}: {rule.name}.{rule.format}"
                try:
                    taken.append(self._publish_once(target, publication, key=key, destination=name))
                except Later as error:  # the other phones are told all the same
                    later = error
            if later is not None:
                raise later
            if not all(taken):
                return
            places += tuple(taken)

    def _publish_once(self, target: Target, publication: Publication, *, key: str, destination: str) -> str:
        """Where it is, from now on or already; empty if it was refused for good."""
        report = publication.report.id
        place = self.ledger.place(report, key)
        if place is None:
            place = self._try(target, publication, destination=destination)
            self.ledger.note(report, key, place=place)
        return place

    def _try(self, target: Target, publication: Publication, *, destination: str) -> str:
        """Where it is now; empty if it is refused for good, of which the log tells."""
        report = publication.report.id
        try:
            place = target.destination.publish(publication) or destination
        except Refused as error:
            log.error("refused report=%s destination=%s reason=%s", report, destination, error)  # noqa: TRY400
            return ""
        except Later as error:
            raise Later(f"{destination}: {error}.", wait_s=error.wait_s) from error
        log.info("published report=%s destination=%s place=%s", report, destination, place)
        return place

    def _renders(self, report: Report, folder: Path) -> Callable[[str, str], File]:
        """What renders the report, in each format once."""

        @cache
        def rendered(ending: str) -> tuple[Path, str]:
            path = folder / f"report.{ending}"
            return path, self.reports.render(report, ending, into=path)

        def named(ending: str, pattern: str) -> File:
            path, media_type = rendered(ending)
            return File(path=path, name=safe_name(report.named(pattern), ending), media_type=media_type)

        return named
