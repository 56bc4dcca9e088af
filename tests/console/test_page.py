"""What every page has: theme, flash messages, errors that say what to do, files that may be kept, cookies."""

import re
from importlib.resources import files
from pathlib import Path

import httpx
import pytest
from markupsafe import Markup

from tests.console.house import ConsoleHouse
from tidings.app.serve import served
from tidings.app.settings import load
from tidings.console.form import Form
from tidings.console.page import Trouble
from tidings.console.rights import Role
from tidings.console.wording import Moments, duration, number, plural, showable, size, slug
from tidings.core.clock import DAY, HOUR, MINUTE, SECOND
from tidings.core.errors import Invalid
from tidings.core.vault import new_key
from tidings.testing.clock import ManualClock


async def test_the_bare_address_leads_people_to_the_console_and_programs_to_the_reference(house: ConsoleHouse) -> None:
    person = await house.stranger.get("/")
    program = await house.stranger.get("/", headers={"accept": "*/*"})

    assert (person.status_code, person.headers["location"]) == (303, "console/")
    assert (program.status_code, program.headers["location"]) == (303, "docs")


async def test_a_page_that_is_not_there_says_what_to_do(house: ConsoleHouse) -> None:
    reader = await house.person(Role.READER)

    whole = await reader.get("/console/nowhere/at/all")
    part = await reader.get("/console/nowhere", htmx=True)

    assert whole.status_code == part.status_code == 404
    assert "There is nothing here" in whole.text
    assert 'href="/console/"' in whole.text
    assert "<html" not in part.text
    assert part.headers["hx-retarget"] == "#told"


async def test_what_was_done_is_told_once_on_the_next_page(house: ConsoleHouse) -> None:
    reader = await house.person(Role.READER)
    await reader.post("/console/settings/sessions/others/end")

    first = await reader.get("/console/settings/sessions")
    second = await reader.get("/console/settings/sessions")

    assert "You are signed in here alone." in first.text
    assert "You are signed in here alone." not in second.text


async def test_what_somebody_put_into_the_cookie_of_messages_is_text(house: ConsoleHouse) -> None:
    reader = await house.person(Role.READER)
    reader.http.cookies.set("tidings_said", "%2B%3Cscript%3Ealert(1)%3C%2Fscript%3E")

    page = (await reader.get("/console/settings/sessions")).text

    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page


@pytest.mark.parametrize(("theme", "shown"), [("dark", 'data-theme="dark"'), ("light", 'data-theme="light"')])
async def test_a_theme_is_kept_until_the_machines_is_chosen_again(house: ConsoleHouse, theme: str, shown: str) -> None:
    reader = await house.person(Role.READER)

    chosen = await reader.post("/console/theme", {"theme": theme, "back": "/console/components"})
    page = await reader.get("/console/components")
    await reader.post("/console/theme", {"theme": "", "back": "/console/components"})
    after = await reader.get("/console/components")

    assert chosen.headers["location"] == "/console/components"
    assert shown in page.text
    assert "data-theme" not in after.text


async def test_files_are_packed_and_kept_for_ever_under_an_address_of_their_own(house: ConsoleHouse) -> None:
    page = (await house.stranger.get("/console/sign-in")).text
    addresses = re.findall(r'(?:href|src)="(/console/static/[^"]+)"', page)

    assert {one.rpartition("/")[2] for one in addresses} == {"mark.svg", "tidings.css", "htmx.js", "console.js"}
    for one in addresses:
        packed = await house.stranger.get(one, headers={"accept-encoding": "gzip"})
        plain = await house.stranger.get(one, headers={"accept-encoding": "identity"})
        known = await house.stranger.get(one, headers={"if-none-match": packed.headers["etag"]})
        stale = await house.stranger.get(re.sub(r"/static/\w+/", "/static/0000/", one))
        assert packed.headers["content-encoding"] == "gzip"
        assert packed.content == plain.content
        assert "immutable" in packed.headers["cache-control"]
        assert known.status_code == 304
        assert stale.status_code == 200
        assert stale.headers["cache-control"] == "no-cache"


async def test_the_library_of_charts_is_put_together_when_it_is_wanted(house: ConsoleHouse) -> None:
    reader = await house.person(Role.READER)
    page = (await reader.get("/console/components")).text
    [address] = re.findall(r'src="(/console/static/[^"]+charts.js)"', page)

    library = await reader.get(address)

    assert library.status_code == 200
    assert "vegaEmbed" in library.text
    assert (await reader.get("/console/static/0/nothing.js")).status_code == 404


async def test_an_address_that_no_page_of_ours_leads_to_is_refused_in_words(house: ConsoleHouse) -> None:
    reader = await house.person(Role.READER)

    answer = await reader.get("/console/settings/sessions?before=x.y")

    assert answer.status_code == 422
    assert "Before: begin the list anew" in answer.text


