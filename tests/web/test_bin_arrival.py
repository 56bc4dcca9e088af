"""How a request came: encrypted or not, and with which names of headers, in bins and for sources alike."""

import ssl
from ipaddress import ip_network
from pathlib import Path

from tests.web.bin_server import bin_server
from tests.web.conversation import request, talk
from tidings.core.clock import Clock
from tidings.core.vault import Vault, new_key
from tidings.dialects.discovery import discover
from tidings.inbox.inbox import open_inbox
from tidings.store.database import Database
from tidings.tables.engine import open_engine
from tidings.tables.tables import Tables
from tidings.testing.authority import Authority
from tidings.web.door import Door, opened
from tidings.web.login import Login
from tidings.web.peer import Proxies
from tidings.web.receive import ReceiveDoor
from tidings.web.server import Certificate, Server

ONE = "GET /v1/bins/mine/requests/1"
SENT = {"Content-TYPE": "text/plain", "X-b": "1", "x-A": "2", "X-B": "3"}


async def test_version_and_cipher_of_tls_are_shown_where_it_ends_here(
    database: Database, login: Login, tmp_path: Path
) -> None:
    authority = Authority(tmp_path)
    issued = authority.issue("localhost")
    context = ssl.create_default_context(cafile=str(authority.ca_file))
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    certificate = Certificate(chain=issued.certificate, key=issued.key)
    async with bin_server(database, login, certificate=certificate) as server, talk(server.port, context) as sender:
        await sender.say(request("POST /bin/mine"))
        assert (await sender.hear()).status == 200
        await sender.say(request(ONE, headers={"accessToken": server.token}))
        told = (await sender.hear()).json
        await sender.say(request("GET /bin/mine?inspect=1", headers={"cookie": f"tidings_bin={server.token}"}))
        page = (await sender.hear()).body.decode()

    assert (told["isTls"], told["tlsVersion"]) == (True, "TLSv1.2")
    assert told["tlsCipher"].startswith("ECDHE-")
    assert f"TLSv1.2 {told['tlsCipher']}" in page


async def test_nothing_is_said_of_tls_where_there_was_none(database: Database, login: Login) -> None:
    async with bin_server(database, login) as server:
        await server.send()
        told = (await server.look(ONE)).json

    assert told["isTls"] is False
    assert not {"tlsVersion", "tlsCipher"} & told.keys()


async def test_a_source_keeps_the_names_of_headers_as_they_came(
    database: Database, login: Login, tmp_path: Path
) -> None:
    tables = Tables(open_engine(f"sqlite:{tmp_path / 'tables.db'}"))
    inbox = open_inbox(
        database, vault=Vault([new_key()]), clock=Clock(), readers=discover().readers, open_tables=lambda: tables
    )
    source = await inbox.create_source("shop", dialect="raw", actor="test")
    there = f"POST /receive/shop/{source.secret.reveal()}"
    receive = ReceiveDoor(inbox.receiving, proxies=Proxies([ip_network("127.0.0.1")]), clock=Clock())
    door = Door(routes=(), pages=receive.pages(), login=login)
    async with (
        inbox.running(),
        Server(opened(door), clock=Clock(), receive=receive).listening("127.0.0.1", 0) as port,
        talk(port) as sender,
    ):
        # The first goes the long way, because the source is not in memory yet.
        for _ in range(2):
            await sender.say(request(there, headers=SENT, body=b"a"))
            assert (await sender.hear()).status == 200
        receipts = await inbox.receipts.after(0, most=10)
    tables.close()

    for receipt in receipts:
        assert dict(receipt.headers) == {"host": "localhost", **SENT, "content-length": "1"}
    assert len(receipts) == 2
