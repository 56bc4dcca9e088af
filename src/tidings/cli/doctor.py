"""`tidings doctor`: every setting and where it comes from, and what is wrong."""

import asyncio
import os
import sys
import tomllib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import fields
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
import rich_click as click

from tidings.app.settings import FILE, Settings, load, unknown, variable
from tidings.cli.checkup import Finding, Level, check_up
from tidings.cli.output import as_json, print_json, print_table
from tidings.core.errors import Invalid
from tidings.core.secret import Secret

# Read by `tidings listen`, not by a server.
_NO_SETTING = "TIDINGS_TOKEN"


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """A setting as it was found, secrets masked; `source` is `environment`, `tidings.toml` or `default`."""

    setting: str
    value: str
    source: str


@click.command()
@as_json
def doctor(*, is_json: bool) -> None:
    """Show every setting and where it comes from, and check the rest. Exits with 1 if something is broken."""
    given, findings = _settings(os.environ)
    try:
        findings += asyncio.run(check_up(load(os.environ)))
    except Invalid as error:
        findings.insert(0, Finding(Level.BROKEN, "settings", error.message))
    if is_json:
        print_json({"settings": given, "findings": findings})
    else:
        print_table("setting", "value", "from", rows=[(one.setting, one.value, one.source) for one in given])
        click.echo()
        print_table("", "", "", rows=[(one.level, one.about, one.text) for one in findings])
    sys.exit(1 if any(one.level is Level.BROKEN for one in findings) else 0)


def _settings(environ: Mapping[str, str]) -> tuple[list[Given], list[Finding]]:
    written = _written()
    given = []
    for one in fields(Settings):
        source, text = "default", str(one.metadata["default"])
        if one.name in written:
            source, text = FILE, str(written[one.name])
        if variable(one.name) in environ:
            source, text = "environment", environ[variable(one.name)]
        shown = masked(one.name, text) if one.type is Secret else text
        given.append(Given(setting=variable(one.name), value=shown, source=source))
    strangers = [name for name in unknown(environ) if name != _NO_SETTING]
    return given, [Finding(Level.ADVICE, "settings", f"{name} is no setting; is it misspelt?") for name in strangers]


def masked(name: str, text: str) -> str:
    """A secret setting as far as it may be seen: where it leads, never with what."""
    if not text or text == "console" or text.startswith("sqlite:"):
        return text
    if name == "secret_key":
        return "***"
    with suppress(ValueError):
        url = urlsplit(text)
        path = url.path if name == "database" else "/***"
        if url.scheme and url.netloc:
            return f"{url.scheme}://{'***@' if '@' in url.netloc else ''}{url.netloc.rpartition('@')[2]}{path}"
    return "***"


def _written() -> dict[str, object]:
    """What `tidings.toml` holds; nothing if it cannot be read, which `load` says."""
    with suppress(OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return tomllib.loads(Path(FILE).read_text("utf-8"))
    return {}
