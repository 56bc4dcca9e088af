"""The vault: secrets as they are kept at rest, encrypted and authenticated with AES-256-GCM.

A sealed text is base64 of: one byte of version, 4 bytes that name the key, a nonce of 12 bytes, the ciphertext.
AES-GCM rather than Fernet: opening takes 2.4 microseconds instead of 8, and a start opens every subscription's secrets.
Random nonces are safe for 2**32 texts under one key (NIST SP 800-38D); rotate long before.
"""

import base64
import hashlib
import os
from collections.abc import Sequence
from enum import StrEnum

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tidings.core.errors import Invalid
from tidings.core.secret import Secret, Unopened

_VERSION = b"\x01"
_KEY_BYTES = 32
_NAME_BYTES = 4
_NONCE_BYTES = 12
_TAG_BYTES = 16
_NONCE_AT = len(_VERSION) + _NAME_BYTES
_TEXT_AT = _NONCE_AT + _NONCE_BYTES
_CHECK = "tidings"


class Drawer(StrEnum):
    """Table and column in which a sealed text is kept: what `store.resealing` goes through."""

    SUBSCRIPTION_TOKEN = "subscription.token"  # noqa: S105 - the name of a column
    SUBSCRIPTION_SECRETS = "subscription.secrets"
    SUBSCRIPTION_HEADERS = "subscription.headers"
    SUBSCRIPTION_BASIC_AUTH = "subscription.basic_auth"
    SUBSCRIPTION_CLIENT_CERTIFICATE = "subscription.client_certificate"
    SOURCE_SECRET = "source.secret"  # noqa: S105 - the name of a column
    PULL_SECRET = "pull.secret"  # noqa: S105 - the name of a column
    PULL_REFRESH_TOKEN = "pull.refresh_token"  # noqa: S105 - the name of a column
    PULL_ACCESS_TOKEN = "pull.access_token"  # noqa: S105 - the name of a column
    SINK_SETTINGS = "sink.settings"
    REPORT_CONNECTION_URL = "report_connection.url"
    SETTING_VALUE = "setting.value"
    PIN_SEALED = "pin.sealed"


class Vault:
    """Seals with the first key, opens with any: put a new key in front to rotate, and keep the old ones behind it."""

    def __init__(self, keys: Sequence[str]) -> None:
        ciphers = [_cipher(key, place=place) for place, key in enumerate(keys, 1)]
        if not ciphers:
            raise Invalid("TIDINGS_SECRET_KEY holds no key; give it one that `new_key` made")
        self._first = ciphers[0]
        self._ciphers = dict(ciphers)

    def __repr__(self) -> str:
        return f"Vault({len(self._ciphers)} keys)"

    @property
    def sealing_key(self) -> str:
        """The name of the key that seals, which tells nothing of the key."""
        return self._first[0].hex()

    def seal(self, text: str, drawer: Drawer) -> str:
        # Whoever seals says where it is kept: what lies in no drawer of the list would keep old keys needed for ever.
        del drawer
        name, cipher = self._first
        nonce = os.urandom(_NONCE_BYTES)
        # The head is authenticated with the text: none of it can be changed unnoticed.
        sealed = cipher.encrypt(nonce, text.encode(), _VERSION + name)
        return base64.b64encode(_VERSION + name + nonce + sealed).decode()

    def open(self, sealed: str) -> str:
        """Give back the text. Raises Invalid if no key fits, or if what was kept is not what was sealed."""
        try:
            octets = base64.b64decode(sealed, validate=True)
        except ValueError:
            octets = b""
        head, nonce, text = octets[:_NONCE_AT], octets[_NONCE_AT:_TEXT_AT], octets[_TEXT_AT:]
        if head[:1] != _VERSION or not text:
            raise Invalid("this was not sealed by a vault; restore the row from a backup, or make it anew")
        cipher = self._ciphers.get(head[1:])
        if cipher is None:
            raise Invalid(
                f"this was sealed with the key {head[1:].hex()}, which is not in TIDINGS_SECRET_KEY; "
                "add that key behind the first"
            )
        try:
            return cipher.decrypt(nonce, text, head).decode()
        except InvalidTag as error:
            raise Invalid(
                "a sealed secret was changed since; restore the row from a backup, or make it anew"
            ) from error

    def secret(self, sealed: str, *, of: str) -> Secret:
        """The same as a secret of something. If it cannot be opened, that is raised by whoever reveals it."""
        try:
            return Secret(self.open(sealed))
        except Invalid as error:
            return Unopened(f"the secret of {of} cannot be opened: {error.message}")

    def is_sealed(self, text: str) -> bool:
        """Whether a text looks like a sealed one."""
        try:
            octets = base64.b64decode(text, validate=True)
        except ValueError:
            return False
        return octets[:1] == _VERSION and len(octets) >= _TEXT_AT + _TAG_BYTES

    def resealed(self, sealed: str, drawer: Drawer) -> str | None:
        """The same, sealed with the first key; None if it is so already. Raises Invalid as `open` does."""
        text = self.open(sealed)
        is_first = base64.b64decode(sealed)[len(_VERSION) : _NONCE_AT] == self._first[0]
        return None if is_first else self.seal(text, drawer)

    def check_value(self) -> str:
        """A sealed text to keep in the database, by which `check` tells whether a vault fits that database."""
        return self.seal(_CHECK, Drawer.SETTING_VALUE)

    def check(self, check_value: str) -> None:
        """Raise Invalid unless this vault opens the database's check value; a node that cannot must not start."""
        try:
            fits = self.open(check_value) == _CHECK
        except Invalid:
            fits = False
        if not fits:
            raise Invalid(
                "no key in TIDINGS_SECRET_KEY opens this database's secrets; give the key that it was made with"
            )


def new_key() -> str:
    return base64.urlsafe_b64encode(os.urandom(_KEY_BYTES)).decode()


def _cipher(key: str, *, place: int) -> tuple[bytes, AESGCM]:
    try:
        octets = base64.b64decode(key.strip(), altchars=b"-_", validate=True)
    except ValueError:
        octets = b""
    if len(octets) != _KEY_BYTES:
        raise Invalid(f"TIDINGS_SECRET_KEY: key {place} is not {_KEY_BYTES} bytes in URL-safe base64; make one anew")
    return hashlib.sha256(b"tidings key name" + octets).digest()[:_NAME_BYTES], AESGCM(octets)
