"""The cookie by which a browser is known."""

from starlette.requests import Request
from starlette.responses import Response

from tidings.console.entrance import Begun


class SessionCookie:
    """With HTTPS it has a name that browsers take from nobody but this very host."""

    def __init__(self, *, is_secure: bool) -> None:
        self.name = "__Host-tidings" if is_secure else "tidings_session"
        self._is_secure = is_secure

    def token_in(self, request: Request) -> str:
        """The token that a browser sends, empty for none."""
        return request.cookies.get(self.name, "")

    def begin(self, response: Response, begun: Begun, *, now: int) -> None:
        response.set_cookie(
            self.name,
            begun.token,
            max_age=(begun.ends_at - now) // 1_000,
            path="/",
            secure=self._is_secure,
            httponly=True,
            samesite="lax",
        )

    def end(self, response: Response) -> None:
        response.delete_cookie(self.name, path="/", secure=self._is_secure, httponly=True, samesite="lax")
