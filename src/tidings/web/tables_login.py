"""Tables login: who may read the tables, by a token as everywhere, or as the password of Basic.

Power BI, Excel and Tableau speak Basic alone; whatever they send as the user's name is not looked at.
"""

import base64
import binascii
from collections.abc import Awaitable, Callable, Mapping

from starlette.requests import Request
from starlette.responses import Response

from tidings.access.scope import TABLES_READ
from tidings.core.errors import TidingsError
from tidings.web.login import Login
from tidings.web.refusal import Refusal, refusal_of
from tidings.web.throttle import Throttle

_Endpoint = Callable[[Request], Awaitable[Response]]
_UNAUTHENTICATED = 401
CHALLENGE = 'Basic realm="Tidings tables", charset="UTF-8"'


class TablesLogin:
    """Lets in who has the scope `tables.read`; their calls are counted by the throttle."""

    def __init__(self, login: Login, *, throttle: Throttle | None = None) -> None:
        self._login = login
        self._throttle = throttle

    def admitting(self, endpoint: _Endpoint, *, tell: Callable[[Refusal], Response] = Refusal.response) -> _Endpoint:
        """The endpoint for those alone; what it or we refuse is told in that way."""

        async def answer(request: Request) -> Response:
            try:
                caller = await self._login.caller(_with_bearer(request.headers), needs=TABLES_READ)
                if self._throttle is not None:
                    self._throttle.admit(caller.connector)
                return await endpoint(request)
            except TidingsError as error:
                refusal = refusal_of(error)
            response = tell(refusal)
            if refusal.status == _UNAUTHENTICATED:
                # Before ours: programs that know one challenge look at the first.
                response.headers["www-authenticate"] = CHALLENGE
                response.headers.append("www-authenticate", "Bearer")
            return response

        return answer


def _with_bearer(headers: Mapping[str, str]) -> Mapping[str, str]:
    """The headers, where the password of Basic stands as Bearer."""
    scheme, _, value = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return headers
    try:
        _, _, password = base64.b64decode(value.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        password = ""
    return {"authorization": f"Bearer {password.strip()}"}
