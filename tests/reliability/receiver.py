"""Receiver: the endpoints outside, which enter into the ledger what arrives, and do not always answer well."""

import random

import msgspec
from standardwebhooks import Webhook, WebhookVerificationError

from tests.reliability.ledger import Arrival, Ledger
from tidings.core.clock import SECOND, Clock
from tidings.testing.endpoint import NEVER_ANSWERS, Answer, Captured, Endpoint, Step

# Of a hundred callbacks; the others are answered at once and well.
FAILING, LATE = 5, 3
LATE_MS = 200
OK, BROKEN = 200, 500


class Receiver:
    """One endpoint for all subscriptions, told apart by the path; those in `silent` get no answer."""

    def __init__(self, ledger: Ledger, *, seed: int, host: str = "127.0.0.1") -> None:
        self.endpoint = Endpoint(self._answer, host=host, name=host)
        self.silent: set[str] = set()
        self.secrets: dict[str, str] = {}
        self._ledger = ledger
        self._chance = random.Random(seed)  # noqa: S311 - repeatable, on purpose
        self._clock = Clock()

    def url(self, subscription: str) -> str:
        return self.endpoint.url + subscription

    def _answer(self, request: Captured) -> Step:
        name = request.target.removeprefix("/")
        chance = self._chance.randrange(100)
        status = 0 if name in self.silent else BROKEN if chance < FAILING else OK
        self._enter(name, request, succeeded=status == OK)
        self.endpoint.requests.clear()
        if not status:
            return NEVER_ANSWERS
        return Answer(status, after_ms=LATE_MS if FAILING <= chance < FAILING + LATE else 0)

    def _enter(self, name: str, request: Captured, *, succeeded: bool) -> None:
        headers, now = {key.lower(): value for key, value in request.headers}, self._clock.monotonic()
        try:
            Webhook(self.secrets[name]).verify(request.body, headers)
        except WebhookVerificationError as error:
            self._ledger.complaints.append(f"{name}: {headers['webhook-id']}: {error}")
        data = msgspec.json.decode(request.body)["data"]
        self._ledger.arrive(
            Arrival(
                subscription=name,
                webhook_id=headers["webhook-id"],
                event=headers["tidings-event-id"],
                line=data["line"],
                number=data["number"],
                succeeded=succeeded,
                # The callback tells the second in which its attempt began.
                sent_at=now - (self._clock.now() / SECOND - int(headers["webhook-timestamp"])),
                at=now,
            )
        )
