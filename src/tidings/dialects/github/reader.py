"""The reader of GitHub's webhooks."""

from typing import Any

from tidings.core.dialect import EVER_MS
from tidings.core.errors import Invalid, Unauthenticated
from tidings.core.json_text import read_object
from tidings.core.proof import signed
from tidings.core.receipt import Receipt
from tidings.core.row import Reading
from tidings.core.secret import Secret
from tidings.core.told import Told, changes_of, identified

_SIGNATURE = "x-hub-signature-256"
_PREFIX = "sha256="
# Addresses of its API, of which a payload has a hundred, are of no use in a table.
_KEPT_URLS = frozenset({"html_url", "target_url"})


class GithubReader:
    """Reads events of GitHub, each into the table of its kind (`X-GitHub-Event`).

    GitHub signs the body alone, without a time: an event is known by its body, so that sending it again, whatever
    its headers, adds nothing.
    """

    name: str = "github"
    window_ms: int = EVER_MS

    def check(self, receipt: Receipt, *, secret: Secret, now: int) -> None:  # noqa: ARG002 - no time is signed
        """Raises Unauthenticated if the body is not signed with this secret."""
        given = receipt.header(_SIGNATURE)
        if not given.startswith(_PREFIX):
            raise Unauthenticated(f"expected the header X-Hub-Signature-256 with `{_PREFIX}` and 64 digits")
        if not secret or signed(receipt.body, secret=secret) != Secret(given.removeprefix(_PREFIX)):
            raise Unauthenticated("X-Hub-Signature-256 was not made with this secret over this body")

    def read(self, receipt: Receipt) -> Reading:
        """What it says. Raises Invalid if it does not say of what kind it is, or is not a JSON object."""
        kind = receipt.header("x-github-event")
        if not kind:
            raise Invalid("the header X-GitHub-Event is missing; set the webhook's content type to application/json")
        told = Told(
            id=identified(receipt.source, receipt.body),
            source=receipt.source,
            type=kind,
            wire_id=receipt.header("x-github-delivery"),
            at=receipt.at,
            arrived_at=receipt.at,
        )
        document = _without_addresses(read_object(receipt.body, limit=len(receipt.body)))
        return Reading(once=told.id, type=kind, changes=changes_of(told, document))


def _without_addresses(value: Any) -> Any:  # noqa: ANN401 - any JSON
    if isinstance(value, list):
        return [_without_addresses(one) for one in value]
    if isinstance(value, dict):
        return {name: _without_addresses(one) for name, one in value.items() if not _is_address(name)}
    return value


def _is_address(name: str) -> bool:
    return name in {"url", "node_id"} or (name.endswith("_url") and name not in _KEPT_URLS)
