"""Pulls from the command line."""

from tests.cli.terminal import Terminal

CREDENTIALS = ("--application-id", "app", "--secret", "hush", "--refresh-token", "token", "--group", "g1")


def test_a_pull_is_made_listed_tried_and_ended_and_shows_no_secret(here: Terminal) -> None:
    here.says("source", "create", "--name", "crew")

    said = here.says("pull", "create", "--source", "crew", "--remote", "https://192.168.7.7", *CREDENTIALS)
    refused = here.refuses_after_log("pull", "run", "crew")
    [listed] = here.tells("pull", "list")
    shown = here.says("pull", "list")
    here.says("pull", "end", "crew")

    assert said == "pull crew fetches g1 from https://192.168.7.7/ every 5m"
    assert refused.startswith("tidings: 0 receipts were fetched, then v1/accessToken was not answered: 192.168.7.7 may")
    assert (listed["name"], listed["everyMs"], listed["lastAt"], listed["failures"]) == ("crew", 300_000, 0, 1)
    assert "never" in shown
    assert not any(secret in shown + str(listed) for secret in ("hush", "token="))
    assert here.tells("pull", "list") == []
    assert "no such pull" in here.refuses("pull", "end", "crew")


def test_what_cannot_be_pulled_is_refused_in_a_sentence(here: Terminal) -> None:
    here.says("source", "create", "--name", "crew")
    remote = ("--remote", "https://example.com/", *CREDENTIALS)

    assert "no such source" in here.refuses("pull", "create", "--source", "nobody", *remote)
    assert "10s or more" in here.refuses("pull", "create", "--source", "crew", *remote, "--every", "1s")
    assert "no such pull" in here.refuses("pull", "run", "crew")
