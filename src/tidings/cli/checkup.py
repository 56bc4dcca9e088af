"""What is checked of an installation, beyond what each setting says for itself."""

import asyncio
import ipaddress
import platform
import shutil
import ssl
import sysconfig
from collections.abc import AsyncIterator, Iterator, Sequence
from enum import StrEnum
from urllib.parse import urlsplit

import msgspec
from cryptography import x509

from tidings.app.secret_key import FILE as KEY_FILE
from tidings.app.secret_key import open_vault
from tidings.app.settings import Settings
from tidings.cli.output import shown_instant
from tidings.core.clock import DAY, SECOND, Clock
from tidings.core.errors import TidingsError
from tidings.core.vault import Vault
from tidings.store.facts import Facts, facts_of
from tidings.store.open import open_database
from tidings.store.resealing import Resealing
from tidings.store.settings import CHECK
from tidings.store.statements import migrations
from tidings.web.server import Certificate

# Guesses at what leaves time to act.
_FREE_BYTES = 1 << 30
_EXPIRES_SOON_MS = 14 * DAY
# Leases are judged by the database's clock; everything else that we say of times is by ours.
_CLOCKS_APART_MS = 2 * SECOND
_KNOCK_S = 2.0
# Findings about secrets, a guess at what somebody reads.
_MOST_UNOPENED = 20


class Level(StrEnum):
    """How bad it is."""

    OK = "ok"  # as it should be
    ADVICE = "advice"  # it works, and could be better
    BROKEN = "broken"  # something does not work


class Finding(msgspec.Struct, frozen=True):
    """One thing that was looked at."""

    level: Level
    about: str
    text: str


async def check_up(settings: Settings) -> list[Finding]:
    """Look at everything. Nothing is made or changed."""
    clock = Clock()
    findings = [one async for one in _database(settings, clock)]
    findings.append(await _tables(settings))
    findings += _certificate(settings, now=clock.now())
    findings += _egress(settings)
    findings += _front(settings)
    findings += python_built(sysconfig.get_config_var("CONFIG_ARGS") or "")
    findings.append(await _listener(settings))
    return findings


async def _database(settings: Settings, clock: Clock) -> AsyncIterator[Finding]:
    url = settings.database.reveal()
    try:
        facts = await facts_of(url)
    except TidingsError as error:
        yield Finding(Level.BROKEN, "database", error.message)
        return
    if url.startswith("sqlite:") and settings.data_folder.is_dir():
        free = shutil.disk_usage(settings.data_folder).free
        level = Level.OK if free >= _FREE_BYTES else Level.ADVICE
        yield Finding(level, "disk", f"{free / 1e9:,.1f} GB are free where the database is")
    if facts is None:
        yield Finding(Level.ADVICE, "database", "is not there yet; `tidings serve` makes it")
        return
    yield Finding(Level.OK, "database", f"{facts.version} answers")
    yield _schema(facts, missing=_missing(settings, facts))
    yield _clocks(facts, now=clock.now())
    async for finding in _key(settings, clock, facts=facts):
        yield finding


async def _tables(settings: Settings) -> Finding:
    # For whoever has none this is the only reason to load SQLAlchemy.
    from tidings.tables.facts import facts_of_tables  # noqa: PLC0415 - half a second, for this check alone

    try:
        facts = await asyncio.to_thread(facts_of_tables, settings.tables_url)
    except TidingsError as error:
        return Finding(Level.BROKEN, "tables", error.message)
    if facts is None:
        return Finding(Level.OK, "tables", "are not there yet; the first callback that is received makes them")
    if not facts.may_make:
        return Finding(
            Level.BROKEN,
            "tables",
            f"{facts.version} answers, but our login may not make tables there: give it that right, "
            "or set TIDINGS_TABLES to where it may",
        )
    return Finding(Level.OK, "tables", f"{facts.version} answers, and holds {facts.number} tables")


def _missing(settings: Settings, facts: Facts) -> list[str]:
    engine = "sqlite" if settings.database.reveal().startswith("sqlite:") else "postgresql"
    return [name for name in migrations(engine) if name not in facts.migrations]


def _schema(facts: Facts, *, missing: Sequence[str]) -> Finding:
    if missing:
        return Finding(
            Level.ADVICE,
            "schema",
            f"{', '.join(missing)} is still to be run; `tidings migrate` or `tidings serve` does",
        )
    return Finding(Level.OK, "schema", f"up to date, {len(facts.migrations)} migrations")


def _clocks(facts: Facts, *, now: int) -> Finding:
    if facts.clock is None:
        return Finding(Level.OK, "clock", f"it is {shown_instant(now)}")
    apart = facts.clock - now
    if abs(apart) > _CLOCKS_APART_MS:
        return Finding(
            Level.BROKEN, "clock", f"the database's clock is {apart / 1_000:+,.1f} s from ours; synchronise both by NTP"
        )
    return Finding(Level.OK, "clock", f"it is {shown_instant(now)}, here and in the database")


async def _key(settings: Settings, clock: Clock, *, facts: Facts) -> AsyncIterator[Finding]:
    path = settings.data_folder / KEY_FILE
    if not settings.secret_key and not path.is_file():
        level = Level.BROKEN if facts.migrations else Level.ADVICE
        yield Finding(
            level, "key", f"there is neither TIDINGS_SECRET_KEY nor {path}; a new one would not open old secrets"
        )
        return
    unopened = list[Finding]()
    try:
        vault = open_vault(settings.secret_key.reveal(), folder=settings.data_folder)
        if facts.migrations:
            unopened = await _try_key(settings, vault, clock=clock, is_ready=not _missing(settings, facts))
    except TidingsError as error:
        yield Finding(Level.BROKEN, "key", error.message)
        return
    for one in unopened:
        yield one
    if not settings.secret_key and not settings.database.reveal().startswith("sqlite:"):
        yield Finding(Level.ADVICE, "key", f"only this machine has {path}; give every node the same TIDINGS_SECRET_KEY")
    elif not unopened:
        yield Finding(Level.OK, "key", "opens the secrets in the database")


