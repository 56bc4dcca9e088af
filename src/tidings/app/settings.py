"""Settings: one declaration each, read from `TIDINGS_…` variables and `tidings.toml`."""

import ipaddress
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TypeVar, cast

from tidings.console.fact import Fact
from tidings.core.delivery import GIVE_UP_AFTER_MS
from tidings.core.duration import parse_duration
from tidings.core.errors import Invalid
from tidings.core.schedule import DEFAULT_SCHEDULE, RetrySchedule, parse_schedule
from tidings.core.secret import Secret

# Kaizala's own 100 and 300 a minute, times 600: who kept to those never meets these, and a program that calls without
# end is stopped before it has a whole core, at half a millisecond a call.
_CALLS_PER_CONNECTOR, _CALLS_PER_TENANT = 60_000, 180_000
_MOST_CALLS = 1_000_000_000
# Bytes. Ten photographs, or a minute of video as phones send it: a guess. Files are kept in the database, and a backup
# grows with them; who wants more than a gigabyte wants another place for it.
_MEDIA_MAX, _MOST_MEDIA = 25_000_000, 1_000_000_000

# Scheme, host and port alone: nothing else fits into a policy of which pages may frame another.
_ORIGIN = re.compile(r"https?://([a-z0-9.-]+|\[[0-9a-f:]+\])(:[0-9]{1,5})?")

T = TypeVar("T")
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

FILE = "tidings.toml"
ROLES = ("api", "deliver", "receive", "pull", "report")
HANDSHAKES = ("kaizala", "always", "never")


def _database(*forms: str) -> Callable[[str], Secret]:
    kinds = {form.partition(":")[0] for form in forms}

    def parse(text: str) -> Secret:
        url = re.sub("^postgres:", "postgresql:", text)  # as some clouds write it
        kind, _, rest = url.partition(":")
        if url not in forms and not (rest and kind.partition("+")[0] in kinds):
            # What was written is not told: a password may stand in it.
            raise Invalid(f"write {' or '.join(filter(None, forms))}")
        return Secret(url)

    return parse


def _path(text: str) -> Path | None:
    if not text:
        return None
    path = Path(text).expanduser()
    if not path.is_file():
        raise Invalid(f"there is no file {text!r}")
    return path


