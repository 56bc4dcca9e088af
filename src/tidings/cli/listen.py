"""`tidings listen`: what arrives at a throw-away address, live in a terminal."""

import base64
import signal
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import msgspec
import rich_click as click

from tidings.cli.installation import settings_of_here
from tidings.cli.remote import Remote
from tidings.core.errors import TidingsError, Unavailable
from tidings.core.pattern import Types, compile_types

# Seconds. The server holds the question open for so long if nothing arrives.
_WAIT_S = 25
# What belongs to a connection, not to a request that is passed on.
_NOT_FORWARDED = frozenset(
    {"host", "connection", "content-length", "transfer-encoding", "keep-alive", "te", "trailer", "upgrade", "expect"}
)


@click.command()
@click.option("--server", metavar="URL", help="Where Tidings is; TIDINGS_PUBLIC_URL if absent.")
@click.option("--token", envvar="TIDINGS_TOKEN", required=True, help="A token or key with the scope bin.")
@click.option("--name", help="Your bin of that name, made if there is none; it stays when you leave.")
@click.option("--forward-to", metavar="URL", help="Pass each request on to this address, from this machine.")
@click.option("--event", "patterns", multiple=True, help="Only this event type, or order.*; may be repeated.")
@click.option("--count", type=click.IntRange(1), help="End after so many requests; by Ctrl-C if absent.")
def listen(
    *,
    server: str | None,
    token: str,
    name: str | None,
    forward_to: str | None,
    patterns: tuple[str, ...],
    count: int | None,
) -> None:
    """Make an address that catches callbacks, and print what arrives. Without a name it is gone when you leave.

    A key comes from `tidings token create --connector ID --static --scope bin`.
    """
    types = compile_types(patterns or ("*",), place="--event")
    url = server or settings_of_here().base_url
    remote = Remote(url, token=token.strip(), patience_s=_WAIT_S + 15)
    target = None if forward_to is None else Forward(forward_to)
    made = remote.ask("POST", "/v1/bins", body={"name": name})
    seen = remote.ask("GET", f"/v1/bins/{made['name']}")["captured"]
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: remote.hang_up())
    click.echo(f"Callbacks to {made['url']} are shown here. Ctrl-C ends it.")
    click.echo(f"In a browser: {made['url']}?inspect&token={made['viewToken']}")
    try:
        _follow(remote, made["name"], after=seen, types=types, target=target, count=count)
    except Unavailable:
        if not remote.is_hung_up:
            raise
    finally:
        if name is None:
            with suppress(TidingsError):
                Remote(url, token=token.strip()).ask("DELETE", f"/v1/bins/{made['name']}")


class Forward:
    """Passes requests on to an address on the user's side, as they came."""

    def __init__(self, url: str) -> None:
        self._own_query = urlsplit(url).query
        self._remote = Remote(url)

    def pass_on(self, caught: dict[str, Any]) -> str:
        """What was answered, in words."""
        query = "&".join(filter(None, (self._own_query, caught["query"])))
        headers = [(name, value) for name, value in caught["headers"] if name.lower() not in _NOT_FORWARDED]
        target = (self._remote.path or "/") + (query and f"?{query}")
        try:
            status, _ = self._remote.send(caught["method"], target, body=_body(caught), headers=headers)
        except TidingsError as error:
            return error.message
        return f"answered {status}"


def _follow(remote: Remote, name: str, *, after: int, types: Types, target: Forward | None, count: int | None) -> None:
    shown = 0
    while True:
        news = remote.ask("GET", f"/v1/bins/{name}/requests?after={after}&wait={_WAIT_S}")
        after = news["next"]
        for caught in news["requests"]:
            if not _is_wanted(caught, types):
                continue
            click.echo(_shown(caught))
            if target is not None:
                click.echo(f"  → {target.pass_on(caught)}")
            shown += 1
            if shown == count:
                return


def _is_wanted(caught: dict[str, Any], types: Types) -> bool:
    """Whether it tells of an event of those types; what tells of none, as the handshake, is always wanted."""
    name = _type_of(caught)
    return not name or types.match(name)


def _type_of(caught: dict[str, Any]) -> str:
    """The event's type as Kaizala's envelope has it, or as Standard Webhooks and CloudEvents do; empty for none."""
    try:
        body = msgspec.json.decode(_body(caught), type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""
    name = body.get("eventType", body.get("type", ""))
    return name if isinstance(name, str) else ""


def _shown(caught: dict[str, Any]) -> str:
    query = caught["query"] and f"?{caught['query']}"
    lines = [f"\n{caught['method']} {caught['path']}{query}  {_type_of(caught)}".rstrip(" ")]
    lines += [f"  {name}: {value}" for name, value in caught["headers"]]
    body = _body(caught)
    with suppress(msgspec.DecodeError):
        body = msgspec.json.format(body, indent=2)
    if body:
        lines.append(body.decode("utf-8", "replace"))
    # Whoever sends to the address must not steer the terminal.
    return "".join(one if one.isprintable() or one in "\n\t" else "\ufffd" for one in "\n".join(lines))


def _body(caught: dict[str, Any]) -> bytes:
    encoded: str | None = caught.get("bodyBase64")
    return base64.b64decode(encoded) if encoded is not None else str(caught.get("body", "")).encode()
