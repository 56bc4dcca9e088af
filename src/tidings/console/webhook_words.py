"""Words about a webhook: what it wants, and how its receiver verifies what comes."""

import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from tidings.console.wording import number
from tidings.core.duration import format_duration
from tidings.core.signature import SecretKind
from tidings.core.subscription import Subscription


@dataclass(frozen=True, slots=True, kw_only=True)
class Snippet:
    """Code for a receiver."""

    name: str
    text: str


def wanted(subscription: Subscription, *, about: str) -> list[str]:
    """What a webhook wants, a sentence each; `about` is what its subject is called."""
    return list(_sentences(subscription, about))


def _sentences(one: Subscription, about: str) -> Iterator[str]:
    types = ", ".join("every event" if name == "*" else name for name in one.types.names)
    yield f"Hears {types} of {_kind(one.subject.kind)} {about}."
    if one.filters is not None:
        words = one.filters.root.words
        yield f"Only where {words[1:-1] if len(one.filters.raw) == 1 else words}."
    if one.order_key is not None:
        yield f"In order{f', for each {one.order_key} by itself' if one.order_key else ''}."
    if one.rate:
        yield f"At most {number(one.rate)} a second." if one.rate >= 1 else f"At most one every {1 / one.rate:.0f} s."
    seconds = format_duration(one.timeout_ms)
    waits = ", ".join(map(format_duration, one.schedule.waits_ms)) if one.schedule else ""
    yield f"An attempt may take {seconds}; {f'tried again after {waits}' if waits else 'tried again as usual here'}."


def _kind(kind: str) -> str:
    words = {"ActionPackage": "the package", "System": "", "Application": "the application"}
    return words.get(kind, f"the {kind.lower()}")


def is_key_pair(subscription: Subscription) -> bool:
    """Whether callbacks are signed with a private key, of which the receiver has the public one."""
    return subscription.secrets[0].kind is SecretKind.PRIVATE


def snippets(subscription: Subscription) -> list[Snippet]:
    """How a receiver verifies callbacks, and how to send one by hand."""
    if is_key_pair(subscription):
        return [Snippet(name="Python", text=_PYTHON_ED25519), Snippet(name="JavaScript", text=_JAVASCRIPT_ED25519)]
    return [
        Snippet(name="Python", text=_PYTHON),
        Snippet(name="JavaScript", text=_JAVASCRIPT),
        Snippet(name="curl", text=_CURL.replace("URL", shlex.quote(subscription.url))),
    ]


_PYTHON = '''\
import base64, hashlib, hmac, time

def verify(secret: str, headers: dict[str, str], body: bytes) -> None:
    """Raise ValueError unless Tidings sent this. `body` is what arrived, before any json.loads."""
    id, at = headers["webhook-id"], headers["webhook-timestamp"]
    if abs(time.time() - int(at)) > 300:
        raise ValueError("too old")
    key = base64.b64decode(secret.removeprefix("whsec_"))
    right = base64.b64encode(hmac.digest(key, f"{id}.{at}.".encode() + body, hashlib.sha256)).decode()
    given = headers["webhook-signature"].split(" ")
    if not any(hmac.compare_digest(f"v1,{right}", one) for one in given):
        raise ValueError("not from Tidings")
'''

_JAVASCRIPT = """\
// Node 20, Deno, Bun, Workers. `body` is the text that arrived, before any JSON.parse.
async function verify(secret, headers, body) {
  const id = headers.get("webhook-id"), at = headers.get("webhook-timestamp");
  if (!(Math.abs(Date.now() / 1000 - Number(at)) <= 300)) throw new Error("too old");
  const bytes = (text) => Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));
  const hmac = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", bytes(secret.replace("whsec_", "")), hmac, false, ["verify"]);
  const signed = new TextEncoder().encode(`${id}.${at}.${body}`);
  for (const one of headers.get("webhook-signature").split(" ")) {
    const [version, value] = one.split(",");
    if (version === "v1" && await crypto.subtle.verify(hmac, key, bytes(value), signed)) return;
  }
  throw new Error("not from Tidings");
}
"""

_CURL = """\
# Sends your receiver what Tidings would send. Needs openssl.
secret='whsec_…' body='{"hello":"world"}' id=test_1 at=$(date +%s)
key=$(printf %s "${secret#whsec_}" | openssl base64 -d -A | od -An -v -tx1 | tr -d ' \\n')
signature=$(printf %s "$id.$at.$body" |
  openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary | openssl base64 -A)
curl URL -H 'content-type: application/json' -H "webhook-id: $id" -H "webhook-timestamp: $at" \\
  -H "webhook-signature: v1,$signature" --data-binary "$body"
"""

_PYTHON_ED25519 = '''\
import base64, time
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey  # pip install cryptography

def verify(public_key: str, headers: dict[str, str], body: bytes) -> None:
    """Raise unless Tidings sent this. `body` is what arrived, before any json.loads."""
    id, at = headers["webhook-id"], headers["webhook-timestamp"]
    if abs(time.time() - int(at)) > 300:
        raise ValueError("too old")
    key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public_key.removeprefix("whpk_")))
    signatures = [one.removeprefix("v1a,") for one in headers["webhook-signature"].split(" ") if one.startswith("v1a,")]
    key.verify(base64.b64decode(signatures[0]), f"{id}.{at}.".encode() + body)
'''

_JAVASCRIPT_ED25519 = """\
// Node 20, Deno, Bun, Workers. `body` is the text that arrived, before any JSON.parse.
async function verify(publicKey, headers, body) {
  const id = headers.get("webhook-id"), at = headers.get("webhook-timestamp");
  if (!(Math.abs(Date.now() / 1000 - Number(at)) <= 300)) throw new Error("too old");
  const bytes = (text) => Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));
  const key = await crypto.subtle.importKey("raw", bytes(publicKey.replace("whpk_", "")), "Ed25519", false, ["verify"]);
  const signed = new TextEncoder().encode(`${id}.${at}.${body}`);
  for (const one of headers.get("webhook-signature").split(" ")) {
    const [version, value] = one.split(",");
    if (version === "v1a" && await crypto.subtle.verify("Ed25519", key, bytes(value), signed)) return;
  }
  throw new Error("not from Tidings");
}
"""
