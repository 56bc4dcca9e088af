"""What is sent and answered about signing in."""

from typing import Annotated

from msgspec import Meta

from tidings.dialects.kaizala.wire.lenient import Wire

# A number in JSON has lost the zeros that it began with.
_PIN_DIGITS = 6

Pin = Annotated[int, Meta(ge=0, lt=10**_PIN_DIGITS)] | Annotated[str, Meta(pattern=f"^[0-9]{{{_PIN_DIGITS}}}$")]


class PinWanted(Wire, frozen=True, kw_only=True):
    """Whom to send a PIN, with country code (`+910000000001`), and the connector that they sign in to."""

    mobile_number: str
    application_id: str


class Login(Wire, frozen=True, kw_only=True):
    """The PIN, as text or as a number. `applicationSecret` is not needed, but must be right if it is sent."""

    mobile_number: str
    application_id: str
    pin: Pin
    application_secret: str | None = None

    @property
    def digits(self) -> str:
        return f"{self.pin:0{_PIN_DIGITS}}" if isinstance(self.pin, int) else self.pin


class LoggedIn(Wire, frozen=True, kw_only=True):
    """A refresh token, what it is good for, until when (epoch milliseconds), and where to go on."""

    refresh_token: str
    granted_scope: str
    refresh_token_expiry: int
    endpoint_url: str


class AccessGranted(Wire, frozen=True, kw_only=True):
    """An access token and until when it is good (epoch milliseconds); `refreshToken` is empty unless it was renewed."""

    access_token: str
    endpoint_url: str
    access_token_expiry: int
    refresh_token: str
    scope: str = "token.write"


class Profile(Wire, frozen=True, kw_only=True):
    """A person. No published answer is known; the names are those that members have."""

    id: str
    mobile_number: str
    name: str
    profile_pic: str
