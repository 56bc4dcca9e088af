"""Uploading, over a store of either engine and a real endpoint."""

import base64
from collections.abc import AsyncIterator
from ipaddress import ip_network

import msgspec
import pytest

from tests.workspace.files import TAKEN, jpeg, noise, png, upload, wav
from tests.workspace.house import ADA, by
from tidings.core.clock import Clock
from tidings.core.errors import Invalid, TooLarge, UnsupportedMedia
from tidings.egress.client import Client
from tidings.egress.guard import Guard
from tidings.egress.resolver import Resolver
from tidings.store.database import Database
from tidings.store.media import CHUNK, MediaStore
from tidings.store.open import open_database
from tidings.testing.clock import ManualClock
from tidings.testing.endpoint import Answer, Endpoint, Framing
from tidings.workspace.media import MOST_FILES, Media, MediaKind

MOST = 2_000_000
URL = "https://tidings.example.com/media/"
HERE = by(ADA)


@pytest.fixture
async def database(database_url: str, manual_clock: ManualClock) -> AsyncIterator[Database]:
    database = await open_database(database_url, clock=manual_clock)
    await database.migrate()
    yield database
    await database.close()


@pytest.fixture
async def media(database: Database, manual_clock: ManualClock) -> AsyncIterator[Media]:
    async with Resolver(clock=Clock()) as resolver:
        guard = Guard(resolver=resolver, allow=[ip_network("127.0.0.1/32")], plain_http=True)
        async with Client(guard=guard, clock=Clock()) as client:
            public_url = "https://tidings.example.com/"
            yield Media(database, client=client, clock=manual_clock, public_url=public_url, most_bytes=MOST)


async def bytes_of(database: Database, media: str) -> bytes:
    store = MediaStore(database)
    file = await store.get(media)
    return b"".join([await store.chunk(media, number) for number in range((file.size - 1) // CHUNK + 1)])


def resource(**files: object) -> str:
    return base64.b64encode(msgspec.json.encode({"Files": [], **files})).decode()


async def test_everything_that_kaizala_took_is_taken(media: Media) -> None:
    for (name, content_type), content in TAKEN.items():
        made = await media.add(HERE, [upload(content, name, content_type=content_type)])

        [file] = await media.files([made], field="mediaResource")
        assert (file.name, file.size) == (name[:-4] + name[-4:].lower(), len(content))


async def test_a_file_is_kept_to_the_byte_and_stands_at_an_address_that_nobody_guesses(
    media: Media, database: Database
) -> None:
    content = noise(700, 300)

    one, other = [
        await media.add(HERE, [upload(content, "Noise & more.png", content_type="image/png")]) for _ in range(2)
    ]

    [file] = await media.files([one], field="mediaResource")
    assert len(content) > 2 * CHUNK
    assert await bytes_of(database, file.id) == content
    assert (file.kind, file.width, file.height) == (MediaKind.IMAGE, 700, 300)
    assert file.url == f"{URL}{file.id}/Noise%20%26%20more.png"
    assert len(bytes.fromhex(file.id)) * 8 == 256
    assert file.id != (await media.files([other], field="mediaResource"))[0].id
    assert file.id not in repr(file)


async def test_a_resource_has_the_shape_that_was_seen(media: Media) -> None:
    made = await media.add(HERE, [upload(jpeg(300, 200), "a.jpg", content_type="image/jpeg")])

    told = msgspec.json.decode(base64.b64decode(made))
    assert list(told) == ["Thumbnail", "ActionType", "Files"]
    assert [list(file) for file in told["Files"]] == [["Id", "Name", "Size", "Url", "Height", "Width"]]
    assert (told["ActionType"], told["Files"][0]["Width"], told["Files"][0]["Height"]) == (3, 300, 200)
    assert base64.b64decode(told["Thumbnail"]).startswith(b"\xff\xd8")


async def test_several_pictures_are_an_album_in_their_order(media: Media) -> None:
    made = await media.add(HERE, [upload(png(), "b.png"), upload(jpeg(), "a.jpg")])

    assert [file.name for file in await media.files([made], field="mediaResource")] == ["b.png", "a.jpg"]
    with pytest.raises(Invalid, match="album"):
        await media.add(HERE, [upload(png(), "a.png"), upload(wav(), "a.wav")])
    for several in ([], [upload(png(), "a.png")] * (MOST_FILES + 1)):
        with pytest.raises(Invalid, match="up to 10 pictures"):
            await media.add(HERE, several)


async def test_resources_are_looked_up_and_nothing_else_in_them_counts(media: Media) -> None:
    made = await media.add(HERE, [upload(png(), "a.png")])
    [file] = await media.files([made], field="mediaResource")
    forged = resource(Files=[{"Id": file.id, "Name": "evil.exe", "Url": "https://example.com/", "Size": 1}])

    assert await media.files([forged, made], field="mediaResources") == [file, file]


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "%",
        "ä",
        "bm90IGpzb24=",
        resource(),
        resource(Files=[{"Id": "../../etc/passwd"}]),
        resource(Files=[{"Id": "\0" * 64}]),
        resource(Files=[{"Id": "0" * 64}]),
        resource(Files=[{"Id": "0" * 64}] * 11),
    ],
)
async def test_what_is_no_resource_of_ours_is_refused_by_its_place(media: Media, wrong: str) -> None:
    made = await media.add(HERE, [upload(png(), "a.png")])

    with pytest.raises(Invalid, match=r"mediaResources\[1\]: "):
        await media.files([made, wrong], field="mediaResources")
    with pytest.raises(Invalid, match="mediaResource: "):
        await media.files([wrong], field="mediaResource")


@pytest.mark.parametrize(
    ("content", "name", "content_type", "reason"),
    [
        (b"<html></html>", "a.jpg", "image/jpeg", "what is in it is not jpg"),
        (png(), "a.jpg", "image/jpeg", "what is in it is not jpg"),
        (png(), "a.png", "text/html", "expected image/png"),
        (png(), "a.html", "image/png", "expected one of jpg"),
        (b"<svg/>", "a.svg", "image/svg+xml", "expected one of jpg"),
        (b"<html></html>", "page", "text/html", "expected one of jpg"),
        (jpeg()[:-40], "a.jpg", "image/jpeg", "not whole"),
        (b"", "a.mp4", "video/mp4", "what is in it is not mp4"),
    ],
)
async def test_what_is_not_what_it_says_is_refused(
    media: Media, content: bytes, name: str, content_type: str, reason: str
) -> None:
    with pytest.raises(UnsupportedMedia, match=reason):
        await media.add(HERE, [upload(content, name, content_type=content_type)])


async def test_more_than_the_limit_is_refused_with_the_setting_that_raises_it(media: Media) -> None:
    with pytest.raises(TooLarge, match="TIDINGS_MEDIA_MAX"):
        await media.add(HERE, [upload(png() + bytes(MOST), "a.png")])


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("C:\\fakepath\\a.png", "a.png"),
        ("../../a.PNG", "a.png"),
        ("a\u202e\0\ud800b.png", "ab.png"),
        (".png", "file.png"),
        ("", "file.png"),
        ("photo", "photo.png"),
        ("x" * 500 + ".png", "x" * 100 + ".png"),
    ],
)
async def test_a_name_is_kept_without_what_could_deceive(media: Media, name: str, kept: str) -> None:
    made = await media.add(HERE, [upload(png(), name)])

    assert [file.name for file in await media.files([made], field="mediaResource")] == [kept]


