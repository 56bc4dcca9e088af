"""Pictures: how large they are, and a small one to show in their place."""

import io
import struct
import zlib
from typing import IO, TYPE_CHECKING, NamedTuple

from tidings.core.errors import TooLarge, UnsupportedMedia

if TYPE_CHECKING:
    from PIL import Image

# The largest pictures that phones take. A PNG is decoded whole, in four bytes a pixel; a JPEG at an eighth of its size,
# but in three bytes a pixel if it is progressive. What claims to be larger is a way to use up memory, and refused.
MOST_PIXELS = {"PNG": 25_000_000, "JPEG": 50_000_000, "MPO": 50_000_000}
# A progressive JPEG has about ten; each costs a pass over the whole picture, however short it is.
_MOST_SCANS = 100
_SCAN = b"\xff\xda"
# Pixels of its longer side: some 3 kB, which are sent along with every mediaResource.
_THUMBNAIL = 120
_THUMBNAIL_QUALITY = 60
_SIDEWAYS = frozenset({5, 6, 7, 8})  # values of the tag Orientation (TIFF 6.0)
_BROKEN = (OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, TypeError, struct.error, zlib.error)


class Picture(NamedTuple):
    """Pixels as the picture is looked at, and a small JPEG of it."""

    width: int
    height: int
    thumbnail: bytes


def look_at(file: IO[bytes]) -> Picture:
    """Decode a JPEG or PNG. Raises UnsupportedMedia if it is broken or not whole, TooLarge for too many pixels.

    Blocks for up to some seconds, and takes up to 150 MB meanwhile (measured): to be called in a thread, one at a time.
    """
    from PIL import ExifTags, Image  # noqa: PLC0415 - 2 MB, for whoever sends pictures

    try:
        with Image.open(file, formats=("JPEG", "PNG")) as image:
            width, height = image.size
            _refuse_bombs(image, file)
            if image.getexif().get(ExifTags.Base.Orientation, 1) in _SIDEWAYS:
                width, height = height, width
            return Picture(width, height, _thumbnail(image))
    except Image.DecompressionBombError as error:
        raise _too_many_pixels() from error
    except _BROKEN as error:
        raise UnsupportedMedia("the picture is broken or not whole; look whether it can be opened") from error


def _refuse_bombs(image: "Image.Image", file: IO[bytes]) -> None:
    if image.width * image.height > MOST_PIXELS[image.format or "PNG"]:
        raise _too_many_pixels()
    if image.format == "PNG":
        return
    place = file.tell()
    file.seek(0)
    scans = sum(piece.count(_SCAN) for piece in iter(lambda: file.read(1 << 20), b""))
    file.seek(place)
    if scans > _MOST_SCANS:
        raise UnsupportedMedia(f"the JPEG has {scans} scans; save it as an ordinary one")


def _too_many_pixels() -> TooLarge:
    most = ", ".join(f"{MOST_PIXELS[format_]:,} for {format_}" for format_ in ("JPEG", "PNG"))
    return TooLarge(f"the picture has too many pixels; send at most {most}")


def _thumbnail(image: "Image.Image") -> bytes:
    from PIL import Image, ImageOps  # noqa: PLC0415 - as above

    # Roughly first: smoothly, a large picture with transparency would be copied as a whole.
    image.thumbnail((4 * _THUMBNAIL, 4 * _THUMBNAIL), Image.Resampling.NEAREST)
    image.thumbnail((_THUMBNAIL, _THUMBNAIL))
    small = ImageOps.exif_transpose(image).convert("RGBA")
    # Whatever is transparent is shown on white, as chats do.
    shown = Image.new("RGB", small.size, "white")
    shown.paste(small, mask=small.getchannel("A"))
    written = io.BytesIO()
    shown.save(written, "JPEG", quality=_THUMBNAIL_QUALITY)
    return written.getvalue()
