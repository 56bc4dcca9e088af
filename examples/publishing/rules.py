"""Rules: which reports are published where. They are a TOML file; secrets come from the environment alone."""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

from .destinations.folder import Folder
from .destinations.graph import Graph
from .destinations.mail import Mail
from .destinations.sms import Sms
from .destinations.webdav import WebDav
from .failure import Misconfigured
from .publication import Destination
from .web import checked_url

FORMATS = ("csv", "html", "json", "pdf", "png", "pptx", "xlsx")
KINDS: Mapping[str, type[Destination]] = {"folder": Folder, "graph": Graph, "mail": Mail, "sms": Sms, "webdav": WebDav}
API_KEY, SIGNING_SECRET = "PUBLISHING_API_KEY", "PUBLISHING_SIGNING_SECRET"
# 24 to 64 bytes in base64, as Standard Webhooks has it.
SHARED = re.compile(r"whsec_(?:[A-Za-z0-9+/]{4}){8,21}(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What stands above the rules. `answer_within` is in seconds, and less than the webhook's own time limit."""

    url: str
    host: str = "127.0.0.1"
    port: int = 9100
    ledger: str = "publishing.db"
    answer_within: int = 12
    signed: bool = True

    def __post_init__(self) -> None:
        checked_url(self.url)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Reports with the `tag` are rendered in the `format` and go to the destinations, one after the other.

    `name` is the file's, with {title}, {date}, {time} (both in UTC) and {id}.
    """

    tag: str
    format: str
    to: tuple[str, ...]
    name: str = "{title} {date}"

    def __post_init__(self) -> None:
        if self.format not in FORMATS:
            raise Misconfigured(f"format must be one of {', '.join(FORMATS)}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A destination, or one phone of several; `id` is what it is remembered by."""

    id: str
    destination: Destination


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The whole file, and the two secrets of ours."""

    settings: Settings
    rules: Sequence[Rule]
    targets: Mapping[str, Sequence[Target]]
    api_key: str = field(repr=False)
    signing_secret: str = field(repr=False)


def load(path: Path, environment: Mapping[str, str]) -> Rules:
    """Raises Misconfigured with a sentence that says what is wrong, and where."""
    try:
        told = tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise Misconfigured(f"{path} cannot be read: {error}") from error
    tables, listed = told.pop("destination", {}), told.pop("rule", [])
    if not isinstance(tables, dict) or not isinstance(listed, list):
        raise Misconfigured(f"{path}: write [[rule]] and [destination.NAME]")
    settings = _made(Settings, told, where=str(path))
    rules = [_made(Rule, table, where=f"rule {number}") for number, table in enumerate(listed, start=1)]
    targets = {name: list(_targets(name, table, environment=environment)) for name, table in tables.items()}
    if unknown := {name for rule in rules for name in rule.to} - set(tables):
        raise Misconfigured(f"a rule publishes to {', '.join(sorted(unknown))}, but there is no such destination")
    if API_KEY not in environment:
        raise Misconfigured(f"the environment variable {API_KEY} must hold an access token of a viewer or more")
    signing_secret = environment.get(SIGNING_SECRET, "")
    if signing_secret and not SHARED.fullmatch(signing_secret):
        raise Misconfigured(f"the environment variable {SIGNING_SECRET} must hold whsec_ and what follows it")
    return Rules(
        settings=settings,
        rules=rules,
        targets=targets,
        api_key=environment[API_KEY],
        signing_secret=signing_secret,
    )


def _targets(name: str, table: Mapping[str, Any], *, environment: Mapping[str, str]) -> Iterator[Target]:
    where, variable = f"destination {name}", f"PUBLISHING_{name.upper().replace('-', '_')}_SECRET"
    if not isinstance(table, dict) or "secret" in table:
        raise Misconfigured(f"{where}: it is a table, and its secret belongs into the environment, as {variable}")
    if variable == SIGNING_SECRET:
        raise Misconfigured(f"{where}: call it something else, for {variable} is ours")
    values = dict(table)
    kind = _kind(str(values.pop("kind", "")), where=where)
    if variable in environment:
        values["secret"] = environment[variable]
    elif any(one.name == "secret" and one.default is MISSING for one in fields(kind)):  # type: ignore[arg-type]  # all are
        raise Misconfigured(f"{where}: the environment variable {variable} must hold its secret")
    if kind is not Sms:
        yield Target(id=name, destination=_made(kind, values, where=where))
        return
    # Each phone is remembered alone: if one of them fails, the others are not told twice.
    recipients = values.pop("recipients", None)
    if not isinstance(recipients, list) or not recipients:
        raise Misconfigured(f"{where}: recipients must be a list of numbers")
    for recipient in recipients:
        yield Target(id=f"{name} {recipient}", destination=_made(kind, values | {"recipient": recipient}, where=where))


def _kind(kind: str, *, where: str) -> type[Destination]:
    if kind == "s3":
        from .destinations.s3 import S3  # noqa: PLC0415 - boto3 is for those who publish there

        return S3
    if kind not in KINDS:
        raise Misconfigured(f"{where}: kind must be one of {', '.join(sorted([*KINDS, 's3']))}")
    return KINDS[kind]


def _made(kind: type[T], table: Mapping[str, Any], *, where: str) -> T:
    """What a table describes, if it has all fields that it must have, no others, and each of its type."""
    if not isinstance(table, dict):
        raise Misconfigured(f"{where}: it must be a table")
    known = {one.name: one for one in fields(kind) if one.init}  # type: ignore[arg-type]  # only dataclasses come
    needed = {one.name for one in known.values() if one.default is MISSING and one.default_factory is MISSING}
    if unknown := table.keys() - known.keys():
        raise Misconfigured(f"{where}: there is no {', '.join(sorted(unknown))}; there is {', '.join(sorted(known))}")
    if lacking := needed - table.keys():
        raise Misconfigured(f"{where}: {', '.join(sorted(lacking))} must be said")
    types = get_type_hints(kind)
    values = {name: tuple(value) if isinstance(value, list) else value for name, value in table.items()}
    for name, value in values.items():
        is_list_of_texts = isinstance(value, tuple) and all(isinstance(one, str) for one in value)
        if not (type(value) is types[name] or (is_list_of_texts and types[name] == tuple[str, ...])):
            raise Misconfigured(f"{where}: {name} is of the wrong type")
    try:
        return kind(**values)
    except Misconfigured as error:
        raise Misconfigured(f"{where}: {error}") from error