async def _try_key(settings: Settings, vault: Vault, *, clock: Clock, is_ready: bool) -> list[Finding]:
    """What the key does not open. Raises Invalid if it is not this database's."""
    database = await open_database(settings.database.reveal(), clock=clock)
    try:
        for value in await database.read(str, "setting_value", name=CHECK):
            vault.check(value)
        found = list[Finding]()
        if is_ready:
            async for what, why in Resealing(database, vault, clock=clock).unopened():
                if len(found) == _MOST_UNOPENED:
                    found.append(Finding(Level.BROKEN, "key", "there are more such; only the first are told"))
                    break
                found.append(Finding(Level.BROKEN, "key", f"{what} stands still, its secret cannot be opened: {why}"))
        return found
    finally:
        await database.close()


def _certificate(settings: Settings, *, now: int) -> Iterator[Finding]:
    if settings.tls_cert is None or settings.tls_key is None:
        if not settings.base_url.startswith("https:"):
            yield Finding(
                Level.ADVICE,
                "TLS",
                "callers reach us over plain HTTP; set TIDINGS_TLS_CERT and TIDINGS_TLS_KEY, "
                "or put a proxy in front and its https:// address into TIDINGS_PUBLIC_URL",
            )
        return
    try:
        Certificate(chain=settings.tls_cert, key=settings.tls_key).load(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))
        certificate = x509.load_pem_x509_certificate(settings.tls_cert.read_bytes())
    except (TidingsError, ValueError) as error:
        yield Finding(Level.BROKEN, "TLS", str(error))
        return
    ends = int(certificate.not_valid_after_utc.timestamp() * 1_000)
    begins = int(certificate.not_valid_before_utc.timestamp() * 1_000)
    if not begins <= now < ends:
        level, what = Level.BROKEN, f"is valid from {shown_instant(begins)} until {shown_instant(ends)} only"
    elif ends - now < _EXPIRES_SOON_MS:
        level, what = Level.ADVICE, f"expires soon, {shown_instant(ends)}; renew it, it is reloaded by itself"
    else:
        level, what = Level.OK, f"is valid until {shown_instant(ends)}"
    yield Finding(level, "TLS", f"the certificate {what}")
    host = urlsplit(settings.base_url).hostname or ""
    if host not in _names(certificate):
        yield Finding(Level.ADVICE, "TLS", f"the certificate does not name {host}, which TIDINGS_PUBLIC_URL leads to")


def _names(certificate: x509.Certificate) -> set[str]:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return set()
    return {*names.get_values_for_type(x509.DNSName), *map(str, names.get_values_for_type(x509.IPAddress))}


def _egress(settings: Settings) -> Iterator[Finding]:
    if settings.egress_proxy:
        yield Finding(
            Level.ADVICE,
            "proxy",
            "TIDINGS_EGRESS_PROXY looks names up itself: we judge only addresses that are written in a URL, "
            "and show neither addresses nor times of look-ups; let the proxy refuse private addresses",
        )
    inside = [str(block) for block in settings.egress_allow if not block.is_global]
    if inside:
        yield Finding(
            Level.ADVICE, "egress", f"whoever may make webhooks can reach {', '.join(inside)} (TIDINGS_EGRESS_ALLOW)"
        )
    if settings.egress_http:
        yield Finding(Level.ADVICE, "egress", "callbacks may travel unencrypted (TIDINGS_EGRESS_HTTP)")


def _front(settings: Settings) -> Iterator[Finding]:
    if not settings.public_url and not _is_loopback(settings.host):
        yield Finding(Level.ADVICE, "address", f"we say {settings.base_url} of ourselves; set TIDINGS_PUBLIC_URL")
    if any(block.prefixlen == 0 for block in settings.trusted_proxies):
        yield Finding(
            Level.ADVICE,
            "proxies",
            "anybody may say where they come from; name your proxies in TIDINGS_TRUSTED_PROXIES",
        )
    if settings.pin_sender.reveal() == "console":
        yield Finding(Level.ADVICE, "PINs", "wait for `tidings user pin`; TIDINGS_PIN_SENDER can send them")


def python_built(configured: str) -> Iterator[Finding]:
    """Advice if Python was built without optimisation, by what it was configured with; empty where nobody knows."""
    # Whoever builds for /usr, a distribution, may optimise without saying so there: Debian does.
    if configured and "--enable-optimizations" not in configured and "--prefix=/usr'" not in configured:
        yield Finding(
            Level.ADVICE,
            "Python",
            f"{platform.python_version()} was built without --enable-optimizations; "
            "with one that was, or your distribution's, events published one by one take about a tenth less",
        )


async def _listener(settings: Settings) -> Finding:
    where = f"{settings.host} port {settings.port}"
    try:
        async with asyncio.timeout(_KNOCK_S):
            _, writer = await asyncio.open_connection(settings.host, settings.port)
    except (OSError, TimeoutError):
        return Finding(Level.OK, "server", f"nothing listens on {where} at the moment")
    writer.close()
    return Finding(Level.OK, "server", f"something listens on {where}")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
