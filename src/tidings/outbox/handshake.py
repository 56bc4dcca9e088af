"""Handshake: before a URL is called, whoever answers there must show that they want to be."""

import secrets

from tidings.core.errors import Undeliverable
from tidings.egress.answer import Answer, Outcome
from tidings.egress.client import Client
from tidings.egress.request import Request

# The webhooks reference, validation: the answer must arrive within five seconds.
DEADLINE_MS = 5_000
# Receivers that parse the token as JSON need digits only, no leading zero, at most 15 of them to keep it exact.
SMALLEST, LARGEST = 10**14, 10**15 - 1


async def shake_hands(client: Client, url: str) -> None:
    """`GET url?validationToken=<digits>` must be answered with the digits. Raises `Undeliverable` with what came."""
    token = str(SMALLEST + secrets.randbelow(LARGEST - SMALLEST))
    before, hash_, fragment = url.partition("#")
    asked = f"{before}{'&' if '?' in before else '?'}validationToken={token}{hash_}{fragment}"
    answer = await client.send(Request(method="GET", url=asked, timeout_ms=DEADLINE_MS))
    if answer.outcome is Outcome.FORBIDDEN:
        raise Undeliverable(answer.error)
    if answer.outcome is Outcome.OK and answer.body.strip() == token.encode():
        return
    raise Undeliverable(
        f"the callback URL did not pass the validation handshake: GET with validationToken={token} must be answered "
        f"within 5 s with status 200 and just that token, but {_came(answer)}; TIDINGS_HANDSHAKE decides who is asked",
        details={"sent": token, "status": answer.status, "outcome": str(answer.outcome)},
    )


def _came(answer: Answer) -> str:
    if answer.status is None:
        return f"no answer came ({answer.error})"
    shown = repr(answer.body[:100].decode("utf-8", "replace")) if answer.body.strip() else "an empty body"
    return f"status {answer.status} and {shown} came back"
