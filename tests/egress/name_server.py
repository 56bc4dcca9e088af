"""A small real name server on loopback."""

import asyncio
import struct
from ipaddress import ip_address
from typing import Self, cast

_TYPES = {4: 1, 6: 28}  # A and AAAA


class NameServer(asyncio.DatagramProtocol):
    """Answers from `names`: addresses of a name, or None for a name about which it keeps silent."""

    def __init__(self, names: dict[str, list[str] | None] | None = None, *, ttl: int = 0) -> None:
        self.names = {} if names is None else names
        self.ttl = ttl
        self.asked: list[str] = []
        self._asked_once = asyncio.Event()

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=("127.0.0.1", 0))
        host, port = self._transport.get_extra_info("sockname")
        self.address = f"{host}:{port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._transport.close()

    async def has_been_asked(self) -> None:
        async with asyncio.timeout(60):
            await self._asked_once.wait()

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        end = data.index(0, 12)
        labels, at = [], 12
        while at < end:
            labels.append(data[at + 1 : at + 1 + data[at]].decode())
            at += 1 + data[at]
        name = ".".join(labels).lower()
        kind = cast("int", struct.unpack_from("!H", data, end + 1)[0])
        self.asked.append(name)
        self._asked_once.set()
        if name in self.names and self.names[name] is None:
            return
        found = [ip_address(text) for text in self.names.get(name) or ()]
        records = [
            b"\xc0\x0c" + struct.pack("!HHIH", kind, 1, self.ttl, len(address.packed)) + address.packed
            for address in found
            if _TYPES[address.version] == kind
        ]
        code = 0 if name in self.names else 3
        head = data[:2] + struct.pack("!HHHHH", 0x8180 | code, 1, len(records), 0, 0)
        self._transport.sendto(head + data[12 : end + 5] + b"".join(records), addr)
