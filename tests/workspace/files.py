"""Files as people upload them, small ones, made here."""

import io
import random
import struct
import zipfile
from collections.abc import Mapping

from PIL import ExifTags, Image

from tidings.core.upload import Upload

SIDEWAYS = 6  # a value of Orientation: the camera was held upright


def _picture(width: int, height: int, *, mode: str = "RGB", format_: str, exif: Image.Exif | None = None) -> bytes:
    written = io.BytesIO()
    Image.new(mode, (width, height)).save(written, format_, **({"exif": exif} if exif else {}))
    return written.getvalue()


def jpeg(width: int = 40, height: int = 30, *, orientation: int = 1) -> bytes:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    return _picture(width, height, format_="JPEG", exif=exif)


def png(width: int = 40, height: int = 30, *, mode: str = "RGB") -> bytes:
    return _picture(width, height, mode=mode, format_="PNG")


def noise(width: int, height: int) -> bytes:
    """A PNG that cannot be made smaller, of three bytes a pixel."""
    pixels = random.Random(1).randbytes(width * height * 3)  # noqa: S311 - nobody need be surprised
    written = io.BytesIO()
    Image.frombytes("RGB", (width, height), pixels).save(written, "PNG")
    return written.getvalue()


def wav() -> bytes:
    samples = bytes(800)
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, 8_000, 8_000, 1, 8)
    return b"RIFF" + struct.pack("<I", 12 + len(form) + len(samples)) + b"WAVE" + form + b"data\x20\x03\0\0" + samples


def office(folder: str) -> bytes:
    """An Office Open XML document whose parts are in that folder."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr(f"{folder}/main.xml", "<main/>")
    return written.getvalue()


def office_with_its_sizes_apart(folder: str) -> bytes:
    """The same, with the sizes of its contents where only archives of gigabytes have them (ZIP64)."""
    content = office(folder)
    rest, end = content[:-22], content[-22:]
    size, start = struct.unpack_from("<2L", end, 12)
    apart = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, 2, 2, size, start)
    return rest + apart + struct.pack("<4sLQL", b"PK\6\7", 0, len(rest), 1) + end


def old_office(stream: str) -> bytes:
    """The head of a compound file, and a directory with one stream."""
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".ljust(512, b"\0") + f"{stream}\0".encode("utf-16-le").ljust(128, b"\0")


def iso_media(brand: bytes, *others: bytes) -> bytes:
    brands = brand + bytes(4) + b"".join(others)
    return struct.pack(">I", 8 + len(brands)) + b"ftyp" + brands + struct.pack(">I", 16) + b"mdat" + bytes(8)


# By a name and a content type that go with each.
TAKEN: Mapping[tuple[str, str], bytes] = {
    ("a.jpg", "image/jpeg"): jpeg(),
    ("a.JPEG", "image/jpg"): jpeg(),
    ("a.png", "image/png"): png(),
    ("tagged.mp3", "audio/mpeg"): b"ID3\4\0\0\0\0\0\0",
    ("a.mp3", "audio/mp3"): b"\xff\xfb\x90\x00" + bytes(400),
    ("a.wav", "audio/x-wav"): wav(),
    ("a.pdf", "application/pdf"): b"%PDF-1.7\n%%EOF",
    ("a.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"): office("word"),
    ("a.xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"): office("xl"),
    ("a.pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"): office("ppt"),
    ("a.doc", "application/msword"): old_office("WordDocument"),
    ("a.xls", "application/vnd.ms-excel"): old_office("Workbook"),
    ("older.xls", "application/vnd.ms-excel"): old_office("Book"),
    ("a.ppt", "application/vnd.ms-powerpoint"): old_office("PowerPoint Document"),
    ("a.mp4", "video/mp4"): iso_media(b"isom", b"avc1"),
    ("phone.mp4", "video/mp4"): iso_media(b"XAVC", b"mp42"),
    ("a.3gp", "video/3gpp"): iso_media(b"3gp4"),
    ("a.3gpp", "video/3gpp; codecs=mp4v"): iso_media(b"isom", b"3gp5"),
}


def upload(content: bytes, name: str = "", *, content_type: str = "") -> Upload:
    return Upload(file=io.BytesIO(content), name=name, content_type=content_type, size=len(content))
