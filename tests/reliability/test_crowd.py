"""A thousand endpoints of which most are ill: the others get everything meanwhile, and memory is bounded."""

import asyncio
from pathlib import Path

import msgspec

from tests.egress.waiting import eventually
from tests.ports import free_port
from tests.reliability.ledger import Acknowledged, Arrival, Ledger
from tests.reliability.program import Program
from tests.web.conversation import ask
from tidings.app.compose import opened
from tidings.app.parts import Parts
from tidings.app.settings import load, variable
from tidings.core.clock import SECOND, Clock
from tidings.core.event import Subject
from tidings.core.vault import new_key
from tidings.outbox.terms import Terms
from tidings.testing.endpoint import NEVER_ANSWERS, Answer, Captured, Drip, Endpoint, Step

# How many endpoints of each kind, every one at an address of its own.
CROWD = {"refusing": 50, "silent": 500, "dripping": 100, "well": 350}
EVENTS = 10
# Seconds. Whoever had to wait until the ill ones are given up would not get through while this test waits.
TIMEOUT_S, WITHIN_S = 60, 50.0
DRIPS = Drip(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n", b"a", 1_000)
# Bytes. What a server takes at rest, some 1,000 connections, and room.
LARGEST = 200 << 20


class Crowd:
    """Whoever is well enters what arrives into the ledger."""

    def __init__(self) -> None:
        self.endpoint = Endpoint(self._answer, host="0.0.0.0")  # noqa: S104 - at a thousand addresses of loopback
        self.ledger = Ledger([f"well-{number}" for number in range(CROWD["well"])])
        self.ill: set[str] = set()  # those that were called

    def urls(self) -> dict[str, str]:
        ports = dict.fromkeys(CROWD, self.endpoint.port) | {"refusing": free_port()}
        names = [(kind, f"{kind}-{number}") for kind, count in CROWD.items() for number in range(count)]
        return {
            name: f"http://127.1.{place // 250}.{place % 250 + 1}:{ports[kind]}/{name}"
            for place, (kind, name) in enumerate(names)
        }

    async def register(self, parts: Parts) -> str:
        """Make a webhook of each; the key with which to publish to them."""
        connector = await parts.access.create_connector("crowd", actor="test")
        terms = [Terms(types=("*",), url=url, timeout_ms=TIMEOUT_S * SECOND) for url in self.urls().values()]
        subject = Subject("Application", "crowd")
        create = parts.subscribing.create
        await asyncio.gather(*(create(subject, one, connector=connector.id, owner="") for one in terms))
        return await parts.access.create_key(connector.id, actor="test", scopes=("publish",))

    async def publish(self, number: int, *, port: int, token: str) -> None:
        event = {
            "type": "sold",
            "subjects": [{"objectType": "Application", "objectId": "crowd"}],
            "data": {"number": number},
        }
        sent_at = Clock().monotonic()
        answer = await ask(port, "POST /v1/events", headers={"authorization": f"Bearer {token}"}, json=event)
        assert answer.json["deliveries"] == sum(CROWD.values())
        name, now = answer.json["eventId"], Clock().monotonic()
        self.ledger.acknowledge(Acknowledged(event=name, line="", number=number, sent_at=sent_at, at=now))

    def _answer(self, request: Captured) -> Step:
        name = request.target.removeprefix("/")
        self.endpoint.requests.clear()
        kind = name.partition("-")[0]
        if kind != "well":
            self.ill.add(name)
            return DRIPS if kind == "dripping" else NEVER_ANSWERS
        headers, now = dict(request.headers), Clock().monotonic()
        self.ledger.arrive(
            Arrival(
                subscription=name,
                webhook_id=headers["webhook-id"],
                event=headers["tidings-event-id"],
                line="",
                number=msgspec.json.decode(request.body)["data"]["number"],
                succeeded=True,
                sent_at=now,
                at=now,
            )
        )
        return Answer()


async def test_of_a_thousand_endpoints_those_that_are_well_get_everything(tmp_path: Path) -> None:
    crowd, port = Crowd(), free_port()
    settings = {
        "database": f"sqlite:{tmp_path}/tidings.db",
        "secret_key": new_key(),
        "egress_allow": "127.0.0.0/8",
        "egress_http": "on",
        "retry_schedule": ",".join(["200ms"] * 20),
        "port": str(port),
    }
    async with crowd.endpoint:
        async with opened(load({}, folder=tmp_path, **settings)) as parts:
            token = await crowd.register(parts)
        environ = {variable(name): value for name, value in settings.items()}
        server = Program("serve", folder=tmp_path, settings=environ)
        try:
            await server.start()
            for number in range(EVENTS):
                await crowd.publish(number, port=port, token=token)
            await eventually(lambda: not crowd.ledger.missing, within=WITHIN_S)
            peak = largest(server.process.pid)
        finally:
            await server.end()

    assert crowd.ledger.findings().faults == []
    assert crowd.ledger.findings().repeated == 0
    assert len(crowd.ill) == CROWD["silent"] + CROWD["dripping"]
    assert peak < LARGEST


def largest(pid: int) -> int:
    """The most memory that a process ever had, in bytes."""
    lines = Path(f"/proc/{pid}/status").read_text("ascii").splitlines()
    [peak] = [line for line in lines if line.startswith("VmHWM")]
    return int(peak.split()[1]) << 10
