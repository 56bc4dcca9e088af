import io
import struct
import zlib

import pytest

from tests.workspace.files import SIDEWAYS, TAKEN, iso_media, jpeg, office, office_with_its_sizes_apart, old_office, png
from tidings.core.errors import TooLarge, UnsupportedMedia
from tidings.workspace.media_format import BY_EXTENSION, format_within
from tidings.workspace.picture import look_at

NOT_TAKEN = {
    "nothing": b"",
    "a page": b"<html><script>alert(1)</script></html>",
    "a program": b"MZ\x90\x00",
    "a gif": b"GIF89a\x01\x00\x01\x00",
    "a photograph of another make": iso_media(b"heic", b"mif1"),
    "a box that ends nowhere": b"\xff\xff\xff\xffftypqt  ",
    "a zip of something else": office("src"),
    "a zip without an end": office("word")[:-22],
    "a zip with another end": office("word")[:-22] + b"PK\5\6" + bytes(18),
    "a zip that has gigabytes of contents": b"PK\3\4" + b"PK\5\6" + bytes(8) + struct.pack("<I", 1 << 30) + bytes(6),
    "a zip that has its sizes apart": office_with_its_sizes_apart("word"),
    "an installer": old_office("Installer"),
    "aac": b"\xff\xf1\x50\x80",
    "two bytes of noise": b"\xff\xfb",
}


@pytest.mark.parametrize(("name", "content"), [(name, content) for (name, _), content in TAKEN.items()])
def test_what_is_taken_is_known_by_its_content(name: str, content: bytes) -> None:
    expected = BY_EXTENSION[name.rpartition(".")[2].lower()]

    assert expected.holds(io.BytesIO(content))
    assert format_within(io.BytesIO(content)) is expected


@pytest.mark.parametrize("content", NOT_TAKEN.values(), ids=NOT_TAKEN)
def test_what_is_something_else_is_nothing_that_is_taken(content: bytes) -> None:
    assert format_within(io.BytesIO(content)) is None


def test_a_stream_is_found_wherever_it_stands_in_a_big_document() -> None:
    document = old_office("")[:512] + bytes((1 << 20) - 512) + "WordDocument\0".encode("utf-16-le")

    assert BY_EXTENSION["doc"].holds(io.BytesIO(document))


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA", "P", "1", "I;16"])
def test_every_kind_of_png_has_its_size_and_a_thumbnail(mode: str) -> None:
    picture = look_at(io.BytesIO(png(300, 200, mode=mode)))

    assert (picture.width, picture.height) == (300, 200)
    small = look_at(io.BytesIO(picture.thumbnail))
    assert (small.width, small.height) == (120, 80)


def test_a_photograph_taken_upright_is_told_as_it_is_looked_at() -> None:
    picture = look_at(io.BytesIO(jpeg(300, 200, orientation=SIDEWAYS)))

    assert (picture.width, picture.height) == (200, 300)
    small = look_at(io.BytesIO(picture.thumbnail))
    assert (small.width, small.height) == (80, 120)


def test_a_bomb_is_refused_before_it_is_decoded() -> None:
    with pytest.raises(TooLarge, match="too many pixels"):
        look_at(io.BytesIO(claiming(6_000, 6_000)))
    with pytest.raises(TooLarge, match="too many pixels"):
        look_at(io.BytesIO(claiming(2**31 - 1, 2**31 - 1)))


def test_a_jpeg_with_passes_without_end_is_refused_before_it_is_decoded() -> None:
    whole = jpeg()

    with pytest.raises(UnsupportedMedia, match="scans"):
        look_at(io.BytesIO(whole + b"\xff\xda" * 101))


@pytest.mark.parametrize("whole", [jpeg(400, 300), png(400, 300)], ids=["jpeg", "png"])
def test_a_picture_that_is_not_whole_is_refused_wherever_it_ends(whole: bytes) -> None:
    for end in range(0, len(whole) - 20, max(len(whole) // 50, 1)):
        with pytest.raises(UnsupportedMedia):
            look_at(io.BytesIO(whole[:end]))


@pytest.mark.filterwarnings("ignore")  # of what Pillow finds odd and reads all the same
@pytest.mark.parametrize("whole", [jpeg(60, 40), png(60, 40)], ids=["jpeg", "png"])
def test_a_picture_with_a_wrong_byte_is_read_or_refused(whole: bytes) -> None:
    for place in range(len(whole)):
        broken = whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :]
        try:
            look_at(io.BytesIO(broken))
        except (UnsupportedMedia, TooLarge):
            continue


def claiming(width: int, height: int) -> bytes:
    """A short PNG that says that it is that large."""
    body = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    head = struct.pack(">I", 13) + body + struct.pack(">I", zlib.crc32(body))
    return b"\x89PNG\r\n\x1a\n" + head + png()[33:]
