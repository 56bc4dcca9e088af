"""The command line: which commands there are, and how what went wrong is told."""

import errno
import importlib
import os
import sys

import rich_click as click

from tidings.core.errors import TidingsError, Unavailable

# A command's module is imported when it is asked for: `tidings version` needs no database engine.
_COMMANDS = {
    "serve": "tidings.cli.serve:serve",
    "worker": "tidings.cli.serve:worker",
    "demo": "tidings.cli.demo:demo",
    "listen": "tidings.cli.listen:listen",
    "trigger": "tidings.cli.trigger:trigger",
    "replay": "tidings.cli.replay:replay",
    "connector": "tidings.cli.connector:connector",
    "user": "tidings.cli.user:user",
    "person": "tidings.cli.person:person",
    "group": "tidings.cli.group:group",
    "token": "tidings.cli.token:token",
    "source": "tidings.cli.source:source",
    "pull": "tidings.cli.pull:pull",
    "sink": "tidings.cli.sink:sink",
    "tables": "tidings.cli.tables:tables",
    "connect": "tidings.cli.connect:connect",
    "migrate": "tidings.cli.migrate:migrate",
    "backup": "tidings.cli.backup:backup",
    "restore": "tidings.cli.restore:restore",
    "vault": "tidings.cli.vault:vault",
    "console": "tidings.cli.console:console",
    "doctor": "tidings.cli.doctor:doctor",
    "openapi": "tidings.cli.openapi:openapi",
    "bench": "tidings.cli.bench:bench",
    "version": "tidings.cli.version:version",
}


# What writing can fail with, which names no file: nobody's fault here.
_UNWRITABLE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF}


class Commands(click.RichGroup):
    """The commands by name, in the order of the table."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All of them."""
        del ctx
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one."""
        del ctx
        if cmd_name not in _COMMANDS:
            return None
        module, _, name = _COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="tidings", message="%(version)s")
def tidings() -> None:
    """Carry the news out of one system and into another.

    Settings are read from TIDINGS_… variables and from tidings.toml in the present folder; `tidings doctor` shows them.
    """


def main() -> None:
    """Run a command. Exits with 1 and a sentence if it could not be done, with 2 if it was not understood."""
    try:
        _open_output()
        try:
            tidings(prog_name="tidings")
        finally:
            sys.stdout.flush()
    except (TidingsError, OSError, BaseExceptionGroup) as error:
        click.echo(f"tidings: {_sentence(error)}", err=True)
        _shut_output()
        sys.exit(1)


def _open_output() -> None:
    """Have a closed output refuse what is written: else it would be lost, or go to the file that is opened next."""
    while sys.stdout is None:
        if os.open(os.devnull, os.O_RDONLY) >= 1:
            sys.stdout = os.fdopen(1, "w")


def _shut_output() -> None:
    """Leave nothing behind that Python would try to write once more at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def _sentence(error: BaseException) -> str:
    """What to say of an error of ours, or about a file, though tasks wrapped it. Others are faults, and are raised."""
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    if isinstance(error, OSError) and error.filename and error.strerror:
        return f"{error.filename}: {error.strerror}"
    if isinstance(error, OSError) and error.errno in _UNWRITABLE:
        return f"cannot write: {error.strerror}; look at where the output goes, and at the disk"
    if not isinstance(error, TidingsError):
        raise error
    advice = "; `tidings doctor` shows what is set and what is wrong" if isinstance(error, Unavailable) else ""
    return error.message + advice
