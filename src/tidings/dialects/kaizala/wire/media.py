"""What is sent and answered about media."""

from typing import Annotated

from msgspec import Meta

from tidings.dialects.kaizala.wire.lenient import Wire


class MediaAt(Wire, frozen=True, kw_only=True):
    """A file somewhere else, to be got with one GET; redirects are not followed."""

    media_url: Annotated[str, Meta(min_length=1)]


class Attachment(Wire, frozen=True, kw_only=True):
    """A file in Base64; what is in it tells what it is, and a name that has an extension must agree."""

    file_content: Annotated[str, Meta(min_length=1)]
    file_name: str | None = None


class MediaMade(Wire, frozen=True, kw_only=True):
    """What stands for the file from now on, in messages, announcements and answers.

    Base64 of JSON: {Thumbnail, ActionType, Files: [{Id, Name, Size, Url, Height, Width}]}. Thumbnail is a small JPEG in
    Base64, empty if the file is no picture; ActionType is 3 for Image and Album, 5 for Audio, 6 for Document and 10 for
    Video. Whoever has a Url gets the file, without a token.
    """

    media_resource: str
