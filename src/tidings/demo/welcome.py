"""The demo's first screen: where everything is, who listens, and what to try."""

import shutil
import sys
from pathlib import Path

from tidings.console.entrance import FIRST
from tidings.demo.screen import Screen
from tidings.demo.stage import BIN, SOURCE, Stage

# Orders stand in the table of their form, which has its name from the last part of the package's.
_ORDERS = "responses_orderformdemo"


def welcome(screen: Screen, stage: Stage) -> None:
    """Show it; nothing is wider than a terminal of eighty columns, and what is to be copied works as it stands."""
    base = stage.parts.settings.base_url
    screen.welcome(
        "Tidings demo: everything here is real, and gone when it ends (Ctrl-C)",
        addresses={
            "console": f"{base}{FIRST}{stage.console}",
            "API": f"{base}docs",
            "OpenAPI": f"{base}openapi.json",
            "metrics": f"{base}metrics",
            "a bin": f"{base}bin/{BIN}?inspect",
            "tables": f"{base}tables",
            "the orders": f"{base}tables/{_ORDERS}.csv",
        },
        receivers={
            "dashboard": "hears all of the group and answers at once",
            "crm": "hears messages and members, and takes its time",
            "archive": "hears messages, and is broken until its owner repairs it",
            "warehouse": "hears of the order form, in whatever group it is filled in",
            "kitchen": "hears the answers to one survey",
            "billing": "hears the shop's orders, and goes down for a while",
            "tables": f"hear all of the group, laid flat by way of /receive/{SOURCE}",
        },
        commands=commands(stage),
    )


def commands(stage: Stage) -> dict[str, str]:
    """What to try in a shell, by what it is for."""
    base, header = stage.parts.settings.base_url, f"-H 'accessToken: {stage.token}'"
    return {
        "Post a message, and watch it arrive below:": (
            f"curl {header} \\\n"
            "  -H 'content-type: application/json' -d '{\"message\": \"Hello\"}' \\\n"
            f"  {base}v1/groups/{stage.group}/messages"
        ),
        "See what the bin caught (in a browser: at its address, with the token in this):": (
            f"curl -H 'accessToken: {stage.view_token}' \\\n  {base}v1/bins/{BIN}/requests"
        ),
        "Get the orders (in a browser: any name, and what follows the colon as password):": (
            f"curl -u demo:{stage.tables_key} \\\n  {base}tables/{_ORDERS}.csv"
        ),
        "See which tables there are:": f"{_here(stage)} tables list",
        "Get into the console again (the link above is good once):": (
            f"TIDINGS_PUBLIC_URL={base} \\\n  {_here(stage)} console link"
        ),
    }


def _here(stage: Stage) -> str:
    """`tidings` on the demo's database."""
    return f"TIDINGS_DATABASE={stage.parts.settings.database.reveal()} \\\n  {_program()}"


def _program() -> str:
    """`tidings` as a shell in this folder finds it."""
    if shutil.which("tidings"):
        return "tidings"
    program = Path(sys.executable).with_name("tidings")
    return str(program.relative_to(Path.cwd()) if program.is_relative_to(Path.cwd()) else program)
