"""Links to files: what is signed cannot be changed."""

from urllib.parse import parse_qs, urlsplit

import pytest

from tidings.core.clock import DAY, HOUR
from tidings.core.errors import Forbidden
from tidings.core.report import ReportFile, ReportFormat
from tidings.core.secret import Secret
from tidings.reports.links import Links
from tidings.testing.clock import START, ManualClock

FILE = ReportFile(id="f-1", report="r-1", format=ReportFormat.PDF, name="Sales & more.pdf", size=1, made_at=START)


def links_at(clock: ManualClock, *, key: str = "secret") -> Links:
    return Links(Secret(key), clock=clock, public_url="https://example.com/")


async def test_a_link_opens_its_file_until_it_has_run_out() -> None:
    clock = ManualClock()
    links = links_at(clock)

    url, expires = links.signed(FILE)
    asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    links.verify("f-1", expires=asked["expires"], signature=asked["signature"])
    await clock.jump(7 * DAY)

    assert url.startswith("https://example.com/api/v1/documents/pdf/f-1?name=Sales%20%26%20more.pdf&expires=")
    assert expires == START + 7 * DAY
    with pytest.raises(Forbidden, match="run out"):
        links.verify("f-1", expires=asked["expires"], signature=asked["signature"])


def test_a_link_that_was_changed_opens_nothing() -> None:
    links = links_at(ManualClock())
    url, expires = links.signed(FILE, lives_ms=HOUR)
    signature = parse_qs(urlsplit(url).query)["signature"][0]
    other = parse_qs(urlsplit(links_at(ManualClock(), key="other").signed(FILE, lives_ms=HOUR)[0]).query)

    for file, until, signed in (
        ("f-2", str(expires), signature),
        ("f-1", str(expires + 1), signature),
        ("f-1", f"{expires} ", signature),
        ("f-1", str(expires), other["signature"][0]),
        ("f-1", str(expires), ""),
        ("f-1", "\ud800", "é"),
    ):
        with pytest.raises(Forbidden):
            links.verify(file, expires=until, signature=signed)
