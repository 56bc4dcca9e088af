"""The page of a bin: for who has its view token, whatever was sent, and without a script for reading."""

import hashlib
import hmac
import re
from collections.abc import AsyncIterator
from html.parser import HTMLParser

import pytest

from tests.web.bin_server import PUBLIC_URL, BinServer, bin_server
from tests.web.conversation import ask
from tidings.store.database import Database
from tidings.web.login import Login

EVIL = "</pre></textarea><script>alert(1)</script><img src=x onerror=alert(1)>\"'"


@pytest.fixture
async def server(database: Database, login: Login) -> AsyncIterator[BinServer]:
    async with bin_server(database, login) as server:
        yield server


class Tags(HTMLParser):
    """Which elements and attributes a page has."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[str] = []
        self.feed(page.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [name for name, _ in attrs]


async def test_the_page_asks_for_the_view_token_and_keeps_it_where_no_script_reads_it(server: BinServer) -> None:
    asked = await ask(server.port, "GET /bin/mine?inspect")
    wrong = await ask(server.port, "POST /bin/mine?inspect", body=b"token=tdb_wrong")
    entered = await ask(server.port, "POST /bin/mine?inspect", body=f"token={server.token}".encode())

    assert asked.status == 401
    assert b'name="token" type="password"' in asked.body
    assert wrong.status == 404
    assert b"not this bin&#39;s view token" in wrong.body
    assert "set-cookie" not in wrong.headers
    assert (entered.status, entered.headers["location"]) == (303, "?inspect")
    cookie = entered.headers["set-cookie"].lower()
    assert all(word in cookie for word in ("path=/bin/mine", "httponly", "samesite=strict", "secure"))


async def test_a_link_with_the_token_leads_to_the_page_without_it(server: BinServer) -> None:
    answer = await ask(server.port, f"GET /bin/mine?inspect=7&token={server.token}")

    assert (answer.status, answer.headers["location"]) == (303, "?inspect=7")


async def test_nobody_sees_a_page_without_the_right_cookie(server: BinServer) -> None:
    await server.send(body=b"secret words")

    for query in ("inspect", "inspect=1", "inspect=1&as=raw", "inspect&as=har"):
        answer = await server.browse(query, token="tdb_wrong")
        assert answer.status == 401
        assert b"secret" not in answer.body
    assert (await server.browse("events", token="tdb_wrong")).status == 401


async def test_looking_is_not_caught_and_the_cookie_is_never_shown(server: BinServer) -> None:
    await server.browse("inspect")
    await server.browse("a=1")

    shown = (await server.look("GET /v1/bins/mine/requests")).json["requests"]

    assert [one["query"] for one in shown] == ["a=1"]
    assert ["cookie", "theme=dark"] in shown[0]["headers"]
    assert server.token not in str(shown)


async def test_the_list_tells_what_came_newest_first_and_what_is_kept(server: BinServer) -> None:
    for number in range(60):
        await server.send(f"POST /bin/mine?n={number}")

    page = (await server.browse("inspect")).body.decode()
    older = (await server.browse("inspect=&before=11")).body.decode()

    assert re.findall(r"\?n=(\d+)", page) == [str(number) for number in reversed(range(10, 60))]
    assert "newest 500 requests of up to 1 MiB" in page
    assert "60 came so far" in page
    assert 'href="?inspect=&amp;before=11"' in page
    assert re.findall(r"\?n=(\d+)", older) == [str(number) for number in reversed(range(10))]


async def test_the_list_is_searched(server: BinServer) -> None:
    await server.send(body=b"one")
    await server.send(body=b"two")

    await server.send(body=b'{"customer": {"id": 42}}')

    page = (await server.browse("inspect=&text=ONE")).body.decode()
    at_place = (await server.browse("inspect=&json=customer.id%3D42")).body.decode()
    nowhere = await server.browse("inspect=&json=customer..id")

    # The search stays beside the request that was found.
    assert re.findall(r'href="\?inspect=(\d+)&amp;text=ONE"', page) == ["1"]
    assert re.findall(r'href="\?inspect=(\d+)&amp;json=customer.id%3D42"', at_place) == ["3"]
    assert nowhere.status == 400
    assert b"write one like data.amount" in nowhere.body
    assert "None of those" in (await server.browse("inspect=&text=three")).body.decode()


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("text/html", EVIL.encode()),
        (
            "application/json",
            b'{"' + EVIL.replace('"', '\\"').encode() + b'": "' + EVIL.replace('"', '\\"').encode() + b'"}',
        ),
        ("application/x-www-form-urlencoded", f"{EVIL}={EVIL}".encode()),
        (
            "multipart/form-data; boundary=x",
            f'--x\r\nContent-Disposition: form-data; name="{EVIL}"\r\n\r\n{EVIL}\r\n--x--\r\n'.encode(),
        ),
        ("multipart/form-data; boundary=", b"--\r\n"),
        ("multipart/form-data; boundary=x", b"--x\r\n\r\n" * 5_000),
        ("application/json", b"\xff\xfe\x00\xed\xa0\x80"),
        ("application/json", b"[" * 10_000),
        (EVIL, b"\xe2\x80\xae gnp.exe \x1b[2J"),
    ],
)
async def test_whatever_was_sent_is_shown_as_text_and_runs_nothing(
    server: BinServer, *, content_type: str, body: bytes
) -> None:
    await server.send("POST /bin/mine?a=%3Cscript%3E&%3Cb%3E=%22", body=body, content_type=content_type, x_evil=EVIL)
    await server.send("POST /bin/mine", body=b"{}")
    plain = Tags((await server.browse("inspect=2")).body)

    pages = [
        await server.browse(query)
        for query in ("inspect", "inspect=1", "inspect=1&with=2", "inspect=1&preview=raw", "inspect=1&preview=%3Cb%3E")
    ]
    pages.append(await server.browse("inspect=1", form=b"do=judge&scheme=github&secret=%3Cscript%3E"))

    for page in pages:
        tags = Tags(page.body)
        assert page.status in {200, 400}
        assert tags.tags.count("script") == 1
        assert not {"img", "b>", "iframe", "object"} & set(tags.tags)
        assert not [name for name in tags.attributes if name.startswith("on")]
        assert "\u202e" not in page.body.decode()
        assert "\x1b" not in page.body.decode()
    assert plain.tags.count("script") == 1


async def test_the_page_may_run_its_own_script_and_load_nothing(server: BinServer) -> None:
    answer = await server.browse("inspect")
    policy = answer.headers["content-security-policy"]

    assert "default-src 'none'" in policy
    assert re.search(r"script-src 'sha256-[^']+'; ", policy)
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"


async def test_a_signature_is_checked_and_the_secret_is_not_shown(server: BinServer) -> None:
    digest = hmac.new(b"hush-hush", b"{}", hashlib.sha256).hexdigest()
    await server.send(body=b"{}", x_hub_signature_256=f"sha256={digest}")

    right = (await server.browse("inspect=1", form=b"do=judge&scheme=github&secret=hush-hush")).body.decode()
    wrong = await server.browse("inspect=1", form=b"do=judge&scheme=rot13&secret=hush-hush")

    assert "The signature is right" in right
    assert "hush-hush" not in right
    assert wrong.status == 400


async def test_two_requests_are_compared_and_rows_previewed_on_the_page(server: BinServer) -> None:
    await server.send(body=b'{"amount": 1}')
    await server.send(body=b'{"amount": 2}')

    compared = (await server.browse("inspect=2&with=1")).body.decode()
    previewed = (await server.browse("inspect=2&preview=raw")).body.decode()

    assert "Against request 1" in compared
    assert ">amount</th>" in compared
    assert "As raw would lay it" in previewed
    assert (await server.browse("inspect=2&with=9")).status == 404


async def test_a_request_that_is_gone_is_told_on_the_page_with_those_that_are_there(server: BinServer) -> None:
    await server.send("POST /bin/mine/here")

    for number, status in (("7", 404), ("seven", 400)):
        answer = await server.browse(f"inspect={number}")
        assert answer.status == status
        assert b'role="alert"' in answer.body
        assert b"/here</bdi>" in answer.body


async def test_the_scheme_whose_signature_a_request_brings_is_chosen_already(server: BinServer) -> None:
    await server.send(stripe_signature="t=1,v1=a")

    assert "<option selected>stripe</option>" in (await server.browse("inspect=1")).body.decode()


async def test_the_answer_is_set_on_the_page_and_a_wrong_one_is_told_beside_what_was_written(server: BinServer) -> None:
    form = b"do=answer&status=%s&delay=0&failing=0&headers=retry-after: 7%%0d%%0a&body=a%%0d%%0ab"

    wrong = await server.browse("inspect", form=form % b"99")
    right = await server.browse("inspect", form=form % b"503")
    answer = await server.send()

    assert (wrong.status, right.status) == (400, 303)
    assert b'value="99"' in wrong.body
    assert (answer.status, answer.headers["retry-after"], answer.body) == (503, "7", b"a\nb")
    for line in (b"set-cookie: a", b"nothing"):
        refused = await server.browse("inspect", form=b"do=answer&status=200&delay=0&failing=0&headers=" + line)
        assert refused.status == 400


async def test_a_bin_is_emptied_and_left_from_its_page(server: BinServer) -> None:
    await server.send(body=b"a")

    assert (await server.browse("inspect", form=b"do=empty")).status == 303
    assert "Waiting for the first one" in (await server.browse("inspect")).body.decode()
    assert 'tidings_bin=""' in (await server.browse("inspect", form=b"do=leave")).headers["set-cookie"]


@pytest.mark.parametrize("headers", [{"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"}])
async def test_a_form_from_elsewhere_does_nothing(server: BinServer, *, headers: dict[str, str]) -> None:
    await server.send(body=b"a")

    assert (await server.browse("inspect", form=b"do=empty", headers=headers)).status == 403
    assert len((await server.look("GET /v1/bins/mine/requests")).json["requests"]) == 1


@pytest.mark.parametrize("form", [b"do=", b"x=%00", b"\xff", b"do=judge&" * 30])
async def test_a_form_that_is_none_is_refused(server: BinServer, form: bytes) -> None:
    assert (await server.browse("inspect=1", form=form)).status == 400


async def test_files_are_got_from_the_page_too(server: BinServer) -> None:
    await server.send(body=b"\x00raw")

    assert (await server.browse("inspect=1&as=raw")).body == b"\x00raw"
    assert (await server.browse("inspect=1&as=curl")).body.startswith(b"printf")
    assert (await server.browse("inspect=&as=har")).json["log"]["entries"][0]["request"][
        "url"
    ] == f"{PUBLIC_URL}bin/mine"


async def test_a_text_that_is_cut_off_is_shown_as_one_to_its_end(server: BinServer) -> None:
    # Each of these could begin a text; looking from each to the end takes minutes.
    await server.send(body=b'{"a":"' + rb"\"" * 100_000 + b'"}')

    page = (await server.browse("inspect=1")).body.decode()

    assert page.count('<span class="text-of">') == 1