@pytest.mark.parametrize("framing", [Framing.LENGTH, Framing.CHUNKED, Framing.CLOSE])
@pytest.mark.parametrize(
    ("path", "kept"), [("a%20b.png?sig=1", "a b.png"), ("image.php?id=3", "image.png"), ("", "file.png")]
)
async def test_a_file_is_fetched_from_somewhere_else(
    media: Media, database: Database, framing: Framing, path: str, kept: str
) -> None:
    content = noise(300, 200)
    async with Endpoint(Answer(200, (), content, framing=framing)) as endpoint:
        made = await media.fetch(HERE, endpoint.url + path, field="mediaUrl")

    [file] = await media.files([made], field="mediaResource")
    assert file.name == kept
    assert await bytes_of(database, file.id) == content
    assert endpoint.requests[0].method == "GET"


async def test_what_cannot_be_fetched_is_told_by_the_field(media: Media) -> None:
    async with Endpoint(404, Answer(200, (), b"<html>"), Answer(302), Answer(200, (), bytes(3 * MOST))) as endpoint:
        with pytest.raises(Invalid, match="mediaUrl: the endpoint answered 404"):
            await media.fetch(HERE, endpoint.url, field="mediaUrl")
        with pytest.raises(UnsupportedMedia):
            await media.fetch(HERE, endpoint.url + "a.png", field="mediaUrl")
        with pytest.raises(Invalid, match="redirects are not followed"):
            await media.fetch(HERE, endpoint.url, field="mediaUrl")
        with pytest.raises(TooLarge, match=r"mediaUrl: .*at most 2000000 bytes"):
            await media.fetch(HERE, endpoint.url, field="mediaUrl")
    with pytest.raises(Invalid, match=r"mediaUrl: 10\.0\.0\.1 may not be called"):
        await media.fetch(HERE, "https://10.0.0.1/a.png", field="mediaUrl")
