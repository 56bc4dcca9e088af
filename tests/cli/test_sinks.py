"""Sinks from the command line."""

from tests.cli.terminal import Terminal


def test_a_sink_is_made_listed_and_ended(terminal: Terminal) -> None:
    terminal.says("source", "create", "--name", "crew")
    where = ("--url", "https://192.168.7.7/rows")

    refused = terminal.refuses("sink", "create", "--name", "list", "--source", "crew", *where)
    terminal.settings["TIDINGS_EGRESS_ALLOW"] = "192.168.7.7/32"
    said = terminal.says("sink", "create", "--name", "list", "--source", "crew", *where, "--token", "hush")
    [listed] = terminal.tells("sink", "list")
    terminal.says("sink", "end", "list")

    assert "192.168.7.7" in refused
    assert said.splitlines()[-1].startswith("secret  whsec_")
    assert (listed["name"], listed["source"], listed["state"]) == ("list", "crew", "active")
    assert "hush" not in str(listed)
    assert terminal.tells("sink", "list") == []
    assert "no such sink" in terminal.refuses("sink", "resume", "list")


def test_a_sink_of_what_is_not_there_is_refused_in_a_sentence(here: Terminal) -> None:
    sink = ("sink", "create", "--name", "list", "--url", "https://example.com/rows")

    assert "no such table" in here.refuses(*sink, "--table", "nothing")
    assert "no such source" in here.refuses(*sink, "--source", "nobody")
    assert "name a table" in here.refuses(*sink)
