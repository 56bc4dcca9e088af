"""Adapter: how a webhook server of another make is told what to do, by HTTP calls that a TOML file describes."""

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from string import Template
from typing import Annotated, Any

import msgspec

from tidings.core.errors import Invalid

# What a file may name without saying where it comes from: the server, a word that is new in each run, and its time.
GIVEN = frozenset({"url", "run", "now"})
# Of a call that is made for each webhook: the URL to be called, and its number from 0 on.
OF_WEBHOOK = frozenset({"webhook", "place"})
# Of the body that is published: the text that is stamped, and an identifier that no other event has.
OF_EVENT = frozenset({"text", "uuid"})
_METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"})

Status = Annotated[int, msgspec.Meta(ge=200, lt=300)]
Pointer = Annotated[str, msgspec.Meta(pattern=r"^(/([^~]|~[01])*)?$")]


class Batch(msgspec.Struct, frozen=True, rename="kebab", forbid_unknown_fields=True):
    """How several events go in one request, where that is to be had."""

    call: str = ""
    headers: Mapping[str, str] = {}
    before: str = "["
    between: str = ","
    after: str = "]"


class Call(msgspec.Struct, frozen=True, rename="kebab", forbid_unknown_fields=True):
    """One request; `call` is method and URL. A table is sent as JSON, a text as it stands.

    `take` gives values of the answer, by JSON pointer, names for the calls that follow; those of a call that is made
    per webhook are that webhook's.
    """

    call: str
    headers: Mapping[str, str] = {}
    body: dict[str, Any] | list[Any] | str | None = None
    take: Mapping[str, Pointer] = {}
    per_webhook: bool = False


class PublishCall(msgspec.Struct, frozen=True, rename="kebab", forbid_unknown_fields=True):
    """How an event is published, and where in the body of a callback its stamp is: anywhere if no pointer tells."""

    call: str
    body: dict[str, Any] | list[Any] | str
    headers: Mapping[str, str] = {}
    accepted: tuple[Status, ...] = (200, 201, 202, 204)
    stamp: Pointer = ""
    batch: Batch | None = None


class Adapter(msgspec.Struct, frozen=True, rename="kebab", forbid_unknown_fields=True):
    """What one file says. `variables` name what stands in the environment, `headers` go with every call."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=60)]
    publish: PublishCall
    variables: Mapping[str, str] = {}
    headers: Mapping[str, str] = {}
    set_up: tuple[Call, ...] = ()
    tear_down: tuple[Call, ...] = ()


def read_adapter(path: Path) -> Adapter:
    """Read and check a file. Raises Invalid with what is wrong, before anything is called."""
    try:
        adapter = msgspec.convert(tomllib.loads(path.read_text("utf-8")), Adapter)
        _check(adapter)
    except OSError as error:
        raise Invalid(f"--against: {path} cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Invalid(f"{path} is not TOML: {error}") from error
    except (msgspec.ValidationError, Invalid) as error:
        raise Invalid(f"{path}: {error}") from error
    return adapter


def from_environment(adapter: Adapter, environ: Mapping[str, str]) -> Mapping[str, str]:
    """The values of the variables. Raises Invalid for one that is not set."""
    for name, variable in adapter.variables.items():
        if not environ.get(variable):
            raise Invalid(f"{adapter.name}: set {variable} in the environment; it is used as ${{{name}}}")
    return {name: environ[variable] for name, variable in adapter.variables.items()}


def filled(value: Any, names: Mapping[str, str]) -> Any:  # noqa: ANN401 - any JSON
    """The same with each ${name} replaced."""
    if isinstance(value, str):
        return Template(value).substitute(names)
    if isinstance(value, dict):
        return {name: filled(inner, names) for name, inner in value.items()}
    if isinstance(value, list):
        return [filled(inner, names) for inner in value]
    return value


def names_in(*values: object) -> Iterator[str]:
    """The names that texts anywhere within ask for. Raises Invalid for a $ that begins none."""
    for value in values:
        if isinstance(value, str):
            template = Template(value)
            if not template.is_valid():
                raise Invalid(f"{value!r} has a $ that begins no ${{name}}; write $$ for the sign itself")
            yield from template.get_identifiers()
        elif isinstance(value, dict):
            yield from names_in(*value.values())
        elif isinstance(value, list):
            yield from names_in(*value)


def _check(adapter: Adapter) -> None:
    shared, own = GIVEN.union(adapter.variables), OF_WEBHOOK
    reserved = GIVEN | OF_WEBHOOK | OF_EVENT
    _must_be_free(adapter.variables, reserved, place="variables")
    _must_know(names_in(dict(adapter.headers)), shared, place="headers")
    for number, call in enumerate(adapter.set_up, 1):
        place = f"set-up, call {number}"
        _check_call(call, shared | own if call.per_webhook else shared, place=place)
        _must_be_free(call.take, reserved.union(adapter.variables), place=f"{place}, take")
        if call.per_webhook:
            own = own.union(call.take)
        else:
            shared = shared.union(call.take)
    _check_publish(adapter.publish, shared)
    for number, call in enumerate(adapter.tear_down, 1):
        _check_call(call, shared | own if call.per_webhook else shared, place=f"tear-down, call {number}")


def _check_call(call: Call, known: frozenset[str], *, place: str) -> None:
    _must_be_call(call.call, place=place)
    _must_know(names_in(call.call, dict(call.headers), call.body), known, place=place)


def _check_publish(publish: PublishCall, known: frozenset[str]) -> None:
    batch = publish.batch or Batch()
    _must_be_call(publish.call, place="publish")
    if batch.call:
        _must_be_call(batch.call, place="publish.batch")
    around = (batch.call, dict(batch.headers), batch.before, batch.between, batch.after)
    _must_know(names_in(publish.call, dict(publish.headers), *around), known, place="publish")
    wanted = set(names_in(publish.body))
    _must_know(wanted, known | OF_EVENT, place="publish.body")
    if "text" not in wanted:
        raise Invalid("publish.body: has no ${text}; say where the text that is counted stands")


def _must_be_call(text: str, *, place: str) -> None:
    method, _, url = text.partition(" ")
    if method not in _METHODS or not url.startswith(("http://", "https://", "${")) or " " in url:
        raise Invalid(f"{place}: {text!r} is no call; write it like POST ${{url}}/events")


def _must_know(wanted: Iterable[str], known: frozenset[str], *, place: str) -> None:
    for name in wanted:
        if name not in known:
            raise Invalid(f"{place}: there is no ${{{name}}} here; there are {', '.join(sorted(known))}")


def _must_be_free(names: Iterable[str], used: frozenset[str], *, place: str) -> None:
    for name in names:
        if not (name.isascii() and name.isidentifier()):
            raise Invalid(f"{place}: {name!r} is no name; use letters, digits and _")
        if name in used:
            raise Invalid(f"{place}: {name!r} means something already; choose another name")
