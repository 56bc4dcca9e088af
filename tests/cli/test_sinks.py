"""Sinks from the command line."""

from tests.cli.terminal import Terminal
from tidings.core.row import Field, Place, Shape, row_of
from tidings.tables.tables import open_tables


def test_a_sink_is_made_listed_and_ended(here: Terminal) -> None:
    here.says("source", "create", "--name", "crew")
    where = ("--url", "https://192.168.7.7/rows")

    refused = here.refuses("sink", "create", "--name", "list", "--source", "crew", *where)
    here.settings["TIDINGS_EGRESS_ALLOW"] = "192.168.7.7/32"
    said = here.says("sink", "create", "--name", "list", "--source", "crew", *where, "--token", "hush")
    [listed] = here.tells("sink", "list")
    here.says("sink", "end", "list")

    assert "192.168.7.7" in refused
    assert said.splitlines()[-1].startswith("secret  whsec_")
    assert (listed["name"], listed["source"], listed["state"]) == ("list", "crew", "active")
    assert "hush" not in str(listed)
    assert here.tells("sink", "list") == []
    assert "no such sink" in here.refuses("sink", "resume", "list")


def test_a_sink_of_what_is_not_there_is_refused_in_a_sentence(here: Terminal) -> None:
    sink = ("sink", "create", "--name", "list", "--url", "https://example.com/rows")

    assert "no such table" in here.refuses(*sink, "--table", "nothing")
    assert "no such source" in here.refuses(*sink, "--source", "nobody")
    assert "name a table" in here.refuses(*sink)


def test_a_list_of_sharepoint_that_cannot_be_entered_is_refused_in_a_sentence(here: Terminal, free_port: int) -> None:
    here.settings.update({"TIDINGS_TABLES": f"sqlite:{here.folder / 't.db'}", "TIDINGS_EGRESS_ALLOW": "127.0.0.1/32"})
    with open_tables(here.settings["TIDINGS_TABLES"]) as tables:
        key = (Field("id", "id", Shape.TEXT, "1"),)
        tables.write([row_of(place=Place("orders", "orders", "Orders."), key=key, fields=(), version=1)])
    sink = (
        "sink",
        "create",
        "--name",
        "list",
        "--table",
        "orders",
        "--to",
        "sharepoint",
        "--tenant",
        "t",
        "--site",
        "s",
    )
    entry = ("--client-id", "c", "--client-secret", "hush", "--authority", f"https://127.0.0.1:{free_port}")

    lacking = here.refuses(*sink, *entry)
    refused = here.refuses(*sink, *entry, "--list", "l")

    mixed = here.refuses(*sink, *entry, "--list", "l", "--url", "https://example.com/")

    assert "--url" in mixed
    assert "list: " in lacking
    assert "no token was given" in refused
    assert "hush" not in lacking + refused
    assert here.tells("sink", "list") == []
