"""The calls by which people and programs sign in."""

from dataclasses import dataclass

from tidings.access.access import Access, AccessToken
from tidings.core.errors import Invalid, NotFound, Throttled, Unauthenticated
from tidings.core.route import Call, Parameter, Route
from tidings.dialects.kaizala.api.bearer import bearer
from tidings.dialects.kaizala.wire import account as wire
from tidings.dialects.kaizala.wire.lenient import body_of, read

_TAG = "Signing in"
_CREDENTIALS = (
    Parameter(name="applicationid", place="header", meaning="The connector's id; required."),
    Parameter(name="applicationsecret", place="header", meaning="The connector's secret; required."),
    Parameter(name="refreshtoken", place="header", meaning="A refresh token of that connector; required."),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountApi:
    """`endpoint_url` is this server's public URL, which ends in `/`: some clients append `v1/…`, others `/v1/…`."""

    access: Access
    endpoint_url: str

    def routes(self) -> list[Route]:
        return [*self._pin_routes(), *self._token_routes()]

    def _pin_routes(self) -> list[Route]:
        return [
            Route(
                method="POST",
                path="/v1/generatePin",
                name="generatePin",
                summary="Send a PIN to a person's phone",
                handler=self._generate_pin,
                needs=None,
                body=body_of(wire.PinWanted),
                answers=dict[str, str],
                errors=(Invalid, Unauthenticated, Throttled),
                tag=_TAG,
            ),
            Route(
                method="POST",
                path="/v1/loginWithPinAndApplicationId",
                name="loginWithPinAndApplicationId",
                summary="Trade a PIN for a refresh token",
                handler=self._login,
                needs=None,
                body=body_of(wire.Login),
                answers=wire.LoggedIn,
                errors=(Invalid, Unauthenticated, Throttled),
                tag=_TAG,
            ),
        ]

    def _token_routes(self) -> list[Route]:
        return [
            Route(
                method="GET",
                path="/v1/accessToken",
                name="accessToken",
                summary="Get an access token for a refresh token",
                handler=self._access_token,
                needs=None,
                answers=wire.AccessGranted,
                parameters=_CREDENTIALS,
                errors=(Unauthenticated,),
                tag=_TAG,
            ),
            Route(
                method="GET",
                path="/v1/users/me",
                name="getMe",
                summary="Show the person whose token this is",
                handler=self._me,
                needs="profile.write",
                answers=wire.Profile,
                errors=(NotFound,),
                tag=_TAG,
            ),
        ]

    async def _generate_pin(self, call: Call) -> dict[str, str]:
        asked = read(wire.PinWanted, call.body)
        await self.access.generate_pin(asked.mobile_number, application_id=asked.application_id, address=call.address)
        return {}

    async def _login(self, call: Call) -> wire.LoggedIn:
        asked = read(wire.Login, call.body)
        token = await self.access.login(
            asked.mobile_number,
            application_id=asked.application_id,
            pin=asked.digits,
            application_secret=asked.application_secret,
            address=call.address,
        )
        return wire.LoggedIn(
            refresh_token=token.token,
            granted_scope=",".join(token.scopes),
            refresh_token_expiry=token.expires_at,
            endpoint_url=self.endpoint_url,
        )

    async def _access_token(self, call: Call) -> wire.AccessGranted:
        token = await self.access.access_token(
            application_id=call.headers.get("applicationid", ""),
            application_secret=call.headers.get("applicationsecret", ""),
            refresh_token=call.headers.get("refreshtoken", ""),
        )
        return self.granted(token)

    def granted(self, token: AccessToken) -> wire.AccessGranted:
        """What is answered for a refresh token, and for the code of a sign-in through a browser."""
        return wire.AccessGranted(
            access_token=token.token,
            endpoint_url=self.endpoint_url,
            access_token_expiry=token.expires_at,
            refresh_token=token.refresh_token,
        )

    async def _me(self, call: Call) -> wire.Profile:
        person = bearer(call).person
        if not person.id:
            raise NotFound(
                "this token is a program's and speaks for no person; use the token of somebody who signed in"
            )
        return wire.Profile(id=person.id, mobile_number=person.phone, name=person.name, profile_pic=person.picture)
