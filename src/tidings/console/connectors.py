"""Connectors and tokens: the programs that may use the API, and what they hold."""

from collections.abc import Sequence

from starlette.responses import Response

from tidings.access.scope import ALL, BY_NAME_ALONE, GRANTED
from tidings.access.token import Purpose
from tidings.console.offers import Offers
from tidings.console.place import Place
from tidings.console.rights import Right
from tidings.console.visit import Visit
from tidings.core.caller import TokenKind
from tidings.core.clock import DAY, HOUR
from tidings.core.errors import Conflict, Invalid, NotFound
from tidings.store.connectors import Connector, Connectors
from tidings.store.cursor import read_place, written_place

_HERE = "/console/settings/connectors"
_A_PAGE = 50
# How long keys live; guesses at what security offices ask for.
_LIVES = {"": None, "30": 30 * DAY, "90": 90 * DAY, "365": 365 * DAY}
LIVES = (("", "Until it is revoked"), ("30", "30 days"), ("90", "90 days"), ("365", "A year"))
# How long a key that is rolled goes on: as long as somebody needs to put the new one in its place.
_OVERLAPS = {"0": 0, "1": HOUR, "24": DAY, "168": 7 * DAY}
OVERLAPS = (("24", "in a day"), ("168", "in a week"), ("1", "in an hour"), ("0", "now"))
WHOM = (
    (TokenKind.USER, "A person, in each group as what they are there"),
    (TokenKind.GROUP, "A group, as its admin, and those beneath it"),
    (TokenKind.TENANT, "Everything, as an admin everywhere"),
)
# What is behind the names that do not say it.
_MEANINGS = {
    "admin": "hears and publishes everything",
    "tables.read": "reads all tables, feeds and charts",
    "reports.read": "looks at reports",
    "reports.write": "makes report tasks, which wait for approval",
    "reports.publish": "runs and approves report tasks",
    "publish": "publishes events",
    "events.read": "reads events and deliveries",
    "bin": "makes and reads bins",
    "tenant.read": "searches all groups",
}
SCOPES = [(scope, f"{scope}: {_MEANINGS[scope]}" if scope in _MEANINGS else scope) for scope in ALL]