def _number(least: int, most: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not text.isascii() or not text.isdigit() or not least <= int(text) <= most:
            raise Invalid(f"write a whole number from {least} to {most}, not {text!r}")
        return int(text)

    return parse


def _switch(text: str) -> bool:
    values = {"on": True, "true": True, "yes": True, "1": True, "off": False, "false": False, "no": False, "0": False}
    if text.lower() not in values:
        raise Invalid(f"write on or off, not {text!r}")
    return values[text.lower()]


def _choice(*words: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in words:
            raise Invalid(f"write one of {', '.join(words)}, not {text!r}")
        return text

    return parse


def _networks(text: str) -> tuple[Network, ...]:
    try:
        return tuple(ipaddress.ip_network(part.strip()) for part in text.split(",") if part.strip())
    except ValueError as error:
        raise Invalid(f"write blocks of addresses like 127.0.0.1/32,10.0.0.0/8: {error}") from error


def _roles(text: str) -> frozenset[str]:
    roles = ROLES if text == "all" else tuple(part.strip() for part in text.split(","))
    unknown = [role for role in roles if role not in ROLES]
    if unknown or not roles:
        raise Invalid(f"write all, or some of {', '.join(ROLES)}; {', '.join(unknown) or 'nothing'!r} is none of them")
    return frozenset(roles)


def _public_url(text: str) -> str:
    if text and not text.startswith(("http://", "https://")):
        raise Invalid(f"write a URL that begins with https:// or http://, not {text!r}")
    return text if not text or text.endswith("/") else f"{text}/"


def _origins(text: str) -> tuple[str, ...]:
    origins = tuple(part.strip().lower().rstrip("/") for part in text.split(",") if part.strip())
    for origin in origins:
        if not _ORIGIN.fullmatch(origin):
            raise Invalid(f"write origins like https://app.example.com, separated by commas, not {origin!r}")
    return origins


def _retention(text: str) -> int:
    retention = parse_duration(text)
    if retention <= GIVE_UP_AFTER_MS:
        raise Invalid("must be longer than the 48h for which a delivery may be retried; write 3d or more")
    return retention


def _setting(parse: Callable[[str], T], default: str, *, is_: str) -> T:
    """A field: how its text is understood, its default as text, and in one line what it is."""
    return cast("T", field(metadata={"parse": parse, "default": default, "meaning": is_}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What an installation decides."""

    database: Secret = _setting(
        _database("sqlite:PATH", "postgresql://…"),
        "sqlite:./tidings-data/tidings.db",
        is_="where everything is kept: sqlite:PATH or postgresql://…",
    )
    tables: Secret = _setting(
        _database("", "sqlite:PATH", "postgresql://…", "mariadb://…", "mysql://…"),
        "",
        is_="where rows are laid: sqlite:PATH, postgresql://… or mariadb://…; default tables.db, or schema dash",
    )
    host: str = _setting(str, "127.0.0.1", is_="the address to listen on")
    port: int = _setting(_number(0, 65535), "8080", is_="the port to listen on; 0 takes a free one")
    public_url: str = _setting(
        _public_url, "", is_="how the outside reaches us, ending in /; default http(s)://HOST:PORT/"
    )
    tls_cert: Path | None = _setting(
        _path, "", is_="PEM file of the certificate chain, to serve HTTPS; reloaded on change"
    )
    tls_key: Path | None = _setting(_path, "", is_="PEM file of the certificate's key")
    trusted_proxies: tuple[Network, ...] = _setting(
        _networks, "", is_="blocks of addresses whose X-Forwarded-For is believed"
    )
    workers: int = _setting(
        _number(1, 64),
        "1",
        is_="processes on this machine: on PostgreSQL equal ones at one port; on SQLite all but the first send for it",
    )
    roles: frozenset[str] = _setting(_roles, "all", is_=f"what this process does: some of {', '.join(ROLES)}")
    egress_allow: tuple[Network, ...] = _setting(
        _networks, "", is_="blocks of addresses that may be called although not public"
    )
    egress_http: bool = _setting(_switch, "off", is_="allow http:// callback URLs")
    egress_ca: Path | None = _setting(_path, "", is_="PEM file of an extra certificate authority trusted for callbacks")
    egress_proxy: Secret = _setting(
        Secret, "", is_="HTTP CONNECT proxy for everything that leaves: http://[user:password@]host:port"
    )
    handshake: str = _setting(
        _choice(*HANDSHAKES), "kaizala", is_="who must pass the validation handshake: kaizala, always, never"
    )
    pin_sender: Secret = _setting(Secret, "console", is_="how PINs reach people: console, smtp://…, or an HTTPS URL")
    secret_key: Secret = _setting(
        Secret, "", is_="keys that encrypt stored secrets, the first one seals; default: a file made at first start"
    )
    retry_schedule: RetrySchedule = _setting(
        parse_schedule, DEFAULT_SCHEDULE.text, is_="waits between attempts of a delivery"
    )
    calls_per_connector: int = _setting(
        _number(0, _MOST_CALLS),
        str(_CALLS_PER_CONNECTOR),
        is_="calls a minute that a connector may make of a process, publishing apart; 0 is no limit",
    )
    calls_per_tenant: int = _setting(
        _number(0, _MOST_CALLS),
        str(_CALLS_PER_TENANT),
        is_="calls a minute that all connectors together may make of a process, publishing apart; 0 is no limit",
    )
    media_max: int = _setting(
        _number(1, _MOST_MEDIA), str(_MEDIA_MAX), is_="bytes that the files of one upload may have together"
    )
    bin_open: bool = _setting(_switch, "off", is_="whether anybody may make bins, without a login")
    portal_origins: tuple[str, ...] = _setting(
        _origins, "", is_="origins whose pages may frame the portal, like https://app.example.com; none if empty"
    )
    retention: int = _setting(_retention, "30d", is_="how long finished events and attempts are kept")
    receipt_retention: int = _setting(
        parse_duration, "400d", is_="how long received callbacks are kept, of which the tables can be rebuilt"
    )
    report_retention: int = _setting(
        parse_duration, "90d", is_="how long reports are kept, with their files and the data that they were made of"
    )

    @property
    def base_url(self) -> str:
        """How the outside reaches us, ending in `/`."""
        scheme = "https" if self.tls_cert else "http"
        return self.public_url or f"{scheme}://{self.host}:{self.port}/"

    @property
    def porters(self) -> int:
        """Processes that send for this one: where others cannot deliver, since SQLite is for one process alone."""
        return self.workers - 1 if self.database.reveal().startswith("sqlite:") else 0

    @property
    def siblings(self) -> int:
        """Processes that do at the same port what this one does: on PostgreSQL, which any number may use."""
        return self.workers - 1 - self.porters

    @property
    def tables_url(self) -> str:
        """The database of the tables: its own file beside SQLite's, the same as everything else's on PostgreSQL."""
        return self.tables.reveal() or (
            f"sqlite:{self.data_folder / 'tables.db'}"
            if self.database.reveal().startswith("sqlite:")
            else self.database.reveal()
        )

    @property
    def data_folder(self) -> Path:
        """Where files beside the database live: with SQLite its folder, else `./tidings-data`."""
        url = self.database.reveal()
        return Path(url.removeprefix("sqlite:")).parent if url.startswith("sqlite:") else Path("tidings-data")


def variable(name: str) -> str:
    """The environment variable of a setting."""
    return f"TIDINGS_{name.upper()}"


def load(environ: Mapping[str, str], *, folder: Path | None = None, **given: str) -> Settings:
    """Read the settings: what is given, else the environment, else `tidings.toml` in that folder, else the default.

    Raises `Invalid` naming the variable and what it should be. A name in the file that does not exist is a mistake;
    of variables that do not exist `unknown` tells, since other versions and parts may have them.
    """
    written = _file(folder or Path())
    known = {one.name: one for one in fields(Settings)}
    for name in written.keys() - known.keys():
        raise Invalid(f"{FILE}: there is no setting {name!r}; the settings are {', '.join(sorted(known))}")
    values = {}
    for name, one in known.items():
        text = given.get(name, environ.get(variable(name), written.get(name, one.metadata["default"])))
        try:
            values[name] = one.metadata["parse"](text)
        except Invalid as error:
            raise Invalid(f"{variable(name)}: {error.message}") from error
    settings = Settings(**values)
    if (settings.tls_cert is None) != (settings.tls_key is None):
        raise Invalid("TIDINGS_TLS_CERT and TIDINGS_TLS_KEY belong together: set both or none")
    return settings


def shown(settings: Settings) -> tuple[Fact, ...]:
    """The settings as anybody may see them who looks after the installation: of secrets, whether they are set."""
    return tuple(
        Fact(name=variable(one.name), value=_text_of(getattr(settings, one.name)), meaning=one.metadata["meaning"])
        for one in fields(Settings)
    )


def unknown(environ: Mapping[str, str]) -> list[str]:
    """Variables that look like settings and are none."""
    known = {variable(one.name) for one in fields(Settings)}
    return sorted(name for name in environ if name.startswith("TIDINGS_") and name not in known)


def _text_of(value: object) -> str:
    if isinstance(value, Secret):
        return "set" if value.reveal() else ""
    if isinstance(value, RetrySchedule):
        return value.text
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, tuple | frozenset):
        return ", ".join(sorted(map(str, value)))
    return "" if value is None else str(value)


def _file(folder: Path) -> dict[str, str]:
    path = folder / FILE
    if not path.is_file():
        return {}
    try:
        written = tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Invalid(f"{FILE} is not TOML: {error}") from error
    for name, value in written.items():
        if not isinstance(value, str | int):
            raise Invalid(f"{FILE}: {name} must be a text, a whole number, true or false")
    return {name: str(value) for name, value in written.items()}
