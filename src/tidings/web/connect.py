"""Connect over HTTP: a kit for a dashboard tool, with a login made for it."""

import base64
from collections.abc import Sequence
from typing import Annotated

import msgspec

from tidings.access.scope import ADMIN
from tidings.core.errors import NotFound
from tidings.core.route import Call, Route
from tidings.dashboards.connecting import Connecting, Wanted
from tidings.dashboards.kits import Tool
from tidings.web.login import caller_of


class KitOrder(msgspec.Struct, rename="camel"):
    """Which kit: of one table, or of all; `name` tells who it is for. `overHttp` leaves PostgreSQL alone."""

    table: str = ""
    name: Annotated[str, msgspec.Meta(max_length=100)] = ""
    over_http: bool = False


class KitFile(msgspec.Struct, omit_defaults=True):
    """A file of a kit, whose path may have folders. What is no text comes in base64, and `encoding` says so."""

    name: str
    content: str
    encoding: str = ""


class KitGiven(msgspec.Struct, rename="camel", omit_defaults=True):
    """A kit, told this once: what to do, and with which files. To end it, revoke the connector or drop the role."""

    tool: str
    steps: str
    files: list[KitFile]
    connector_id: str = ""
    role: str = ""


class ConnectApi:
    """Gives kits to whoever administers the installation: each holds a login that outlives the caller's."""

    def __init__(self, connecting: Connecting) -> None:
        self._connecting = connecting

    def routes(self) -> Sequence[Route]:
        return [
            Route(
                method="POST",
                path="/v1/connect/{tool}",
                name="connectTool",
                summary=f"Connect a dashboard tool, one of {', '.join(Tool)}: a login and the files that use it",
                handler=self._connect,
                needs=ADMIN,
                body=KitOrder,
                answers=KitGiven,
                errors=(NotFound,),
                tag="Dashboards",
            )
        ]

    async def _connect(self, call: Call) -> KitGiven:
        order: KitOrder = call.body
        name = call.path["tool"].lower()
        if name not in set(Tool):
            raise NotFound(f"there is no kit for that; there are {', '.join(Tool)}")
        wanted = Wanted(tool=Tool(name), table=order.table, name=order.name, is_over_http=order.over_http)
        connected = await self._connecting.connect(wanted, actor=caller_of(call).connector)
        kit = connected.kit
        files = [KitFile(name=path, content=content) for path, content in kit.files.items()]
        for path, archive in kit.archives.items():
            files.append(KitFile(name=path, content=base64.b64encode(archive).decode(), encoding="base64"))
        return KitGiven(
            tool=name,
            steps=kit.steps,
            files=files,
            connector_id=connected.connector,
            role=connected.role,
        )
