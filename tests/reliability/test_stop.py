"""A stop in good order, under load."""

from pathlib import Path

from tests.reliability.trial import PATIENT, trial
from tests.web.conversation import request, talk
from tidings.core.clock import Clock


async def test_a_stop_with_silent_endpoints_and_stalled_requests_is_over_in_time_and_loses_nothing(
    database_url: str, tmp_path: Path
) -> None:
    async with trial(tmp_path, database_url, webhooks=PATIENT) as one:
        server = one.server()
        publisher = one.publisher(server)
        await server.start()
        one.receiver.silent.add("plain")

        async with publisher.publishing(), talk(one.port) as stalled:
            await stalled.say(request("POST /v1/events", body=b"x" * 1_000)[:-1])
            await publisher.acknowledged(300)
            server.tell_to_stop()
            await refuses(one.port)
            refuses_since = Clock().monotonic()
            is_finishing = server.process.poll() is None
            status = await server.stopped()
        one.receiver.silent.clear()
        await server.start()
        findings = await one.findings()

        assert status == 0
        assert is_finishing
        assert max(event.sent_at for event in one.ledger.acknowledged) < refuses_since
        assert findings.faults == []  # no accident happened, so nothing may come twice either


async def refuses(port: int) -> None:
    """Wait until nobody listens there any more."""
    refused = False
    while not refused:
        try:
            async with talk(port):
                pass
        except ConnectionRefusedError:
            refused = True
        except ConnectionResetError:  # it was in the queue of those who were to be heard next
            continue
