"""Links: addresses of files that whoever has them may open until they run out, and nobody else can make or stretch."""

import base64
import hashlib
import hmac
import secrets
from urllib.parse import quote, urlencode

from tidings.core.clock import DAY, Clock
from tidings.core.errors import Forbidden
from tidings.core.report import ReportFile
from tidings.core.secret import Secret
from tidings.core.vault import Drawer, Vault
from tidings.store.database import Database, Statement

LINK_LIVES_MS = 7 * DAY
_KEY = "reports.link_key"
_KEY_BYTES = 32
# Digits of the latest instant that we write.
_LONGEST = 18


async def link_key(database: Database, vault: Vault) -> Secret:
    """What links are signed with: made once, kept sealed in the database, and the same on all nodes."""
    proposed = vault.seal(secrets.token_urlsafe(_KEY_BYTES), Drawer.SETTING_VALUE)
    await database.write(Statement("setting_proposed", {"name": _KEY, "value": proposed}))
    [sealed] = await database.read(str, "setting_value", name=_KEY)
    return vault.secret(sealed, of="the links to reports")


class Links:
    """Signs with HMAC-SHA256. `public_url` ends in a slash."""

    def __init__(self, key: Secret, *, clock: Clock, public_url: str) -> None:
        self._key = key
        self._clock = clock
        self._base = f"{public_url}api/v1/"

    def signed(self, file: ReportFile, *, lives_ms: int = LINK_LIVES_MS) -> tuple[str, int]:
        """The address of a file, and when it runs out, in epoch milliseconds."""
        expires = self._clock.now() + lives_ms
        asked = {"name": file.name, "expires": str(expires), "signature": self._signature(file.id, str(expires))}
        path = f"documents/{file.format}/{quote(file.id, safe='')}"
        return f"{self._base}{path}?{urlencode(asked, quote_via=quote)}", expires

    def verify(self, file: str, *, expires: int | str, signature: str) -> None:
        """Raises Forbidden for a link that is not ours, or has run out."""
        until = str(expires)
        wanted = self._signature(file, until)
        if not hmac.compare_digest(wanted.encode(), signature.encode("utf-8", "replace")):
            raise Forbidden("this link was not made by us, or was changed; take the one of the callback as it is")
        if not until.isdecimal() or len(until) > _LONGEST or int(until) <= self._clock.now():
            raise Forbidden("this link has run out; ask the API for the document, with a token")

    def _signature(self, file: str, expires: str) -> str:
        message = f"{file}.{expires}".encode("utf-8", "replace")
        signed = hmac.digest(self._key.reveal().encode(), message, hashlib.sha256)
        return base64.urlsafe_b64encode(signed).decode().rstrip("=")
