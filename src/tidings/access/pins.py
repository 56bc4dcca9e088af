"""PINs: six digits by which a person signs in. Good for ten minutes, five tries, once.

An unknown number is answered like a known one after the same work: its PIN is kept too, it only reaches nobody.
"""

import asyncio
import hmac
import ipaddress
import logging
import secrets

from tidings.access.pin_sender import PinSender
from tidings.core.clock import MINUTE, SECOND, Clock
from tidings.core.errors import TidingsError, Unauthenticated
from tidings.core.vault import Drawer, Vault
from tidings.store.database import Database, Statement
from tidings.store.people import People
from tidings.store.tokens import Rate, Tokens, pin_made, pin_tried, pin_used, swept, throttled

log = logging.getLogger(__name__)

_VALID_MS = 10 * MINUTE
_MOST_TRIES = 5
# Six an hour after the first five: with five tries each, guessing one PIN takes three years on average.
_ASKED_BY_NUMBER = Rate(at_once=5, interval_ms=10 * MINUTE)
# Guesses: a whole office behind one address signs in on one morning, and mistypes.
_ASKED_BY_ADDRESS = Rate(at_once=30, interval_ms=10 * SECOND)
_TRIED_BY_ADDRESS = Rate(at_once=60, interval_ms=5 * SECOND)
# PINs wait in memory for the sender; beyond that the sender is stuck and everybody will ask again anyway.
_MOST_UNSENT = 1_000
# At once: a gateway that takes a second for each keeps up with what the throttle lets through.
_SENDERS = 4


class Pins:
    """Makes PINs, has them sent, and takes them back once."""

    def __init__(
        self,
        database: Database,
        *,
        vault: Vault,
        clock: Clock,
        sender: PinSender,
        most_unsent: int = _MOST_UNSENT,
    ) -> None:
        self._database = database
        self._people = People(database)
        self._tokens = Tokens(database)
        self._vault = vault
        self._clock = clock
        self._sender = sender
        self._unsent: asyncio.Queue[tuple[str, str]] = asyncio.Queue(most_unsent)

    async def make(self, phone: str, *, connector: str, address: str) -> None:
        """Make a PIN wait for that number, in place of the one before. Raises Throttled.

        It is sent after the answer, so that neither the time nor a failure of sending tells who is known.
        """
        now = self._clock.now()
        # Kaizala's callers send the PIN as a string or as a number: it must not begin with a zero.
        pin = str(secrets.randbelow(900_000) + 100_000)
        await self._database.write(
            *swept(now),
            throttled(asked_by(phone), _ASKED_BY_NUMBER, now=now),
            throttled(f"pin asked from {_network(address)}", _ASKED_BY_ADDRESS, now=now),
            pin_made(
                phone=phone,
                connector=connector,
                sealed=self._vault.seal(pin, Drawer.PIN_SEALED),
                expires_at=now + _VALID_MS,
            ),
        )
        try:
            self._unsent.put_nowait((phone, pin))
        except asyncio.QueueFull:
            log.warning("pin.unsent why='too many wait to be sent'")

    async def redeem(self, pin: str, *, phone: str, connector: str, address: str) -> tuple[str, Statement]:
        """The person whose PIN that is, and what uses it up: run it with whatever the sign-in makes.

        Raises Throttled, and Unauthenticated alike for whatever is wrong.
        """
        now = self._clock.now()
        _, tried = await self._database.write(
            throttled(f"pin tried from {_network(address)}", _TRIED_BY_ADDRESS, now=now),
            pin_tried(phone=phone, connector=connector, most=_MOST_TRIES, now=now),
        )
        refusal = Unauthenticated("the PIN is wrong, used or older than ten minutes; get a new one from generatePin")
        if not tried:
            raise refusal
        sealed, person = map(str, tried[0])
        if not (self._is(pin, sealed) and person):
            raise refusal
        return person, pin_used(phone=phone, connector=connector, sealed=sealed, otherwise=refusal)

    async def waiting(self, phone: str) -> str | None:
        """The newest PIN that waits for a person, if there is such a person and such a PIN."""
        pin = await self._tokens.waiting_pin(phone, most_tries=_MOST_TRIES, now=self._clock.now())
        return None if pin is None else self._vault.open(pin.sealed)

    async def run(self) -> None:
        """Send what was made, until cancelled."""
        async with asyncio.TaskGroup() as group:
            for _ in range(_SENDERS):
                group.create_task(self._send_each())

    def _is(self, pin: str, sealed: str) -> bool:
        return hmac.compare_digest(self._vault.open(sealed).encode(), pin.encode("utf-8", "surrogatepass"))

    async def _send_each(self) -> None:
        while True:
            phone, pin = await self._unsent.get()
            try:
                person = await self._people.by_phone(phone)
                if person is None:
                    continue
                await self._sender.send(phone, pin)
            except TidingsError as error:
                log.warning("pin.unsent why=%r", error.message)
            else:
                log.info("pin.sent person=%s", person.id)


def asked_by(phone: str) -> str:
    """Under which name it is counted how often a number asks for a PIN."""
    return f"pin asked by {phone}"


def _network(address: str) -> str:
    """Whom to throttle: an IPv4 address, or the /64 that one subscriber of IPv6 has to choose from."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address  # a socket without addresses; its callers share one throttle
    return str(ipaddress.ip_network((parsed, 64), strict=False)) if parsed.version == 6 else address  # noqa: PLR2004
