"""How endpoints end a request, well and badly, and what comes of it."""

from typing import NamedTuple

from tidings.egress.answer import Outcome
from tidings.testing.endpoint import (
    ANSWERS_GARBAGE,
    CLOSES,
    DRIPS_BODY,
    DRIPS_HEAD,
    ENDLESS_BODY,
    HALF_CLOSES,
    HUGE_HEAD,
    NEVER_ANSWERS,
    RESETS,
    Answer,
    Drip,
    Framing,
    Item,
    Raw,
    Then,
)

HEAD = b"HTTP/1.1 200 OK\r\n"


class Ending(NamedTuple):
    item: Item
    outcome: Outcome
    status: int | None
    error: str


ENDINGS: dict[str, Ending] = {
    "200": Ending(200, Outcome.OK, 200, ""),
    "204": Ending(204, Outcome.OK, 204, ""),
    "chunked": Ending(Answer(201, body=b"x" * 9_000, framing=Framing.CHUNKED), Outcome.OK, 201, ""),
    "close-delimited": Ending(Answer(body=b"x", framing=Framing.CLOSE), Outcome.OK, 200, ""),
    "interim answers first": Ending(Answer(interim=10), Outcome.OK, 200, ""),
    "trailers": Ending(
        Raw(HEAD + b"transfer-encoding: chunked\r\n\r\n1\r\na\r\n0\r\nx-late: 1\r\n\r\n"), Outcome.OK, 200, ""
    ),
    "gzip to the end": Ending(Raw(HEAD + b"transfer-encoding: gzip\r\n\r\nabc", Then.CLOSE), Outcome.OK, 200, ""),
    "endless body": Ending(ENDLESS_BODY, Outcome.OK, 200, ""),
    "endless body of an error": Ending(
        Drip(b"HTTP/1.1 500 No\r\n\r\n", b"a" * 9_999, 0), Outcome.REFUSED, 500, "answered 500"
    ),
    "a body behind a head in one piece": Ending(
        Raw(HEAD + b"content-length: 200000\r\n\r\n" + b"a" * 200_000), Outcome.OK, 200, ""
    ),
    "redirect": Ending(Answer(302, (("location", "/"),)), Outcome.REFUSED, 302, "redirects are not followed"),
    "404": Ending(404, Outcome.REFUSED, 404, "the endpoint answered 404"),
    "410": Ending(410, Outcome.GONE, 410, "the endpoint answered 410"),
    "eleven interim answers": Ending(Answer(interim=11), Outcome.BROKEN, None, "more than 10 interim answers"),
    "101": Ending(
        Raw(b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n"),
        Outcome.BROKEN,
        None,
        "status 101",
    ),
    "600": Ending(Raw(b"HTTP/1.1 600 Odd\r\ncontent-length: 0\r\n\r\n"), Outcome.BROKEN, None, "status 600"),
    "garbage": Ending(ANSWERS_GARBAGE, Outcome.BROKEN, None, "not an HTTP answer"),
    "two lengths": Ending(
        Raw(HEAD + b"content-length: 1\r\ncontent-length: 2\r\n\r\nab"), Outcome.BROKEN, None, "not an HTTP answer"
    ),
    "a bad chunk": Ending(
        Raw(HEAD + b"transfer-encoding: chunked\r\n\r\nzz\r\n"), Outcome.BROKEN, 200, "not an HTTP answer"
    ),
    "a zero byte in a header": Ending(
        Raw(HEAD + b"x-a: \0\r\ncontent-length: 0\r\n\r\n"), Outcome.BROKEN, None, "not an HTTP answer"
    ),
    "closed": Ending(CLOSES, Outcome.BROKEN, None, "was closed before the answer"),
    "closed within the head": Ending(Raw(HEAD, Then.CLOSE), Outcome.BROKEN, None, "in the middle of the answer"),
    "closed within the body": Ending(
        Raw(HEAD + b"content-length: 9\r\n\r\nabc", Then.CLOSE), Outcome.BROKEN, 200, "in the middle"
    ),
    "huge head": Ending(HUGE_HEAD, Outcome.TOO_BIG, None, "over 64 kB"),
    "many headers": Ending(Drip(HEAD, b"x-a: b\r\n" * 500, 0), Outcome.TOO_BIG, None, "over 64 kB"),
    "never answers": Ending(NEVER_ANSWERS, Outcome.TIMED_OUT, None, "s, still waiting for the answer"),
    "drips its head": Ending(DRIPS_HEAD, Outcome.TIMED_OUT, None, "s, still reading the answer"),
    "drips its body": Ending(DRIPS_BODY, Outcome.TIMED_OUT, 200, "s, still reading the answer"),
    "interim answers for ever": Ending(
        Drip(b"", b"HTTP/1.1 103 x\r\n\r\n", 40), Outcome.TIMED_OUT, None, "no complete answer within"
    ),
}
# asyncio's TLS can neither reset nor half-close.
ENDINGS_OF_TCP: dict[str, Ending] = {
    "reset": Ending(RESETS, Outcome.BROKEN, None, "was reset before the answer"),
    "half-closed": Ending(HALF_CLOSES, Outcome.BROKEN, None, "was closed before the answer"),
    "half-closed behind the answer": Ending(Raw(HEAD + b"\r\nabc", Then.HALF_CLOSE), Outcome.OK, 200, ""),
}
