"""The page of files, over a real socket."""

from collections.abc import AsyncIterator
from urllib.parse import quote

import httpx
import pytest

from tidings.core.clock import Clock
from tidings.store.database import Database
from tidings.store.media import CHUNK, MediaStore, StoredFile
from tidings.web.door import Door, opened
from tidings.web.login import Login
from tidings.web.media_page import MediaPage
from tidings.web.server import Server

CONTENT = bytes(range(256)) * (CHUNK // 256) * 2 + b"the end"
SIZE = len(CONTENT)
PATH = f"/media/{'a' * 64}/clip.mp4"


async def keep(store: MediaStore, *, name: str, content_type: str, secret: str = "a" * 64) -> None:
    file = StoredFile(id=secret, name=name, content_type=content_type, kind="Video", size=SIZE)
    await store.begin(file, connector="shop", author="", at=1)
    for number in range(3):
        await store.add(secret, number=number, data=CONTENT[number * CHUNK : (number + 1) * CHUNK])
    await store.finish(secret)


@pytest.fixture
async def store(database: Database) -> MediaStore:
    store = MediaStore(database)
    await keep(store, name="clip.mp4", content_type="video/mp4")
    return store


@pytest.fixture
async def http(store: MediaStore, login: Login) -> AsyncIterator[httpx.AsyncClient]:
    door = Door(routes=(), pages=[MediaPage(store).page()], login=login)
    async with (
        Server(opened(door), clock=Clock()).listening("127.0.0.1", 0) as port,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http,
    ):
        yield http


async def test_whoever_has_the_address_gets_the_file(http: httpx.AsyncClient) -> None:
    answer = await http.get(PATH, params={"sv": "2015-12-11", "sig": "a/b="})

    assert answer.content == CONTENT
    assert answer.headers["content-length"] == str(SIZE)
    assert answer.headers["content-type"] == "video/mp4"
    assert answer.headers["content-disposition"] == "inline; filename*=UTF-8''clip.mp4"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in answer.headers["content-security-policy"]
    assert "immutable" in answer.headers["cache-control"]


async def test_a_document_is_saved_under_its_name_and_never_shown(http: httpx.AsyncClient, store: MediaStore) -> None:
    name = 'Ünïcode "2"; x.pdf'
    await keep(store, name=name, content_type="application/pdf", secret="b" * 64)

    answer = await http.get(f"/media/{'b' * 64}/{quote(name)}")

    assert answer.content == CONTENT
    assert answer.headers["content-disposition"] == f"attachment; filename*=UTF-8''{quote(name, safe='')}"


@pytest.mark.parametrize(
    ("asked", "part"),
    [
        ("bytes=0-0", slice(0, 1)),
        ("bytes=0-", slice(0, SIZE)),
        ("bytes=5-9", slice(5, 10)),
        (f"bytes={CHUNK - 1}-{CHUNK}", slice(CHUNK - 1, CHUNK + 1)),
        (f"bytes={CHUNK}-{2 * CHUNK - 1}", slice(CHUNK, 2 * CHUNK)),
        (f"bytes={SIZE - 1}-", slice(SIZE - 1, SIZE)),
        (f"bytes=7-{10**17}", slice(7, SIZE)),
        ("bytes=-7", slice(SIZE - 7, SIZE)),
        (f"bytes=-{10**17}", slice(0, SIZE)),
        ("Bytes = 5-9".lower(), slice(5, 10)),
    ],
)
async def test_a_range_is_answered_with_just_that(http: httpx.AsyncClient, asked: str, part: slice) -> None:
    answer = await http.get(PATH, headers={"range": asked})

    assert (answer.status_code, answer.content) == (206, CONTENT[part])
    assert answer.headers["content-range"] == f"bytes {part.start}-{part.stop - 1}/{SIZE}"


@pytest.mark.parametrize("asked", ["bytes=-", "bytes=9-5", "bytes=0-1,5-6", "lines=1-2", "bytes=a-b", "bytes=1"])
async def test_what_is_no_single_range_is_answered_with_the_whole(http: httpx.AsyncClient, asked: str) -> None:
    answer = await http.get(PATH, headers={"range": asked})

    assert (answer.status_code, answer.content) == (200, CONTENT)


@pytest.mark.parametrize("asked", [f"bytes={SIZE}-", "bytes=-0", f"bytes={10**17}-"])
async def test_a_range_behind_the_end_is_refused_with_the_size(http: httpx.AsyncClient, asked: str) -> None:
    answer = await http.get(PATH, headers={"range": asked})

    assert (answer.status_code, answer.headers["content-range"]) == (416, f"bytes */{SIZE}")
    assert answer.json()["errorCode"] == "InvalidParameters"


async def test_a_head_tells_all_but_the_file(http: httpx.AsyncClient) -> None:
    whole, part = await http.head(PATH), await http.head(PATH, headers={"range": "bytes=0-9"})

    assert (whole.status_code, whole.content, whole.headers["content-length"]) == (200, b"", str(SIZE))
    assert (part.status_code, part.headers["content-length"]) == (206, "10")


async def test_who_has_the_file_already_is_told_so(http: httpx.AsyncClient) -> None:
    tag = (await http.head(PATH)).headers["etag"]

    again = await http.get(PATH, headers={"if-none-match": f'W/"x", {tag}'})
    other = await http.get(PATH, headers={"range": "bytes=0-9", "if-range": '"other"'})
    same = await http.get(PATH, headers={"range": "bytes=0-9", "if-range": tag})

    assert (again.status_code, again.content) == (304, b"")
    assert (other.status_code, same.status_code) == (200, 206)


@pytest.mark.parametrize("path", [f"/media/{'c' * 64}/clip.mp4", "/media/x/y", "/media/%FF/y", "/media/a"])
async def test_what_is_not_there_is_not_found(http: httpx.AsyncClient, path: str) -> None:
    assert (await http.get(path)).status_code == 404