class ConnectorPages:
    """Whoever may look sees them; owners make them, and end them. A secret is shown once, on the answer to its form."""

    def __init__(self, offers: Offers) -> None:
        self._access = offers.access
        self._workspace = offers.workspace
        self._connectors = Connectors(offers.database)
        self._clock = offers.clock

    def places(self) -> Sequence[Place]:
        one = "/settings/connectors/{id}"
        token = f"{one}/tokens/{{hash}}"
        return [
            Place(path="/settings/connectors", does=self._list, needs=Right.LOOK),
            Place(path="/settings/connectors", does=self._create, needs=Right.RULE, method="POST"),
            Place(path="/settings/connectors/new", does=self._ask, needs=Right.RULE),
            Place(path=one, does=self._show, needs=Right.LOOK),
            Place(path=f"{one}/secret", does=self._change_secret, needs=Right.RULE, method="POST"),
            Place(path=f"{one}/revoke", does=self._revoke, needs=Right.RULE, method="POST"),
            Place(path=f"{one}/keys", does=self._create_key, needs=Right.RULE, method="POST"),
            Place(path=f"{one}/keys/new", does=self._ask_for_key, needs=Right.RULE),
            Place(path=f"{one}/tokens", does=self._create_token, needs=Right.RULE, method="POST"),
            Place(path=f"{one}/tokens/new", does=self._ask_for_token, needs=Right.RULE),
            Place(path=f"{token}/roll", does=self._roll, needs=Right.RULE, method="POST"),
            Place(path=f"{token}/revoke", does=self._revoke_token, needs=Right.RULE, method="POST"),
        ]

    async def _list(self, visit: Visit) -> Response:
        after = visit.query.get("cursor", "")
        connectors = await self._access.keyring.connectors(after=after, most=_A_PAGE)
        more = connectors[-1].id if len(connectors) == _A_PAGE else ""
        return visit.page("settings/connectors.html", connectors=connectors, more=more, is_first=not after)

    async def _ask(self, visit: Visit) -> Response:
        return self._new(visit)

    def _new(self, visit: Visit, error: Invalid | Conflict | None = None) -> Response:
        chosen = [scope for scope in GRANTED if scope not in BY_NAME_ALONE]
        return visit.page("settings/connectors_new.html", error=error, scopes=SCOPES, chosen=chosen)

    async def _create(self, visit: Visit) -> Response:
        form = visit.form
        try:
            made = await self._access.create_connector(
                form.needed("name"),
                actor=visit.person.id,
                identifier=form.text("id") or None,
                scopes=_scopes(visit),
                redirect_uris=form.text("redirect-uri").split(),
            )
        except (Invalid, Conflict) as error:
            return self._new(visit, error)
        connector = await self._connector(made.id)
        secrets = [("applicationId", made.id), ("applicationSecret", made.secret)]
        return visit.page("settings/connectors_secret.html", connector=connector, title="Connector made", told=secrets)

    async def _show(self, visit: Visit) -> Response:
        connector = await self._connector(visit.path["id"])
        purpose = Purpose.REFRESH if visit.query.get("of") == "tokens" else Purpose.STATIC
        tokens = await self._access.keyring.of_connector(
            connector.id, purpose=purpose, before=read_place(visit.query.get("cursor", "")), most=_A_PAGE
        )
        older = written_place(tokens[-1].created_at, tokens[-1].hash) if len(tokens) == _A_PAGE else ""
        return visit.page(
            "settings/connector.html",
            connector=connector,
            tokens=tokens,
            is_of_keys=purpose is Purpose.STATIC,
            older=older,
            is_first="cursor" not in visit.query,
            overlaps=OVERLAPS,
            now=self._clock.now(),
        )

    async def _change_secret(self, visit: Visit) -> Response:
        connector = await self._connector(visit.path["id"])
        secret = await self._access.keyring.change_secret(connector.id, actor=visit.person.id)
        told = [("applicationId", connector.id), ("applicationSecret", secret)]
        return visit.page("settings/connectors_secret.html", connector=connector, title="New secret", told=told)

    async def _revoke(self, visit: Visit) -> Response:
        connector = await self._connector(visit.path["id"])
        await self._access.revoke_connector(connector.id, actor=visit.person.id)
        return visit.go(_HERE, said=f"{connector.name} is revoked, with all that it held.")

    async def _ask_for_key(self, visit: Visit) -> Response:
        return await self._new_key(visit)

    async def _new_key(self, visit: Visit, error: Invalid | None = None) -> Response:
        connector = await self._current(visit)
        has = connector.scopes.split()
        return visit.page(
            "settings/connectors_key.html",
            error=error,
            connector=connector,
            scopes=[one for one in SCOPES if one[0] in has],
            chosen=[scope for scope in has if scope not in BY_NAME_ALONE] or has,
            lives=LIVES,
        )

    async def _create_key(self, visit: Visit) -> Response:
        connector = await self._current(visit)
        try:
            key = await self._access.create_key(
                connector.id,
                actor=visit.person.id,
                scopes=_scopes(visit),
                phone=await self._known(visit.form.text("phone")),
                life_ms=_LIVES.get(visit.form.text("life")),
            )
        except Invalid as error:
            return await self._new_key(visit, error)
        told = [("Key", key)]
        return visit.page("settings/connectors_secret.html", connector=connector, title="Key made", told=told)

    async def _ask_for_token(self, visit: Visit) -> Response:
        return visit.page("settings/connectors_token.html", connector=await self._current(visit), whom=WHOM)

    async def _create_token(self, visit: Visit) -> Response:
        connector = await self._current(visit)
        try:
            kind, phone, group = _bearer(visit)
            await self._must_be_there(visit, group)
            made = await self._access.create_refresh_token(
                connector.id, actor=visit.person.id, kind=kind, phone=await self._known(phone), group=group
            )
        except Invalid as error:
            return visit.page("settings/connectors_token.html", error=error, connector=connector, whom=WHOM)
        told = [("Refresh token", made.token)]
        return visit.page("settings/connectors_secret.html", connector=connector, title="Token made", told=told)

    async def _roll(self, visit: Visit) -> Response:
        connector = await self._current(visit)
        overlap = _OVERLAPS.get(visit.form.text("overlap"))
        if overlap is None:
            raise Invalid("overlap: choose one of those in the list")
        key = await self._access.keyring.roll(visit.path["hash"], overlap_ms=overlap, actor=visit.person.id)
        told = [("Key", key)]
        return visit.page("settings/connectors_secret.html", connector=connector, title="Key rolled", told=told)

    async def _revoke_token(self, visit: Visit) -> Response:
        connector = await self._connector(visit.path["id"])
        await self._access.keyring.revoke(visit.path["hash"], actor=visit.person.id)
        of = "?of=tokens" if visit.form.text("of") == "tokens" else ""
        return visit.go(f"{_HERE}/{connector.id}{of}", said="It is revoked, and worth nothing within a second.")

    async def _known(self, phone: str) -> str | None:
        """That number, if it is somebody's; none for none. Raises Invalid."""
        if not phone:
            return None
        try:
            return (await self._access.person(phone)).phone
        except NotFound as error:
            raise Invalid("phone: nobody here has this number; invite them first") from error

    async def _must_be_there(self, visit: Visit, group: str) -> None:
        try:
            if group:
                await self._workspace.groups.get(visit.caller, group)
        except NotFound as error:
            raise Invalid("group: there is no group of this id; it stands on the group's page") from error

    async def _connector(self, identifier: str) -> Connector:
        connector = await self._connectors.get(identifier)
        if connector is None:
            raise NotFound("there is no connector of this id; go back to the list of connectors")
        return connector

    async def _current(self, visit: Visit) -> Connector:
        connector = await self._connector(visit.path["id"])
        if connector.revoked_at is not None:
            raise Conflict("this connector is revoked; make another one")
        return connector


def _scopes(visit: Visit) -> list[str]:
    scopes = visit.form.all("scope")
    if not scopes:
        raise Invalid("scope: tick at least one")
    return scopes


def _bearer(visit: Visit) -> tuple[TokenKind, str, str]:
    """For whom a refresh token is: the kind, a phone number, the id of a group."""
    kind = visit.form.text("kind")
    if kind == TokenKind.USER:
        return TokenKind.USER, visit.form.needed("phone"), ""
    if kind == TokenKind.GROUP:
        return TokenKind.GROUP, "", visit.form.needed("group")
    if kind == TokenKind.TENANT:
        return TokenKind.TENANT, visit.form.text("phone"), ""
    raise Invalid("kind: choose one of those in the list")
