import pytest

from tests.store.conftest import Raw
from tidings.core.clock import HOUR
from tidings.core.errors import NotFound, Unavailable
from tidings.store.database import Database
from tidings.store.media import CHUNK, MediaStore, StoredFile
from tidings.store.statements import statements

FILE = StoredFile(id="f" * 64, name="a.png", content_type="image/png", kind="Image", size=CHUNK + 1, width=2, height=3)


@pytest.fixture
def media(database: Database) -> MediaStore:
    return MediaStore(database)


async def begin(media: MediaStore, file: StoredFile, *, at: int = 1) -> None:
    await media.begin(file, connector="shop", author="ada", at=at)


async def test_a_file_is_seen_once_it_is_whole(media: MediaStore) -> None:
    await begin(media, FILE)
    await media.add(FILE.id, number=0, data=b"a" * CHUNK)
    await media.add(FILE.id, number=1, data=b"b")
    with pytest.raises(NotFound):
        await media.get(FILE.id)

    await media.finish(FILE.id)

    assert await media.get(FILE.id) == FILE
    assert [await media.chunk(FILE.id, number) for number in (0, 1)] == [b"a" * CHUNK, b"b"]


async def test_what_was_never_finished_is_forgotten_with_all_its_pieces(media: MediaStore, raw: Raw) -> None:
    for name, at in (("old", 0), ("young", HOUR)):
        await begin(media, StoredFile(id=name, name="", content_type="", kind="Image", size=1), at=at)
        for number in range(40):
            await media.add(name, number=number, data=b"a")
    await begin(media, FILE, at=0)
    await media.add(FILE.id, number=0, data=b"a")
    await media.finish(FILE.id)

    await media.forget_unfinished(before=HOUR)

    assert await raw("SELECT media, count(*) FROM media_chunk GROUP BY media ORDER BY media") == [
        (FILE.id, 1),
        ("young", 40),
    ]
    assert await raw("SELECT id FROM media ORDER BY id") == [(FILE.id,), ("young",)]
    with pytest.raises(Unavailable, match="send it again"):
        await media.finish("old")


async def test_what_is_kept_is_found_by_its_keys_and_what_is_unfinished_by_its_age(
    database: Database, raw: Raw
) -> None:
    if database.engine != "sqlite":
        await raw("SET enable_seqscan = off")
        assert "media_unfinished" in str(
            await raw("EXPLAIN SELECT id FROM media WHERE is_whole = 0 AND created_at < 1 ORDER BY created_at LIMIT 1")
        )
        return
    for name, found_by in (
        ("media", "sqlite_autoindex_media_1 (id=?)"),
        ("media_chunk", "sqlite_autoindex_media_chunk_1 (media=? AND number=?)"),
        ("media_unfinished", "media_unfinished (created_at<?)"),
    ):
        text = statements("sqlite")[name]
        sql = text.sql
        for number in range(len(text.parameters), 0, -1):
            sql = sql.replace(f"?{number}", "1")

        [step] = await raw(f"EXPLAIN QUERY PLAN {sql}")

        assert step[3].endswith(f"USING INDEX {found_by}"), name