async def test_over_https_cookies_are_bound_to_this_host(tmp_path: Path) -> None:
    settings = load(
        {},
        folder=tmp_path,
        database=f"sqlite:{tmp_path / 'tidings.db'}",
        port="0",
        secret_key=new_key(),
        public_url="https://tidings.example.com/",
    )
    async with served(settings) as server:
        person = await server.parts.access.create_person("+910000000001", actor="test", name="Asha Verma")
        link = await server.parts.entrance.link(actor="test", phone=person.phone)
        here = f"http://127.0.0.1:{server.parts.settings.port}"
        async with httpx.AsyncClient(base_url=here) as http:
            entered = await http.get(f"/console/first/{link}")
            cookie = entered.headers["set-cookie"]
            token = cookie.partition(";")[0]
            origin = {"origin": "https://tidings.example.com", "cookie": token, "accept": "text/html"}
            shown = await http.get("/console/settings/sessions", headers=origin)
            [csrf] = set(re.findall(r'name="csrf" value="(\w+)"', shown.text))
            themed = await http.post("/console/theme", data={"csrf": csrf, "theme": "dark"}, headers=origin)

    assert cookie.startswith("__Host-tidings=")
    assert "Secure" in cookie
    assert themed.status_code == 303
    assert "Secure" in themed.headers["set-cookie"]


def test_no_template_of_the_console_passes_anything_by_the_escaping() -> None:
    folder = Path(str(files("tidings.console"))) / "templates"

    for template in folder.rglob("*.html"):
        text = template.read_text("utf-8")
        assert "| safe" not in text, template
        assert "|safe" not in text, template
        assert "autoescape" not in text, template
        assert " style=" not in text, template


def test_instants_are_told_as_distances_with_the_exact_time_beside_them() -> None:
    clock = ManualClock()
    moments = Moments(clock)

    told = {
        distance: moments.ago(clock.now() - distance)
        for distance in (0, 999, SECOND, 59 * SECOND, 3 * MINUTE, 5 * HOUR, 2 * DAY, -2 * HOUR, 40 * DAY)
    }

    assert list(told.values()) == [
        "now", "now", "1 s ago", "59 s ago", "3 min ago", "5 h ago", "2 d ago", "in 2 h", "2025-11-22",
    ]  # fmt: skip
    assert 'title="2026-01-01 00:00:00 UTC"' in moments.moment(clock.now())
    assert moments.moment(0) == moments.moment(None) == "–"
    assert "9999" in moments.moment(10**17)


def test_lengths_sizes_and_numbers_are_told_as_people_read_them() -> None:
    assert [duration(ms) for ms in (0, 420, 1_234, 72_500, 3_600_000, 90_000_000, 86_400_000)] == [
        "0 ms", "420 ms", "1.2 s", "1 min 12 s", "1 h", "1 d 1 h", "1 d",
    ]  # fmt: skip
    assert [size(count) for count in (0, 999, 1_500, 25_000_000, 10**9, 3 * 10**12)] == [
        "0 B", "999 B", "1.5 kB", "25 MB", "1.0 GB", "3.0 TB",
    ]  # fmt: skip
    assert [number(value) for value in (0, 1_234_567, 1.25, 1_234.5)] == ["0", "1,234,567", "1.2", "1,234"]
    assert [number(value) for value in (0.1, 0.04, 1 / 120)] == ["0.1", "0.04", "0.0083"]
    assert [plural(1, "event"), plural(2, "reply", many="replies")] == ["1 event", "2 replies"]
    assert slug("People & roles!") == "people-roles"
    assert showable("a\u202eb\0c\n") == "a\ufffdb\ufffdc\n"
    assert type(showable(Markup("<b>"))) is str


def test_what_languages_need_is_shown_as_it_was_written() -> None:
    for text in ("क्\u200dष", "نم\u200cد", "👨\u200d👩\u200d👧", "10\u00a0km", "東京\u3000駅", "Šárka\t1"):
        assert showable(text) == text
    assert showable("one\r\ntwo") == "one\ntwo"


def test_an_error_is_shown_at_the_field_that_it_names() -> None:
    assert Trouble.of(None) is None
    assert Trouble.of(Invalid("url: must begin with https://")) == Trouble(
        field="url", message="Must begin with https://"
    )
    assert Trouble.of(Invalid("the form cannot be read")) == Trouble(message="The form cannot be read")


def test_a_form_gives_what_was_sent_and_says_what_is_missing() -> None:
    form = Form([("name", " a "), ("types", "x"), ("types", ""), ("types", "y"), ("rate", "7"), ("on", "on")])

    assert form.text("name") == "a"
    assert form.text("none", "default") == "default"
    assert form.all("types") == ["x", "y"]
    assert form.number("rate") == 7
    assert form.number("none", default=3) == 3
    assert (form.is_on("on"), form.is_on("off")) == (True, False)
    assert "name" in form
    with pytest.raises(Invalid, match="url: is empty"):
        form.needed("url")
    with pytest.raises(Invalid, match="name: write a whole number"):
        form.number("name")
    with pytest.raises(Invalid, match="NUL"):
        Form([("name", "\0")])
