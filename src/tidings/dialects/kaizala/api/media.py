"""The calls that upload files."""

import base64
import binascii
import io
from dataclasses import dataclass

from tidings.core.errors import Invalid, TooLarge, UnsupportedMedia
from tidings.core.route import Call, Route
from tidings.core.upload import Upload
from tidings.dialects.kaizala.api.bearer import bearer
from tidings.dialects.kaizala.wire import media as wire
from tidings.dialects.kaizala.wire.lenient import body_of, read
from tidings.workspace.media import Media

_TAG = "Media"
_SCOPE = "media.write"
# Bytes. Such a body is held in memory several times over; POST /v1/media takes larger files, in pieces.
_LARGEST_ATTACHMENT = 8 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaApi:
    media: Media

    def routes(self) -> list[Route]:
        return [
            Route(
                method="POST",
                path="/v1/media",
                name="uploadMedia",
                summary="Upload a file, or several pictures as an album",
                handler=self._upload,
                needs=_SCOPE,
                answers=wire.MediaMade,
                takes_files=True,
                largest=self.media.most_bytes,
                errors=(UnsupportedMedia,),
                tag=_TAG,
            ),
            *self._routes_of_copies(),
        ]

    def _routes_of_copies(self) -> list[Route]:
        return [
            Route(
                method="POST",
                path="/v1/media/url",
                name="uploadMediaFromUrl",
                summary="Upload a file that is somewhere else",
                handler=self._fetch,
                needs=_SCOPE,
                body=body_of(wire.MediaAt),
                answers=wire.MediaMade,
                errors=(UnsupportedMedia,),
                tag=_TAG,
            ),
            Route(
                method="POST",
                path="/v1/media/attachment",
                name="uploadMediaFromAttachment",
                summary="Upload a file that is written in Base64",
                handler=self._attach,
                needs=_SCOPE,
                body=body_of(wire.Attachment),
                answers=wire.MediaMade,
                largest=_LARGEST_ATTACHMENT,
                errors=(UnsupportedMedia, TooLarge),
                tag=_TAG,
            ),
        ]

    async def _upload(self, call: Call) -> wire.MediaMade:
        uploads: tuple[Upload, ...] = call.body
        for upload in uploads:
            if not upload.content_type:
                raise UnsupportedMedia("the part that holds the file has no Content-Type; say what the file is")
        return wire.MediaMade(media_resource=await self.media.add(bearer(call), uploads))

    async def _fetch(self, call: Call) -> wire.MediaMade:
        url = read(wire.MediaAt, call.body).media_url
        return wire.MediaMade(media_resource=await self.media.fetch(bearer(call), url, field="mediaUrl"))

    async def _attach(self, call: Call) -> wire.MediaMade:
        asked = read(wire.Attachment, call.body)
        try:
            # Some encoders break their lines.
            content = base64.b64decode("".join(asked.file_content.split()), validate=True)
        except (binascii.Error, ValueError) as error:
            raise Invalid("fileContent: expected the file in Base64") from error
        upload = Upload(file=io.BytesIO(content), name=asked.file_name or "", content_type="", size=len(content))
        return wire.MediaMade(media_resource=await self.media.add(bearer(call), [upload]))
