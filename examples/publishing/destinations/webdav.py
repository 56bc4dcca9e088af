"""WebDAV: Nextcloud, ownCloud and many other servers."""

from dataclasses import dataclass, field
from urllib.parse import quote

from ..publication import Publication
from ..web import ask, basic, checked_url

NOT_FOUND, NOT_ALLOWED, CONFLICT = 404, 405, 409
WHO = "the WebDAV server"


@dataclass(frozen=True, slots=True, kw_only=True)
class WebDav:
    """`url` is a collection that is there; `folder`, below it, is made if it is not."""

    url: str
    folder: str = ""
    user: str = ""
    secret: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        checked_url(self.url)

    def publish(self, publication: Publication) -> str:
        """Put the file there; the folders are made when it turns out that they are lacking."""
        file = publication.file()
        login = basic(self.user, self.secret) if self.user else {}
        levels = [checked_url(self.url), *(quote(level, safe="") for level in self.folder.split("/") if level)]
        url = "/".join([*levels, quote(file.name, safe="")])
        headers = login | {"content-type": file.media_type}
        answer = ask("PUT", url, headers=headers, body=file.path)
        if answer.status in {NOT_FOUND, CONFLICT} and len(levels) > 1:
            for depth in range(2, len(levels) + 1):
                made = ask("MKCOL", "/".join(levels[:depth]) + "/", headers=login)
                if made.status != NOT_ALLOWED:  # which says that it is there
                    made.good(WHO)
            answer = ask("PUT", url, headers=headers, body=file.path)
        answer.good(WHO)
        return url
