"""Receipt view: a request that a source sent, as pages show it; secrets only to whoever may see them."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from tidings.console import secrecy
from tidings.store.bins import Capture, Request
from tidings.store.receipts import Entry
from tidings.web.bin_export import fields_of
from tidings.web.bin_view import BodyView, view_of

# By which senders prove who they are where they can be told nothing but a URL.
_PROOFS = frozenset({"key", "token"})
# Bytes that a page shows of a body; the rest is in the file.
_MOST_SHOWN = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptView:
    """`whole` is whether anything was hidden; the body is JSON laid out, or else text as it came."""

    target: str
    headers: Sequence[tuple[str, str]]
    query: Sequence[tuple[str, str]]
    body: BodyView
    text: str
    is_json: bool


def view_of_receipt(entry: Entry, *, may_see_all: bool) -> ReceiptView:
    receipt = entry.receipt
    # As what it came, to be shown as the inspector shows what it caught.
    request = Request(
        at=receipt.at,
        method="POST",
        path=f"/receive/{quote(receipt.source)}",
        query=receipt.query,
        headers=receipt.headers,
        body=receipt.body,
        peer=receipt.peer,
        client=receipt.peer,
    )
    seen = view_of(Capture(number=receipt.id, request=request))
    text = secrecy.payload(receipt.body, is_whole=may_see_all)
    return ReceiptView(
        target=request.path,
        headers=seen.headers if may_see_all else secrecy.headers(seen.headers),
        query=[
            (name, value if may_see_all or name not in _PROOFS else secrecy.HIDDEN)
            for name, value in fields_of(receipt.query)
        ],
        body=seen.body,
        text=text[:_MOST_SHOWN].decode("utf-8", "replace"),
        is_json=bool(seen.body.pretty),
    )
